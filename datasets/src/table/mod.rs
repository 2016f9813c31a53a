//! Tables: cells that are described by columns of numbers instead of pixels.
//!
//! A [`TableDefinition`] names the columns, a [`RowBatch`] holds some rows. Models find columns by name, so their
//! order in a file does not matter: [`ColumnOrder`] tells where a table has the columns that a model needs, or
//! how the two differ.

mod batch;
mod definition;
mod order;

pub use batch::RowBatch;
pub use definition::{MAX_COLUMNS, TableDefinition, TableDefinitionError, TableKeys};
pub use order::{ColumnDifference, ColumnOrder};
