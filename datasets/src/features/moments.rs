//! Mean, variance, skewness and kurtosis of one channel.
//!
//! Two passes over the values: the first finds a pivot near the mean, the second sums powers of the
//! distances from it. Powers are single precision, summed over short runs and then in double precision;
//! the distance from the pivot to the mean is corrected for exactly. One pass over raw powers would lose
//! every digit of a kurtosis.

use crate::channels::BLOCK;

/// Accumulators side by side; the order of summation is the same on every processor.
const LANES: usize = 16;
/// Blocks that are summed in single precision before they join the double-precision sums.
const RUN: usize = 4;
/// Relative spread up to which a channel counts as constant.
const CONSTANT_SPREAD: f64 = 1e-6;
/// The lowest absolute mean in the coefficient of variation.
const VARIATION_MEAN_MIN: f64 = 1e-3;

/// The limits of some values, and a number near their mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) minimum: f32,
    pub(super) maximum: f32,
    pub(super) pivot: f32,
}

/// The moments of a channel; population moments, and zero where it is constant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) variance: f64,
    pub(super) variation: f64,
    pub(super) skewness: f64,
    pub(super) kurtosis: f64,
    pub(super) constant: bool,
}

/// The extent of the first `count` values; the padding after them repeats the first of them.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the pivot is rounded to single precision")]
pub(super) fn extent(values: &[[f32; BLOCK]], count: usize) -> Extent {
    let first = values[0][0];
    let (mut low, mut high, mut sum) = ([first; LANES], [first; LANES], [0.0_f32; LANES]);
    for row in values.as_flattened().as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            let value = row[lane];
            sum[lane] += value;
            low[lane] = if value < low[lane] { value } else { low[lane] };
            high[lane] = if value > high[lane] { value } else { high[lane] };
        }
    }
    let padding = values.len() * BLOCK - count;
    let total: f64 = sum.iter().copied().map(f64::from).sum();
    let pivot = (total - padding as f64 * f64::from(first)) / count as f64;
    Extent {
        minimum: low.iter().copied().fold(first, f32::min),
        maximum: high.iter().copied().fold(first, f32::max),
        pivot: pivot as f32,
    }
}

/// The moments of `count` values around the pivot of their extent; the padding after them is the pivot.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn moments(values: &[[f32; BLOCK]], count: usize, extent: Extent) -> Moments {
    let sums = power_sums(values, extent.pivot);
    let [first, second, third, fourth] = sums.map(|sum| sum / count as f64);
    let mean = f64::from(extent.pivot) + first;
    let spread = f64::from(extent.maximum) - f64::from(extent.minimum);
    let squared = first * first;
    let variance = second - squared;
    if spread <= CONSTANT_SPREAD * mean.abs().max(1.0) || variance <= 0.0 {
        return Moments::constant(mean);
    }
    let cubed = third - 3.0 * first * second + 2.0 * first * squared;
    let quartic = fourth - 4.0 * first * third + 6.0 * squared * second - 3.0 * squared * squared;
    let deviation = variance.sqrt();
    Moments {
        mean,
        variance,
        variation: deviation / mean.abs().max(VARIATION_MEAN_MIN),
        skewness: cubed / (variance * deviation),
        kurtosis: quartic / (variance * variance) - 3.0,
        constant: false,
    }
}

impl Moments {
    fn constant(mean: f64) -> Self {
        Self { mean, variance: 0.0, variation: 0.0, skewness: 0.0, kurtosis: 0.0, constant: true }
    }
}

/// The sums of the first four powers of the distances from `pivot`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn power_sums(values: &[[f32; BLOCK]], pivot: f32) -> [f64; 4] {
    let mut totals = [[0.0_f64; LANES]; 4];
    for run in values.chunks(RUN) {
        let mut sums = [[0.0_f32; LANES]; 4];
        for row in run.as_flattened().as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                let distance = row[lane] - pivot;
                let square = distance * distance;
                sums[0][lane] += distance;
                sums[1][lane] += square;
                sums[2][lane] += square * distance;
                sums[3][lane] += square * square;
            }
        }
        for (total, sum) in totals.iter_mut().zip(&sums) {
            for lane in 0..LANES {
                total[lane] += f64::from(sum[lane]);
            }
        }
    }
    totals.map(|total| total.iter().sum())
}
