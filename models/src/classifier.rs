//! The two traits that every model implements, and what passes through them.
//!
//! Fitting and predicting are different types, so that predicting with an unfitted model cannot be
//! written: a [`Fit`] makes a [`Classifier`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType};
use tesela_datasets::source::{Batch, CellSource, InputDefinition, SourceError};
use tesela_datasets::table::ColumnDifference;

use crate::histogram::Histogram;
use crate::onnx::{OnnxError, OnnxModel, Scores};
use crate::selection::ColumnTest;

/// The highest loss with which training goes on. A loss is minus the logarithm of a probability, some units at most in a
/// training that works.
pub(crate) const MOST_LOSS: f64 = 1e6;
/// How many cells are predicted at a time where the caller does not say.
pub const PREDICT_BATCH: usize = 256;

/// One probability per cell and class.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities {
    classes: usize,
    values: Vec<f32>,
}

impl Probabilities {
    /// Wraps `values`, `[cell, class]`.
    ///
    /// # Panics
    /// If the values do not fill whole rows of `classes`.
    pub fn new(classes: usize, values: Vec<f32>) -> Self {
        assert!(classes > 0 && values.len().is_multiple_of(classes), "rows are whole");
        Self { classes, values }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.values.len() / self.classes
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The probabilities of cell `index`, summing to one; `NaN` for a cell of which nothing is known.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.classes..(index + 1) * self.classes]
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes)
    }

    /// All values: `[cell, class]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Appends the rows of `other`.
    ///
    /// # Panics
    /// If the numbers of classes differ.
    pub fn extend(&mut self, other: &Self) {
        assert_eq!(self.classes, other.classes, "both have the same classes");
        self.values.extend_from_slice(&other.values);
    }

    /// The most probable class of a row, the lowest id where several are; `None` for a row of `NaN`.
    pub fn most_probable(row: &[f32]) -> Option<ClassId> {
        let mut best: Option<(usize, f32)> = None;
        for (index, &value) in row.iter().enumerate() {
            if !value.is_nan() && best.is_none_or(|(_, highest)| value > highest) {
                best = Some((index, value));
            }
        }
        best.map(|(index, _)| ClassId::new(index))
    }
}

/// Something that happened while a model was being fitted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FitEvent {
    /// Fitting begins: `total` steps of `unit` (`"epochs"`, `"trees"`) are to be done.
    Started {
        /// What is counted.
        unit: &'static str,
        /// How many there will be.
        total: u64,
        /// Patches, or rows of a table, that are fitted on.
        patches: u64,
    },
    /// `done` of the announced steps are done.
    Progress {
        /// Steps done.
        done: u64,
        /// Patches seen so far, counted again in each epoch.
        patches: u64,
    },
    /// One optimiser step of a network.
    Batch {
        /// Steps so far, over all epochs.
        step: u64,
        /// Mean loss since the last such event.
        loss: f64,
        /// Step size.
        learning_rate: f64,
        /// Patches seen so far, counted again in each epoch.
        patches: u64,
    },
    /// One epoch of a network is over.
    Epoch {
        /// Epochs done.
        epoch: u64,
        /// Mean loss on the fitted patches.
        train_loss: f64,
        /// Mean loss on the validation patches, where there are any.
        validation_loss: Option<f64>,
        /// Share of validation patches that were classified right.
        validation_accuracy: Option<f64>,
        /// Step size at its end.
        learning_rate: f64,
        /// Patches per second, of fitting alone.
        patches_per_second: f64,
    },
    /// A network has been fitted, and this is what the time went into.
    Profile(StageTimes),
    /// How the tensors of a network are spread after an epoch.
    Weights {
        /// Epochs done.
        epoch: u64,
        /// One for each tensor.
        histograms: Vec<Histogram>,
    },
    /// How what each layer of a network makes of a few validation patches is spread after an epoch.
    Activations {
        /// Epochs done.
        epoch: u64,
        /// One for each layer.
        histograms: Vec<Histogram>,
    },
    /// The norm of the gradients of one optimiser step, all tensors together, before any clipping.
    GradientNorm {
        /// Steps so far, over all epochs.
        step: u64,
        /// The norm.
        norm: f64,
    },
    /// What was found out about the numbers that a tabular model learns from.
    Features(Vec<FeatureRecord>),
    /// Fitting goes on, but the user should know this.
    Warning {
        /// What.
        message: String,
    },
}

