//! Mosaics: georeferenced rasters of several bands, read window by window.
//!
//! A [`Mosaic`] is opened under a [`MosaicReading`], which says what the file must hold: how many bands, which of
//! them are wanted, and which number means "no data". Whatever differs is an error here, so that nobody
//! above has to ask again. GeoTIFF, COG and VRT are read alike; memory is one window and GDAL's cache of blocks.
//!
//! Start with [`Mosaic::open`].

mod error;
mod numbers;
mod open;
mod placement;
mod read;
#[cfg(test)]
mod tests;
mod unplaced;

pub use error::MosaicError;
pub use open::{Mosaic, MosaicReading};
pub use placement::PixelPlacement;
pub use read::MosaicWindow;
pub use unplaced::read_patch_tiff;

pub(crate) use numbers::{holds, name as sample_type_name};
