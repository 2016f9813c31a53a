//! The scale of each channel, and its use.

use serde::{Deserialize, Serialize};

use super::logarithm::ln;
use crate::channels::{Channel, ChannelSet};
use crate::source::SourceError;

/// The smallest deviation that is divided by.
pub(super) const DEVIATION_MIN: f64 = 1e-6;
/// What is added to `nbi`, which reaches 0, before its logarithm.
const NBI_OFFSET: f32 = 0.01;

/// Why there is no normalisation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NormalisationError {
    /// Patches could not be read.
    #[error("cannot read the patches to normalise by")]
    Source(#[from] SourceError),
    /// There is nothing to take statistics of.
    #[error("none of the {patches} patches has a used pixel; normalising needs some")]
    NoPixels {
        /// How many patches were looked at.
        patches: usize,
    },
    /// A stored normalisation is not one.
    #[error("the normalisation of channel `{channel}` cannot be used: {reason}")]
    Unusable {
        /// The channel.
        channel: String,
        /// What was found and what was expected.
        reason: String,
    },
}

/// How one channel is brought to the common scale. All numbers are after the logarithm, where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelScale {
    /// The name of the channel.
    pub channel: String,
    /// Its 0.5 percentile; lower values are raised to it.
    pub low: f64,
    /// Its 99.5 percentile; higher values are lowered to it.
    pub high: f64,
    /// The mean after the clip.
    pub mean: f64,
    /// The standard deviation after the clip; at least 0.000001.
    pub deviation: f64,
}

/// What is done to the channels of a patch before a network sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ChannelScale>", into = "Vec<ChannelScale>")]
pub struct Normalisation {
    scales: Vec<ChannelScale>,
    steps: Vec<Step>,
}

/// [`ChannelScale`] in the form in which it is applied.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    logarithm: Logarithm,
    low: f32,
    high: f32,
    mean: f32,
    factor: f32,
}

/// What is done to a channel first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logarithm {
    /// Nothing: the channel is bounded.
    None,
    /// `ln x`.
    Plain,
    /// `ln(x + 0.01)`.
    Offset,
}

impl Logarithm {
    pub(super) fn of(channel: Channel) -> Self {
        match channel.name() {
            "sr" | "brba" | "baei" => Self::Plain,
            "nbi" => Self::Offset,
            _ => Self::None,
        }
    }

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    pub(super) fn apply(self, x: f32) -> f32 {
        match self {
            Self::None => x,
            Self::Plain => ln(x),
            Self::Offset => ln(x + NBI_OFFSET),
        }
    }
}

impl Normalisation {
    /// Checks `scales`, one for each channel of the patches in their order.
    ///
    /// # Errors
    /// If a channel is unknown or out of order, or a number makes no scale.
    pub fn new(scales: Vec<ChannelScale>) -> Result<Self, NormalisationError> {
        let mut steps = Vec::with_capacity(scales.len());
        let mut last = None;
        for scale in &scales {
            let unusable = |reason: &str| NormalisationError::Unusable {
                channel: scale.channel.clone(),
                reason: reason.to_owned(),
            };
            let channel = Channel::from_name(&scale.channel)
                .ok_or_else(|| unusable("it is not one of the 27"))?;
            if last >= Some(channel.index()) {
                return Err(unusable("it is listed twice or out of order"));
            }
            last = Some(channel.index());
            steps.push(Step::of(channel, scale).map_err(unusable)?);
        }
        Ok(Self { scales, steps })
    }

    /// The scales, in the order of the channels.
    pub fn scales(&self) -> &[ChannelScale] {
        &self.scales
    }

    /// What is added to `channel` before its logarithm is taken; `None` where none is taken.
    pub fn logarithm(channel: Channel) -> Option<f32> {
        match Logarithm::of(channel) {
            Logarithm::None => None,
            Logarithm::Plain => Some(0.0),
            Logarithm::Offset => Some(NBI_OFFSET),
        }
    }

    /// Number of planes of the output: one for each channel, and the mask.
    pub fn planes(&self) -> usize {
        self.scales.len() + 1
    }

    /// Whether this is a normalisation of exactly `channels`.
    pub fn fits(&self, channels: &ChannelSet) -> bool {
        let names = channels.channels().iter().map(|channel| channel.name());
        names.eq(self.scales.iter().map(|scale| scale.channel.as_str()))
    }

    /// Normalises the channels of one patch and adds its mask.
    ///
    /// # Shapes
    /// `channels` is `[channel, row, column]` as [`ChannelKernel`](crate::channels::ChannelKernel) computes
    /// it, `used` is `[row, column]`, `out` is `[channel + 1, row, column]`.
    ///
    /// # Panics
    /// If the lengths do not fit each other.
    pub fn apply(&self, channels: &[f32], used: &[bool], out: &mut [f32]) {
        let pixels = used.len();
        assert_eq!(channels.len(), self.scales.len() * pixels, "every channel has a scale");
        assert_eq!(out.len(), self.planes() * pixels, "the output holds the channels and the mask");
        if pixels == 0 {
            return;
        }
        let (planes, mask) = out.split_at_mut(channels.len());
        for (to, &used) in mask.iter_mut().zip(used) {
            *to = f32::from(u8::from(used));
        }
        pulp::Arch::new().dispatch(Apply { steps: &self.steps, channels, mask, planes });
    }
}

