//! Why a model could not be exported.

use std::path::PathBuf;

use tesela_models::bundle::BundleError;

use super::ModelChoice;
use crate::training::TrainingError;

/// Why a model could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] TrainingError),
    /// A bundle cannot be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The model cannot be written.
    #[error(transparent)]
    Model(#[from] tesela_models::export::ExportError),
    /// The experiment of a run cannot be used any more.
    #[error("the experiment of run `{}` cannot be used", .path.display())]
    Experiment {
        /// The run.
        path: PathBuf,
        /// Why.
        source: crate::experiment::ExperimentError,
    },
    /// A bundle is one model, so there is nothing to choose.
    #[error(
        "`{}` is a bundle and holds one model; expected a run for `--model {choice}`",
        .path.display()
    )]
    OneModel {
        /// The bundle.
        path: PathBuf,
        /// What was asked for.
        choice: ModelChoice,
    },
    /// The final model is not fitted yet.
    #[error(
        "run `{}` has no final model yet; `tesela train` with its experiment and `--out {}` makes it when all folds are done",
        .path.display(), .path.display()
    )]
    NoFinal {
        /// The run.
        path: PathBuf,
    },
    /// The experiment asks for no final model.
    #[error(
        "run `{}` has no final model, because its experiment says `final-model = false`; `tesela train` of the experiment without \
         that line, with another `--out`, makes one, or `--model ensemble` takes the models of all folds",
        .path.display()
    )]
    NeverFinal {
        /// The run.
        path: PathBuf,
    },
    /// There is no such fold.
    #[error("run `{}` has no fold {fold}; it has folds 0 to {last}", .path.display())]
    NoFold {
        /// The run.
        path: PathBuf,
        /// The fold that was asked for.
        fold: usize,
        /// The last that there is.
        last: usize,
    },
    /// A fold is not done.
    #[error(
        "fold {fold} of run `{}` is not done; `tesela train` with its experiment, `--out {}` and `--fold {fold}` makes it",
        .path.display(), .path.display()
    )]
    Unfinished {
        /// The run.
        path: PathBuf,
        /// The fold.
        fold: usize,
    },
}
