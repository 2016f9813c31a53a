//! One convolutional block on the processor: convolution, pool, rectifier in one pass, and its gradients.
//!
//! burn's convolution unfolds every window into memory and, backwards, copies on one thread. This one keeps a pool
//! window in registers: four pixels times some filters, summed over all taps. Backwards it uses that a pool and a
//! rectifier let at most one pixel in four through: each pixel that counts adds a window of the input to the gradient
//! of its filter.
//!
//! Images lie as `[row, column, plane]`, so that a row of a window is one run of numbers. Every sum has one order,
//! whatever the width of the vectors and the number of threads.

use pulp::{Arch, Simd, WithSimd};

use super::architecture::KERNEL;

/// How many numbers may be read past the end of an image: gradients are summed in whole vectors.
const PADDING: usize = 16;
/// The pixel of a pool window that won; this value: the rectifier closed.
pub(crate) const CLOSED: u8 = 4;

/// The sizes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) planes: usize,
    pub(crate) filters: usize,
    /// Rows and columns of the input.
    pub(crate) side: [usize; 2],
}

/// What a block makes of an image, and what its gradients need to know.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Output {
    /// `[row, column, filter]`, with room behind for whole vectors.
    pub(crate) values: Vec<f32>,
    /// Which pixel of its window each value comes from, or [`CLOSED`].
    pub(crate) winners: Vec<u8>,
}

/// The gradients of a block's weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gradient {
    /// `[filter, tap row, tap column · plane]`, each tap row padded to whole vectors.
    rows: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// A block with its weights, laid out for the kernels.
#[derive(Debug, Clone)]
pub(crate) struct Filters {
    block: Block,
    arch: Arch,
    bias: Vec<f32>,
    /// `[group of filters, tap row, tap column · plane, filter of the group]`
    grouped: Vec<f32>,
    /// `[filter, tap row, tap column · plane]`
    rows: Vec<f32>,
}

impl Block {
    /// Numbers of a tap row: what a window reads of one row of the input.
    pub(crate) fn run(&self) -> usize {
        KERNEL * self.planes
    }

    /// The numbers of a tap row in a gradient.
    fn padded_run(&self) -> usize {
        self.run().next_multiple_of(PADDING)
    }

    /// Numbers of a row of the input.
    fn stride(&self) -> usize {
        self.side[1] * self.planes
    }

    /// Rows and columns after the pool.
    pub(crate) fn pooled(&self) -> [usize; 2] {
        self.side.map(|side| (side - (KERNEL - 1)) / 2)
    }

    /// Numbers of an image, with room behind for whole vectors.
    pub(crate) fn padded_input(&self) -> usize {
        self.side[0] * self.stride() + PADDING
    }

    /// Numbers of an image after the block.
    pub(crate) fn output_len(&self) -> usize {
        self.pooled()[0] * self.pooled()[1] * self.filters
    }

    /// Where the window of pixel `pixel` of pool window `(row, column)` begins in the input.
    fn window(&self, row: usize, column: usize, pixel: usize) -> usize {
        (2 * row + pixel / 2) * self.stride() + (2 * column + pixel % 2) * self.planes
    }

    /// A gradient of zero.
    pub(crate) fn no_gradient(&self) -> Gradient {
        let rows = vec![0.0; self.filters * KERNEL * self.padded_run()];
        Gradient { rows, bias: vec![0.0; self.filters] }
    }

    /// Calls `visit` with the positions in PyTorch's layout `[filter, plane, row, column]` and in `[filter, row,
    /// column · plane]` with rows of `run` numbers.
    pub(crate) fn each_weight(&self, run: usize, mut visit: impl FnMut(usize, usize)) {
        let mut torch = 0;
        for filter in 0..self.filters {
            for plane in 0..self.planes {
                for row in 0..KERNEL {
                    for column in 0..KERNEL {
                        let own = (filter * KERNEL + row) * run + column * self.planes + plane;
                        visit(torch, own);
                        torch += 1;
                    }
                }
            }
        }
    }
}

impl Gradient {
    /// Adds another gradient.
    pub(crate) fn add(&mut self, other: &Self) {
        for (own, other) in self.rows.iter_mut().zip(&other.rows) {
            *own += other;
        }
        for (own, other) in self.bias.iter_mut().zip(&other.bias) {
            *own += other;
        }
    }

    /// The gradient of the weights in PyTorch's layout.
    pub(crate) fn weights(&self, block: &Block) -> Vec<f32> {
        let mut weights = vec![0.0; block.filters * block.planes * KERNEL * KERNEL];
        block.each_weight(block.padded_run(), |torch, own| weights[torch] = self.rows[own]);
        weights
    }
}

impl Filters {
    /// Lays out weights and bias that are in PyTorch's layout.
    pub(crate) fn new(block: Block, weights: &[f32], bias: &[f32]) -> Self {
        let mut rows = vec![0.0; weights.len()];
        block.each_weight(block.run(), |torch, own| rows[own] = weights[torch]);
        let arch = Arch::new();
        let grouped = arch.dispatch(Group { block: &block, rows: &rows });
        Self { block, arch, bias: bias.to_vec(), grouped, rows }
    }

