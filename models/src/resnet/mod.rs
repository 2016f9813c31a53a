//! A small residual network for small patches (He et al. 2016, "Deep residual learning for image recognition").
//!
//! With the defaults, `width = 16` and `blocks = [2, 2, 2]`:
//!
//! | layer | output of 33 × 33 × 28 | parameters | multiply-adds |
//! |---|---|---|---|
//! | `stem`: 16 filters of 3 × 3 | 33 × 33 × 16 | 4,064 | 4,390,848 |
//! | stage 1: 2 blocks of 16 filters | 33 × 33 × 16 | 9,344 | 10,036,224 |
//! | stage 2: 2 blocks of 32 filters, halved | 17 × 17 × 32 | 33,088 | 9,469,952 |
//! | stage 3: 2 blocks of 64 filters, halved | 9 × 9 × 64 | 131,712 | 10,616,832 |
//! | mean of each plane | 64 | | |
//! | `dense`: one logit for each class | 2 | 130 | 128 |
//! | all | | 178,338 | 34,513,984 |
//!
//! It is the network for CIFAR-10 of that paper (section 4.2): a stem of 3 × 3 filters without a pool, then stages of
//! basic blocks, each stage at half the extent and twice the width of the one before. A block is convolution, norm,
//! rectifier, convolution, norm; its input is added, and the sum goes through a rectifier. Where extent and width
//! change, the input goes through filters of 1 × 1 and a norm. It takes patches of any size from 8 × 8 pixels.
//!
//! Filters are drawn from a normal distribution with the variance 2 / (filters × taps) (He et al. 2015, "Delving deep
//! into rectifiers", the form for the backward way, as torchvision's `resnet`); the last scale of each block begins
//! at zero, so that a block begins as the identity (Goyal et al. 2017, section 5.1).
//!
//! Its tensors are `stem.weight`, `stem_norm.{weight,bias,running_mean,running_var}`; for block `b` of stage `s`,
//! counted from 1, `stages.s.b.{conv1,norm1,conv2,norm2}` and, where it is needed, `stages.s.b.{short,short_norm}`;
//! `dense.weight` and `dense.bias`. Everything is PyTorch's layout.
//!
//! On the processor, everything but the dense layer is computed by `processor`; every other device is burn's. On two
//! cores with AVX-512 and patches as above it trains 1.24 times as many patches a second as PyTorch 2.9.1 (517 against
//! 418, from a store, where PyTorch has finished planes in memory) and predicts 1.4 times as many (2,200 against 1,580;
//! `benches/peers/network.py --model resnet`, best of two rounds). Patches of 64 × 64 pixels and four planes: 110 a
//! second in training beside other work, where burn alone had 32.
//!
//! Start with [`ResnetConfig`].

mod architecture;
mod block;
mod config;
mod processor;
#[cfg(test)]
mod tests;

pub use config::{RawResnet, ResnetConfig};

/// The name of the model in files.
pub const KIND: &str = "resnet";
