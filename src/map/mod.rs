//! Maps: what was predicted for every cell of a grid, and the files that say it.
//!
//! A map is a stream of [`MapRows`] under a [`MapHeader`]. GeoParquet is its first form ([`MapWriter`], [`MapReader`]), and
//! the only one that is read again: other forms are made from it, so that all say the same. Memory is that of some
//! thousand cells, whatever the size of the country. What the columns are called and hold stands in `columns` alone.

mod cog;
mod columns;
mod csv;
mod error;
mod geopackage;
mod header;
mod lattice;
mod palette;
mod planes;
mod qgis_style;
mod quick_look;
mod reader;
mod rows;
#[cfg(test)]
mod tests;
mod writer;

pub use self::csv::write_csv;
pub use cog::{CogFiles, check_raster_classes, write_cog};
pub use columns::{ColumnData, ColumnKind, MapColumn};
pub use error::MapError;
pub use geopackage::write_geopackage;
pub use header::{MapContent, MapHeader, MapOrigin, ModelOrigin, SettledPrior};
pub use lattice::LatticeFinder;
pub use quick_look::write_quick_look;
pub use reader::MapReader;
pub use rows::{MapRows, Quality, uncertainty};
pub use writer::MapWriter;
