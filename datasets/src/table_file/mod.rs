//! Tables as files: CSV and Parquet, read some rows at a time.
//!
//! A table has a column with the ids of cells, columns of numbers, and possibly labels, groups, years and
//! coordinates. [`TableFile::open`] finds out what the columns hold, [`TableFile::define`] chooses the numbers,
//! and [`TableFile::rows`] streams them: memory holds a batch of rows, whatever the size of the file. The same
//! rows give the same batches in both formats.
//!
//! A number that is missing (an empty field, `NA`, `NaN`, `nan` or `null` in CSV, a null or a NaN in Parquet)
//! becomes `NaN`; an infinite one is an error. Truth values are the numbers 0 and 1.
//!
//! ```
//! use tesela_datasets::table::TableKeys;
//! use tesela_datasets::table_file::{ColumnChoice, TableFile};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("plots.csv");
//! std::fs::write(&path, "plot,slope,rain\na,1.5,\nb,2,700\n")?;
//! let file = TableFile::open(&path)?;
//! let chosen = file.define(&TableKeys::id("plot"), &ColumnChoice::default())?;
//! assert_eq!(**chosen.table.columns(), ["slope", "rain"]);
//! for batch in file.rows(&chosen.table, None)? {
//!     let batch = batch?;
//!     assert_eq!(batch.cells[1].id.as_str(), "b");
//!     assert_eq!(batch.rows.row(1), [2.0, 700.0]);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod csv;
mod error;
mod file;
mod gather;
mod number;
mod parquet;
#[cfg(test)]
mod tests;
mod texts;

pub use error::TableFileError;
pub use file::{ChosenColumns, ColumnChoice, ColumnKind, FileColumn, TableFile, TableRows};
pub use gather::FileBatch;
pub use texts::{TextBatch, TextRows};
