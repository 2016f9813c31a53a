//! Why no map could be made.

use std::path::PathBuf;

use tesela_datasets::class::ClassNameError;
use tesela_datasets::table::ColumnDifference;
use tesela_datasets::table_file::TableFileError;
use tesela_models::bundle::BundleError;
use tesela_models::classifier::PredictError;
use tesela_models::operating_point::OperatingPointError;

use super::LedgerError;
use crate::cutting::CuttingError;
use crate::grid::GridError;
use crate::map::MapError;
use crate::raster::{MosaicError, RasterError};

/// Why no map could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// What the model says cannot be decided on.
    #[error("the operating point cannot decide on what the model says")]
    Deciding(#[source] OperatingPointError),
    /// What an operating point leaves open cannot be found on the cells of the map.
    #[error(
        "the prevalence cannot be estimated on the cells of this map; `--raw` leaves the operating point out"
    )]
    Settling(#[source] OperatingPointError),
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
    /// The map cannot be written.
    #[error("cannot write the map")]
    Map(#[from] MapError),
    /// What the models say cannot be kept or read again.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A bundle cannot be used.
    #[error("cannot use the bundle `{}`", .path.display())]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// Why.
        source: BundleError,
    },
    /// There is no model.
    #[error("no model was named; expected a run or a bundle")]
    NoModel,
    /// Two models do not fit together.
    #[error("the {what} of `{}` are {found}; those of `{}` are {expected}", .name.display(), .first.display())]
    Different {
        /// What differs.
        what: &'static str,
        /// A bundle.
        name: PathBuf,
        /// What it has.
        found: String,
        /// The first bundle.
        first: PathBuf,
        /// What it has.
        expected: String,
    },
    /// Some of the models have an operating point and one has none.
    #[error("`{}` has no operating point, and others have one; `--raw` leaves them all out", .name.display())]
    NoOperatingPoint {
        /// The bundle.
        name: PathBuf,
    },
    /// Parts do not make a map.
    #[error("`{}`: {reason}", .path.display())]
    Parts {
        /// A part, or the map.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The grid is not the one that was predicted.
    #[error("grid `{}` is not the one that was predicted: it has {found} cells, that one {expected}, and ids, labels or outlines differ", .path.display())]
    OtherGrid {
        /// The grid.
        path: PathBuf,
        /// Its cells.
        found: u64,
        /// Cells of the grid that was predicted.
        expected: u64,
    },
    /// A bundle is not the one that predicted.
    #[error("bundle `{}` is not the one that predicted; expected {bundles}, this one with digest {expected}", .path.display())]
    OtherBundle {
        /// The bundle.
        path: PathBuf,
        /// The digest of the one that predicted.
        expected: String,
        /// How many bundles predicted.
        bundles: usize,
    },
    /// A class has a name that the map cannot hold.
    #[error(
        "a map cannot hold the sets of classes that cannot be ruled out; `--raw` leaves the operating point out, and sets with it"
    )]
    ClassNames(#[source] ClassNameError),
    /// The cells cannot be the pixels of a raster.
    #[error(
        "the cells of grid `{}` cannot be the pixels of a raster: {reason}; the other forms of a map can hold them",
        .path.display()
    )]
    NoLattice {
        /// The grid.
        path: PathBuf,
        /// What keeps them from it.
        reason: String,
    },
    /// Patches of a mosaic are other ones.
    #[error(
        "the model was fitted on patches of {height} × {width} pixels; those of a mosaic are squares with an odd side of at most \
         {most} pixels"
    )]
    PatchShape {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The largest side.
        most: usize,
    },
    /// The mosaic has another number of bands, and no descriptor says which are meant.
    #[error(
        "`{}` has {found} bands; the model was fitted on {expected} ({bands}), and a mosaic without descriptor holds these alone, in \
         this order; `--descriptor` says which band is which",
        .path.display()
    )]
    BandCount {
        /// The mosaic.
        path: PathBuf,
        /// Its bands.
        found: usize,
        /// Bands of the model.
        expected: usize,
        /// Their names.
        bands: String,
    },
    /// The file calls its bands otherwise.
    #[error(
        "`{}` calls its bands {found}; {said} {expected}. With `--force` they are read so all the same, but indexes of bands that are \
         mixed up mean nothing",
        .path.display()
    )]
    BandNames {
        /// The mosaic.
        path: PathBuf,
        /// What the file calls them, by number.
        found: String,
        /// What they are read as, by number.
        expected: String,
        /// Who says so.
        said: String,
    },
    /// The mosaic is not quite what the model was fitted on.
    #[error(
        "the mosaic does not fit the model: {what} is {found}, and the model was fitted on {expected}; with `--force` it is predicted all the same, but {risk}"
    )]
    Risky {
        /// What differs.
        what: &'static str,
        /// What the mosaic has.
        found: String,
        /// What the model was fitted on.
        expected: String,
        /// What may go wrong.
        risk: String,
    },
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
    /// The table is not what it was when its prevalence was estimated.
    #[error("table `{}` changed while it was predicted; no map was written", .path.display())]
    Changed {
        /// The table.
        path: PathBuf,
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
    /// The user asked to stop; the work can be taken up again.
    #[error("interrupted")]
    Interrupted,
    /// The user asked to stop.
    #[error("interrupted; no map was written")]
    Stopped,
}

impl InferenceError {
    pub(super) fn bundle(path: &std::path::Path, source: BundleError) -> Self {
        Self::Bundle { path: path.to_owned(), source }
    }
}

impl From<GridError> for InferenceError {
    fn from(error: GridError) -> Self {
        match error {
            GridError::Interrupted => Self::Interrupted,
            error => Self::Grid(error),
        }
    }
}
