//! Training: what an experiment does, and what it leaves behind.
//!
//! A [`Sample`] is the cells of an experiment with their folds. [`cross_validate`] fits a model for each fold
//! on the cells of the others, predicts the held-out cells, and writes everything into a [`RunDirectory`]:
//!
//! ```text
//! run.json             what ran on what: version, digests, seed, device
//! resolved.toml        the experiment with all defaults, and the comment that its file opened with
//! folds.parquet        which cell is held out in which fold
//! fold-00/ …           metrics.json, predictions.parquet, history.csv (networks), features.csv (trees), times.json, bundle/
//! checkpoints/         of the networks that are being fitted; gone when they are
//! final/               a model for use, fitted on all cells: history.csv, times.json, bundle/
//! predictions.parquet  out of fold: cell_id, fold, label, partition, block, one probability per class;
//!                      and stratum, where the target prevalence tells strata apart
//! metrics.json         scores of each scheme, partition and fold, mean and deviation
//! importances.csv      what features are worth to trees, after `tesela importances`
//! operating-point.json how probabilities become classes where the model is used, and what that does to the scores
//! confusion.csv, .png  known against predicted class, by the strictest scheme; `confusion-random.csv` … by another
//! report.html          what came out, for reading and printing
//! tensorboard/         events, for looking at
//! ```
//!
//! Where an experiment has several validation schemes, the cells are spread over folds once for each (a partition of the
//! fold plan), folds are numbered through, and every partition is scored on its own; the strictest scheme is the headline.
//!
//! Folds may be trained by several processes at a time, each alone in its fold (`fold-03.lock` while it runs).
//!
//! A folder of a fold appears whole, so an interrupted run continues at the first fold that has none, a network at its
//! last checkpoint, and ends with the same bytes. Only `times.json` and `tensorboard/` differ from one run to the next.
//!
//! Cells of undefined class are neither trained on nor scored. Cells without a used pixel are in no fold.
//! Cells with few used pixels (`data.min-used-share`) are not trained on, but scored, because a map has to
//! say something about them, too.

mod applicability;
mod cross_validate;
mod decided;
mod dependence;
mod drawing;
mod error;
mod evaluate;
mod features_csv;
mod files;
mod fold_run;
mod former;
mod ground;
mod history;
mod jobs;
mod measurement;
mod observer;
mod operation;
mod partitions;
mod permutation;
mod predictions;
mod regions;
mod run_difference;
mod run_directory;
mod sample;
mod split;
mod strata;
mod unfinished;
mod worst;

pub use cross_validate::{CrossValidation, RunOptions, cross_validate, measured_headline};
pub use decided::DecidedScores;
pub use dependence::Dependence;
pub use error::TrainingError;
pub use evaluate::{Evaluation, Fitted, evaluate};
pub use ground::Ground;
pub use jobs::{Job, train_in_processes};
pub use measurement::{
    Measured, Measurement, PartitionMeasurement, PartitionOutcomes, SchemeMeasurement,
};
pub use observer::{HeldOut, Part, RunObserver, Unwatched};
pub use operation::Operation;
pub use partitions::ScoredPartition;
pub use permutation::{
    FeatureGroup, PERMUTATIONS, PermutationImportance, PermutationOptions, permutation_importances,
};
pub use predictions::{HeldOutCell, Predictions};
pub use run_directory::{Access, RunDirectory, RunManifest};
pub use sample::Sample;
pub(crate) use strata::StratumNumbers;
pub use worst::worst_classified;
