//! Mean, variance, skewness and kurtosis of one channel.
//!
//! Two passes over the values: the first finds a pivot near the mean, the second sums powers of the
//! distances from it. Powers are single precision, summed over short runs and then in double precision;
//! the distance from the pivot to the mean is corrected for exactly. One pass over raw powers would lose
//! every digit of a kurtosis.

use pulp::Simd;

use crate::channels::BLOCK;

/// Accumulators side by side, in as many vectors as the processor needs for them; the order of summation is the same on
/// every one.
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
pub(super) fn extent<S: Simd>(simd: S, values: &[[f32; BLOCK]], count: usize) -> Extent {
    let first = values[0][0];
    let start = simd.splat_f32s(first);
    let (mut low, mut high, mut sum) = ([first; LANES], [first; LANES], [0.0; LANES]);
    let registers = LANES / S::F32_LANES;
    let vectors = S::as_simd_f32s(values.as_flattened()).0;
    // Register after register: sums of all would be kept in memory.
    for register in 0..registers {
        let (mut own_low, mut own_high, mut own_sum) = (start, start, simd.splat_f32s(0.0));
        for vectors in vectors.chunks_exact(registers) {
            let value = vectors[register];
            own_sum = simd.add_f32s(own_sum, value);
            own_low = simd.min_f32s(value, own_low);
            own_high = simd.max_f32s(value, own_high);
        }
        for (into, own) in [(&mut low, own_low), (&mut high, own_high), (&mut sum, own_sum)] {
            S::as_mut_simd_f32s(into).0[register] = own;
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

/// The moments of `count` values around the pivot of their extent; the padding after them is the pivot. With two `POWERS`
/// of four, skewness and kurtosis are `NaN` unless it is constant, and the others the same, to the bit.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn moments<S: Simd, const POWERS: usize>(
    simd: S,
    values: &[[f32; BLOCK]],
    count: usize,
    extent: Extent,
) -> Moments {
    let sums = power_sums::<S, POWERS>(simd, values, extent.pivot);
    let [first, second, third, fourth] = sums.map(|sum| sum / count as f64);
    let mean = f64::from(extent.pivot) + first;
    let spread = f64::from(extent.maximum) - f64::from(extent.minimum);
    let squared = first * first;
    let variance = second - squared;
    if spread <= CONSTANT_SPREAD * mean.abs().max(1.0) || variance <= 0.0 {
        return Moments::constant(mean);
    }
    if POWERS < 4 {
        let (skewness, kurtosis) = (f64::NAN, f64::NAN);
        let variation = variance.sqrt() / mean.abs().max(VARIATION_MEAN_MIN);
        return Moments { mean, variance, variation, skewness, kurtosis, constant: false };
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

/// The sums of the first `POWERS` powers of the distances from `pivot`: two, or all four.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn power_sums<S: Simd, const POWERS: usize>(
    simd: S,
    values: &[[f32; BLOCK]],
    pivot: f32,
) -> [f64; 4] {
    let registers = LANES / S::F32_LANES;
    let pivot = simd.splat_f32s(pivot);
    let mut totals = [[0.0_f64; LANES]; 4];
    for run in values.chunks(RUN) {
        let vectors = S::as_simd_f32s(run.as_flattened()).0;
        // Register after register: sums of all would be kept in memory.
        for register in 0..registers {
            let mut sums = [simd.splat_f32s(0.0); 4];
            for vectors in vectors.chunks_exact(registers) {
                let distance = simd.sub_f32s(vectors[register], pivot);
                let square = simd.mul_f32s(distance, distance);
                let powers = [
                    distance,
                    square,
                    simd.mul_f32s(square, distance),
                    simd.mul_f32s(square, square),
                ];
                for (sum, power) in sums.iter_mut().zip(powers).take(POWERS) {
                    *sum = simd.add_f32s(*sum, power);
                }
            }
            let lanes = register * S::F32_LANES..(register + 1) * S::F32_LANES;
            for (total, sum) in totals.iter_mut().zip(sums).take(POWERS) {
                let mut numbers = [0.0; LANES];
                S::as_mut_simd_f32s(&mut numbers).0[0] = sum;
                for (total, number) in total[lanes.clone()].iter_mut().zip(numbers) {
                    *total += f64::from(number);
                }
            }
        }
    }
    totals.map(|total| total.iter().sum())
}
