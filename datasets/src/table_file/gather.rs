//! Rows as they are gathered from either format.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::TableFileError;
use super::number::{self, FINITE, NUMBER, YEAR};
use crate::cell::{Cell, CellId, Outline};
use crate::cells::{UniqueIds, UniqueIdsError};
use crate::class::{ClassMap, Label};
use crate::table::{RowBatch, TableDefinition};

/// Some rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct FileBatch {
    /// What each row is about; its outline is a point, where the table has coordinates.
    pub cells: Vec<Cell>,
    /// The group of each row.
    pub groups: Vec<Option<Arc<str>>>,
    /// The numbers. Positions count from the beginning of the file.
    pub rows: RowBatch,
}

/// What the keys of one row say, as text; numbers are `NaN` where they are missing.
pub(super) struct RowKeys<'a> {
    pub(super) id: &'a str,
    pub(super) label: Option<&'a str>,
    pub(super) group: Option<&'a str>,
    pub(super) year: f64,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// Gathers rows, and checks each.
pub(super) struct Gatherer {
    pub(super) path: PathBuf,
    pub(super) table: TableDefinition,
    classes: Option<ClassMap>,
    unique: UniqueIds,
    group_names: BTreeSet<Arc<str>>,
    /// Rows seen so far.
    seen: u64,
    batch: FileBatch,
}

impl Gatherer {
    pub(super) fn new(path: PathBuf, table: &TableDefinition, classes: Option<&ClassMap>) -> Self {
        Self {
            path,
            table: table.clone(),
            classes: classes.cloned(),
            unique: UniqueIds::default(),
            group_names: BTreeSet::new(),
            seen: 0,
            batch: empty(table),
        }
    }

    /// The number of the row that is gathered next, from 1.
    pub(super) fn row(&self) -> u64 {
        self.seen + 1
    }

    /// Rows gathered since the last batch was taken.
    pub(super) fn len(&self) -> usize {
        self.batch.cells.len()
    }

    /// Begins a row; its numbers follow.
    pub(super) fn begin(&mut self, keys: &RowKeys<'_>) -> Result<(), TableFileError> {
        if keys.id.is_empty() {
            let (path, row) = (self.path.clone(), self.row());
            return Err(TableFileError::NoId { path, row, column: self.table.keys().id.clone() });
        }
        let id = CellId::new(keys.id);
        self.unique.note(&id).map_err(|source| self.ids(source))?;
        let label = self.label(keys)?;
        let key = |name: &Option<String>| name.clone().unwrap_or_default();
        let year = number::year(keys.year).map_err(|()| {
            let column = key(&self.table.keys().year);
            self.wrong(keys.id, column, keys.year.to_string(), YEAR)
        })?;
        for (name, value) in [(&self.table.keys().x, keys.x), (&self.table.keys().y, keys.y)] {
            if value.is_infinite() {
                return Err(self.wrong(keys.id, key(name), value.to_string(), "a finite number"));
            }
        }
        let placed = !keys.x.is_nan() && !keys.y.is_nan();
        let outline = placed.then(|| Outline::point(keys.x, keys.y));
        let group = keys.group.filter(|name| !name.is_empty()).map(|name| self.group(name));
        self.batch.cells.push(Cell { id, label, outline, year });
        self.batch.groups.push(group);
        self.batch.rows.labels.push(label);
        self.batch.rows.positions.push(u32::try_from(self.seen).unwrap_or(u32::MAX));
        self.seen += 1;
        Ok(())
    }

    /// The next number of the row that was begun last, or of any before it in this batch.
    pub(super) fn number(
        &self,
        row: usize,
        column: usize,
        value: f64,
    ) -> Result<f32, TableFileError> {
        number::single(value)
            .ok_or_else(|| self.wrong_number(row, column, value.to_string(), FINITE))
    }

    /// The error of text where a number should be.
    pub(super) fn no_number(&self, row: usize, column: usize, found: &str) -> TableFileError {
        self.wrong_number(row, column, found.to_owned(), NUMBER)
    }

    /// Where the numbers of the batch go: `[row, column]`.
    pub(super) fn values(&mut self) -> &mut Vec<f32> {
        &mut self.batch.rows.values
    }

    /// The batch so far; the next one begins.
    pub(super) fn take(&mut self) -> FileBatch {
        std::mem::replace(&mut self.batch, empty(&self.table))
    }

    /// Checks what can be checked only when all rows are known.
    pub(super) fn finish(&mut self) -> Result<(), TableFileError> {
        if self.seen == 0 {
            return Err(TableFileError::NoRows { path: self.path.clone() });
        }
        self.unique.finish().map_err(|source| self.ids(source))
    }

    fn label(&self, keys: &RowKeys<'_>) -> Result<Label, TableFileError> {
        let (Some(classes), Some(name)) =
            (&self.classes, keys.label.map(str::trim_ascii).filter(|name| !name.is_empty()))
        else {
            return Ok(Label::Undefined);
        };
        match classes.id(name) {
            Some(class) => Ok(Label::Class(class)),
            None => Err(TableFileError::UnknownClass {
                path: self.path.clone(),
                id: keys.id.to_owned(),
                label: name.to_owned(),
                classes: classes.to_string(),
            }),
        }
    }

    /// Equal names share their text.
    fn group(&mut self, name: &str) -> Arc<str> {
        if let Some(own) = self.group_names.get(name) {
            return Arc::clone(own);
        }
        let own: Arc<str> = name.into();
        self.group_names.insert(Arc::clone(&own));
        own
    }

    fn ids(&self, source: UniqueIdsError) -> TableFileError {
        TableFileError::Ids { path: self.path.clone(), source }
    }

    fn wrong_number(
        &self,
        row: usize,
        column: usize,
        found: String,
        expected: &'static str,
    ) -> TableFileError {
        let id = self.batch.cells[row].id.as_str();
        self.wrong(id, self.table.columns()[column].clone(), found, expected)
    }

    fn wrong(
        &self,
        id: &str,
        column: String,
        found: String,
        expected: &'static str,
    ) -> TableFileError {
        let (path, id) = (self.path.clone(), id.to_owned());
        TableFileError::Number { path, id, column, found, expected }
    }
}

fn empty(table: &TableDefinition) -> FileBatch {
    let rows = RowBatch {
        columns: Arc::clone(table.columns()),
        values: Vec::new(),
        labels: Vec::new(),
        positions: Vec::new(),
    };
    FileBatch { cells: Vec::new(), groups: Vec::new(), rows }
}
