//! The gradient of the weights of a plan.

use pulp::{Simd, WithSimd};

use super::plan::{Plan, Run};
use super::products::group;

/// Numbers of a run whose gradients are summed at once.
const NUMBERS: usize = 8;
/// Pixels that are summed in registers before sums are put away, about.
const PIXELS: usize = 128;

/// Adds up, for each number of the runs and each filter, its products with the gradient of the filter's pixels.
pub(super) struct Slopes<'a> {
    pub(super) plan: &'a Plan,
    pub(super) filters: usize,
    /// What the plan takes.
    pub(super) from: &'a [f32],
    /// The gradient of what it makes.
    pub(super) upper: &'a [f32],
    /// `[number of the runs, filter]`
    pub(super) sums: &'a mut [f32],
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let [rows, columns] = self.plan.side;
        let height = (PIXELS / columns).clamp(1, rows);
        for top in (0..rows).step_by(height) {
            let band = [top, height.min(rows - top)];
            let mut number = 0;
            for run in &self.plan.runs {
                self.run(simd, band, run, number);
                number += run.len;
            }
        }
    }
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl Slopes<'_> {
    /// One run, whose first number is `number`, over a band of rows.
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, band: [usize; 2], run: &Run, number: usize) {
        let mut done = 0;
        while done < run.len {
            let place = (run.offset + done, number + done);
            done += if run.len - done >= NUMBERS {
                self.numbers::<S, NUMBERS>(simd, band, place)
            } else {
                self.numbers::<S, 1>(simd, band, place)
            };
        }
    }

    /// `B` numbers of a run with all filters; gives `B`.
    #[inline(always)]
    fn numbers<S: Simd, const B: usize>(
        &mut self,
        simd: S,
        band: [usize; 2],
        place: (usize, usize),
    ) -> usize {
        let vectors = self.filters / S::F32_LANES;
        let mut first = 0;
        while first < vectors {
            first += if group::<S>() == 2 && vectors - first >= 2 {
                self.block::<S, B, 2>(simd, band, place, first)
            } else {
                self.block::<S, B, 1>(simd, band, place, first)
            };
        }
        B
    }

    /// `B` numbers with `V` vectors of filters; gives `V`.
    #[inline(always)]
    fn block<S: Simd, const B: usize, const V: usize>(
        &mut self,
        simd: S,
        [top, band]: [usize; 2],
        (offset, number): (usize, usize),
        first: usize,
    ) -> usize {
        let plan = self.plan;
        let mut own = [[simd.splat_f32s(0.0); V]; B];
        for row in top..top + band {
            let from = &self.from[plan.from.start + row * plan.from.row + offset..];
            let upper = &self.upper[plan.to.start + row * plan.to.row..];
            let upper = upper[first * S::F32_LANES..].chunks(plan.to.column);
            for (column, upper) in upper.take(plan.side[1]).enumerate() {
                let (upper, _) = S::as_simd_f32s(&upper[..V * S::F32_LANES]);
                let upper = upper.as_chunks::<V>().0[0];
                let from = from[column * plan.from.column..].as_chunks::<B>().0[0];
                for (own, from) in own.iter_mut().zip(from) {
                    let from = simd.splat_f32s(from);
                    for (own, &upper) in own.iter_mut().zip(&upper) {
                        *own = simd.mul_add_f32s(from, upper, *own);
                    }
                }
            }
        }
        let slopes = &mut self.sums[number * self.filters..(number + B) * self.filters];
        for (slopes, own) in slopes.chunks_exact_mut(self.filters).zip(&own) {
            let (slopes, _) = S::as_mut_simd_f32s(&mut slopes[first * S::F32_LANES..]);
            for (slope, &own) in slopes.iter_mut().zip(own) {
                *slope = simd.add_f32s(*slope, own);
            }
        }
        V
    }
}
