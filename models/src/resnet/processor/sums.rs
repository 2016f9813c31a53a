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
        let mut of_row = vec![0.0_f32; channels];
        let mut sums = vec![0.0_f64; channels];
        for row in self.canvas.rows() {
            let (values, _) = S::as_simd_f32s(&self.values[row.clone()]);
            let (own, _) = S::as_mut_simd_f32s(&mut of_row);
            match self.term {
                Term::Value => add_values(simd, values, own),
                Term::Square { centre } => {
                    add_squares(simd, values, S::as_simd_f32s(centre).0, own);
                }
                Term::Product { centre, factors } => {
                    let (factors, _) = S::as_simd_f32s(&factors[row]);
                    add_products(simd, values, (S::as_simd_f32s(centre).0, factors), own);
                }
            }
            for (sum, &own) in sums.iter_mut().zip(&of_row) {
                *sum += f64::from(own);
            }
        }
        sums
    }
}

/// The sums of a row, a vector of channels after the other.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn add_values<S: Simd>(simd: S, values: &[S::f32s], sums: &mut [S::f32s]) {
    let vectors = sums.len();
    for (vector, own) in sums.iter_mut().enumerate() {
        let mut sum = simd.splat_f32s(0.0);
        for &value in values[vector..].iter().step_by(vectors) {
            sum = simd.add_f32s(sum, value);
        }
        *own = sum;
    }
}

/// The same of squared deviations.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn add_squares<S: Simd>(simd: S, values: &[S::f32s], centre: &[S::f32s], sums: &mut [S::f32s]) {
    let vectors = sums.len();
    for ((vector, own), &centre) in sums.iter_mut().enumerate().zip(centre) {
        let mut sum = simd.splat_f32s(0.0);
        for &value in values[vector..].iter().step_by(vectors) {
            let deviation = simd.sub_f32s(value, centre);
            sum = simd.mul_add_f32s(deviation, deviation, sum);
        }
        *own = sum;
    }
}

/// The same of deviations times factors.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn add_products<S: Simd>(
    simd: S,
    values: &[S::f32s],
    (centre, factors): (&[S::f32s], &[S::f32s]),
    sums: &mut [S::f32s],
) {
    let vectors = sums.len();
    for ((vector, own), &centre) in sums.iter_mut().enumerate().zip(centre) {
        let mut sum = simd.splat_f32s(0.0);
        let factors = factors[vector..].iter().step_by(vectors);
        for (&value, &factor) in values[vector..].iter().step_by(vectors).zip(factors) {
            sum = simd.mul_add_f32s(factor, simd.sub_f32s(value, centre), sum);
        }
        *own = sum;
    }
}
