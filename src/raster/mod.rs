//! Rasters and vectors: the only room that names GDAL.
//!
//! Everything that lies on the ground comes in and goes out here, in plain types that the rooms above use
//! without knowing the library behind them. Coordinates are always x (easting, longitude) before y
//! (northing, latitude), whatever a coordinate reference system declares.
//!
//! - [`CoordinateSystem`] says what coordinates mean, [`Transform`] moves points between two of them;
//! - [`VectorLayer`] reads polygons, [`GeoPackageWriter`] writes cells;
//! - [`Mosaic`] reads a raster of several bands window by window;
//! - [`GeoTiffWriter`] and [`CogWriter`] write a raster window by window, the second one cloud-optimised.

mod crs;
mod error;
mod extent;
mod geopackage;
mod geotiff;
mod layer_styles;
mod mosaic;
mod network;
mod open;
mod vector;
#[cfg(test)]
mod vector_tests;

pub use crs::{CoordinateSystem, Transform};
pub use error::RasterError;
pub use extent::Extent;
pub(crate) use geopackage::CLASSES_KEY;
pub use geopackage::{ColumnKind, ColumnValue, GeoPackageLayout, GeoPackageWriter};
pub use geotiff::{
    BandLayout, CogWriter, FinishedCog, GeoTiffLayout, GeoTiffSample, GeoTiffWriter, Overviews,
    Window,
};
pub use mosaic::{
    Access, Mosaic, MosaicError, MosaicNumber, MosaicReading, MosaicWindow, PixelPlacement, Plane,
    files_behind, read_patch_tiff,
};
pub(crate) use mosaic::{holds, sample_type_name};
pub(crate) use network::is_remote;
pub use vector::{Shape, Shapes, Validity, VectorLayer};
