//! The nearest of many cells: straight loops over all of them.
//!
//! References lie in blocks of [`LANES`], column by column, so that vectors of references are compared with one number
//! of a cell; a block stays in the nearest cache while all cells of a chunk are compared with it. Sums run over the columns
//! in their order, one for each pair, without fused multiplication: results do not depend on the width of the vectors.
//! Since sums only grow, references are left as soon as they are farther than the nearest so far, most of them after the
//! most important columns.

use pulp::{Simd, WithSimd};

/// References in a block: whole vectors of every width.
const LANES: usize = 64;
/// Vectors that are summed side by side, which hides how long an addition takes.
const STRIP: usize = 4;
/// Columns after which references may be left.
const STRIDE: usize = 8;

/// References in blocks: `[block, column, lane]`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Blocks {
    values: Vec<f32>,
    columns: usize,
    len: usize,
}

impl Blocks {
    /// Lays out `places`, `[reference, column]`.
    pub(crate) fn new(places: &[f32], columns: usize) -> Self {
        let len = places.len() / columns;
        let blocks = len.div_ceil(LANES);
        let mut values = vec![0.0; blocks * columns * LANES];
        for (block, values) in values.chunks_exact_mut(columns * LANES).enumerate() {
            for (column, lanes) in values.chunks_exact_mut(LANES).enumerate() {
                for (lane, value) in lanes.iter_mut().enumerate() {
                    // The last block is filled up with the last reference, which changes no minimum.
                    let reference = (block * LANES + lane).min(len - 1);
                    *value = places[reference * columns + column];
                }
            }
        }
        Self { values, columns, len }
    }

    /// Number of references.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The places again: `[reference, column]`.
    pub(crate) fn places(&self) -> Vec<f32> {
        let value = |reference: usize, column: usize| {
            let block = reference / LANES * self.columns;
            self.values[(block + column) * LANES + reference % LANES]
        };
        let columns = 0..self.columns;
        (0..self.len)
            .flat_map(|reference| columns.clone().map(move |column| value(reference, column)))
            .collect()
    }

    /// Squared distances of `places`, `[cell, column]`, to the nearest reference.
    pub(crate) fn nearest(&self, places: &[f32]) -> Vec<f32> {
        let found = vec![f32::INFINITY; places.len() / self.columns];
        pulp::Arch::new().dispatch(Nearest { blocks: self, places, found })
    }

    /// Squared distances of a place to all references, appended to `out`.
    #[inline(always)]
    pub(crate) fn distances(&self, place: &[f32], out: &mut Vec<f32>) {
        out.clear();
        for block in self.values.chunks_exact(self.columns * LANES) {
            let mut sums = [0.0_f32; LANES];
            for (lanes, &value) in block.as_chunks::<LANES>().0.iter().zip(place) {
                for lane in 0..LANES {
                    let distance = lanes[lane] - value;
                    sums[lane] += distance * distance;
                }
            }
            out.extend(sums);
        }
        out.truncate(self.len);
    }
}

/// The nearest references of some cells, as a task for any width of vectors.
struct Nearest<'a> {
    blocks: &'a Blocks,
    places: &'a [f32],
    found: Vec<f32>,
}

impl WithSimd for Nearest<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Vec<f32> {
        let columns = self.blocks.columns;
        for block in self.blocks.values.chunks_exact(columns * LANES) {
            let (vectors, _) = S::as_simd_f32s(block);
            let in_column = LANES / S::F32_LANES;
            let cells = self.places.chunks_exact(columns).zip(&mut self.found);
            for (place, nearest) in cells {
                for strip in (0..in_column).step_by(STRIP) {
                    *nearest = compare(simd, vectors, in_column, strip, place, *nearest);
                }
            }
        }
        self.found
    }
}

/// The lower of `nearest` and the squared distances of `place` to the references of a strip.
#[inline(always)]
fn compare<S: Simd>(
    simd: S,
    block: &[S::f32s],
    in_column: usize,
    strip: usize,
    place: &[f32],
    nearest: f32,
) -> f32 {
    let mut sums = [simd.splat_f32s(0.0); STRIP];
    let mut lowest = f32::INFINITY;
    for (columns, values) in block.chunks(in_column * STRIDE).zip(place.chunks(STRIDE)) {
        for (column, &value) in columns.chunks_exact(in_column).zip(values) {
            let value = simd.splat_f32s(value);
            let vectors = &column[strip..strip + STRIP];
            for (sum, &vector) in sums.iter_mut().zip(vectors) {
                let distance = simd.sub_f32s(vector, value);
                *sum = simd.add_f32s(*sum, simd.mul_f32s(distance, distance));
            }
        }
        let [a, b, c, d] = sums;
        let least = simd.min_f32s(simd.min_f32s(a, b), simd.min_f32s(c, d));
        lowest = simd.reduce_min_f32s(least);
        if lowest >= nearest {
            return nearest;
        }
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nearest_is_the_least_of_all_distances(
            columns in 1_usize..30, references in 1_usize..150, seed in any::<u32>(),
        ) {
            let value = |at: usize| ((at as f64 + f64::from(seed)) * 12.9898).sin() * 3.0;
            #[expect(clippy::cast_possible_truncation, reason = "a test needs no more digits")]
            let values = |from: usize, count: usize| -> Vec<f32> {
                (from..from + count * columns).map(|at| value(at) as f32).collect()
            };
            let (places, cells) = (values(0, references), values(99_999, 5));
            let blocks = Blocks::new(&places, columns);
            prop_assert_eq!(blocks.places(), places.clone());
            let found = blocks.nearest(&cells);
            prop_assert_eq!(found.len(), 5);
            let mut all = Vec::new();
            for (place, found) in cells.chunks(columns).zip(found) {
                blocks.distances(place, &mut all);
                prop_assert_eq!(all.len(), references);
                prop_assert_eq!(found, all.iter().copied().fold(f32::INFINITY, f32::min));
                let plain = |other: &[f32]| {
                    other.iter().zip(place).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
                };
                let plain = places.chunks(columns).map(plain).fold(f32::INFINITY, f32::min);
                prop_assert_eq!(found, plain);
            }
        }
    }
}
