//! Why a mosaic could not be read.

use std::path::PathBuf;

use gdal::errors::GdalError;

use crate::raster::{RasterError, Window};

/// Why a mosaic could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MosaicError {
    /// It cannot be opened, or nobody knows where it lies.
    #[error(transparent)]
    Raster(#[from] RasterError),
    /// It has another number of bands.
    #[error(
        "`{}` has {found} bands; the descriptor lists {expected} (a band that is not used is listed as `-`)",
        .path.display()
    )]
    BandCount {
        /// The file.
        path: PathBuf,
        /// Bands of the file.
        found: usize,
        /// Bands of the descriptor.
        expected: usize,
    },
    /// Its numbers are of a type that is not read.
    #[error(
        "band {band} of `{}` holds {found}; expected uint8, uint16, int16 or float32", .path.display()
    )]
    SampleType {
        /// The file.
        path: PathBuf,
        /// Number of the band in the file, from 1.
        band: usize,
        /// The type.
        found: String,
    },
    /// Its bands have different types.
    #[error(
        "band {band} of `{}` holds {found}, and band {first} {expected}; expected one type for all",
        .path.display()
    )]
    MixedTypes {
        /// The file.
        path: PathBuf,
        /// Number of a band in the file, from 1.
        band: usize,
        /// Its type.
        found: String,
        /// Number of the first band that is used.
        first: usize,
        /// Its type.
        expected: String,
    },
    /// The number that means "no data" cannot stand in the file.
    #[error(
        "`{}` holds {found}, which cannot hold the nodata value {nodata} of {rule}; is it another product?",
        .path.display()
    )]
    UnholdableNodata {
        /// The file.
        path: PathBuf,
        /// The type of its numbers.
        found: String,
        /// The expected value.
        nodata: f64,
        /// Whose value it is.
        rule: String,
    },
    /// Another number means "no data".
    #[error(
        "band {band} of `{}` declares nodata {found}; {rule} has {expected}", .path.display()
    )]
    Nodata {
        /// The file.
        path: PathBuf,
        /// Number of the band in the file, from 1.
        band: usize,
        /// The value that the file declares.
        found: f64,
        /// Whose value is expected.
        rule: String,
        /// The expected value, in words.
        expected: String,
    },
    /// It has no place on the ground.
    #[error("`{}` has no usable geotransform: {reason}", .path.display())]
    Place {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A window could not be read, as happens with a truncated file.
    #[error(
        "cannot read columns {column}..{} and rows {row}..{} of band {band} of `{}`; is the file complete?",
        .column + .width, .row + .height, .path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Number of the band in the file, from 1.
        band: usize,
        /// First column.
        column: usize,
        /// First row.
        row: usize,
        /// Number of columns.
        width: usize,
        /// Number of rows.
        height: usize,
        /// What GDAL said.
        source: GdalError,
    },
    /// A window could not be read over the network.
    #[error(
        "cannot read columns {}..{} and rows {}..{} of band {band} of `{}` over the network in {attempts} attempts: {said}; \
         {advice}",
        .window.column, .window.column + .window.width, .window.row, .window.row + .window.height, .path.display()
    )]
    Network {
        /// The address of the file.
        path: PathBuf,
        /// Number of the band in the file, from 1.
        band: usize,
        /// The part that was wanted.
        window: Window,
        /// How often it was tried.
        attempts: u32,
        /// What GDAL said of the network.
        said: String,
        /// What can be done.
        advice: &'static str,
    },
    /// A file that the mosaic is put together of is not there.
    #[error(
        "cannot read columns {}..{} and rows {}..{} of `{}`: a tile of it is missing: {said}; without it nobody knows what \
         lies there",
        .window.column, .window.column + .window.width, .window.row, .window.row + .window.height, .path.display()
    )]
    MissingTile {
        /// The mosaic.
        path: PathBuf,
        /// The part that was wanted.
        window: Window,
        /// What GDAL said, with the name of the tile.
        said: String,
    },
}
