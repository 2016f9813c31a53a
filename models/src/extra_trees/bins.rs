//! Numbers as bins of their column: one byte each.
//!
//! Extra Trees look at each number for two things: which is the lowest and the highest in a node, and on which
//! side of a threshold it lies. A bin of the column answers both nearly always, at a quarter of the memory;
//! where it does not, the number itself is looked up. So nothing is rounded: a forest is the one that the numbers
//! themselves would give.
//!
//! Half of the edges of the bins are quantiles of the column, so that no bin holds many rows; the other half are
//! evenly spaced, so that none is wide. A column of few distinct numbers has a bin for each of them.

use rayon::prelude::*;

use super::matrix::Matrix;
use super::rule::Number;
use super::table::{BAND, tidy};

impl Number for u8 {
    type Meaning = Bins;
}

/// The bin of a row that goes left whatever the threshold is; no number is in it.
pub(crate) const LEFT: u8 = 0;
/// The bin of a number that is missing; a row in it goes right whatever the threshold is.
pub(crate) const MISSING: u8 = u8::MAX;

/// Numbers of a column that its quantiles are estimated from.
const SAMPLE: usize = 1024;
/// The most edges between the lowest number of a column and the highest.
pub(crate) const MOST_EDGES: usize = 253;
/// Bins, with the two that hold no numbers.
const BINS: usize = 256;
/// Edges that are compared with a threshold together.
const STEP: usize = 16;
/// Rows that are put into bins at a time: as many bytes fill a cache line.
const TILE: usize = 64;

/// What the bins of every column stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bins {
    /// Where each bin begins; infinite behind the bins that are used. The lowest number begins bin 1.
    edges: Vec<[f32; BINS]>,
    /// Every sixteenth edge.
    steps: Vec<[f32; STEP]>,
    /// Columns of which a number may be missing.
    may_miss: Vec<bool>,
}

impl Bins {
    /// Puts the numbers of `matrix` into bins, `[column, row]`, between at most so many edges inside each column.
    pub(crate) fn fill(matrix: &Matrix<'_>, most_edges: usize, into: &mut [u8]) -> Self {
        let (rows, columns) = (matrix.rows(), matrix.columns());
        let mut bins = Self {
            edges: vec![[f32::INFINITY; BINS]; columns],
            steps: vec![[f32::INFINITY; STEP]; columns],
            may_miss: vec![false; columns],
        };
        let about = bins.edges.par_chunks_mut(BAND).zip(bins.may_miss.par_chunks_mut(BAND));
        let bands = into.par_chunks_mut(rows * BAND).zip(about).enumerate();
        bands.for_each(|(band, (into, (edges, may_miss)))| {
            let first = band * BAND;
            let extremes = extremes(matrix, first, may_miss);
            for (column, (edges, extremes)) in edges.iter_mut().zip(extremes).enumerate() {
                *edges = find_edges(matrix, first + column, extremes, most_edges);
            }
            fill_band(matrix, first, edges, into);
        });
        for (steps, edges) in bins.steps.iter_mut().zip(&bins.edges) {
            for (step, edges) in steps.iter_mut().zip(edges.as_chunks::<STEP>().0) {
                *step = edges[STEP - 1];
            }
        }
        bins
    }

    /// Whether a number of `column` is missing in any row.
    #[inline(always)]
    pub(crate) fn may_miss(&self, column: u32) -> bool {
        self.may_miss[column as usize]
    }

    /// The least number that a bin of `column` can hold.
    #[inline(always)]
    pub(crate) fn least(&self, column: u32, bin: u8) -> f32 {
        self.edges[column as usize][usize::from(bin)]
    }

    /// The least and the most that the numbers in a bin of `column` can be; the same where all are one number.
    #[inline(always)]
    pub(crate) fn bounds(&self, column: u32, bin: u8) -> [f32; 2] {
        let edges = &self.edges[column as usize];
        let [least, end] = [edges[usize::from(bin)], edges[(usize::from(bin) + 1) % BINS]];
        // Between neighbouring numbers there is but the lower one.
        let distance = end.to_bits().wrapping_sub(least.to_bits()).cast_signed();
        [least, if distance.unsigned_abs() == 1 { least } else { end }]
    }

