//! Normalisation: what a network's input planes are made of.
//!
//! Each channel is brought to a common scale: the logarithm for the four ratios, a clip at the 0.5 and 99.5
//! percentiles, then zero mean and unit deviation. The statistics come from the training part of a fold and
//! travel with the model; nothing is normalised by patch, because absolute brightness is most of the signal.
//! Pixels that are not used become 0, and the mask of used pixels is added as the last plane, so that a
//! network does not take the shape of the mask for a colour.
//!
//! Start with [`Normalisation::fit`].

mod fit;
mod logarithm;
mod scale;

pub use scale::{ChannelScale, Normalisation, NormalisationError};
