//! Keys: the values of one channel on 256 levels, one byte each.
//!
//! A key never falls where its value rises, so whatever is counted among keys holds for the values too. A
//! pass over the keys of a patch takes a quarter of the time of a pass over its values; histogram and median
//! are made of such passes.

use crate::channels::BLOCK;

/// The levels of a key.
pub(super) const LEVELS: u16 = 256;

/// Added to a small whole number, brings it into the lowest bits of a single-precision number.
const WHOLE: f32 = 8_388_608.0;

/// Writes the level of each value: `(value − low) · scale`, rounded down and limited to `0..=top`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lowest byte is the level")]
pub(super) fn quantise(
    values: &[[f32; BLOCK]],
    low: f32,
    scale: f32,
    top: f32,
    keys: &mut [[u8; BLOCK]],
) {
    for (values, keys) in values.iter().zip(keys) {
        for (&value, key) in values.iter().zip(keys) {
            let level = (value - low) * scale;
            // Zero, too, where the level is not a number.
            let level = if level > 0.0 { level } else { 0.0 };
            let level = if level < top { level } else { top };
            *key = (level.floor() + WHOLE).to_bits() as u8;
        }
    }
}

/// How many keys lie below `level`. The count of a block is kept in a byte of its own: the compiler makes one comparison and
/// one count of bits of it, where counts side by side had to be fetched and put away for every block.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn count_below(keys: &[[u8; BLOCK]], level: u8) -> u32 {
    let mut total = 0;
    for block in keys {
        let mut below = 0_u8;
        for &key in block {
            below += u8::from(key < level);
        }
        total += u32::from(below);
    }
    total
}

/// Some neighbouring levels, and how many keys lie below their two ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Levels {
    pub(super) first: u16,
    /// One beyond the last.
    pub(super) end: u16,
    pub(super) below_first: u32,
    pub(super) below_end: u32,
}

/// The level, one of `levels`, of the key that has `rank` keys before it.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn locate(keys: &[[u8; BLOCK]], mut levels: Levels, rank: u32) -> Levels {
    while levels.end - levels.first > 1 {
        let middle = u16::midpoint(levels.first, levels.end);
        let below = count_below(keys, u8::try_from(middle).expect("levels end at 256"));
        if below <= rank {
            (levels.first, levels.below_first) = (middle, below);
        } else {
            (levels.end, levels.below_end) = (middle, below);
        }
    }
    levels
}
