//! Sums over the pixels of an image, channel by channel.
//!
//! A row is summed in single precision and the rows in double, both in one order.

use pulp::{Simd, WithSimd};

use super::canvas::Canvas;

/// What is summed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Term<'a> {
    /// The numbers.
    Value,
    /// The squares of their deviations from the centre of the channel.
    Square { centre: &'a [f32] },
    /// Their deviations times other numbers, which lie alike.
    Product { centre: &'a [f32], factors: &'a [f32] },
}

/// Makes one sum for each channel.
pub(super) struct Sums<'a> {
    pub(super) canvas: Canvas,
    pub(super) values: &'a [f32],
    pub(super) term: Term<'a>,
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Sums<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let channels = self.canvas.channels;
        let vectors = channels / S::F32_LANES;
        let mut row_sums = vec![0.0_f32; channels];
        let mut sums = vec![0.0_f64; channels];
        for row in self.canvas.rows() {
            let (values, _) = S::as_simd_f32s(&self.values[row.clone()]);
            let (own, _) = S::as_mut_simd_f32s(&mut row_sums);
            match self.term {
                Term::Value => {
                    for (vector, own) in own.iter_mut().enumerate() {
                        let mut sum = simd.splat_f32s(0.0);
                        for &value in values[vector..].iter().step_by(vectors) {
                            sum = simd.add_f32s(sum, value);
                        }
                        *own = sum;
                    }
                }
                Term::Square { centre } => {
                    let (centre, _) = S::as_simd_f32s(centre);
                    for (vector, own) in own.iter_mut().enumerate() {
                        let mut sum = simd.splat_f32s(0.0);
                        for &value in values[vector..].iter().step_by(vectors) {
                            let deviation = simd.sub_f32s(value, centre[vector]);
                            sum = simd.mul_add_f32s(deviation, deviation, sum);
                        }
                        *own = sum;
                    }
                }
                Term::Product { centre, factors } => {
                    let (centre, _) = S::as_simd_f32s(centre);
                    let (factors, _) = S::as_simd_f32s(&factors[row]);
                    for (vector, own) in own.iter_mut().enumerate() {
                        let mut sum = simd.splat_f32s(0.0);
                        let factors = factors[vector..].iter().step_by(vectors);
                        for (&value, &factor) in
                            values[vector..].iter().step_by(vectors).zip(factors)
                        {
                            let deviation = simd.sub_f32s(value, centre[vector]);
                            sum = simd.mul_add_f32s(factor, deviation, sum);
                        }
                        *own = sum;
                    }
                }
            }
            for (sum, &own) in sums.iter_mut().zip(&row_sums) {
                *sum += f64::from(own);
            }
        }
        sums
    }
}
