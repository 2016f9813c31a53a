//! The histogram of one channel, and its entropy.

use serde::{Deserialize, Serialize};

use super::keys::{count_below, quantise};
use super::statistic::BINS;
use crate::channels::BLOCK;

/// Where the bins of a histogram lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HistogramMode {
    /// In the declared range of each channel: bins of different cells, folds and years can be compared.
    #[default]
    Fixed,
    /// Between the smallest and the largest value of each patch, as numpy does by default.
    Patch,
}

/// Levels of keys in each bin: a power of two, so that bins and levels have the same edges exactly.
pub(super) const BIN_LEVELS: u8 = 16;
const TOP_LEVEL: f32 = (BINS * BIN_LEVELS as usize - 1) as f32;

/// Ten equal bins; values outside of their range go to the end bins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    /// Where the first bin begins.
    pub(super) low: f32,
    /// Levels in one unit of the values.
    pub(super) scale: f32,
    /// How many keys lie below the first level of each bin, and below the end of the last; padding is in
    /// the last bin.
    pub(super) below: [u32; BINS + 1],
}

impl Bins {
    /// Fills the bins of `low..high`, and writes the level of each value.
    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    pub(super) fn fill(
        values: &[[f32; BLOCK]],
        [low, high]: [f32; 2],
        keys: &mut [[u8; BLOCK]],
    ) -> Self {
        let scale = BINS as f32 / (high - low) * f32::from(BIN_LEVELS);
        quantise(values, low, scale, TOP_LEVEL, keys);
        let mut below = [0; BINS + 1];
        for (below, level) in below[1..BINS].iter_mut().zip((BIN_LEVELS..).step_by(16)) {
            *below = count_below(keys, level);
        }
        below[BINS] = u32::try_from(keys.len() * BLOCK).expect("a patch has fewer than 2³² pixels");
        Self { low, scale, below }
    }

    /// How many of the first `count` values lie in each bin.
    pub(super) fn counts(&self, count: u32) -> [u32; BINS] {
        let mut counts: [u32; BINS] =
            std::array::from_fn(|bin| self.below[bin + 1] - self.below[bin]);
        counts[BINS - 1] -= self.below[BINS] - count;
        counts
    }

    /// The bin of the value that has `rank` values before it.
    pub(super) fn bin_of(&self, rank: u32) -> usize {
        (1..BINS).take_while(|&bin| self.below[bin] <= rank).count()
    }
}

/// `c ln c` for every possible count: the entropy of a histogram without a logarithm a bin.
#[derive(Debug, Clone, Default)]
pub(super) struct EntropyTable {
    terms: Vec<f64>,
}

impl EntropyTable {
    /// Makes the table reach `count`.
    pub(super) fn reach(&mut self, count: usize) {
        for next in self.terms.len()..=count {
            let value = next as f64;
            self.terms.push(if next == 0 { 0.0 } else { value * value.ln() });
        }
    }

    /// `−Σ p ln p` over the non-empty bins, where `count` is the sum of `counts`.
    pub(super) fn entropy(&self, counts: &[u32; BINS], count: usize) -> f64 {
        let total = count as f64;
        let sum: f64 = counts.iter().map(|&count| self.terms[count as usize]).sum();
        ((self.terms[count] - sum) / total).max(0.0)
    }
}
