//! What a table holds: its columns of numbers, and the columns that say what a row is.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most columns that a table may have.
pub const MAX_COLUMNS: usize = 65_535;

/// The names of the columns that say what a row is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableKeys {
    /// Ids of cells.
    pub id: String,
    /// Names of classes.
    pub label: Option<String>,
    /// Names of groups: rows that belong together.
    pub group: Option<String>,
    /// The year that label and numbers speak of.
    pub year: Option<String>,
    /// Easting or longitude.
    pub x: Option<String>,
    /// Northing or latitude.
    pub y: Option<String>,
}

impl TableKeys {
    /// The column of ids, and no other.
    pub fn id(name: impl Into<String>) -> Self {
        Self { id: name.into(), label: None, group: None, year: None, x: None, y: None }
    }

    /// All names, beginning with that of the ids.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let others = [&self.label, &self.group, &self.year, &self.x, &self.y];
        std::iter::once(self.id.as_str()).chain(others.into_iter().filter_map(Option::as_deref))
    }
}

/// The columns of a table, known to be usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawTableDefinition", into = "RawTableDefinition")]
pub struct TableDefinition {
    columns: Arc<[String]>,
    keys: TableKeys,
}

/// The form in files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTableDefinition {
    columns: Vec<String>,
    keys: TableKeys,
}

/// Why a list of columns does not make a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableDefinitionError {
    /// There is no column of numbers.
    #[error("there are no columns of numbers; at least one is needed")]
    Empty,
    /// There are more columns than a table may have.
    #[error("there are {found} columns of numbers; at most {MAX_COLUMNS} are possible")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// A name is empty.
    #[error("column {index} has an empty name")]
    Unnamed {
        /// Its position.
        index: usize,
    },
    /// A name stands twice.
    #[error("column `{name}` is listed twice")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// Ids or labels are to be learned from.
    #[error("column `{name}` is {what}; a model must not learn from it")]
    Key {
        /// The name.
        name: String,
        /// What else it is.
        what: &'static str,
    },
}

impl TableDefinition {
    /// Checks that the names of the columns of numbers are present, distinct, and neither that of the ids nor
    /// that of the labels.
    ///
    /// # Errors
    /// If one of this does not hold, or there are more than [`MAX_COLUMNS`].
    pub fn new(columns: Vec<String>, keys: TableKeys) -> Result<Self, TableDefinitionError> {
        if columns.is_empty() {
            return Err(TableDefinitionError::Empty);
        }
        if columns.len() > MAX_COLUMNS {
            return Err(TableDefinitionError::TooMany { found: columns.len() });
        }
        let mut seen = BTreeSet::new();
        for (index, name) in columns.iter().enumerate() {
            if name.is_empty() {
                return Err(TableDefinitionError::Unnamed { index });
            }
            if !seen.insert(name.as_str()) {
                return Err(TableDefinitionError::Duplicate { name: name.clone() });
            }
        }
        let label = keys.label.as_deref().map(|name| (name, "the label"));
        for (name, what) in std::iter::once((keys.id.as_str(), "the id")).chain(label) {
            if seen.contains(name) {
                return Err(TableDefinitionError::Key { name: name.to_owned(), what });
            }
        }
        Ok(Self { columns: columns.into(), keys })
    }

    /// The names of the columns of numbers, in order.
    pub fn columns(&self) -> &Arc<[String]> {
        &self.columns
    }

    /// The names of the other columns.
    pub fn keys(&self) -> &TableKeys {
        &self.keys
    }
}

impl TryFrom<RawTableDefinition> for TableDefinition {
    type Error = TableDefinitionError;

    fn try_from(raw: RawTableDefinition) -> Result<Self, Self::Error> {
        Self::new(raw.columns, raw.keys)
    }
}

impl From<TableDefinition> for RawTableDefinition {
    fn from(definition: TableDefinition) -> Self {
        Self { columns: definition.columns.to_vec(), keys: definition.keys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str]) -> Result<TableDefinition, TableDefinitionError> {
        let keys = TableKeys { label: Some("kind".into()), ..TableKeys::id("plot") };
        TableDefinition::new(columns.iter().map(|&name| name.into()).collect(), keys)
    }

    #[test]
    fn unusable_columns_are_refused_with_the_reason() {
        let reason = |columns: &[&str]| table(columns).unwrap_err().to_string();
        assert!(reason(&[]).contains("no columns of numbers"));
        assert!(reason(&["a", ""]).contains("column 1 has an empty name"));
        assert!(reason(&["a", "b", "a"]).contains("column `a` is listed twice"));
        assert!(reason(&["a", "kind"]).contains("column `kind` is the label"));
        assert!(reason(&["plot"]).contains("column `plot` is the id"));
        let many: Vec<String> = (0..=MAX_COLUMNS).map(|number| number.to_string()).collect();
        let many = TableDefinition::new(many, TableKeys::id("plot"));
        assert_eq!(many, Err(TableDefinitionError::TooMany { found: MAX_COLUMNS + 1 }));
    }

    #[test]
    fn a_definition_survives_and_is_checked_while_it_is_read() {
        let definition = table(&["slope", "rain"]).unwrap();
        let text = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<TableDefinition>(&text).unwrap(), definition);
        assert!(serde_json::from_str::<TableDefinition>(&text.replace("rain", "slope")).is_err());
    }
}
