//! Channels: the 27 planes that are computed from the bands of a pixel.
//!
//! Six bands, fifteen spectral indexes and six tasseled-cap components, always in one order. Which of them
//! a collection has follows from its bands: [`ChannelSet::of`] keeps the channels that can be computed and
//! says which are left out and why. [`ChannelKernel`] computes them for a patch, in `f32`, a few hundred
//! pixels at a time. Results do not depend on the processor: no operation is fused and no sum reordered.
//!
//! Start with [`ChannelSet`].

mod channel;
mod formula;
mod kernel;
mod set;
mod tasseled_cap;

pub use channel::Channel;
pub(crate) use formula::{BLOCK, Block};
pub use formula::{EVI_DENOMINATOR_MIN, RED_BLUE_MIN};
pub use kernel::ChannelKernel;
pub(crate) use kernel::PixelKernel;
pub use set::{ChannelSet, LeftOut};
pub use tasseled_cap::Rotation;