/// The kernel of [`Normalisation::apply`]. A closure would be compiled once, for the plainest of processors.
struct Apply<'a> {
    steps: &'a [Step],
    channels: &'a [f32],
    mask: &'a [f32],
    planes: &'a mut [f32],
}

impl pulp::WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let Self { steps, channels, mask, planes } = self;
        let planes = planes.chunks_exact_mut(mask.len()).zip(channels.chunks_exact(mask.len()));
        for ((plane, channel), step) in planes.zip(steps) {
            step.apply(channel, mask, plane);
        }
    }
}

impl Step {
    fn of(channel: Channel, scale: &ChannelScale) -> Result<Self, &'static str> {
        let numbers = [scale.low, scale.high, scale.mean, scale.deviation];
        if numbers.iter().any(|number| !narrow(*number).is_finite()) {
            return Err("a number is not finite");
        }
        if scale.low > scale.high {
            return Err("`low` is above `high`");
        }
        if scale.deviation < DEVIATION_MIN {
            return Err("`deviation` is below 0.000001");
        }
        Ok(Self {
            logarithm: Logarithm::of(channel),
            low: narrow(scale.low),
            high: narrow(scale.high),
            mean: narrow(scale.mean),
            factor: narrow(1.0 / scale.deviation),
        })
    }

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn apply(self, channel: &[f32], mask: &[f32], out: &mut [f32]) {
        // One loop for each kind, so that none of them decides anything per pixel.
        match self.logarithm {
            Logarithm::None => self.each(channel, mask, out, |x| Logarithm::None.apply(x)),
            Logarithm::Plain => self.each(channel, mask, out, |x| Logarithm::Plain.apply(x)),
            Logarithm::Offset => self.each(channel, mask, out, |x| Logarithm::Offset.apply(x)),
        }
    }

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn each(self, channel: &[f32], mask: &[f32], out: &mut [f32], log: impl Fn(f32) -> f32) {
        for ((to, &from), &used) in out.iter_mut().zip(channel).zip(mask) {
            // `max` and `min` pass over the NaN of a pixel that is not used.
            let clipped = log(from).max(self.low).min(self.high);
            let value = (clipped - self.mean) * self.factor;
            *to = if used > 0.0 { value } else { 0.0 };
        }
    }
}

/// To single precision, which is what is computed in.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
fn narrow(number: f64) -> f32 {
    number as f32
}

impl TryFrom<Vec<ChannelScale>> for Normalisation {
    type Error = NormalisationError;

    fn try_from(scales: Vec<ChannelScale>) -> Result<Self, Self::Error> {
        Self::new(scales)
    }
}

impl From<Normalisation> for Vec<ChannelScale> {
    fn from(normalisation: Normalisation) -> Self {
        normalisation.scales
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scale(channel: &str) -> ChannelScale {
        let channel = channel.to_owned();
        ChannelScale { channel, low: -2.0, high: 1.0, mean: 0.25, deviation: 0.5 }
    }

    proptest! {
        #[test]
        fn every_value_lands_where_the_definition_says(
            x in 1e-4_f32..30.0, name in prop::sample::select(vec!["red", "sr", "nbi", "baei", "brba"])
        ) {
            let normalisation = Normalisation::new(vec![scale(name)]).unwrap();
            let mut out = [9.0; 4];
            normalisation.apply(&[x, f32::NAN], &[true, false], &mut out);
            let x = f64::from(x);
            let first = match name {
                "red" => x,
                "nbi" => (x + 0.01).ln(),
                _ => x.ln(),
            };
            let expected = (first.clamp(-2.0, 1.0) - 0.25) / 0.5;
            prop_assert!((f64::from(out[0]) - expected).abs() < 3e-6, "{} {}", out[0], expected);
            prop_assert_eq!(&out[1..], &[0.0, 1.0, 0.0]);
        }
    }

    #[test]
    fn a_normalisation_survives_json_and_hostile_json_does_not() {
        let normalisation = Normalisation::new(vec![scale("blue"), scale("tc6")]).unwrap();
        let text = serde_json::to_string(&normalisation).unwrap();
        assert_eq!(serde_json::from_str::<Normalisation>(&text).unwrap(), normalisation);
        for (from, to) in [
            ("blue", "purple"),
            ("blue", "tc6"),
            ("-2.0", "2.0"),
            ("\"deviation\":0.5", "\"deviation\":0.0"),
            ("1.0", "1e300"),
        ] {
            let altered = text.replacen(from, to, 1);
            assert_ne!(altered, text);
            assert!(serde_json::from_str::<Normalisation>(&altered).is_err(), "{altered}");
        }
    }
}
