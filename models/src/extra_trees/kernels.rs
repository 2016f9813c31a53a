//! The loops in which fitting spends its time.
//!
//! Each is written over slices so that the compiler turns it into vector instructions of whatever width the
//! caller was compiled for; the growth of a tree runs inside [`pulp::Arch::dispatch`], and everything here is
//! inlined into it. Results do not depend on that width: minima, maxima and integer counts are exact.

use super::rule::Number;

/// Below so many rows the scalar form of the extremes is faster: a vector load that follows scalar stores
/// waits for them.
const FEW: usize = 48;
/// Lanes of the hand-written reduction; the compiler does not vectorise minima of floats by itself.
const LANES: usize = 32;

/// Gathers `column[ids[i]]` into `out` and gives the smallest and the largest.
#[inline(always)]
pub(crate) fn gather_extremes(column: &[f32], ids: &[u32], out: &mut [f32]) -> (f32, f32) {
    if ids.len() < FEW {
        return gather_few(column, ids, out);
    }
    for (to, &id) in out.iter_mut().zip(ids) {
        *to = column[id as usize];
    }
    extremes(&out[..ids.len()])
}

#[inline(always)]
fn gather_few(column: &[f32], ids: &[u32], out: &mut [f32]) -> (f32, f32) {
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for (to, &id) in out.iter_mut().zip(ids) {
        let value = column[id as usize];
        *to = value;
        low = if value < low { value } else { low };
        high = if value > high { value } else { high };
    }
    (low, high)
}

#[inline(always)]
fn extremes(values: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            low[lane] = smaller(chunk[lane], low[lane]);
            high[lane] = larger(chunk[lane], high[lane]);
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        low[lane] = smaller(value, low[lane]);
        high[lane] = larger(value, high[lane]);
    }
    (fold(low, smaller), fold(high, larger))
}

/// The smaller of two numbers; the second where the first is missing.
#[inline(always)]
fn smaller(value: f32, than: f32) -> f32 {
    if value < than { value } else { than }
}

/// The larger of two numbers; the second where the first is missing.
#[inline(always)]
fn larger(value: f32, than: f32) -> f32 {
    if value > than { value } else { than }
}

