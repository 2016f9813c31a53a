//! Why patches could not be cut.

use std::path::PathBuf;

use tesela_datasets::cell::CellId;

use crate::raster::{MosaicError, RasterError};

/// Why patches could not be cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CuttingError {
    /// The mosaic cannot be read.
    #[error(transparent)]
    Mosaic(#[from] MosaicError),
    /// Outlines cannot be brought to the mosaic.
    #[error("the outlines of the cells cannot be brought to the mosaic")]
    Transform(#[from] RasterError),
    /// A cell has no place on the ground.
    #[error("cell `{id}` has no outline; every cell of a grid needs one")]
    NoOutline {
        /// The cell.
        id: CellId,
    },
    /// There are no cells.
    #[error("the grid has no cells")]
    NoCells,
    /// There are more cells than can be numbered.
    #[error("the grid has more than {} cells; no more are possible", u32::MAX)]
    TooManyCells,
    /// The cells could not be kept on disk while they wait.
    #[error("cannot keep the cells of the grid in a temporary file in `{}`", .path.display())]
    Spool {
        /// The folder of the file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Grid and mosaic lie elsewhere.
    #[error(
        "the grid misses the mosaic `{}`: none of its {cells} cells overlaps it. The first cell lies at {grid}, the mosaic at {mosaic}",
        .path.display()
    )]
    Misses {
        /// The mosaic.
        path: PathBuf,
        /// How many cells the grid has.
        cells: u32,
        /// A position in the grid, in words.
        grid: String,
        /// The extent of the mosaic, in words.
        mosaic: String,
    },
    /// Cells are too large for patches.
    #[error(
        "cells measure {pixels:.0} pixels of the mosaic `{}`; expected at most 511 (is the grid of another resolution, or the coordinate reference system wrong?)",
        .path.display()
    )]
    CellSize {
        /// The mosaic.
        path: PathBuf,
        /// Side of the usual cell, in pixels.
        pixels: f64,
    },
}
