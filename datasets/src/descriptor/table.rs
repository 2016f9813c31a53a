//! `[table]`: how the columns of a table are meant.

use std::collections::BTreeSet;

use super::raw::RawTable;
use crate::config::Problems;
use crate::table::{TableDefinition, TableKeys};
use crate::table_file::ColumnChoice;

/// A table, and how its columns are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSource {
    /// Where it lies, unless the user says otherwise.
    pub path: Option<String>,
    /// The columns that say what a row is.
    pub keys: TableKeys,
    /// The columns that are learned from.
    pub columns: ColumnChoice,
    /// What the coordinates mean, as text that PROJ understands.
    pub crs: Option<String>,
}

impl RawTable {
    /// Checks every key, and notes each problem with the key that caused it.
    pub(super) fn check(self, problems: &mut Problems) -> TableSource {
        let keys = TableKeys {
            id: self.id,
            label: self.label,
            group: self.group,
            year: self.year,
            x: self.x,
            y: self.y,
        };
        let mut seen = BTreeSet::new();
        if let Some(twice) = keys.names().find(|name| !seen.insert(*name)) {
            problems.add("table", format!("column `{twice}` has two meanings"));
        }
        if keys.names().any(str::is_empty) {
            problems.add("table", "a column has an empty name");
        }
        if keys.x.is_some() != keys.y.is_some() {
            problems.add("table.x", "and `table.y` are needed together; one is there");
        }
        if self.crs.is_some() && keys.x.is_none() {
            problems.add("table.crs", "says what coordinates mean; there is no `table.x`");
        }
        if self.columns.is_some() && self.ignore.is_some() {
            problems.add("table.ignore", "stands beside `table.columns`, which says it already");
        }
        if let Some(columns) = &self.columns {
            let checked = TableDefinition::new(columns.clone(), keys.clone());
            problems.note("table.columns", checked);
        }
        let columns = match (self.columns, self.ignore) {
            (Some(columns), _) => ColumnChoice::Named(columns),
            (None, ignored) => ColumnChoice::AllBut(ignored.unwrap_or_default()),
        };
        TableSource { path: self.path, keys, columns, crs: self.crs }
    }
}