    /// The first bin of `column`, from 1 on, that ends above `number`: bins before it hold only numbers below.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "bins are counted by a byte")]
    pub(crate) fn first_beyond(&self, column: u32, number: f32) -> u8 {
        let below = |edges: &[f32; STEP]| -> usize {
            edges.iter().map(|&edge| u32::from(edge <= number)).sum::<u32>() as usize
        };
        // The last edge is infinite.
        let step = below(&self.steps[column as usize]) % STEP;
        let edges = self.edges[column as usize].as_chunks::<STEP>().0;
        // No number is in the first bin.
        ((step * STEP + below(&edges[step])) as u8 - 1).max(1)
    }
}

/// The lowest and the highest number of each column from `first` on, and whether any is missing.
fn extremes(matrix: &Matrix<'_>, first: usize, may_miss: &mut [bool]) -> [[f32; 2]; BAND] {
    let (mut low, mut high) = ([f32::INFINITY; BAND], [f32::NEG_INFINITY; BAND]);
    for row in 0..matrix.rows() {
        let numbers = &matrix.row(row)[first..first + may_miss.len()];
        for (column, &value) in numbers.iter().enumerate() {
            let value = tidy(value);
            low[column] = if value < low[column] { value } else { low[column] };
            high[column] = if value > high[column] { value } else { high[column] };
            may_miss[column] |= value.is_nan();
        }
    }
    std::array::from_fn(|column| [low[column], high[column]])
}

/// The edges of the bins of a column between these extremes.
fn find_edges(
    matrix: &Matrix<'_>,
    column: usize,
    [low, high]: [f32; 2],
    most: usize,
) -> [f32; BINS] {
    let mut inner = quantiles(matrix, column, most.div_ceil(2));
    let even = (most / 2).min(most - inner.len());
    let range = f64::from(high) - f64::from(low);
    #[expect(clippy::cast_possible_truncation, reason = "any number nearby is an edge")]
    let spaced = |edge: usize| (f64::from(low) + range * (edge as f64 / (even + 1) as f64)) as f32;
    inner.extend((1..=even).map(spaced));
    inner.retain(|&edge| low < edge && edge <= high);
    inner.sort_unstable_by(f32::total_cmp);
    inner.dedup();
    let mut edges = [f32::INFINITY; BINS];
    edges[0] = f32::NEG_INFINITY;
    edges[1] = low;
    edges[2..inner.len() + 2].copy_from_slice(&inner);
    edges[inner.len() + 2] = high.next_up();
    edges
}

/// So many quantiles of a column, from rows evenly spread over it. Where those rows have no more distinct numbers,
/// these and the next number above each, so that each has a bin of its own.
fn quantiles(matrix: &Matrix<'_>, column: usize, count: usize) -> Vec<f32> {
    let rows = (0..matrix.rows()).step_by(matrix.rows().div_ceil(SAMPLE));
    let values = rows.map(|row| tidy(matrix.row(row)[column]));
    let mut sample: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
    sample.sort_unstable_by(f32::total_cmp);
    let at = |part: usize| sample.get(part * sample.len() / (count + 1)).copied();
    let quantiles: Vec<f32> = (1..=count).filter_map(at).collect();
    sample.dedup();
    if sample.len() > count {
        return quantiles;
    }
    // The lowest begins a bin anyway.
    sample.iter().flat_map(|&value| [value, value.next_up()]).skip(1).collect()
}

