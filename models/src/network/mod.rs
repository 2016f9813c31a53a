//! What every network needs: training, weights, files, prediction. Networks themselves are rooms beside this one.
//!
//! A network implements one trait, `Network`: its layers with their named tensors, and the way forward. Its settings
//! implement `NetworkConfig` and are one variant of [`ModelConfig`](crate::config::ModelConfig). Everything else is
//! here: the input planes, the pipeline, the loss, the optimiser, the schedule, the training loop, the files of a
//! bundle and the classifier.
//!
//! The input planes are all channels that the bands of the collection allow, normalised with statistics of the
//! training patches, and as the last plane the mask of used pixels: without it a network would learn the shape of the
//! mask as colour. Pixels that are not used are 0 in every plane. A network ends with logits; probabilities are made
//! outside of it.
//!
//! Weights are drawn on the host, batches and their order derive from the seed, and on the processor every sum has
//! one order: the same recipe gives the same bytes at any number of threads.
//!
//! A fitted network is two files: `weights.safetensors`, with the network's tensors in PyTorch's layout, and
//! `normalisation.json`.
//!
//! Start with [`NetworkFit`], a [`Fit`](crate::Fit), and with `architecture.rs` to add a network.

mod activations;
mod architecture;
mod augment;
mod average;
mod checkpoint;
mod checkpoints;
mod clipping;
mod computation;
mod describe;
mod device_planes;
mod fit;
#[cfg(test)]
mod golden;
mod host_step;
mod input_shape;
mod layers;
mod layout;
mod loss;
mod losses;
mod model;
mod onnx;
mod optimizer;
mod parameters;
pub(crate) mod parity;
mod parts;
mod pass;
mod pipeline;
mod planes;
mod preparation;
mod progress;
mod sampler;
mod schedule;
mod settings;
mod stage_clock;
mod state;
mod tensor_spec;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod toy;
mod training;
mod trunk;
mod untrained;
mod validation;
mod weights;

use std::path::PathBuf;

use crate::device::DeviceError;

pub(crate) use architecture::{Layer, Network, NetworkConfig};
pub use describe::LayerRow;
pub(crate) use describe::layers;
pub use fit::NetworkFit;
pub use input_shape::{InputShape, ShapeError};
pub(crate) use layers::{
    BatchNorm, Convolution, Dense, NORM_EPSILON, NORM_MOMENTUM, global_average,
};
pub(crate) use model::{FILES, load};
pub(crate) use onnx::NetworkGraph;
pub(crate) use pass::Pass;
pub use settings::{ClassWeight, Optimizer, RawTraining, Sampler, Training};
pub(crate) use settings::{Door, network_config, network_table};
pub(crate) use tensor_spec::Initial;
pub(crate) use trunk::{Activations, BoundTrunk, Learned, Trunk};
pub use untrained::UntrainedNetwork;
pub(crate) use weights::to_single;

/// Why a saved network could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The operating system refused.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not what the bundle says.
    #[error("`{}` cannot be used: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The device to compute on cannot be used.
    #[error("cannot bring the network to its device")]
    Device(#[from] DeviceError),
}
