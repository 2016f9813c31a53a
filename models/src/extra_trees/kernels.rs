//! The loops in which fitting spends its time.
//!
//! Each is written over slices so that the compiler turns it into vector instructions of whatever width the
//! caller was compiled for; the growth of a tree runs inside [`pulp::Arch::dispatch`], and everything here is
//! inlined into it. Results do not depend on that width: minima, maxima and integer counts are exact.

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
            low[lane] = if chunk[lane] < low[lane] { chunk[lane] } else { low[lane] };
            high[lane] = if chunk[lane] > high[lane] { chunk[lane] } else { high[lane] };
        }
    }
    let low = low.iter().chain(rest).copied().fold(f32::INFINITY, f32::min);
    let high = high.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    (low, high)
}

/// Counts the rows of each of two classes whose value is at most `threshold`.
#[inline(always)]
pub(crate) fn count_two(values: &[f32], classes: &[u16], threshold: f32, left: &mut [u32]) {
    let (mut all, mut ones) = (0_u32, 0_u32);
    for (&value, &class) in values.iter().zip(classes) {
        let goes_left = u32::from(value <= threshold);
        all += goes_left;
        ones += goes_left & u32::from(class);
    }
    left[0] = all - ones;
    left[1] = ones;
}

/// Counts the rows of each class whose value is at most `threshold`.
#[inline(always)]
pub(crate) fn count_many(values: &[f32], classes: &[u16], threshold: f32, left: &mut [u32]) {
    left.fill(0);
    for (&value, &class) in values.iter().zip(classes) {
        left[usize::from(class)] += u32::from(value <= threshold);
    }
}

/// Moves the rows whose value is at most `threshold` to the front, both sides in their old order, and gives
/// how many those are.
#[inline(always)]
pub(crate) fn partition<T: Copy>(
    values: &[f32],
    threshold: f32,
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

/// Rows per step of [`transpose`]: sixteen numbers fill a cache line of the result.
const TILE: usize = 16;

/// Writes the rows `ids` of a table of `columns` column by column: `into[column * ids.len() + row]`.
///
/// Negative zeros become positive, so that an extreme does not depend on the order of comparison.
#[inline(always)]
pub(crate) fn transpose(values: &[f32], columns: usize, ids: &[u32], into: &mut [f32]) {
    let rows = ids.len();
    let row_of = |id: u32| &values[id as usize * columns..(id as usize + 1) * columns];
    let (tiles, rest) = ids.as_chunks::<TILE>();
    for (tile, ids) in tiles.iter().enumerate() {
        let from: [(&[[f32; TILE]], &[f32]); TILE] = ids.map(|id| row_of(id).as_chunks());
        let whole = columns / TILE;
        for band in 0..whole {
            let mut square = [[0.0; TILE]; TILE];
            for (row, (squares, _)) in square.iter_mut().zip(&from) {
                *row = squares[band];
            }
            // Column by column: a square that is turned as a whole is copied twice more.
            let turned = |column| -> [f32; TILE] {
                std::array::from_fn(|row: usize| square[row][column] + 0.0)
            };
            for column in 0..TILE {
                let start = (band * TILE + column) * rows + tile * TILE;
                into[start..start + TILE].copy_from_slice(&turned(column));
            }
        }
        for column in whole * TILE..columns {
            let start = column * rows + tile * TILE;
            for (to, (_, from)) in into[start..start + TILE].iter_mut().zip(from) {
                *to = from[column - whole * TILE] + 0.0;
            }
        }
    }
    for (index, &id) in rest.iter().enumerate() {
        let row = tiles.len() * TILE + index;
        for (column, &value) in row_of(id).iter().enumerate() {
            into[column * rows + row] = value + 0.0;
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
                u32::try_from(left.count()).unwrap()
            };
            let mut left = [0; 3];
            count_many(&values, &classes, threshold, &mut left);
            prop_assert_eq!(left, [expected(0), expected(1), expected(2)]);
            let two: Vec<u16> = classes.iter().map(|&class| class.min(1)).collect();
            count_two(&values, &two, threshold, &mut left);
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
