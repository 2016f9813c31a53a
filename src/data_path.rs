//! Paths of real data, which is not part of the project.
//!
//! In configuration files a path that begins with `data:` lies in the data folder: the one that the
//! environment variable `TESELA_DATA` names, or else `../shared/data` beside the checkout. Other paths are
//! taken as they are.

use std::path::{Path, PathBuf};

/// The environment variable that names the data folder.
pub const VARIABLE: &str = "TESELA_DATA";

/// Where the data folder lies beside a checkout.
const BESIDE: &str = "../shared/data";

/// How paths in the data folder begin.
const PREFIX: &str = "data:";

/// Why a path of real data leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataPathError {
    /// The file is not there.
    #[error(
        "`{wanted}` is missing: there is no `{}`, where the data folder is {folder}; the descriptors in \
         `datasets/descriptors/` say where to get it",
        .path.display()
    )]
    Missing {
        /// The path as written.
        wanted: String,
        /// Where it was looked for.
        path: PathBuf,
        /// How the data folder was found.
        folder: String,
    },
    /// The path leaves the data folder.
    #[error(
        "`{wanted}` is not a path inside the data folder; expected one such as `data:olinda/olinda1.shp`"
    )]
    Outside {
        /// The path as written.
        wanted: String,
    },
}

/// The data folder, whether it is there or not.
pub fn folder() -> PathBuf {
    std::env::var_os(VARIABLE)
        .filter(|value| !value.is_empty())
        .map_or_else(|| BESIDE.into(), Into::into)
}

/// The path that `written` in a configuration file stands for.
///
/// # Errors
/// If it begins with `data:` and no such file or folder is there.
pub fn resolve(written: &str) -> Result<PathBuf, DataPathError> {
    resolve_in(written, &folder())
}

fn resolve_in(written: &str, folder: &Path) -> Result<PathBuf, DataPathError> {
    let Some(inside) = written.strip_prefix(PREFIX) else { return Ok(PathBuf::from(written)) };
    let plain = |part| matches!(part, std::path::Component::Normal(_));
    if inside.is_empty() || !Path::new(inside).components().all(plain) {
        return Err(DataPathError::Outside { wanted: written.to_owned() });
    }
    let path = folder.join(inside);
    if path.exists() {
        return Ok(path);
    }
    let folder = if std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()) {
        format!("what `{VARIABLE}` says")
    } else {
        format!("`{BESIDE}` because `{VARIABLE}` is not set")
    };
    Err(DataPathError::Missing { wanted: written.to_owned(), path, folder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_prefix_leads_into_the_data_folder() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.tif"), "x").unwrap();
        let found = resolve_in("data:a.tif", directory.path()).unwrap();
        assert_eq!(found, directory.path().join("a.tif"));
        assert_eq!(resolve_in("a.tif", directory.path()).unwrap(), PathBuf::from("a.tif"));
    }

    #[test]
    fn a_missing_file_is_named_with_the_place_where_it_was_looked_for() {
        let error =
            resolve_in("data:olinda/none.shp", Path::new("/nowhere")).unwrap_err().to_string();
        assert!(error.contains("`data:olinda/none.shp` is missing"), "{error}");
        assert!(error.contains("no `/nowhere/olinda/none.shp`"), "{error}");
        assert!(error.contains("TESELA_DATA"), "{error}");
    }

    #[test]
    fn a_path_cannot_leave_the_data_folder() {
        for path in ["data:", "data:../x", "data:/etc/passwd"] {
            let error = resolve_in(path, Path::new("/")).unwrap_err();
            assert!(matches!(error, DataPathError::Outside { .. }), "{path}");
        }
    }
}