/// What a fit found out about one of the numbers that describe a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRecord {
    /// Its name.
    pub name: String,
    /// What a selection found out about it; `None` where there was none.
    pub test: Option<ColumnTest>,
    /// How much it lowered the impurity: a share of what all of them did, as `feature_importances_` of scikit-learn; `None`
    /// where it was not learned from.
    pub importance: Option<f64>,
}

/// What the time of a fit went into, in seconds. Patches are read and prepared while the network computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageTimes {
    /// Patches came from the store.
    pub reading: f64,
    /// Patches became input planes.
    pub preparing: f64,
    /// The network waited for a batch.
    pub waiting: f64,
    /// The network and the optimiser computed.
    pub computing: f64,
    /// The validation patches were predicted.
    pub validating: f64,
}

/// Hears what happens while a model is being fitted, and may ask it to stop.
pub trait FitObserver: Send {
    /// Hears of `event`.
    fn notice(&mut self, event: &FitEvent);

    /// Whether the user wants to stop; asked at least once a second.
    fn wants_stop(&self) -> bool {
        false
    }
}

/// An observer that hears nothing and never stops.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unobserved;

impl FitObserver for Unobserved {
    fn notice(&mut self, _event: &FitEvent) {}
}

/// Why a model could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Cells could not be read.
    #[error("cannot read the cells to fit on")]
    Source(#[from] SourceError),
    /// The cells are not what the model needs.
    #[error("cannot fit {model}: {reason}")]
    Unusable {
        /// The model.
        model: &'static str,
        /// What was found and what was expected.
        reason: String,
    },
    /// The observer asked to stop.
    #[error("fitting was interrupted")]
    Interrupted,
    /// The numbers left the range in which fitting makes sense.
    #[error(
        "the loss is {loss} at step {step}; expected a number up to {MOST_LOSS} (a lower learning rate or `max-grad-norm` \
         helps){}",
        kept(.checkpoint.as_deref())
    )]
    Diverged {
        /// The step, counted from 1.
        step: u64,
        /// The loss, or the first weight that is no number.
        loss: f64,
        /// The last checkpoint from before, where one was kept.
        checkpoint: Option<PathBuf>,
    },
    /// A checkpoint is not of this training.
    #[error(
        "cannot go on from checkpoint `{}`: {reason} (without the checkpoint, training starts over)",
        .path.display()
    )]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The device cannot be used.
    #[error("device `{device}` cannot be used: {reason}")]
    Device {
        /// The device.
        device: String,
        /// Why.
        reason: String,
    },
}

fn kept(checkpoint: Option<&Path>) -> String {
    checkpoint.map_or_else(String::new, |path| {
        format!("; the last good checkpoint is `{}`", path.display())
    })
}

/// Where a recipe that takes long keeps checkpoints, to go on from when it is started again.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointPlace {
    /// The folder; made when it is needed.
    pub directory: PathBuf,
    /// The least time between two checkpoints within an epoch; at the end of epochs alone where `None`.
    pub every: Option<Duration>,
    /// What a checkpoint must agree on beside the recipe and its cells, by name: the run, the store.
    pub origin: BTreeMap<String, String>,
}

/// Why cells could not be classified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// Cells could not be read.
    #[error("cannot read the cells to classify")]
    Source(#[from] SourceError),
    /// The cells are not what the model was fitted on.
    #[error(
        "the cells do not fit the model: {what} is {found}, and the model was fitted on {expected}"
    )]
    Input {
        /// What differs.
        what: &'static str,
        /// What the cells have.
        found: String,
        /// What the model was fitted on.
        expected: String,
    },
    /// A table has other columns than the one that the model was fitted on.
    #[error("the columns are not those that the model was fitted on")]
    Columns(#[from] ColumnDifference),
    /// The device that a network computes on has failed.
    #[error("the device failed: {reason}")]
    Device {
        /// What its driver said.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("predicting was interrupted")]
    Interrupted,
}

/// The patches of `batch`, which must be of the shape and type of `expected`.
///
/// # Errors
/// If they are not, or the batch holds rows of a table.
pub(crate) fn checked_patches<'a>(
    expected: &PatchDefinition,
    batch: &'a Batch,
) -> Result<&'a PatchBatch, PredictError> {
    let patches = match batch {
        Batch::Patches(patches) => patches,
        Batch::Rows(rows) => {
            let found = format!("a row of {} numbers", rows.columns.len());
            let expected = "patches of pixels".to_owned();
            return Err(PredictError::Input { what: "each cell", found, expected });
        }
    };
    let shape = |shape: PatchShape| {
        format!("{} bands of {} × {} pixels", shape.bands, shape.height, shape.width)
    };
    if patches.shape != expected.shape {
        return Err(PredictError::Input {
            what: "the shape",
            found: shape(patches.shape),
            expected: shape(expected.shape),
        });
    }
    let sample_type = patches.samples.sample_type();
    if sample_type != expected.sample_type {
        let text = |sample_type: SampleType| format!("{sample_type:?}").to_lowercase();
        return Err(PredictError::Input {
            what: "the sample type",
            found: text(sample_type),
            expected: text(expected.sample_type),
        });
    }
    Ok(patches)
}

