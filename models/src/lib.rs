//! What can be learned: classifiers of cells, and the bundles that carry them.
//!
//! [`Fit`] is a recipe, [`Classifier`] a fitted model; everything above this package works with those two
//! traits and does not know which model it holds. A new model is one folder here, one variant of
//! [`ModelConfig`](config::ModelConfig), and nothing else. This package is the only one that names burn.

pub mod applicability;
pub mod bundle;
pub mod classifier;
pub mod config;
#[cfg(test)]
mod conformance;
pub mod describe;
pub mod device;
pub mod ensemble;
pub mod export;
pub mod extra_trees;
pub mod histogram;
pub mod lenet;
pub mod network;
pub mod onnx;
pub mod operating_point;
pub mod parity;
pub mod resnet;
pub mod selection;

pub use classifier::{
    CheckpointPlace, Classifier, Fit, FitError, FitEvent, FitObserver, PredictError, Probabilities,
    SaveError, StageTimes,
};
