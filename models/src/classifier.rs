//! The two traits that every model implements, and what passes through them.
//!
//! Fitting and predicting are different types, so that predicting with an unfitted model cannot be
//! written: a [`Fit`] makes a [`Classifier`].

use std::path::Path;

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::patch::{PatchBatch, PatchShape, SampleType};
use tesela_datasets::source::{InputDefinition, PatchSource, SourceError};

/// How many patches are predicted at a time where the caller does not say.
pub const PREDICT_BATCH: usize = 256;

/// One probability per patch and class.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities {
    classes: usize,
    values: Vec<f32>,
}

impl Probabilities {
    /// Wraps `values`, `[patch, class]`.
    ///
    /// # Panics
    /// If the values do not fill whole rows of `classes`.
    pub fn new(classes: usize, values: Vec<f32>) -> Self {
        assert!(classes > 0 && values.len().is_multiple_of(classes), "rows are whole");
        Self { classes, values }
    }

    /// Number of patches.
    pub fn len(&self) -> usize {
        self.values.len() / self.classes
    }

    /// Whether there are no patches.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The probabilities of patch `index`, summing to one; `NaN` for a patch without used pixels.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.classes..(index + 1) * self.classes]
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes)
    }

    /// All values: `[patch, class]`.
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
        /// Patches that are fitted on.
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
    /// Fitting goes on, but the user should know this.
    Warning {
        /// What.
        message: String,
    },
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
    /// Patches could not be read.
    #[error("cannot read the patches to fit on")]
    Source(#[from] SourceError),
    /// The patches are not what the model needs.
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
        "the loss is {loss} at step {step}; expected a finite number (a lower learning rate helps)"
    )]
    Diverged {
        /// The step.
        step: u64,
        /// The loss.
        loss: f64,
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

/// Why patches could not be classified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// Patches could not be read.
    #[error("cannot read the patches to classify")]
    Source(#[from] SourceError),
    /// The patches are not what the model was fitted on.
    #[error(
        "the patches do not fit the model: {what} is {found}, and the model was fitted on {expected}"
    )]
    Input {
        /// What differs.
        what: &'static str,
        /// What the patches have.
        found: String,
        /// What the model was fitted on.
        expected: String,
    },
    /// The caller asked to stop.
    #[error("predicting was interrupted")]
    Interrupted,
}

/// Checks that `patches` are of the shape and type of `expected`.
///
/// # Errors
/// If one of them differs.
pub(crate) fn check_input(
    expected: &InputDefinition,
    patches: &PatchBatch,
) -> Result<(), PredictError> {
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
    Ok(())
}

/// Why a fitted model could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", .path.display())]
pub struct SaveError {
    /// The file.
    pub path: std::path::PathBuf,
    /// What the operating system or the format said.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A recipe that turns labelled patches into a [`Classifier`].
pub trait Fit: Send + Sync {
    /// The share of the training patches that is to be set aside as `validation`, `0.0` for none.
    fn validation_share(&self) -> f64 {
        0.0
    }

    /// Fits on `train`, whose patches are all of a class and have used pixels; `validation` may stop the
    /// fit early and must not otherwise shape it.
    ///
    /// The same patches and the same recipe, seed included, give the same classifier, whatever the number
    /// of threads.
    ///
    /// # Errors
    /// If a source cannot be read, `train` cannot be learned from, or the observer asks to stop.
    fn fit(
        &self,
        train: &dyn PatchSource,
        validation: &dyn PatchSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError>;
}

/// A fitted model that gives each patch a probability for each class.
pub trait Classifier: Send + Sync {
    /// The classes, in the order of the probability columns.
    fn classes(&self) -> &ClassMap;

    /// What the patches must be.
    fn input(&self) -> &InputDefinition;

    /// The short name of the kind of model, such as `extra-trees`; the name of its `ModelConfig` variant.
    ///
    fn kind(&self) -> &'static str;

    /// Predicts one row of probabilities per patch, each row summing to one; rows of patches without used
    /// pixels are `NaN`.
    ///
    /// # Errors
    /// If the patches are not of the shape and type that the model was fitted on.
    fn predict(&self, patches: &PatchBatch) -> Result<Probabilities, PredictError>;

    /// Predicts all patches of `source`, in order of position.
    ///
    /// `progress` hears how many are done after each batch, and answers whether to go on.
    ///
    /// # Errors
    /// If the patches cannot be read, do not fit the model, or `progress` answers no.
    fn predict_source(
        &self,
        source: &dyn PatchSource,
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

    /// Writes the learned part into `directory`, which the bundle has made and describes.
    ///
    /// # Errors
    /// If a file cannot be written.
    fn save_weights(&self, directory: &Path) -> Result<(), SaveError>;
}
