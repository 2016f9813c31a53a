//! Tables of cells: grids, labels and the register of a store, as GeoParquet.
//!
//! A table of cells is the one form in which cells travel between commands: the key, what is known about
//! the class, the year, and the outline. It is GeoParquet 1.1 with the classes in the file's metadata, so
//! that `geopandas` and GIS programs open it as it is. Writing and reading stream: memory is bounded for a
//! country of millions of cells. The columns are specified in `datasets/README.md`.
//!
//! Start with [`CellTableWriter`] and [`CellTableReader`].

mod columns;
mod crs;
mod error;
mod geo;
mod guard;
mod reader;
#[cfg(test)]
mod tests;
mod unique;
mod wkb;
mod writer;

pub use crs::{Crs, CrsError};
pub use error::CellTableError;
pub use guard::{Stopped, guarded};
pub use reader::CellTableReader;
pub use reader::parquet_builder;
pub use unique::{UniqueIds, UniqueIdsError};
pub use writer::CellTableWriter;

pub use columns::column as table_column;
pub(crate) use columns::{integer_column, integers, numbers};

use crate::class::ClassMap;

/// What holds for every cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct CellTableHeader {
    /// The classes that labels speak of, in their declared order.
    pub classes: ClassMap,
    /// Where the coordinates of outlines lie; `None` where cells have no place.
    pub crs: Option<Crs>,
}
