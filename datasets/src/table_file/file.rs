//! A table on disk, whatever its format.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::gather::{FileBatch, Gatherer};
use super::texts::TextRows;
use super::{TableFileError, csv, parquet};
use crate::class::ClassMap;
use crate::table::{TableDefinition, TableKeys};

/// Numbers that a batch holds, about.
const BATCH_NUMBERS: usize = 1 << 20;
/// The most rows of a batch.
const BATCH_ROWS: usize = 8192;

/// Characters of a field that a message shows.
const SHOWN: usize = 40;

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds: as Parquet declares it, or the first thousand rows of CSV show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// Numbers, some or all of which may be missing.
    Numbers,
    /// Something else, in some words.
    Other(String),
    /// Numbers, and text among them.
    Mixed {
        /// The first row with text, from 1.
        row: u64,
        /// The text.
        found: String,
    },
}

/// Which columns are learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChoice {
    /// All columns of numbers that are no keys, but these.
    AllBut(Vec<String>),
    /// These, in this order.
    Named(Vec<String>),
}

impl Default for ColumnChoice {
    fn default() -> Self {
        Self::AllBut(Vec::new())
    }
}

/// What a choice of columns comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenColumns {
    /// The table.
    pub table: TableDefinition,
    /// Columns that are left out because they do not hold numbers.
    pub no_numbers: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Parquet,
}

/// A table on disk.
#[derive(Debug)]
pub struct TableFile {
    path: PathBuf,
    format: Format,
    columns: Vec<FileColumn>,
    rows: Option<u64>,
}

