//! Puts the numbers of a table into bins.
//!
//! Half of the edges of the bins are quantiles of the column, so that no bin holds many rows; the other half are
//! evenly spaced, so that none is wide. A column of few distinct numbers has a bin for each of them.

use rayon::prelude::*;

use super::bins::{BINS, Bins, Edges, MISSING};
use super::matrix::Matrix;
use super::table::tidy;
use super::vectors::Vectors;

/// Numbers of a column that its quantiles are estimated from.
const SAMPLE: usize = 1024;
/// Rows that are put into bins at a time: as many bytes fill a cache line.
const TILE: usize = 64;
/// The most columns of a band: a tile of them stays in cache while its columns are taken one by one.
const MOST_COLUMNS: usize = 512;

/// Puts the numbers of `matrix` into bins, `[column, row]`, between at most so many edges inside each column.
pub(crate) fn fill(matrix: &Matrix<'_>, most_edges: usize, into: &mut [u8]) -> Bins {
    let (rows, columns) = (matrix.rows(), matrix.columns());
    let mut edges = vec![Edges::new(&[f32::INFINITY; BINS]); columns];
    let mut may_miss = vec![false; columns];
    // As few bands as there are threads: each of them visits every page of the matrix.
    let width = columns.div_ceil(rayon::current_num_threads()).min(MOST_COLUMNS);
    let about = edges.par_chunks_mut(width).zip(may_miss.par_chunks_mut(width));
    let bands = into.par_chunks_mut(rows * width).zip(about).enumerate();
    bands.for_each(|(band, (into, (edges, may_miss)))| {
        let work = FillBand { matrix, first: band * width, most_edges, edges, may_miss, into };
        pulp::Arch::new().dispatch(work);
    });
    Bins::new(edges, may_miss)
}

/// Puts the numbers of the columns from `first` on into bins; compiled for each width of vectors.
struct FillBand<'w, 'm> {
    matrix: &'w Matrix<'m>,
    first: usize,
    most_edges: usize,
    edges: &'w mut [Edges],
    may_miss: &'w mut [bool],
    into: &'w mut [u8],
}

impl pulp::WithSimd for FillBand<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let Self { matrix, first, most_edges, edges, may_miss, into } = self;
        let extremes = extremes(matrix, first, may_miss);
        let mut samples = samples(matrix, first, edges.len());
        for ((edges, extremes), sample) in edges.iter_mut().zip(extremes).zip(&mut samples) {
            *edges = Edges::new(&find_edges(sample, extremes, most_edges));
        }
        fill_band(matrix, first, edges, into);
    }
}

/// The lowest and the highest number of each column from `first` on, and whether any is missing.
#[inline(always)]
fn extremes(matrix: &Matrix<'_>, first: usize, may_miss: &mut [bool]) -> Vec<[f32; 2]> {
    let columns = may_miss.len();
    let (mut low, mut high) = (vec![f32::INFINITY; columns], vec![f32::NEG_INFINITY; columns]);
    for row in 0..matrix.rows() {
        let numbers = &matrix.row(row)[first..first + columns];
        let extremes = low.iter_mut().zip(&mut high).zip(&mut *may_miss);
        for (&value, ((low, high), may_miss)) in numbers.iter().zip(extremes) {
            let value = tidy(value);
            *low = if value < *low { value } else { *low };
            *high = if value > *high { value } else { *high };
            *may_miss |= value.is_nan();
        }
    }
    low.into_iter().zip(high).map(|(low, high)| [low, high]).collect()
}

/// The numbers of so many columns from `first` on, in rows evenly spread over them, in order; without what is missing.
fn samples(matrix: &Matrix<'_>, first: usize, columns: usize) -> Vec<Vec<f32>> {
    let mut samples = vec![Vec::with_capacity(SAMPLE); columns];
    // Row by row, so that each part of memory is waited for once.
    for row in (0..matrix.rows()).step_by(matrix.rows().div_ceil(SAMPLE)) {
        for (sample, &value) in samples.iter_mut().zip(&matrix.row(row)[first..]) {
            if !value.is_nan() {
                sample.push(tidy(value));
            }
        }
    }
    samples.iter_mut().for_each(|sample| sample.sort_unstable_by(f32::total_cmp));
    samples
}