    /// The sizes.
    pub(crate) fn block(&self) -> &Block {
        &self.block
    }

    /// What the block makes of an image `[row, column, plane]`.
    pub(crate) fn forward(&self, image: &[f32]) -> Output {
        let len = self.block.output_len();
        let mut output = Output { values: vec![0.0; len + PADDING], winners: vec![CLOSED; len] };
        self.arch.dispatch(Forward { filters: self, image, output: &mut output });
        output
    }

    /// Adds the gradients of one image to `gradient`, and to `input` where the gradient of the image is asked for.
    ///
    /// # Shapes
    /// - `upper`: the gradient of the output, `[row, column, filter]`
    /// - `image`, `input`: `[row, column, plane]`, padded
    pub(crate) fn backward(
        &self,
        image: &[f32],
        output: &Output,
        upper: &[f32],
        gradient: &mut Gradient,
        input: Option<&mut [f32]>,
    ) {
        self.arch.dispatch(Backward { filters: self, image, output, upper, gradient, input });
    }
}

/// Lays the filters out in groups of at most as many vectors as [`group`] says.
struct Group<'a> {
    block: &'a Block,
    rows: &'a [f32],
}

/// How many vectors of filters are summed at once: with four pixels they fill 12 of 16 registers, or 16 of 32.
const fn group<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 4 } else { 3 }
}

impl WithSimd for Group<'_> {
    type Output = Vec<f32>;

    fn with_simd<S: Simd>(self, _simd: S) -> Vec<f32> {
        let (filters, taps) = (self.block.filters, KERNEL * self.block.run());
        let width = group::<S>() * S::F32_LANES;
        let mut grouped = Vec::new();
        for first in (0..filters).step_by(width) {
            let group = (filters - first).min(width).next_multiple_of(S::F32_LANES);
            for tap in 0..taps {
                for filter in first..first + group {
                    let weight = self.rows.get(filter * taps + tap);
                    grouped.push(weight.filter(|_| filter < filters).copied().unwrap_or(0.0));
                }
            }
        }
        grouped
    }
}

/// The kernel of [`Filters::forward`].
struct Forward<'a> {
    filters: &'a Filters,
    image: &'a [f32],
    output: &'a mut Output,
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let block = self.filters.block;
        let taps = KERNEL * block.run();
        let mut weights = self.filters.grouped.as_slice();
        for first in (0..block.filters).step_by(group::<S>() * S::F32_LANES) {
            let vectors = (block.filters - first).div_ceil(S::F32_LANES).min(group::<S>());
            let (own, rest) = weights.split_at(taps * vectors * S::F32_LANES);
            weights = rest;
            let (own, _) = S::as_simd_f32s(own);
            match vectors {
                1 => self.group::<S, 1>(simd, own, first),
                2 => self.group::<S, 2>(simd, own, first),
                3 => self.group::<S, 3>(simd, own, first),
                _ => self.group::<S, 4>(simd, own, first),
            }
        }
    }
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl Forward<'_> {
    /// All pixels of one group of filters, `V` vectors of them.
    #[inline(always)]
    fn group<S: Simd, const V: usize>(&mut self, simd: S, weights: &[S::f32s], first: usize) {
        let block = self.filters.block;
        let run = block.run();
        let [rows, columns] = block.pooled();
        let (weights, _) = weights.as_chunks::<V>();
        let mut sums = vec![[[simd.splat_f32s(0.0); V]; 4]; columns];
        for row in 0..rows {
            for tap_row in 0..KERNEL {
                let weights = &weights[tap_row * run..(tap_row + 1) * run];
                for (column, sums) in sums.iter_mut().enumerate() {
                    if tap_row == 0 {
                        *sums = [[simd.splat_f32s(0.0); V]; 4];
                    }
                    let runs = [0, 1, 2, 3].map(|pixel| {
                        let start = block.window(row, column, pixel) + tap_row * block.stride();
                        &self.image[start..start + run]
                    });
                    accumulate(simd, weights, runs, sums);
                }
            }
            for (column, sums) in sums.iter().enumerate() {
                let at = (row * columns + column) * block.filters + first;
                let count = (V * S::F32_LANES).min(block.filters - first);
                self.pool(at, first, [0, 1, 2, 3].map(|pixel| numbers(&sums[pixel], count)));
            }
        }
    }

    /// Takes the highest of four pixels, adds the bias, and lets pass what is not negative.
    #[inline(always)]
    fn pool(&mut self, at: usize, first: usize, sums: [&[f32]; 4]) {
        let count = sums[0].len();
        let values = &mut self.output.values[at..at + count];
        let winners = &mut self.output.winners[at..at + count];
        let bias = &self.filters.bias[first..first + count];
        let [a, b, c, d] = sums;
        for index in 0..count {
            let (mut best, mut winner) = (a[index], 0);
            for (pixel, sum) in [(1, b[index]), (2, c[index]), (3, d[index])] {
                winner = if sum > best { pixel } else { winner };
                best = if sum > best { sum } else { best };
            }
            let value = best + bias[index];
            // A NaN passes, so that a network that has diverged shows it.
            values[index] = if value <= 0.0 { 0.0 } else { value };
            winners[index] = if value <= 0.0 { CLOSED } else { winner };
        }
    }
}