/// All lanes in one, halving them step by step.
#[inline(always)]
pub(crate) fn fold<T: Copy, const N: usize>(mut lanes: [T; N], join: impl Fn(T, T) -> T) -> T {
    let mut width = N / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = join(lanes[lane + width], lanes[lane]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Counts the rows of each of two classes whose value is at most `threshold`, and gives how many they are.
#[inline(always)]
pub(crate) fn count_two(
    values: &[f32],
    classes: &[u16],
    threshold: f32,
    left: &mut [u64],
) -> usize {
    let (mut all, mut ones) = (0_u32, 0_u32);
    for (&value, &class) in values.iter().zip(classes) {
        let goes_left = u32::from(value <= threshold);
        all += goes_left;
        ones += goes_left & u32::from(class);
    }
    left[0] = u64::from(all - ones);
    left[1] = u64::from(ones);
    all as usize
}

/// Counts the rows of each class whose value is at most `threshold`, and gives how many they are.
#[inline(always)]
pub(crate) fn count_many(
    values: &[f32],
    classes: &[u16],
    threshold: f32,
    counts: &mut [u32],
    left: &mut [u64],
) -> usize {
    counts.fill(0);
    for (&value, &class) in values.iter().zip(classes) {
        counts[usize::from(class)] += u32::from(value <= threshold);
    }
    let mut all = 0;
    for (left, &count) in left.iter_mut().zip(&*counts) {
        *left = u64::from(count);
        all += count as usize;
    }
    all
}

/// Sums the amounts of each class whose value is at most `threshold`, and gives how many rows they are.
#[inline(always)]
pub(crate) fn count_amounts(
    values: &[f32],
    classes: &[u16],
    amounts: &[u64],
    threshold: f32,
    left: &mut [u64],
) -> usize {
    left.fill(0);
    let mut all = 0;
    for ((&value, &class), &amount) in values.iter().zip(classes).zip(amounts) {
        let goes_left = value <= threshold;
        left[usize::from(class)] += amount & u64::from(goes_left).wrapping_neg();
        all += usize::from(goes_left);
    }
    all
}

/// Moves the rows whose value is at most `threshold` to the front, both sides in their old order, and gives
/// how many those are.
#[inline(always)]
pub(crate) fn partition<N: PartialOrd + Copy, T: Copy>(
    values: &[N],
    threshold: N,
    items: &mut [T],
    spare: &mut [T],
) -> usize {
    let (mut left, mut right) = (0, 0);
    for (index, &value) in values.iter().enumerate() {
        let item = items[index];
        items[left] = item;
        spare[right] = item;
        let goes_left = value <= threshold;
        left += usize::from(goes_left);
        right += usize::from(!goes_left);
    }
    items[left..].copy_from_slice(&spare[..right]);
    left
}

/// Rows per step of [`transpose`]: sixteen numbers of 32 bits fill a cache line of the result.
const TILE: usize = 16;

/// Writes the rows `ids` of a table of `columns` column by column: `into[column * ids.len() + row]`.
#[inline(always)]
pub(crate) fn transpose<N: Number>(values: &[N], columns: usize, ids: &[u32], into: &mut [N]) {
    let rows = ids.len();
    let row_of = |id: u32| &values[id as usize * columns..(id as usize + 1) * columns];
    let (tiles, rest) = ids.as_chunks::<TILE>();
    for (tile, ids) in tiles.iter().enumerate() {
        let from: [(&[[N; TILE]], &[N]); TILE] = ids.map(|id| row_of(id).as_chunks());
        let whole = columns / TILE;
        for band in 0..whole {
            let mut square = [[N::zeroed(); TILE]; TILE];
            for (row, (squares, _)) in square.iter_mut().zip(&from) {
                *row = squares[band];
            }
            // Column by column: a square that is turned as a whole is copied twice more.
            let turned = |column: usize| -> [N; TILE] {
                std::array::from_fn(|row: usize| square[row][column].tidy())
            };
            for column in 0..TILE {
                let start = (band * TILE + column) * rows + tile * TILE;
                into[start..start + TILE].copy_from_slice(&turned(column));
            }
        }
        for column in whole * TILE..columns {
            let start = column * rows + tile * TILE;
            for (to, (_, from)) in into[start..start + TILE].iter_mut().zip(from) {
                *to = from[column - whole * TILE].tidy();
            }
        }
    }
    for (index, &id) in rest.iter().enumerate() {
        let row = tiles.len() * TILE + index;
        for (column, &value) in row_of(id).iter().enumerate() {
            into[column * rows + row] = value.tidy();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn loops_agree_with_the_obvious(
            rows in prop::collection::vec((-9_i8..9, 0_u16..3), 1..200),
            threshold in -9_i8..9,
        ) {
            let threshold = f32::from(threshold);
            let column: Vec<f32> = rows.iter().map(|row| f32::from(row.0)).collect();
            let classes: Vec<u16> = rows.iter().map(|row| row.1).collect();
            let mut ids: Vec<u32> = (0..).take(rows.len()).collect();
            let mut values = vec![0.0; rows.len()];
            let (low, high) = gather_extremes(&column, &ids, &mut values);
            prop_assert_eq!(&values, &column);
            prop_assert_eq!(low, column.iter().copied().fold(f32::INFINITY, f32::min));
            prop_assert_eq!(high, column.iter().copied().fold(f32::NEG_INFINITY, f32::max));

            let expected = |class: u16| {
                let left = rows.iter().filter(|row| f32::from(row.0) <= threshold && row.1 == class);
                u64::try_from(left.count()).unwrap()
            };
            let all = usize::try_from((0..3).map(expected).sum::<u64>()).unwrap();
            let mut left = [0; 3];
            prop_assert_eq!(count_many(&values, &classes, threshold, &mut [7; 3], &mut left), all);
            prop_assert_eq!(left, [expected(0), expected(1), expected(2)]);
            let twice = vec![2; rows.len()];
            prop_assert_eq!(count_amounts(&values, &classes, &twice, threshold, &mut left), all);
            prop_assert_eq!(left, [2 * expected(0), 2 * expected(1), 2 * expected(2)]);
            let two: Vec<u16> = classes.iter().map(|&class| class.min(1)).collect();
            prop_assert_eq!(count_two(&values, &two, threshold, &mut left), all);
            prop_assert_eq!(&left[..2], &[expected(0), expected(1) + expected(2)]);

            let (mut front, back): (Vec<u32>, Vec<u32>) =
                ids.iter().partition(|&&id| column[id as usize] <= threshold);
            let count = partition(&values, threshold, &mut ids, &mut vec![0; rows.len()]);
            prop_assert_eq!(count, front.len());
            front.extend(back);
            prop_assert_eq!(ids, front);
        }

        #[test]
        fn a_transposed_table_holds_the_chosen_rows(
            columns in 1_usize..40, ids in prop::collection::vec(0_u32..50, 1..60),
        ) {
            let values: Vec<f32> = (0..50 * u16::try_from(columns).unwrap()).map(f32::from).collect();
            let mut into = vec![-1.0; ids.len() * columns];
            transpose(&values, columns, &ids, &mut into);
            for (row, &id) in ids.iter().enumerate() {
                for column in 0..columns {
                    let expected = values[id as usize * columns + column];
                    prop_assert_eq!(into[column * ids.len() + row], expected);
                }
            }
        }
    }
}
