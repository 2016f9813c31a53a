//! Grids: cells with stable ids in a coordinate reference system.
//!
//! A grid is made over an extent ([`GridSpec`]), or read from GeoParquet, GeoPackage or any vector file
//! with an id and a label column ([`GridReader`]), and written as GeoParquet or GeoPackage
//! ([`GridWriter`]). Cells stream: memory stays bounded whatever the size of the country.

mod error;
mod id;
mod reader;
mod spec;
#[cfg(test)]
mod tests;
mod writer;

pub use error::GridError;
pub use id::IdScheme;
pub use reader::{GridColumns, GridReader, GridRequest};
pub use spec::GridSpec;
pub use writer::GridWriter;