/// Adds the products of four runs of pixels with a tap row of `V` vectors of filters.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn accumulate<S: Simd, const V: usize>(
    simd: S,
    weights: &[[S::f32s; V]],
    [a, b, c, d]: [&[f32]; 4],
    sums: &mut [[S::f32s; V]; 4],
) {
    let mut own = *sums;
    for ((((weights, &a), &b), &c), &d) in weights.iter().zip(a).zip(b).zip(c).zip(d) {
        let pixels = [a, b, c, d].map(|pixel| simd.splat_f32s(pixel));
        for (own, pixel) in own.iter_mut().zip(pixels) {
            for (own, &weight) in own.iter_mut().zip(weights) {
                *own = simd.mul_add_f32s(weight, pixel, *own);
            }
        }
    }
    *sums = own;
}

/// The first `count` numbers of some vectors.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn numbers<T: pulp::bytemuck::Pod>(vectors: &[T], count: usize) -> &[f32] {
    &pulp::bytemuck::cast_slice(vectors)[..count]
}

/// The kernel of [`Filters::backward`].
struct Backward<'a> {
    filters: &'a Filters,
    image: &'a [f32],
    output: &'a Output,
    upper: &'a [f32],
    gradient: &'a mut Gradient,
    input: Option<&'a mut [f32]>,
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut open = Vec::new();
        for filter in 0..self.filters.block.filters {
            self.collect(filter, &mut open);
            self.add_to_weights(simd, filter, &open);
            self.add_to_input(filter, &open);
        }
    }
}

#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
impl Backward<'_> {
    /// The windows whose pixel won and passed in `filter`, with the gradient that they get.
    #[inline(always)]
    fn collect(&mut self, filter: usize, open: &mut Vec<(usize, f32)>) {
        let block = self.filters.block;
        let [rows, columns] = block.pooled();
        open.clear();
        let mut at = filter;
        let mut sum = 0.0;
        for row in 0..rows {
            for column in 0..columns {
                let (winner, upper) = (self.output.winners[at], self.upper[at]);
                if winner != CLOSED {
                    open.push((block.window(row, column, usize::from(winner)), upper));
                    sum += upper;
                }
                at += block.filters;
            }
        }
        self.gradient.bias[filter] += sum;
    }

    #[inline(always)]
    fn add_to_weights<S: Simd>(&mut self, simd: S, filter: usize, open: &[(usize, f32)]) {
        let block = self.filters.block;
        let run = block.padded_run();
        for tap_row in 0..KERNEL {
            let start = (filter * KERNEL + tap_row) * run;
            let own = &mut self.gradient.rows[start..start + run];
            let image = &self.image[tap_row * block.stride()..];
            let vectors = block.run().div_ceil(S::F32_LANES);
            let mut done = 0;
            while done < vectors {
                let at = done * S::F32_LANES;
                let (own, _) = S::as_mut_simd_f32s(&mut own[at..]);
                let image = &image[at..];
                done += match vectors - done {
                    9.. => add_windows::<S, 9>(simd, own, image, open),
                    4.. => add_windows::<S, 4>(simd, own, image, open),
                    2.. => add_windows::<S, 2>(simd, own, image, open),
                    _ => add_windows::<S, 1>(simd, own, image, open),
                };
            }
        }
    }

    #[inline(always)]
    fn add_to_input(&mut self, filter: usize, open: &[(usize, f32)]) {
        let block = self.filters.block;
        let Some(input) = self.input.as_deref_mut() else { return };
        let run = block.run();
        let weights = &self.filters.rows[filter * KERNEL * run..(filter + 1) * KERNEL * run];
        for &(window, upper) in open {
            for (tap_row, weights) in weights.chunks_exact(run).enumerate() {
                let start = window + tap_row * block.stride();
                for (to, &weight) in input[start..start + run].iter_mut().zip(weights) {
                    *to = upper.mul_add(weight, *to);
                }
            }
        }
    }
}

/// Adds the same `V` vectors of every open window, weighted with its gradient; gives `V`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn add_windows<S: Simd, const V: usize>(
    simd: S,
    sums: &mut [S::f32s],
    image: &[f32],
    open: &[(usize, f32)],
) -> usize {
    let (sums, _) = sums.as_chunks_mut::<V>();
    let mut own = sums[0];
    for &(window, upper) in open {
        let upper = simd.splat_f32s(upper);
        let (vectors, _) = S::as_simd_f32s(&image[window..window + V * S::F32_LANES]);
        let (vectors, _) = vectors.as_chunks::<V>();
        for (own, &vector) in own.iter_mut().zip(&vectors[0]) {
            *own = simd.mul_add_f32s(upper, vector, *own);
        }
    }
    sums[0] = own;
    V
}
