//! Rasters and vectors on disk: the only room that names GDAL.
//!
//! - [`GeoTiffWriter`] writes a raster window by window.

mod error;
mod geotiff;

pub use error::RasterError;
pub use geotiff::{BandLayout, GeoTiffLayout, GeoTiffSample, GeoTiffWriter, Window};