/// Why a fitted model could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", .path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// What the operating system or the format said.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A recipe that turns labelled cells into a [`Classifier`].
pub trait Fit: Send + Sync {
    /// The share of the training cells that is to be set aside as `validation`, `0.0` for none.
    fn validation_share(&self) -> f64 {
        0.0
    }

    /// Tells the recipe where to keep checkpoints; one that is started again goes on from the last and ends with the
    /// same classifier. Recipes that keep none start over.
    fn keep_checkpoints(&mut self, place: CheckpointPlace) {
        drop(place);
    }

    /// Fits on `train`, whose cells are all of a class and known in part at least; `validation` may stop the
    /// fit early and must not otherwise shape it.
    ///
    /// The same cells and the same recipe, seed included, give the same classifier, whatever the number
    /// of threads.
    ///
    /// # Errors
    /// If a source cannot be read, `train` cannot be learned from (a network needs pixels, not a table), or the
    /// observer asks to stop.
    fn fit(
        &self,
        train: &dyn CellSource,
        validation: &dyn CellSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError>;
}

/// A fitted model that gives each cell a probability for each class.
pub trait Classifier: Send + Sync {
    /// The classes, in the order of the probability columns.
    fn classes(&self) -> &ClassMap;

    /// What the cells must be.
    fn input(&self) -> &InputDefinition;

    /// The short name of the kind of model, such as `extra-trees`; the name of its `ModelConfig` variant.
    fn kind(&self) -> &'static str;

    /// Predicts one row of probabilities per cell, each row summing to one; rows of cells of which nothing is
    /// known (patches without used pixels, rows without a number) are `NaN`.
    ///
    /// # Errors
    /// If the cells are not what the model was fitted on: patches of its shape and type, or rows with its
    /// columns, in any order.
    fn predict(&self, cells: &Batch) -> Result<Probabilities, PredictError>;

    /// Predicts rows of the numbers that it sees of cells, `[cell, number]`; `None` where it does not look at such rows, but at
    /// pixels.
    fn predict_features(&self, _values: &[f32]) -> Option<Probabilities> {
        None
    }

    /// Predicts all cells of `source`, in order of position.
    ///
    /// `progress` hears how many are done after each batch, and answers whether to go on.
    ///
    /// # Errors
    /// If the cells cannot be read, do not fit the model, or `progress` answers no.
    fn predict_source(
        &self,
        source: &dyn CellSource,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Probabilities, PredictError> {
        let order: Vec<u32> = (0..).take(source.len()).collect();
        let mut all = Probabilities::new(self.classes().len(), Vec::new());
        for batch in source.stream(&order, PREDICT_BATCH)? {
            all.extend(&self.predict(&batch?)?);
            if !progress(all.len()) {
                return Err(PredictError::Interrupted);
            }
        }
        Ok(all)
    }

    /// Adds what the model computes to `model`.
    ///
    /// # Errors
    /// If there is no way to write it as ONNX.
    fn write_onnx(&self, _model: &mut OnnxModel) -> Result<Scores, OnnxError> {
        Err(OnnxError::Unsupported { kind: self.kind().to_owned() })
    }

    /// The same network as a module of PyTorch, which loads its weights from a bundle; `None` where the model is none.
    fn torch_twin(&self) -> Option<String> {
        None
    }

    /// The name of each number of a row that [`Self::predict_features`] takes; `None` where it does not look at rows.
    fn features(&self) -> Option<&[String]> {
        None
    }

    /// Writes the learned part into `directory`, which the bundle has made and describes.
    ///
    /// # Errors
    /// If a file cannot be written.
    fn save_weights(&self, directory: &Path) -> Result<(), SaveError>;
}
