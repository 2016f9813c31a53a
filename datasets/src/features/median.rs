//! The median of one channel.

use crate::channels::BLOCK;

/// The middle of the first `count` values; the mean of the two middle ones where `count` is even.
pub(super) fn median(values: &[[f32; BLOCK]], count: usize, keys: &mut Vec<i32>) -> f64 {
    keys.clear();
    keys.extend(values.as_flattened()[..count].iter().map(|&value| ordered(value)));
    let (below, &mut middle, _) = keys.select_nth_unstable(count / 2);
    let upper = f64::from(value_of(middle));
    if count % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().max().map_or(upper, |key| f64::from(value_of(key)));
    f64::midpoint(lower, upper)
}

/// An integer that orders like the finite `value`.
fn ordered(value: f32) -> i32 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 31) & i32::MAX)
}

fn value_of(key: i32) -> f32 {
    f32::from_bits((key ^ ((key >> 31) & i32::MAX)).cast_unsigned())
}
