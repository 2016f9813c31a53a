//! The formulas of the channels, over blocks of pixels.
//!
//! Loops run over arrays of fixed length without branches, which the compiler turns into vector
//! instructions of whatever processor the caller has dispatched to. Multiplications and additions are not
//! fused, so that every processor gives the same bits.

use super::Channel;

/// Pixels of one block.
pub(crate) const BLOCK: usize = 64;

/// Clamped values of some pixels, band by band; bands that a collection lacks are never read.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// `[band, pixel]`.
    pub(crate) bands: [[f32; BLOCK]; 6],
}

impl Block {
    pub(crate) const EMPTY: Self = Self { bands: [[0.0; BLOCK]; 6] };
}

/// The lowest denominator of the enhanced vegetation index; acts on thin cloud, salt and snow.
pub const EVI_DENOMINATOR_MIN: f32 = 0.1;
/// The lowest red-blue band of the atmospherically resistant index: no sign flip over water and haze.
pub const RED_BLUE_MIN: f32 = 1e-4;

/// The larger of two finite numbers; `bound` where `value` is not a number.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn at_least(value: f32, bound: f32) -> f32 {
    if value > bound { value } else { bound }
}

/// The smaller of two finite numbers.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
pub(super) fn at_most(value: f32, bound: f32) -> f32 {
    if value < bound { value } else { bound }
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn normalised_difference(a: f32, b: f32) -> f32 {
    (a - b) / (a + b)
}

/// Applies `formula` to blue, green, red, nir, swir1 and swir2 of each pixel.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn each(blocks: &[Block], out: &mut [[f32; BLOCK]], formula: impl Fn([f32; 6]) -> f32) {
    for (Block { bands }, out) in blocks.iter().zip(out) {
        for (pixel, to) in out.iter_mut().enumerate() {
            *to = formula(std::array::from_fn(|band| bands[band][pixel]));
        }
    }
}

/// As [`each`], then limited to the bounds of `channel`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn clipped(
    channel: Channel,
    blocks: &[Block],
    out: &mut [[f32; BLOCK]],
    formula: impl Fn([f32; 6]) -> f32,
) {
    let [low, high] = channel.clip().expect("only bounded channels are clipped");
    each(blocks, out, |bands| at_most(at_least(formula(bands), low), high));
}

/// Writes `channel` of every pixel of `blocks`; `rotation` is the tasseled-cap table.
#[inline(always)]
pub(crate) fn fill(
    channel: Channel,
    blocks: &[Block],
    rotation: &[[f32; 6]; 6],
    out: &mut [[f32; BLOCK]],
) {
    use normalised_difference as nd;
    match channel {
        Channel::Blue
        | Channel::Green
        | Channel::Red
        | Channel::Nir
        | Channel::Swir1
        | Channel::Swir2 => {
            for (block, out) in blocks.iter().zip(out) {
                *out = block.bands[channel.index()];
            }
        }
        Channel::Evi => clipped(channel, blocks, out, |[b, _, r, n, _, _]| {
            2.5 * (n - r) / at_least(n + 6.0 * r - 7.5 * b + 1.0, EVI_DENOMINATOR_MIN)
        }),
        Channel::Bu => each(blocks, out, |[_, _, r, n, s1, _]| nd(s1, n) - nd(n, r)),
        Channel::Sr => clipped(channel, blocks, out, |[_, _, r, n, _, _]| n / r),
        Channel::Arvi => {
            each(blocks, out, |[b, _, r, n, _, _]| nd(n, at_least(2.0 * r - b, RED_BLUE_MIN)));
        }
        Channel::Ui => each(blocks, out, |[_, _, _, n, _, s2]| nd(s2, n)),
        Channel::Ndbi => each(blocks, out, |[_, _, _, n, s1, _]| nd(s1, n)),
        Channel::Ibi => each(blocks, out, |[_, g, r, n, s1, _]| {
            nd(2.0 * s1 / (s1 + n), n / (n + r) + g / (g + s1))
        }),
        Channel::Ndvi => each(blocks, out, |[_, _, r, n, _, _]| nd(n, r)),
        Channel::Ndwi => each(blocks, out, |[_, g, _, n, _, _]| nd(g, n)),
        Channel::Mndwi => each(blocks, out, |[_, g, _, _, s1, _]| nd(g, s1)),
        Channel::Nbi => clipped(channel, blocks, out, |[_, _, r, n, s1, _]| r * s1 / n),
        Channel::Brba => clipped(channel, blocks, out, |[_, _, r, _, s1, _]| r / s1),
        Channel::Nbai => each(blocks, out, |[_, g, _, _, s1, s2]| nd(s2, s1 / g)),
        Channel::Baei => {
            clipped(channel, blocks, out, |[_, g, r, _, s1, _]| (r + 0.3) / (g + s1));
        }
        Channel::Bi => each(blocks, out, |[b, _, r, n, s1, _]| nd(s1 + r, n + b)),
        Channel::Tcb | Channel::Tcg | Channel::Tcw | Channel::Tc4 | Channel::Tc5 | Channel::Tc6 => {
            let weights = rotation[channel.index() - Channel::Tcb.index()];
            each(blocks, out, |bands| {
                let mut sum = weights[0] * bands[0];
                for band in 1..6 {
                    sum += weights[band] * bands[band];
                }
                sum
            });
        }
    }
}
