//! The products of a plan: every pixel of one canvas from the runs of another.
//!
//! Some pixels times some vectors of filters are summed in registers over a run, then over the next: the weights of a
//! run stay in the nearest cache for a band of pixels. Every sum is added up in one order, whatever the width of
//! the vectors.

use pulp::{Arch, Simd, WithSimd};

use super::plan::{Plan, Run};

/// Pixels that are summed at once, at most.
const PIXELS: usize = 8;
/// Blocks of pixels that share the weights of a run, at least, where there are as many.
const BAND: usize = 6;

/// Weights laid out for the products of a plan.
#[derive(Debug, Clone)]
pub(super) struct Grouped {
    filters: usize,
    /// `[group of filters, number of the runs, filter of the group]`
    weights: Vec<f32>,
}

/// How many vectors of filters are summed at once.
pub(super) const fn group<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 2 } else { 1 }
}

impl Grouped {
    /// Lays out weights `[number of the runs, filter]`.
    pub(super) fn new(arch: Arch, weights: &[f32], filters: usize) -> Self {
        arch.dispatch(Group { weights, filters })
    }
}

struct Group<'a> {
    weights: &'a [f32],
    filters: usize,
}

impl WithSimd for Group<'_> {
    type Output = Grouped;

    fn with_simd<S: Simd>(self, _simd: S) -> Grouped {
        let width = group::<S>() * S::F32_LANES;
        let mut weights = Vec::with_capacity(self.weights.len());
        for first in (0..self.filters).step_by(width) {
            let last = (first + width).min(self.filters);
            for filters in self.weights.chunks_exact(self.filters) {
                weights.extend_from_slice(&filters[first..last]);
            }
        }
        Grouped { filters: self.filters, weights }
    }
}

/// Makes the pixels of `to`, or adds to them.
pub(super) struct Products<'a> {
    pub(super) plan: &'a Plan,
    pub(super) grouped: &'a Grouped,
    pub(super) from: &'a [f32],
    pub(super) to: &'a mut [f32],
    pub(super) add: bool,
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let numbers: usize = self.plan.runs.iter().map(|run| run.len).sum();
        let mut weights = self.grouped.weights.as_slice();
        for first in (0..self.grouped.filters).step_by(group::<S>() * S::F32_LANES) {
            let vectors = ((self.grouped.filters - first) / S::F32_LANES).min(group::<S>());
            let (own, rest) = weights.split_at(numbers * vectors * S::F32_LANES);
            weights = rest;
            let (own, _) = S::as_simd_f32s(own);
            if vectors == 2 {
                self.group::<S, 2>(simd, own, first);
            } else {
                self.group::<S, 1>(simd, own, first);
            }
        }
    }
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl Products<'_> {
    /// One group of filters, with as many pixels at once as waste the least.
    #[inline(always)]
    fn group<S: Simd, const V: usize>(&mut self, simd: S, weights: &[S::f32s], first: usize) {
        let (weights, _) = weights.as_chunks::<V>();
        match pixels(self.plan.side[1]) {
            8 => self.bands::<S, V, 8>(simd, weights, first),
            7 => self.bands::<S, V, 7>(simd, weights, first),
            6 => self.bands::<S, V, 6>(simd, weights, first),
            5 => self.bands::<S, V, 5>(simd, weights, first),
            4 => self.bands::<S, V, 4>(simd, weights, first),
            3 => self.bands::<S, V, 3>(simd, weights, first),
            2 => self.bands::<S, V, 2>(simd, weights, first),
            _ => self.bands::<S, V, 1>(simd, weights, first),
        }
    }

    /// All pixels, some rows at a time.
    #[inline(always)]
    fn bands<S: Simd, const V: usize, const P: usize>(
        &mut self,
        simd: S,
        weights: &[[S::f32s; V]],
        first: usize,
    ) {
        let plan = self.plan;
        let [rows, columns] = plan.side;
        let blocks = columns.div_ceil(P);
        let height = BAND.div_ceil(blocks).min(rows);
        let mut sums = vec![[[simd.splat_f32s(0.0); V]; P]; blocks * height];
        for top in (0..rows).step_by(height) {
            let band = height.min(rows - top);
            sums.fill([[simd.splat_f32s(0.0); V]; P]);
            let mut weights = weights;
            for run in &plan.runs {
                let (own, rest) = weights.split_at(run.len);
                weights = rest;
                for row in 0..band {
                    let start = plan.from.start + (top + row) * plan.from.row + run.offset;
                    for (block, sums) in
                        sums[row * blocks..(row + 1) * blocks].iter_mut().enumerate()
                    {
                        let pixel = (block * P).min(columns - P);
                        let from = &self.from[start + pixel * plan.from.column..];
                        accumulate(simd, own, (from, plan.from.column, run), sums);
                    }
                }
            }
            for row in 0..band {
                let start = plan.to.start + (top + row) * plan.to.row + first;
                for (block, sums) in sums[row * blocks..(row + 1) * blocks].iter().enumerate() {
                    let pixel = (block * P).min(columns - P);
                    let done = block * P - pixel;
                    let to = &mut self.to[start + pixel * plan.to.column..];
                    store(
                        simd,
                        &sums[done..],
                        &mut to[done * plan.to.column..],
                        plan.to.column,
                        self.add,
                    );
                }
            }
        }
    }
}

/// How many pixels of a row are summed at once: as many as leave the least over, and of those the most.
fn pixels(columns: usize) -> usize {
    let waste = |at_once: usize| columns.div_ceil(at_once) * (at_once + 1);
    (1..=PIXELS.min(columns)).rev().min_by_key(|&at_once| waste(at_once)).unwrap_or(1)
}

/// Adds the products of a run of `P` pixels with its weights.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn accumulate<S: Simd, const V: usize, const P: usize>(
    simd: S,
    weights: &[[S::f32s; V]],
    (from, column, run): (&[f32], usize, &Run),
    sums: &mut [[S::f32s; V]; P],
) {
    let len = run.len;
    let mut pixels: [&[f32]; P] = [&[]; P];
    let mut start = 0;
    for pixel in &mut pixels {
        *pixel = &from[start..start + len];
        start += column;
    }
    let mut own = *sums;
    for (number, weights) in weights[..len].iter().enumerate() {
        for (own, pixel) in own.iter_mut().zip(&pixels) {
            let value = simd.splat_f32s(pixel[number]);
            for (own, &weight) in own.iter_mut().zip(weights) {
                *own = simd.mul_add_f32s(weight, value, *own);
            }
        }
    }
    *sums = own;
}

/// Writes sums to pixels that lie `column` numbers apart, or adds them.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn store<S: Simd, const V: usize>(
    simd: S,
    sums: &[[S::f32s; V]],
    to: &mut [f32],
    column: usize,
    add: bool,
) {
    for (sums, to) in sums.iter().zip(to.chunks_mut(column)) {
        let (to, _) = S::as_mut_simd_f32s(to);
        for (to, &sum) in to.iter_mut().zip(sums) {
            *to = if add { simd.add_f32s(*to, sum) } else { sum };
        }
    }
}
