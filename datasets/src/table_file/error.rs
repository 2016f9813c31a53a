//! Why a table could not be read.

use std::path::PathBuf;

use crate::cells::UniqueIdsError;
use crate::table::TableDefinitionError;

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFileError {
    /// The name of the file does not say what it is.
    #[error("`{}` is not a name for a table; expected one that ends in `.csv` or `.parquet`", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot read the table `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The bytes are not a table.
    #[error("`{}` cannot be read as {format}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should be.
        format: &'static str,
        /// What the reader said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is compressed in a way that is not read.
    #[error(
        "`{}` is compressed with {found}; expected snappy, zstd, or no compression (pandas: `to_parquet(path, compression=\"zstd\")`)",
        .path.display()
    )]
    Compression {
        /// The file.
        path: PathBuf,
        /// The compression.
        found: String,
    },
    /// There is no header.
    #[error("`{}` is empty; expected a line with the names of the columns", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There are no rows.
    #[error("`{}` has no rows; expected at least one below the names of the columns", .path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// Text is not UTF-8.
    #[error("row {row} of `{}` is not UTF-8 text (rows are counted from 1)", .path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
    },
    /// A column is not there.
    #[error("`{}` has no column `{column}`{suggestion}", .path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The nearest right one, as an end of the sentence.
        suggestion: String,
    },
    /// Two columns have the same name.
    #[error("`{}` has two columns `{column}`", .path.display())]
    DuplicateColumn {
        /// The file.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// A column that is to be learned from holds text.
    #[error("column `{column}` of `{}` holds {found}; expected numbers", .path.display())]
    ColumnType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What it holds.
        found: String,
    },
    /// A column holds numbers and text.
    #[error(
        "column `{column}` of `{}` holds numbers, and in row {row} `{found}`; mend it, or leave the column out with `ignore`",
        .path.display()
    )]
    Mixed {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The row, from 1.
        row: u64,
        /// What is no number.
        found: String,
    },
    /// The columns make no table.
    #[error("the columns of `{}` cannot be used", .path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TableDefinitionError,
    },
    /// A row has no id.
    #[error("row {row} of `{}` has no `{column}`; every row needs an id (rows are counted from 1)", .path.display())]
    NoId {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
        /// The column of ids.
        column: String,
    },
    /// Two rows have the same id.
    #[error("the ids in `{}` cannot be used", .path.display())]
    Ids {
        /// The file.
        path: PathBuf,
        /// Which, and why.
        source: UniqueIdsError,
    },
    /// A number is none, or cannot be used.
    #[error("row `{id}` of `{}` has `{found}` in column `{column}`; expected {expected}", .path.display())]
    Number {
        /// The file.
        path: PathBuf,
        /// The id of the row.
        id: String,
        /// The column.
        column: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A label is not one of the classes.
    #[error("row `{id}` of `{}` is labelled `{label}`; the classes are {classes}", .path.display())]
    UnknownClass {
        /// The file.
        path: PathBuf,
        /// The id of the row.
        id: String,
        /// The label.
        label: String,
        /// The classes that there are.
        classes: String,
    },
}