/// The edges of the bins of a column between these extremes, from a sample of its numbers in order.
fn find_edges(sample: &mut Vec<f32>, [low, high]: [f32; 2], most: usize) -> [f32; BINS] {
    let mut inner = quantiles(sample, most.div_ceil(2));
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

/// So many quantiles of a sample in order. Where it has no more distinct numbers, these and the next number above
/// each, so that each has a bin of its own.
fn quantiles(sample: &mut Vec<f32>, count: usize) -> Vec<f32> {
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
#[inline(always)]
fn fill_band(matrix: &Matrix<'_>, first: usize, edges: &[Edges], into: &mut [u8]) {
    let rows = matrix.rows();
    let (vectors, width) = (Vectors::detect(), edges.len());
    // Memory is read row by row, and the copy column by column.
    let mut tile = Vec::with_capacity(TILE * width);
    for start in (0..rows).step_by(TILE) {
        let count = TILE.min(rows - start);
        tile.clear();
        for row in start..start + count {
            tile.extend_from_slice(&matrix.row(row)[first..first + width]);
        }
        for (column, edges) in edges.iter().enumerate() {
            let bins = &mut into[column * rows + start..][..count];
            for (bin, row) in bins.iter_mut().zip(tile.chunks_exact(width)) {
                *bin = bin_of(vectors, edges, tidy(row[column]));
            }
        }
    }
}

/// The bin of a number.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "there are fewer bins than a byte counts")]
fn bin_of(vectors: Vectors, edges: &Edges, value: f32) -> u8 {
    // What is missing is at no edge.
    let bin = edges.begun(vectors, value).wrapping_sub(1) as u8;
    if value.is_nan() { MISSING } else { bin }
}

#[cfg(test)]
mod tests {
    use super::super::bins::{LEFT, MOST_EDGES, ends};
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
            let bins = fill(&Matrix::new(&numbers, 1).unwrap(), most_edges, &mut filled);
            prop_assert_eq!(bins.may_miss(0), numbers.iter().any(|number| number.is_nan()));
            for (&number, &bin) in numbers.iter().zip(&filled) {
                if number.is_nan() {
                    prop_assert_eq!(bin, MISSING);
                    continue;
                }
                prop_assert!(bin != LEFT && bin != MISSING);
                let [least, most] = bins.bounds(0, bin);
                prop_assert!(least <= number && number <= most);
                // A bin ends above the numbers in it, and all before it end below them or with them.
                let above = number.next_up();
                let [end, beyond] = ends([bins.begun(0, above); 2], MISSING - 1);
                prop_assert!(end >= bin && beyond > end);
                prop_assert!((1..end).all(|bin| bins.bounds(0, bin)[1] <= above));
                prop_assert!((beyond..MISSING).all(|bin| bins.bounds(0, bin)[0] > above));
            }
        }
    }

    #[test]
    fn few_distinct_numbers_are_told_apart() {
        let numbers: Vec<f32> = (0..5000_u16).map(|row| f32::from(row % 127) * 0.1).collect();
        let mut filled = vec![0; numbers.len()];
        let bins = fill(&Matrix::new(&numbers, 1).unwrap(), MOST_EDGES, &mut filled);
        for (&number, &bin) in numbers.iter().zip(&filled) {
            assert_eq!(bins.bounds(0, bin), [number; 2]);
        }
    }

    #[test]
    fn no_bin_is_wide_or_full() {
        // A heavy tail: most numbers are small.
        let numbers: Vec<f32> = (1..=10_000_u16).map(|row| 1e4 / f32::from(row)).collect();
        let mut filled = vec![0; numbers.len()];
        let bins = fill(&Matrix::new(&numbers, 1).unwrap(), MOST_EDGES, &mut filled);
        let mut rows = [0; BINS];
        filled.iter().for_each(|&bin| rows[usize::from(bin)] += 1);
        for &bin in &filled {
            let (rows, [least, most]) = (rows[usize::from(bin)], bins.bounds(0, bin));
            assert!(rows <= 120 && most - least <= 1e4 / 126.0, "{rows} rows, {least} to {most}");
        }
    }
}
