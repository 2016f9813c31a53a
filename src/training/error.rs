//! Why an experiment could not be carried out.

use std::path::{Path, PathBuf};

use tesela_datasets::fold::FoldError;
use tesela_datasets::source::SourceError;
use tesela_datasets::store::StoreError;
use tesela_models::classifier::{FitError, PredictError};

use super::Part;
use crate::experiment::ExperimentError;
use crate::raster::RasterError;

/// Why an experiment could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The experiment does not fit its data.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Patches cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There are no folds for these cells.
    #[error("the cells of store `{}` cannot be spread over folds", .store.display())]
    Folds {
        /// The store.
        store: PathBuf,
        /// Why.
        source: FoldError,
    },
    /// Distances cannot be measured between the cells.
    #[error("store `{}` cannot be divided by distance: {reason}", .store.display())]
    NoGround {
        /// The store.
        store: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Coordinates cannot be moved.
    #[error("the coordinates of the cells cannot be turned into metres")]
    Coordinates {
        /// Why.
        #[from]
        source: RasterError,
    },
    /// The cells belong to no groups.
    #[error(
        "no cell of store `{}` belongs to a group, so there are no regions to leave out; expected a store of a table whose \
         descriptor names a column `group`, or polygons (`validation.regions.file`)", .store.display()
    )]
    NoRegions {
        /// The store.
        store: PathBuf,
    },
    /// The cells do not suit the strata of the target prevalence.
    #[error("of the labelled cells of store `{}` {reason}", .store.display())]
    Strata {
        /// The store.
        store: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The polygons that are to be regions cannot be read.
    #[error("the regions of `{}` cannot be read", .file.display())]
    RegionFile {
        /// The file.
        file: PathBuf,
        /// Why.
        source: RasterError,
    },
    /// The polygons that are to be regions do not suit the cells.
    #[error("the polygons of `{}` cannot be the regions: {reason}", .file.display())]
    Regions {
        /// The file.
        file: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// There is too little of a class.
    #[error("store `{}` has {found} usable cells of class `{class}`; {needed}", .store.display())]
    TooFew {
        /// The store.
        store: PathBuf,
        /// The class.
        class: String,
        /// How many there are.
        found: usize,
        /// How many are needed, and what for.
        needed: String,
    },
    /// There is nothing to learn from or to score.
    #[error("store `{}` has no cell that can be used: {reason}", .store.display())]
    NoCells {
        /// The store.
        store: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A plan gives a fold no cells to train on or to score.
    #[error("fold {fold} has no {what}; expected some in each fold")]
    EmptyFold {
        /// The fold.
        fold: usize,
        /// What is missing.
        what: String,
    },
    /// There is no such fold.
    #[error("there is no fold {found}; the plan has folds 0 to {last}")]
    NoFold {
        /// The fold that was asked for.
        found: usize,
        /// The last that there is.
        last: usize,
    },
    /// The directory is taken.
    #[error(
        "`{}` holds run {found}; expected run {expected}, or nothing: {difference}",
        .path.display()
    )]
    OtherRun {
        /// The directory.
        path: PathBuf,
        /// The run in it.
        found: String,
        /// The run that was to be written.
        expected: String,
        /// What differs between the two.
        difference: String,
    },
    /// An unfinished run would have to go on with another store.
    #[error(
        "store `{}` has changed since run `{}` began, which is not finished: its digest was `{was}` and is `{is}`; \
         `--out {}` begins a new run, and so does the same command once the old run is removed",
        .store.display(), .run.display(), .new.display()
    )]
    StoreChanged {
        /// The store.
        store: PathBuf,
        /// The run that is not finished.
        run: PathBuf,
        /// The digest of the store when the run began.
        was: String,
        /// The digest that it has now.
        is: String,
        /// Where a new run would lie.
        new: PathBuf,
    },
    /// The directory holds something else.
    #[error("`{}` is not a run: {reason}", .path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A folder stands for a run, but holds more than one.
    #[error(
        "`{}` holds {} runs: {}; expected one of them",
        .path.display(), .found.len(), .found.join(", ")
    )]
    SeveralRuns {
        /// The folder.
        path: PathBuf,
        /// The runs in it.
        found: Vec<String>,
    },
    /// There is nothing to evaluate.
    #[error(
        "`{}` is neither a bundle nor a run: it has no file `bundle.json` or `run.json`",
        .path.display()
    )]
    NoModel {
        /// Where the model was expected.
        path: PathBuf,
    },
    /// The directory of an evaluation is taken.
    #[error("`{}` cannot hold the evaluation: {reason}", .path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// Another process writes the run.
    #[error("run `{}` is being written by another process", .path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// Another process writes a part of the run.
    #[error("{part} of run `{}` is being written by another process", .path.display())]
    BusyPart {
        /// The directory.
        path: PathBuf,
        /// The part.
        part: Part,
    },
    /// A file of a run cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of a run cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A model cannot be fitted.
    #[error("{part} failed")]
    Fit {
        /// Where.
        part: Part,
        /// Why.
        source: FitError,
    },
    /// Cells cannot be classified.
    #[error("{part}: the held-out cells cannot be classified")]
    Predict {
        /// Where.
        part: Part,
        /// Why.
        source: PredictError,
    },
    /// A store does not fit the model that is to be measured on it.
    #[error("store `{}` does not fit the model: {reason}", .store.display())]
    Unfit {
        /// The store.
        store: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A process that was to train a fold cannot be started or watched.
    #[error("the process of fold {fold} cannot be run")]
    Job {
        /// The fold.
        fold: usize,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A process that trained a fold failed.
    #[error("the process of fold {fold} {how}; it said:\n{said}")]
    FoldProcess {
        /// The fold.
        fold: usize,
        /// How it ended.
        how: String,
        /// What it said.
        said: String,
    },
    /// The user wants to stop.
    #[error("interrupted; the same command continues the run")]
    Interrupted,
}

impl TrainingError {
    pub(super) fn read(
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Read { path: path.to_owned(), source: source.into() }
    }

    pub(super) fn write(
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Write { path: path.to_owned(), source: source.into() }
    }
}
