//! The nearest of many cells: straight loops over all of them.
//!
//! References lie in blocks of [`LANES`], column by column, so that a block is compared with a number by vector
//! instructions; [`TILE`] cells are compared at a time, so that each block is loaded once for all of them. Sums run
//! over the columns in their order, one for each pair, without fused multiplication: results do not depend on the width
//! of the vectors. Since sums only grow, a block is left as soon as all of its sums are above the nearest so far.

/// References in a block.
pub(crate) const LANES: usize = 16;
/// Cells that are compared with a block at a time.
pub(crate) const TILE: usize = 4;
/// Columns after which a block may be left.
const STRIDE: usize = 12;

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

    /// Squared distances of [`TILE`] cells, `[column][cell]`, to the nearest reference.
    #[inline(always)]
    pub(crate) fn nearest(&self, cells: &[[f32; TILE]]) -> [f32; TILE] {
        let mut best = [[f32::INFINITY; LANES]; TILE];
        let mut bound = [f32::INFINITY; TILE];
        for block in self.values.chunks_exact(self.columns * LANES) {
            if let Some(sums) = compare(block, cells, &bound) {
                for (cell, sums) in sums.iter().enumerate() {
                    for lane in 0..LANES {
                        best[cell][lane] = best[cell][lane].min(sums[lane]);
                    }
                    bound[cell] = lowest(&best[cell]);
                }
            }
        }
        bound
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

/// Squared distances of a tile of cells to a block; nothing where all are above the bounds.
#[inline(always)]
fn compare(
    block: &[f32],
    cells: &[[f32; TILE]],
    bound: &[f32; TILE],
) -> Option<[[f32; LANES]; TILE]> {
    let mut sums = [[0.0_f32; LANES]; TILE];
    let blocks = block.as_chunks::<LANES>().0.chunks(STRIDE);
    for (lanes, cells) in blocks.zip(cells.chunks(STRIDE)) {
        for (lanes, values) in lanes.iter().zip(cells) {
            for cell in 0..TILE {
                for lane in 0..LANES {
                    let distance = lanes[lane] - values[cell];
                    sums[cell][lane] += distance * distance;
                }
            }
        }
        let near = |cell: usize| lowest(&sums[cell]) < bound[cell];
        if !(0..TILE).any(near) {
            return None;
        }
    }
    Some(sums)
}

#[inline(always)]
fn lowest(lanes: &[f32; LANES]) -> f32 {
    let mut lanes = *lanes;
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = lanes[lane].min(lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nearest_is_the_least_of_all_distances(
            columns in 1_usize..30, references in 1_usize..70, seed in any::<u32>(),
        ) {
            let value = |at: usize| ((at as f64 + f64::from(seed)) * 12.9898).sin() * 3.0;
            #[expect(clippy::cast_possible_truncation, reason = "a test needs no more digits")]
            let places: Vec<f32> = (0..references * columns).map(|at| value(at) as f32).collect();
            #[expect(clippy::cast_possible_truncation, reason = "a test needs no more digits")]
            let cells: Vec<[f32; TILE]> = (0..columns)
                .map(|column| std::array::from_fn(|cell| value(9999 + column * 7 + cell * 31) as f32))
                .collect();
            let blocks = Blocks::new(&places, columns);
            prop_assert_eq!(blocks.places(), places.clone());
            let found = blocks.nearest(&cells);
            let mut all = Vec::new();
            for cell in 0..TILE {
                let place: Vec<f32> = cells.iter().map(|values| values[cell]).collect();
                blocks.distances(&place, &mut all);
                prop_assert_eq!(all.len(), references);
                let expected = all.iter().copied().fold(f32::INFINITY, f32::min);
                prop_assert_eq!(found[cell], expected);
                let plain: f32 = places.chunks(columns).map(|other| {
                    other.iter().zip(&place).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
                }).fold(f32::INFINITY, f32::min);
                prop_assert_eq!(found[cell], plain);
            }
        }
    }
}
