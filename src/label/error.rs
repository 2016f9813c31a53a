//! Why a grid could not be labelled.

use std::path::PathBuf;

use tesela_datasets::config::ConfigError;

use crate::grid::GridError;
use crate::raster::RasterError;

/// Why a grid could not be labelled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The plan cannot be used.
    #[error(transparent)]
    Plan(#[from] ConfigError),
    /// The grid cannot be made, read or written.
    #[error(transparent)]
    Grid(Box<GridError>),
    /// Polygons cannot be read or moved.
    #[error(transparent)]
    Raster(Box<RasterError>),
    /// The source says nothing.
    #[error("`{}` has no polygons; expected some to label cells by", .path.display())]
    NoPolygons {
        /// The source.
        path: PathBuf,
    },
    /// A class has no polygons.
    #[error(
        "no polygon of `{}` is of class `{class}`: `{column}` is none of {wanted} there, but {found}",
        .path.display()
    )]
    EmptyClass {
        /// The source.
        path: PathBuf,
        /// The class.
        class: String,
        /// The column that says the class.
        column: String,
        /// Its values that were asked for.
        wanted: String,
        /// Its values that occur.
        found: String,
    },
    /// There is nothing to write.
    #[error("no cell is left of the grid: nothing is known about any, and `undefined` is `drop`")]
    NoCells,
    /// The user asked to stop.
    #[error("interrupted; `{}` is not written", .path.display())]
    Interrupted {
        /// The file that would have been written.
        path: PathBuf,
    },
}

impl From<RasterError> for LabelError {
    fn from(error: RasterError) -> Self {
        Self::Raster(Box::new(error))
    }
}

impl From<GridError> for LabelError {
    fn from(error: GridError) -> Self {
        Self::Grid(Box::new(error))
    }
}
