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
//! It takes patches of any size from 16 × 16 pixels, and any number of planes. With `batch-norm`, norms `norm1` and
//! `norm2` follow the convolutions and `norm3` the hidden layer, and the convolutions have no biases; with `dropout`,
//! that share of the hidden units is left out in each step.
//!
//! On the processor, both convolutional blocks without norms are those of `block`, and in predictions the first is that
//! of `pixel_vectors`; every other device, and everything else in the network, is burn's.
//!
//! Its tensors are `conv1.weight` `[20, planes, 5, 5]`, `conv1.bias`, `conv2.weight`, `conv2.bias`, `dense1.weight`
//! `[500, numbers]`, `dense1.bias`, `dense2.weight` `[classes, 500]` and `dense2.bias`; `dense1` sees its input as
//! `[filter, row, column]`.
//!
//! Start with [`LenetConfig`].

mod architecture;
mod block;
mod config;
mod pixel_vectors;
mod processor;
#[cfg(test)]
mod tests;

pub use config::{LenetConfig, RawLenet};

/// The name of the model in files.
pub const KIND: &str = "lenet";
