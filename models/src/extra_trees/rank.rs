//! Numbers as ranks in their column.
//!
//! Where the best cut is looked for, the numbers of a node are sorted. Only their order matters there, so they
//! are replaced by their ranks in the column, once a forest: two bytes a number for tables of less than 2¹⁶
//! rows, which then sort in two passes.

use rayon::prelude::*;

use super::order::{Key, sort};
use super::pages::Pages;
use super::random_cut::CONSTANT;
use super::rule::Number;
use super::table::{BAND, Sample, Table, copy_columns};

/// A rank in a column.
pub(crate) trait Rank: Number<Meaning = ()> + Ord {
    /// A rank above a code, as it is sorted.
    type Key: Key;
    /// The rank of what is missing: the largest.
    const MISSING: Self;
    /// The smallest rank.
    const LOWEST: Self;
    /// How many bits a code has beside a rank.
    const CODE_BITS: u32;

    /// The rank number `rank`; [`Self::MISSING`] where that is beyond its range.
    fn of(rank: usize) -> Self;
    /// This rank above `code`.
    fn key(self, code: u32) -> Self::Key;
    /// The rank of `key`.
    fn of_key(key: Self::Key) -> Self;
    /// The code of `key`.
    fn code(key: Self::Key) -> u32;
}

impl Number for u16 {
    type Meaning = ();
}

impl Number for u32 {
    type Meaning = ();
}

impl Rank for u16 {
    type Key = u32;
    const MISSING: Self = Self::MAX;
    const LOWEST: Self = 0;
    const CODE_BITS: u32 = 16;

    fn of(rank: usize) -> Self {
        Self::try_from(rank).unwrap_or(Self::MISSING)
    }

    #[inline(always)]
    fn key(self, code: u32) -> u32 {
        u32::from(self) << 16 | code
    }

    #[inline(always)]
    fn of_key(key: u32) -> Self {
        (key >> 16) as Self
    }

    #[inline(always)]
    fn code(key: u32) -> u32 {
        key & 0xFFFF
    }
}

impl Rank for u32 {
    type Key = u64;
    const MISSING: Self = Self::MAX;
    const LOWEST: Self = 0;
    const CODE_BITS: u32 = 32;

    fn of(rank: usize) -> Self {
        Self::try_from(rank).unwrap_or(Self::MISSING)
    }

    #[inline(always)]
    fn key(self, code: u32) -> u64 {
        u64::from(self) << 32 | u64::from(code)
    }

    #[inline(always)]
    fn of_key(key: u64) -> Self {
        (key >> 32) as Self
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the upper half is the rank")]
    fn code(key: u64) -> u32 {
        key as u32
    }
}

/// Whether the ranks of a table of `rows` fit 16 bits, beside that of what is missing.
pub(crate) fn is_narrow(rows: usize) -> bool {
    u16::try_from(rows).is_ok()
}

impl<'a, R: Rank> Table<'a, R> {
    /// The ranks of the numbers of `sample`.
    ///
    /// Numbers share a rank where they exceed the smallest of that rank by no more than [`CONSTANT`]: there is
    /// no cut between them.
    pub(crate) fn ranked(sample: Sample<'a>) -> Self {
        let (rows, columns) = (sample.rows(), sample.columns());
        let mut by_column = Pages::<R>::zeros(rows * columns);
        let bands = by_column.as_mut_slice().par_chunks_mut(rows * BAND);
        bands.enumerate().for_each_init(
            || (Vec::new(), Vec::new(), Vec::new()),
            |(values, keys, spare), (band, into)| {
                values.resize(into.len(), 0.0);
                copy_columns(&sample.matrix(), band * BAND, values);
                let columns = values.chunks_exact(rows).zip(into.chunks_exact_mut(rows));
                for (values, ranks) in columns {
                    rank(values, ranks, keys, spare);
                }
            },
        );
        Self::new(sample, by_column, ())
    }
}

/// Ranks `values`.
fn rank<R: Rank>(values: &[f32], ranks: &mut [R], keys: &mut Vec<u64>, spare: &mut Vec<u64>) {
    keys.clear();
    let rows = (0_u32..).zip(values).filter(|(_, value)| !value.is_nan());
    keys.extend(rows.map(|(row, &value)| in_order(value).key(row)));
    sort(keys, spare);
    let (mut rank, mut smallest) = (0, None);
    for &key in keys.iter() {
        let row = u32::code(key) as usize;
        let value = values[row];
        let smallest = smallest.get_or_insert(value);
        if value > *smallest + CONSTANT {
            *smallest = value;
            rank += 1;
        }
        ranks[row] = R::of(rank);
    }
    if keys.len() < values.len() {
        let missing = ranks.iter_mut().zip(values).filter(|(_, value)| value.is_nan());
        missing.for_each(|(rank, _)| *rank = R::MISSING);
    }
}

/// The bits of a number, so that they are in the order of the numbers.
fn in_order(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::Matrix;
    use super::super::view::View;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_are_in_the_order_of_the_numbers(
            values in prop::collection::vec(
                prop_oneof![any::<f32>(), -2_f32..2.0, Just(f32::NAN), Just(0.0), Just(-0.0)], 1..100,
            ),
        ) {
            let values: Vec<f32> =
                values.into_iter().filter(|value| !value.is_infinite()).chain([1.0]).collect();
            let labels = vec![0; values.len()];
            // Two equal columns.
            let numbers: Vec<f32> = values.iter().flat_map(|&value| [value; 2]).collect();
            let sample = Sample::new(Matrix::new(&numbers, 2).unwrap(), &labels, 1).unwrap();
            let narrow = Table::<u16>::ranked(sample);
            let wide = Table::<u32>::ranked(sample);
            let rank = |view: View<'_, u16>, row: usize, column: u32| {
                let mut found = [0];
                view.gather(column, &[u32::try_from(row).unwrap()], &mut found);
                found[0]
            };
            let wide_rank = |row: usize| {
                let mut found = [0];
                wide.by_column().gather(1, &[u32::try_from(row).unwrap()], &mut found);
                found[0]
            };
            let ranks: Vec<u16> =
                (0..values.len()).map(|row| rank(narrow.by_column(), row, 0)).collect();
            for (row, &value) in values.iter().enumerate() {
                prop_assert_eq!(ranks[row], rank(narrow.by_column(), row, 1));
                prop_assert_eq!(ranks[row], rank(narrow.by_row(), row, 1));
                if value.is_nan() {
                    prop_assert_eq!((ranks[row], wide_rank(row)), (u16::MAX, u32::MAX));
                    continue;
                }
                prop_assert_eq!(u32::from(ranks[row]), wide_rank(row));
                for (other, &above) in values.iter().enumerate() {
                    if value <= above {
                        prop_assert!(ranks[row] <= ranks[other]);
                    }
                    if above > value + 2.0 * CONSTANT {
                        prop_assert!(ranks[row] < ranks[other]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_column_whose_range_is_tiny_has_one_rank() {
        let mut ranks = [9_u16; 4];
        let values = [1e-9, 5e-8, 9e-8, 1e-7];
        rank(&values, &mut ranks, &mut Vec::new(), &mut Vec::new());
        assert_eq!(ranks, [0; 4]);
    }
}
