//! Reads TOML into raw structs, with errors that help to mend the file.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::InvalidConfig;

/// Why a configuration file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The operating system refused.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The text is not the expected TOML.
    #[error("`{}` is not valid:\n{message}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// Values are missing or out of range.
    #[error("`{}` cannot be used", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All problems.
        source: InvalidConfig,
    },
}

impl ConfigError {
    /// The problems of the file at `path`.
    pub fn invalid(path: &Path, source: InvalidConfig) -> Self {
        Self::Invalid { path: path.to_owned(), source }
    }
}

/// Reads the raw form of a configuration.
///
/// # Errors
/// If the file cannot be read, or its text is not the expected TOML.
pub fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse_toml(&text, path)
}

/// Reads the raw form of a configuration from `text`, which errors ascribe to `path`.
///
/// # Errors
/// If the text is not the expected TOML.
pub fn parse_toml<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        message: with_suggestion(error.to_string().trim_end()),
    })
}

/// Appends the nearest right key to the message of an unknown one.
fn with_suggestion(message: &str) -> String {
    match nearest_key(message) {
        Some(nearest) => format!("{message}\ndid you mean `{nearest}`?"),
        None => message.to_owned(),
    }
}

/// The expected key that is most like the unknown one that `message` names.
fn nearest_key(message: &str) -> Option<&str> {
    let rest = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("unknown variant `"))?
        .1;
    let (unknown, expected) = rest.split_once('`')?;
    expected
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|key| (strsim::jaro_winkler(unknown, key), key))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its reading is of interest")]
    struct Raw {
        learning_rate: f64,
        epochs: u32,
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest_right_one() {
        let text = "learning-rat = 0.1\nepochs = 3\n";
        let error = parse_toml::<Raw>(text, Path::new("x.toml")).unwrap_err().to_string();
        assert!(error.contains("unknown field `learning-rat`"), "{error}");
        assert!(error.contains("did you mean `learning-rate`?"), "{error}");
        assert!(error.contains("line 1"), "{error}");
    }

    #[test]
    fn a_key_like_no_other_gets_no_suggestion() {
        let error = parse_toml::<Raw>("zzz = 1", Path::new("x.toml")).unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_toml::<Raw>(Path::new("no/such.toml")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read `no/such.toml`");
    }
}
