//! The median of one channel.
//!
//! The bins of the histogram say in which of them the middle lies, four counts of keys say on which of its
//! levels, and eight counts of finer keys within that level leave a handful of candidates. Every step counts
//! all values, so that the result is exact whatever the distribution.

use super::histogram::{BIN_LEVELS, Bins};
use super::keys::{LEVELS, Levels, locate, quantise};
use super::moments::Extent;
use super::statistic::BINS;
use crate::channels::BLOCK;

/// The middle of the first `count` values; the mean of the two middle ones where `count` is even. The
/// padding after them is infinite, and `keys` hold the levels of `bins`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn median(
    values: &[[f32; BLOCK]],
    count: u32,
    extent: Extent,
    bins: &Bins,
    keys: &mut [[u8; BLOCK]],
    candidates: &mut Vec<f32>,
) -> f64 {
    if extent.minimum.to_bits() == extent.maximum.to_bits() {
        return f64::from(extent.minimum);
    }
    let rank = (count - 1) / 2;
    let coarse = locate(keys, levels_of(bins, bins.bin_of(rank)), rank);
    let [low, high] = limits(bins, coarse.first, extent);
    quantise(values, low, f32::from(LEVELS) / (high - low), f32::from(LEVELS - 1), keys);
    let everything = Levels { first: 0, end: LEVELS, below_first: 0, below_end: bins.below[BINS] };
    let fine = locate(keys, everything, rank);
    let level = u8::try_from(fine.first).expect("levels end at 256");
    collect(values, keys, level, candidates);
    let at = (rank - fine.below_first) as usize;
    let (_, &mut middle, above) = candidates.select_nth_unstable_by(at, f32::total_cmp);
    if count % 2 == 1 {
        return f64::from(middle);
    }
    let next = above.iter().copied().min_by(f32::total_cmp);
    let next = next.unwrap_or_else(|| least_above(values, keys, level));
    f64::midpoint(f64::from(middle), f64::from(next))
}

/// The levels of one bin.
fn levels_of(bins: &Bins, bin: usize) -> Levels {
    let first = u16::from(BIN_LEVELS) * u16::try_from(bin).expect("there are ten bins");
    Levels {
        first,
        end: first + u16::from(BIN_LEVELS),
        below_first: bins.below[bin],
        below_end: bins.below[bin + 1],
    }
}

/// The smallest and the largest value that `level` may have; the end levels reach to those of the patch.
fn limits(bins: &Bins, level: u16, extent: Extent) -> [f32; 2] {
    let last = levels_of(bins, BINS - 1).end - 1;
    let edge = |level: u16| bins.low + f32::from(level) / bins.scale;
    let low = if level == 0 { extent.minimum } else { edge(level) };
    let high = if level == last { extent.maximum } else { edge(level + 1) };
    [low.max(extent.minimum), high.min(extent.maximum)]
}

/// Lists the values on `level`; padding may be among them, above all others.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn collect(values: &[[f32; BLOCK]], keys: &[[u8; BLOCK]], level: u8, into: &mut Vec<f32>) {
    into.clear();
    for (values, keys) in values.iter().zip(keys) {
        let mut any = 0_u8;
        for &key in keys {
            any |= u8::from(key == level);
        }
        if any != 0 {
            let found = values.iter().zip(keys).filter(|&(_, &key)| key == level);
            into.extend(found.map(|(&value, _)| value));
        }
    }
}

/// The smallest value above `level`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn least_above(values: &[[f32; BLOCK]], keys: &[[u8; BLOCK]], level: u8) -> f32 {
    let mut least = [f32::INFINITY; BLOCK];
    for (values, keys) in values.iter().zip(keys) {
        for ((least, &value), &key) in least.iter_mut().zip(values).zip(keys) {
            let value = if key > level { value } else { f32::INFINITY };
            *least = if value < *least { value } else { *least };
        }
    }
    least.into_iter().fold(f32::INFINITY, f32::min)
}
