//! Mosaics: georeferenced rasters of several bands, read window by window.
//!
//! A [`Mosaic`] is opened under a [`MosaicReading`], which says what the file must hold: how many bands, which of
//! them are wanted, and which number means "no data". Whatever differs is an error here, so that nobody
//! above has to ask again. GeoTIFF, COG and VRT give the same numbers; what is best read at once differs ([`Access`]).
//! Memory is one window and GDAL's cache of blocks, which a block that is read by itself does not pass through.
//!
//! Start with [`Mosaic::open`].

mod access;
mod error;
mod numbers;
mod open;
mod placement;
mod plane;
mod read;
mod sources;
#[cfg(test)]
mod tests;
mod unplaced;

pub use access::Access;
pub use error::MosaicError;
pub use open::{Mosaic, MosaicReading};
pub use placement::PixelPlacement;
pub use plane::{MosaicNumber, Plane};
pub use read::MosaicWindow;
pub use sources::files_behind;
pub use unplaced::read_patch_tiff;

pub(crate) use numbers::{holds, name as sample_type_name};
