//! The histogram of one channel, and its entropy.

use serde::{Deserialize, Serialize};

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

/// The inner edges, in bins from the lower end of the range.
const EDGES: [f32; BINS - 1] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];

/// Counts in ten equal bins of `low..high`; values outside go to the end bins. The padding after the first
/// `count` values is infinite.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn histogram(values: &[[f32; BLOCK]], count: usize, low: f32, high: f32) -> [u32; BINS] {
    let scale = BINS as f32 / (high - low);
    let mut lanes = [[0_u32; 8]; BINS - 1];
    for row in values.as_flattened().as_chunks::<8>().0 {
        for lane in 0..8 {
            let position = (row[lane] - low) * scale;
            for (lanes, edge) in lanes.iter_mut().zip(EDGES) {
                lanes[lane] += u32::from(position >= edge);
            }
        }
    }
    let total = u32::try_from(values.len() * BLOCK).expect("a patch has fewer than 2³² pixels");
    let padding = total - u32::try_from(count).expect("a patch has fewer than 2³² pixels");
    let mut counts = [total; BINS];
    for (bin, lanes) in lanes.iter().enumerate() {
        let at_least: u32 = lanes.iter().sum();
        counts[bin] -= at_least;
        counts[bin + 1] = at_least;
    }
    counts[BINS - 1] -= padding;
    counts
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
