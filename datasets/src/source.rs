//! Sources: where patches come from while something is fitted, scored or predicted.
//!
//! A [`PatchSource`] is a numbered list of labelled patches that can be streamed in any order with bounded
//! memory. Models and cross-validation know this trait only, not the store behind it.

use std::sync::Arc;

use crate::class::{ClassMap, Label};
use crate::patch::{PatchBatch, PatchShape, SampleType};
use crate::pixel::PixelDefinition;

/// Why patches could not be delivered. The message names the thing, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SourceError {
    /// An error that stands for itself.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// An error with a cause.
    pub fn caused(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), source: Some(cause.into()) }
    }
}

/// What a model is fitted on and later needs to see again: the extent and the meaning of patches.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputDefinition {
    /// Extent of each patch.
    pub shape: PatchShape,
    /// Type of the stored numbers.
    pub sample_type: SampleType,
    /// Meaning of the stored numbers.
    pub pixel: PixelDefinition,
}

/// The features of some patches, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    /// Name of each column, such as `blue_mean`.
    pub columns: Vec<String>,
    /// Number of rows.
    pub rows: usize,
    /// `[row, column]`; a row of `NaN` stands for a patch without used pixels.
    pub values: Vec<f32>,
}

impl FeatureMatrix {
    /// The features of row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        let width = self.columns.len();
        &self.values[index * width..(index + 1) * width]
    }
}

/// Batches of patches, one after the other; the order depends on the request alone, never on threads.
pub type PatchStream<'a> = Box<dyn Iterator<Item = Result<PatchBatch, SourceError>> + Send + 'a>;

/// A numbered list of labelled patches.
pub trait PatchSource: Send + Sync {
    /// What the patches are.
    fn input(&self) -> &InputDefinition;

    /// The classes that the labels speak of.
    fn classes(&self) -> &ClassMap;

    /// What is known about each patch, by position.
    fn labels(&self) -> &[Label];

    /// Number of patches.
    fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there are no patches.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Streams the patches at the positions of `order`, in that order, `batch` at a time (fewer at the end).
    ///
    /// # Errors
    /// If the stream cannot be opened; later failures come as items, after which the stream ends.
    fn stream<'a>(&'a self, order: &[u32], batch: usize) -> Result<PatchStream<'a>, SourceError>;

    /// The features of all patches, in order of position.
    ///
    /// # Errors
    /// If patches cannot be read.
    fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError>;
}
