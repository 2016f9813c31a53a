//! Why a table of cells could not be written or read.

use std::path::PathBuf;

use super::{CrsError, UniqueIdsError};

/// Why a table of cells could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CellTableError {
    /// The operating system refused to read.
    #[error("cannot read the table of cells `{}`", .path.display())]
    Read {
        /// The table.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The operating system refused to write.
    #[error("cannot write the table of cells `{}`", .path.display())]
    Write {
        /// The table.
        path: PathBuf,
        /// What the operating system or the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is not Parquet, or is damaged.
    #[error("`{}` cannot be read as Parquet", .path.display())]
    Damaged {
        /// The table.
        path: PathBuf,
        /// What the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is Parquet, and something else than a table of cells.
    #[error("`{}` is not a table of cells: {reason}", .path.display())]
    Foreign {
        /// The table.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A column is not there.
    #[error("`{}` has no column `{column}`; a table of cells needs it", .path.display())]
    NoColumn {
        /// The table.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A column holds something else.
    #[error("column `{column}` of `{}` is of type {found}; expected {expected}", .path.display())]
    ColumnType {
        /// The table.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// The type that is needed.
        expected: String,
    },
    /// The coordinate reference system is not one.
    #[error("`{}` has an unusable coordinate reference system", .path.display())]
    Crs {
        /// The table.
        path: PathBuf,
        /// Why.
        source: CrsError,
    },
    /// A cell has no id.
    #[error("row {row} of `{}` has no `cell_id`", .path.display())]
    NoId {
        /// The table.
        path: PathBuf,
        /// The row, from 0.
        row: u64,
    },
    /// Two cells have the same id.
    #[error("the ids of the cells in `{}` cannot be used", .path.display())]
    Ids {
        /// The table.
        path: PathBuf,
        /// Which, and why.
        source: UniqueIdsError,
    },
    /// A label is not one of the classes.
    #[error(
        "cell `{id}` of `{}` is labelled `{label}`; the classes are {classes}", .path.display()
    )]
    UnknownClass {
        /// The table.
        path: PathBuf,
        /// The cell.
        id: String,
        /// The label.
        label: String,
        /// The classes of the table.
        classes: String,
    },
    /// An outline is not a polygon that can be used.
    #[error("the outline of cell `{id}` in `{}` cannot be used: {reason}", .path.display())]
    Outline {
        /// The table.
        path: PathBuf,
        /// The cell.
        id: String,
        /// What was found and what was expected.
        reason: String,
    },
}
