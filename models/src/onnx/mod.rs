//! ONNX: models as other programs run them.
//!
//! A [`Classifier`](crate::Classifier) adds what it computes to an [`OnnxModel`], node by node; everything that bundles
//! define outside of the learned numbers is part of the graph, too: the channels and their normalisation, the mean over
//! the members of an ensemble, and the operating point. The file is written by `wire`, which knows the twelve messages of
//! the format that are needed.
//!
//! Versions: operators 18 of the standard and 3 of `ai.onnx.ml`. The first dimension of inputs and outputs is the batch,
//! which may have any size but zero.
//!
//! | input | type | shape | what |
//! |---|---|---|---|
//! | `bands` | as stored | batch, band, row, column | of networks: the numbers as the store holds them |
//! | `used` | bool | batch, row, column | of networks: whether a pixel is used |
//! | `features` | float | batch, column | of trees: the numbers of a row; `NaN` is missing |
//!
//! | output | type | shape | what |
//! |---|---|---|---|
//! | `label` | string | batch | the most probable class |
//! | `probabilities` | float | batch, class | as the model gives them |
//! | `logits` | float | batch, class | of a single network: what the probabilities are made of, seen upright |
//! | `calibrated` | float | batch, class | with an operating point: probabilities at the place of use |
//! | `decided` | string | batch | with an operating point: the class that it decides for |
//!
//! Cells of which nothing is known have an empty class and probabilities of `NaN`.

mod attribute;
mod channels;
mod graph;
mod model;
mod operation;
mod wire;

pub(crate) use attribute::Attribute;
pub(crate) use graph::{CLASSICAL, Graph, Value};
pub use model::{CLASSICAL_OPSET, Naming, OPSET, OnnxModel, Scores};

/// Why a model cannot be written as ONNX.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The model has no such form.
    #[error("a model of kind `{kind}` cannot be written as ONNX")]
    Unsupported {
        /// The kind of model.
        kind: String,
    },
    /// The classifier asked for no input.
    #[error("the model looks at no input")]
    NoInput,
    /// The file would be larger than others read.
    #[error("the model would take {bytes} bytes as ONNX; the format allows {limit}")]
    TooLarge {
        /// What it would take.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
}