/// Puts the numbers of the columns from `first` on into bins.
fn fill_band(matrix: &Matrix<'_>, first: usize, edges: &[[f32; BINS]], into: &mut [u8]) {
    let rows = matrix.rows();
    // Memory is read row by row, and the copy column by column.
    let mut tile = [[0.0; BAND]; TILE];
    for start in (0..rows).step_by(TILE) {
        let count = TILE.min(rows - start);
        for (row, to) in (start..).zip(&mut tile[..count]) {
            to[..edges.len()].copy_from_slice(&matrix.row(row)[first..][..edges.len()]);
        }
        for (column, edges) in edges.iter().enumerate() {
            let bins = &mut into[column * rows + start..][..count];
            for (bin, row) in bins.iter_mut().zip(&tile) {
                let value = tidy(row[column]);
                *bin = if value.is_nan() { MISSING } else { bin_of(edges, value) };
            }
        }
    }
}

/// The bin of a number: eight halvings without a branch.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "there are fewer bins than a byte counts")]
fn bin_of(edges: &[f32; BINS], value: f32) -> u8 {
    let mut begun = 0;
    for half in [128, 64, 32, 16, 8, 4, 2, 1] {
        begun += half * usize::from(edges[(begun + half - 1) % BINS] <= value);
    }
    begun as u8 - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers of all sizes, some of them again and again.
    fn numbers() -> impl Strategy<Value = Vec<f32>> {
        let number = prop_oneof![
            4 => -1e3_f32..1e3,
            1 => any::<f32>(),
            2 => (-3_i8..3).prop_map(f32::from),
            1 => Just(f32::NAN),
            1 => Just(-0.0),
        ];
        prop::collection::vec(number.prop_filter("finite or missing", |v| !v.is_infinite()), 1..400)
    }

    proptest! {
        #[test]
        fn every_number_is_within_the_bounds_of_its_bin(
            numbers in numbers(), most_edges in prop_oneof![Just(1), Just(5), Just(MOST_EDGES)],
        ) {
            let mut filled = vec![0; numbers.len()];
            let bins = Bins::fill(&Matrix::new(&numbers, 1).unwrap(), most_edges, &mut filled);
            prop_assert_eq!(bins.may_miss(0), numbers.iter().any(|number| number.is_nan()));
            for (&number, &bin) in numbers.iter().zip(&filled) {
                if number.is_nan() {
                    prop_assert_eq!(bin, MISSING);
                    continue;
                }
                prop_assert!(bin != LEFT && bin != MISSING);
                let [least, most] = bins.bounds(0, bin);
                prop_assert!(least <= number && number <= most && least == bins.least(0, bin));
                // A bin ends above the numbers in it, and all before it end below them or with them.
                let beyond = bins.first_beyond(0, number.next_up());
                prop_assert!(beyond >= bin);
                prop_assert!((1..beyond).all(|bin| bins.bounds(0, bin)[1] <= number.next_up()));
            }
        }
    }

    #[test]
    fn few_distinct_numbers_are_told_apart() {
        let numbers: Vec<f32> = (0..5000_u16).map(|row| f32::from(row % 127) * 0.1).collect();
        let mut filled = vec![0; numbers.len()];
        let bins = Bins::fill(&Matrix::new(&numbers, 1).unwrap(), MOST_EDGES, &mut filled);
        for (&number, &bin) in numbers.iter().zip(&filled) {
            assert_eq!(bins.bounds(0, bin), [number; 2]);
        }
    }

    #[test]
    fn no_bin_is_wide_or_full() {
        // A heavy tail: most numbers are small.
        let numbers: Vec<f32> = (1..=10_000_u16).map(|row| 1e4 / f32::from(row)).collect();
        let mut filled = vec![0; numbers.len()];
        let bins = Bins::fill(&Matrix::new(&numbers, 1).unwrap(), MOST_EDGES, &mut filled);
        let mut rows = [0; BINS];
        filled.iter().for_each(|&bin| rows[usize::from(bin)] += 1);
        for &bin in &filled {
            let (rows, [least, most]) = (rows[usize::from(bin)], bins.bounds(0, bin));
            assert!(rows <= 120 && most - least <= 1e4 / 126.0, "{rows} rows, {least} to {most}");
        }
    }
}
