//! A table of strata: how large each is, and how common each class is in it.

use std::collections::BTreeMap;
use std::path::Path;

use tesela_datasets::table_file::{TableFile, TableFileError};

use super::strata::{CELLS, SHARE};

/// The column that names the strata.
const STRATUM: &str = "stratum";

/// Why a table does not tell of strata.
#[derive(Debug, thiserror::Error)]
pub(super) enum StrataTableError {
    /// It cannot be read.
    #[error("cannot read it: {0}")]
    File(#[from] TableFileError),
    /// It is no such table.
    #[error("`{path}` {reason}")]
    Content {
        /// The file.
        path: String,
        /// What was found and what was expected.
        reason: String,
    },
}

/// The numbers of each stratum by the name of their column.
pub(super) fn read(
    path: &Path,
) -> Result<BTreeMap<String, BTreeMap<String, f64>>, StrataTableError> {
    let refuse =
        |reason: String| StrataTableError::Content { path: path.display().to_string(), reason };
    let file = TableFile::open(path)?;
    let names: Vec<&str> = file.columns().iter().map(|column| column.name.as_str()).collect();
    let Some(key) = names.iter().position(|name| *name == STRATUM) else {
        return Err(refuse(format!(
            "has the columns {}; expected `{STRATUM}`, `{SHARE}` or `{CELLS}`, and one for each class but one",
            names.join(", ")
        )));
    };
    let mut strata = BTreeMap::new();
    for batch in file.texts(&names)? {
        for row in batch? {
            let Some(stratum) = row[key].as_deref().map(str::trim).filter(|name| !name.is_empty())
            else {
                return Err(refuse(format!("has no `{STRATUM}` in row {}", strata.len() + 1)));
            };
            let mut numbers = BTreeMap::new();
            for (name, field) in names.iter().zip(&row).filter(|(name, _)| **name != STRATUM) {
                let text = field.as_deref().unwrap_or_default();
                let number = text.trim().parse::<f64>().map_err(|_| {
                    refuse(format!(
                        "has `{text}` as `{name}` of stratum `{stratum}`; expected a number"
                    ))
                })?;
                numbers.insert((*name).to_owned(), number);
            }
            if strata.insert(stratum.to_owned(), numbers).is_some() {
                return Err(refuse(format!("has stratum `{stratum}` twice")));
            }
        }
    }
    Ok(strata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_of_strata_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strata.csv");
        for (text, expected) in [
            (
                "state,share,urban\na,1,0.1\n",
                "has the columns state, share, urban; expected `stratum`",
            ),
            (
                "stratum,share,urban\na,0.5,much\n",
                "has `much` as `urban` of stratum `a`; expected a number",
            ),
            ("stratum,share,urban\na,,0.1\n", "has `` as `share` of stratum `a`"),
            ("stratum,share,urban\na,0.5,0.1\na,0.5,0.1\n", "has stratum `a` twice"),
            ("stratum,share,urban\na,0.5,0.1\n,0.5,0.1\n", "has no `stratum` in row 2"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let missing = read(&folder.path().join("none.csv")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read it: "), "{missing}");
    }
}