impl TableFile {
    /// Opens the table at `path` and finds out what its columns hold.
    ///
    /// # Errors
    /// If the name ends in neither `.csv` nor `.parquet`, the file cannot be read, has no columns, or two of the
    /// same name.
    pub fn open(path: &Path) -> Result<Self, TableFileError> {
        let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase());
        let format = match extension.as_deref() {
            Some("csv") => Format::Csv,
            Some("parquet") => Format::Parquet,
            _ => return Err(TableFileError::Format { path: path.to_owned() }),
        };
        let (columns, rows) = match format {
            Format::Csv => (csv::columns(path)?, None),
            Format::Parquet => parquet::columns(path)?,
        };
        let mut seen = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|column| !seen.insert(column.name.as_str())) {
            let (path, column) = (path.to_owned(), twice.name.clone());
            return Err(TableFileError::DuplicateColumn { path, column });
        }
        Ok(Self { path: path.to_owned(), format, columns, rows })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its columns, in order.
    pub fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    /// Number of rows, where the file knows it without being read.
    pub fn row_count(&self) -> Option<u64> {
        self.rows
    }

    /// Whether it has a column `name`.
    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// The columns of `choice`, with `keys` as the columns that say what a row is.
    ///
    /// # Errors
    /// If a column is not there or does not hold numbers, or no column is left.
    pub fn define(
        &self,
        keys: &TableKeys,
        choice: &ColumnChoice,
    ) -> Result<ChosenColumns, TableFileError> {
        keys.names().try_for_each(|name| self.column(name).map(drop))?;
        let mut no_numbers = Vec::new();
        let columns = match choice {
            ColumnChoice::Named(names) => {
                names.iter().try_for_each(|name| self.demand_numbers(self.column(name)?))?;
                names.clone()
            }
            ColumnChoice::AllBut(ignored) => {
                ignored.iter().try_for_each(|name| self.column(name).map(drop))?;
                let own = |column: &&FileColumn| {
                    !ignored.contains(&column.name) && !keys.names().any(|key| key == column.name)
                };
                let mut names = Vec::new();
                for column in self.columns.iter().filter(own) {
                    match column.kind {
                        ColumnKind::Other(_) => no_numbers.push(column.name.clone()),
                        _ => {
                            self.demand_numbers(column)?;
                            names.push(column.name.clone());
                        }
                    }
                }
                names
            }
        };
        let table = TableDefinition::new(columns, keys.clone())
            .map_err(|source| TableFileError::Columns { path: self.path.clone(), source })?;
        Ok(ChosenColumns { table, no_numbers })
    }

    /// Streams all rows with the columns of `table`, wherever they stand in the file; labels are looked at where
    /// there are `classes`.
    ///
    /// # Errors
    /// If a column is not there or does not hold numbers, or the file cannot be opened; later failures (a number
    /// that is none or infinite, a label that is no class, an id that is missing or comes twice) come as items, after which the stream
    /// ends. A table without rows is an error, too.
    pub fn rows(
        &self,
        table: &TableDefinition,
        classes: Option<&ClassMap>,
    ) -> Result<TableRows, TableFileError> {
        table.keys().names().try_for_each(|name| self.column(name).map(drop))?;
        for name in table.columns().iter() {
            self.demand_numbers(self.column(name)?)?;
        }
        let gatherer = Gatherer::new(self.path.clone(), table, classes);
        let batch = (BATCH_NUMBERS / table.columns().len()).clamp(1, BATCH_ROWS);
        let rows = match self.format {
            Format::Csv => Rows::Csv(Box::new(csv::CsvRows::open(gatherer, &self.columns, batch)?)),
            Format::Parquet => {
                Rows::Parquet(Box::new(parquet::ParquetRows::open(gatherer, batch)?))
            }
        };
        Ok(TableRows { rows, ended: false })
    }

    /// Streams all rows with the columns `names` as text, whatever they hold.
    ///
    /// # Errors
    /// If a column is not there, or the file cannot be opened; later failures come as items, after which the stream ends.
    pub fn texts(&self, names: &[&str]) -> Result<TextRows, TableFileError> {
        names.iter().try_for_each(|name| self.column(name).map(drop))?;
        let place = |name: &&str| self.columns.iter().position(|column| column.name == **name);
        match self.format {
            Format::Csv => {
                TextRows::of_csv(&self.path, names, names.iter().filter_map(place).collect())
            }
            Format::Parquet => TextRows::of_parquet(&self.path, names),
        }
    }

    fn column(&self, name: &str) -> Result<&FileColumn, TableFileError> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            TableFileError::NoColumn {
                path: self.path.clone(),
                column: name.to_owned(),
                suggestion: self.suggestion(name),
            }
        })
    }

    /// The column that is most like `name`, as an end of a sentence.
    fn suggestion(&self, name: &str) -> String {
        let likeness = |column: &FileColumn| strsim::jaro_winkler(name, &column.name);
        let nearest = self.columns.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match nearest.filter(|column| likeness(column) > 0.7) {
            Some(nearest) => format!("; did you mean `{}`?", nearest.name),
            None => String::new(),
        }
    }

    fn demand_numbers(&self, column: &FileColumn) -> Result<(), TableFileError> {
        let (path, name) = (self.path.clone(), column.name.clone());
        match &column.kind {
            ColumnKind::Numbers => Ok(()),
            ColumnKind::Other(found) => {
                Err(TableFileError::ColumnType { path, column: name, found: found.clone() })
            }
            ColumnKind::Mixed { row, found } => {
                let (row, found) = (*row, found.clone());
                Err(TableFileError::Mixed { path, column: name, row, found })
            }
        }
    }
}

/// The rows of a table, some at a time, in the order of the file. Nothing follows an error.
pub struct TableRows {
    rows: Rows,
    ended: bool,
}

enum Rows {
    Csv(Box<csv::CsvRows>),
    Parquet(Box<parquet::ParquetRows>),
}

impl Iterator for TableRows {
    type Item = Result<FileBatch, TableFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = match &mut self.rows {
            Rows::Csv(rows) => rows.next_batch(),
            Rows::Parquet(rows) => rows.next_batch(),
        };
        self.ended = !matches!(batch, Ok(Some(_)));
        batch.transpose()
    }
}

/// The beginning of `text`, for a message.
pub(super) fn shortened(text: &str) -> String {
    let mut beginning: String = text.chars().take(SHOWN).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    beginning
}
