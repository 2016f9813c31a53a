//! Why no map could be made.

use std::path::PathBuf;

use tesela_datasets::cells::CellTableError;
use tesela_datasets::table::ColumnDifference;
use tesela_datasets::table_file::TableFileError;
use tesela_models::classifier::PredictError;
use tesela_models::operating_point::OperatingPointError;

use crate::cutting::CuttingError;
use crate::grid::GridError;
use crate::raster::{MosaicError, RasterError};

/// Why no map could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// What the model says cannot be decided on.
    #[error("the operating point cannot decide on what the model says")]
    Deciding(#[source] OperatingPointError),
    /// The grid cannot be read.
    #[error("cannot read the grid")]
    Grid(#[source] GridError),
    /// The mosaic cannot be read.
    #[error("cannot read the mosaic")]
    Mosaic(#[from] MosaicError),
    /// Patches cannot be cut.
    #[error("cannot cut patches")]
    Cutting(#[from] CuttingError),
    /// The model cannot predict them.
    #[error("cannot predict")]
    Predict(#[from] PredictError),
    /// The table cannot be written.
    #[error("cannot write the map")]
    Table(#[from] CellTableError),
    /// The raster cannot be written.
    #[error("cannot write the map")]
    Raster(#[from] RasterError),
    /// The descriptor does not speak of pixels.
    #[error("descriptor `{descriptor}` declares a table; expected a mosaic")]
    NoImagery {
        /// The descriptor.
        descriptor: String,
    },
    /// The model does not look at tables.
    #[error("the model was fitted on {expected}, and a table has no pixels")]
    NeedsPixels {
        /// What the model was fitted on.
        expected: String,
    },
    /// The table cannot be read.
    #[error("cannot predict the table")]
    TableFile(#[from] TableFileError),
    /// The table has other columns.
    #[error("the columns of `{}` are not those that the model was fitted on; a descriptor says with `columns` or `ignore` which are meant", .path.display())]
    Columns {
        /// The table.
        path: PathBuf,
        /// How they differ.
        source: ColumnDifference,
    },
    /// What coordinates mean cannot be understood.
    #[error("cannot understand `table.crs`")]
    Coordinates(#[source] Box<RasterError>),
    /// The map cannot be written.
    #[error("cannot write the map `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The model does not look at pixels.
    #[error("the model was fitted on {expected}, and a mosaic has pixels")]
    NeedsTable {
        /// What the model was fitted on.
        expected: String,
    },
    /// The mosaic is not what the model was fitted on.
    #[error(
        "the mosaic does not fit the model: {what} is {found}, and the model was fitted on {expected}"
    )]
    Unfit {
        /// What differs.
        what: &'static str,
        /// What the descriptor of the mosaic says.
        found: String,
        /// What the model was fitted on.
        expected: String,
    },
    /// The grid cannot be a raster.
    #[error("`{}` cannot be written as a raster of cells: {reason}; write a `.parquet` instead", .path.display())]
    NoLattice {
        /// The file that was to be written.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The user asked to stop.
    #[error("interrupted; no map was written")]
    Interrupted,
}

impl From<GridError> for InferenceError {
    fn from(error: GridError) -> Self {
        match error {
            GridError::Interrupted => Self::Interrupted,
            error => Self::Grid(error),
        }
    }
}
