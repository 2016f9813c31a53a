//! Why an experiment cannot be used.

use std::path::PathBuf;

use tesela_datasets::config::ConfigError;

/// Why an experiment cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The file is unreadable or wrong in itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no store.
    #[error("store `{}` does not exist; {}", .store.display(), hint(.make.as_deref()))]
    MissingStore {
        /// Where it should be.
        store: PathBuf,
        /// The command that makes it, as the experiment says.
        make: Option<String>,
    },
    /// A class that the experiment speaks of is not there.
    #[error("`{key}` names class `{found}`; the classes are {expected}")]
    UnknownClass {
        /// The key in the experiment.
        key: &'static str,
        /// The class.
        found: String,
        /// The classes that there are.
        expected: String,
    },
    /// The classes of the experiment cannot be told apart, or there is only one.
    #[error("`data.classes` {reason}")]
    Classes {
        /// What was found and what was expected.
        reason: String,
    },
    /// The mixture of classes makes no sense.
    #[error("`validation.target-prevalence`: {reason}")]
    Prevalence {
        /// What was found and what was expected.
        reason: String,
    },
}

fn hint(make: Option<&str>) -> String {
    match make {
        Some(command) => format!("make it with `{command}`"),
        None => "make it with `tesela prepare`".to_owned(),
    }
}
