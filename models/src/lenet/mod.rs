//! LeNet: a small convolutional network (LeCun et al. 1998, with rectifiers and the widths of later practice).
//!
//! | layer | output of 33 × 33 × 28 | parameters | multiply-adds |
//! |---|---|---|---|
//! | `conv1`: 20 filters of 5 × 5 | 29 × 29 × 20 | 14,020 | 11,774,000 |
//! | pool 2 × 2, rectifier | 14 × 14 × 20 | | |
//! | `conv2`: 50 filters of 5 × 5 | 10 × 10 × 50 | 25,050 | 2,500,000 |
//! | pool 2 × 2, rectifier | 5 × 5 × 50 | | |
//! | `dense1`: 500 units, rectifier | 500 | 625,500 | 625,000 |
//! | `dense2`: one logit for each class | 2 | 1,002 | 1,000 |
//! | all | | 665,572 | 14,900,000 |
//!
//! It takes patches of any size from 16 × 16 pixels, and any number of channels. The input planes are all channels
//! that the bands of the collection allow, normalised with statistics of the training patches, and as the last plane
//! the mask of used pixels: without it the network would learn the shape of the mask as colour. Pixels that are not
//! used are 0 in every plane. The network ends with logits; probabilities are made outside of it.
//!
//! Weights are drawn on the host, batches and their order derive from the seed, and on the processor every sum has
//! one order: the same recipe gives the same bytes at any number of threads. On the processor the convolutions are
//! those of `block`; every other device, and everything else in the network, is burn's.
//!
//! A fitted network is two files: `weights.safetensors` with the tensors `conv1.weight` `[20, planes, 5, 5]`,
//! `conv1.bias`, `conv2.weight`, `conv2.bias`, `dense1.weight` `[500, numbers]`, `dense1.bias`, `dense2.weight`
//! `[classes, 500]` and `dense2.bias` in PyTorch's layout (`dense1` sees its input as `[filter, row, column]`), and
//! `normalisation.json`.
//!
//! Start with [`LenetFit`], a [`Fit`](crate::Fit); [`load`] reads a fitted network back.

mod architecture;
mod augment;
mod block;
mod config;
mod fit;
mod gradients;
mod layout;
mod loss;
mod losses;
mod model;
mod network;
mod pipeline;
mod planes;
mod processor;
mod schedule;
#[cfg(test)]
mod tests;
mod training;
mod weights;

use std::path::PathBuf;

use crate::device::DeviceError;

pub use config::{ClassWeight, LenetConfig, Optimizer, RawLenet};
pub use fit::LenetFit;
pub use model::{KIND, load};

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
