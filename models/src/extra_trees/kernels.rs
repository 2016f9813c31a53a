//! The loops in which fitting spends its time.
//!
//! Each is written over slices so that the compiler turns it into vector instructions of whatever width the
//! caller was compiled for; the growth of a tree runs inside [`pulp::Arch::dispatch`], and everything here is
//! inlined into it. Results do not depend on that width: minima, maxima and integer counts are exact.

use super::bins::MISSING;

/// Bins that are looked at together: what is read of them is filled up to a multiple.
pub(crate) const LANES: usize = 32;
/// How often a lane of eight bits can be added one.
pub(crate) const FULL: usize = 255;

/// The lowest and the highest of the first `rows` of `bins`, with what is missing put behind them; [`MISSING`] and one
/// below the first where all are missing.
#[inline(always)]
pub(crate) fn extremes_of(bins: &mut [u8], rows: usize) -> [u8; 2] {
    bins[rows..rows + LANES].fill(MISSING);
    extremes(&bins[..rows.next_multiple_of(LANES)])
}

/// The lowest and the highest of whole lanes of bins.
#[inline(always)]
fn extremes(bins: &[u8]) -> [u8; 2] {
    let (mut low, mut high) = ([MISSING; LANES], [0; LANES]);
    for chunk in bins.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            low[lane] = chunk[lane].min(low[lane]);
            // What is missing is the highest bin, and none when one is added.
            high[lane] = chunk[lane].wrapping_add(1).max(high[lane]);
        }
    }
    [fold(low, u8::min), fold(high, u8::max).wrapping_sub(1)]
}

/// The places of the bins that are `first`, `second`, or among `others`.
#[inline(always)]
pub(crate) fn find(
    bins: &[u8],
    [first, second]: [u8; 2],
    others: std::ops::Range<u8>,
    places: &mut Vec<u32>,
) {
    places.clear();
    let wanted = |bin: u8| bin == first || bin == second || others.contains(&bin);
    let (chunks, rest) = bins.as_chunks::<LANES>();
    let mut place = 0;
    for chunk in chunks {
        let mut hits = [0_u8; LANES];
        for lane in 0..LANES {
            let bin = chunk[lane];
            let inside = bin.wrapping_sub(others.start) < others.end - others.start;
            hits[lane] = u8::from(bin == first) | u8::from(bin == second) | u8::from(inside);
        }
        for (word, &hits) in (0..).step_by(8).zip(hits.as_chunks::<8>().0) {
            let mut hits = u64::from_le_bytes(hits);
            while hits != 0 {
                places.push(place + word + hits.trailing_zeros() / 8);
                hits &= hits - 1;
            }
        }
        place += 32;
    }
    let wanted = (place..).zip(rest).filter(|(_, bin)| wanted(**bin));
    places.extend(wanted.map(|(place, _)| place));
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

/// Counts the rows of each of two classes whose bin is below each of `ends`, from whole lanes of bins and as
/// many bytes that are one for the second class.
#[inline(always)]
pub(crate) fn count_two<const ENDS: usize>(
    bins: &[u8],
    classes: &[u8],
    ends: [u8; ENDS],
) -> [[u32; 2]; ENDS] {
    let mut counts = [[0_u32; 2]; ENDS];
    let (bins, classes) = (bins.as_chunks::<LANES>().0, classes.as_chunks::<LANES>().0);
    for (bins, classes) in bins.chunks(FULL).zip(classes.chunks(FULL)) {
        let mut sums = [[[0_u8; LANES]; 2]; ENDS];
        for (bins, classes) in bins.iter().zip(classes) {
            for (sums, end) in sums.iter_mut().zip(ends) {
                for lane in 0..LANES {
                    let goes_left = u8::from(bins[lane] < end);
                    sums[0][lane] += goes_left;
                    sums[1][lane] += goes_left & classes[lane];
                }
            }
        }
        for (counts, sums) in counts.iter_mut().zip(sums) {
            for (count, sums) in counts.iter_mut().zip(sums) {
                *count += sums.iter().map(|&sum| u32::from(sum)).sum::<u32>();
            }
        }
    }
    counts.map(|[all, ones]| [all - ones, ones])
}

/// Counts the rows of each class whose bin is below `end`, and gives how many they are.
#[inline(always)]
pub(crate) fn count_many(
    bins: &[u8],
    classes: &[u16],
    end: u8,
    counts: &mut [u32],
    left: &mut [u64],
) -> usize {
    counts.fill(0);
    for (&bin, &class) in bins.iter().zip(classes) {
        counts[usize::from(class)] += u32::from(bin < end);
    }
    let mut all = 0;
    for (left, &count) in left.iter_mut().zip(&*counts) {
        *left = u64::from(count);
        all += count as usize;
    }
    all
}

/// Sums the amounts of each class whose bin is below `end`, and gives how many rows they are.
#[inline(always)]
pub(crate) fn count_amounts(
    bins: &[u8],
    classes: &[u16],
    amounts: &[u64],
    end: u8,
    left: &mut [u64],
) -> usize {
    left.fill(0);
    let mut all = 0;
    for ((&bin, &class), &amount) in bins.iter().zip(classes).zip(amounts) {
        let goes_left = bin < end;
        left[usize::from(class)] += amount & u64::from(goes_left).wrapping_neg();
        all += usize::from(goes_left);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn loops_agree_with_the_obvious(
            rows in prop::collection::vec((0_u8..255, 0_u16..3), 1..200),
            repeated in 1_usize..200,
            end in 1_u8..255,
        ) {
            // More rows than lanes of eight bits can count.
            let rows = rows.repeat(repeated);
            let column: Vec<u8> = rows.iter().map(|row| row.0).collect();
            let classes: Vec<u16> = rows.iter().map(|row| row.1).collect();
            let ids: Vec<u32> = (0..).take(rows.len()).collect();
            let mut bins = vec![0; rows.len() + LANES];
            let view = View::ByColumn(&column, rows.len());
            view.gather(0, &ids, &mut bins);
            let extremes = extremes_of(&mut bins, ids.len());
            prop_assert_eq!(&bins[..column.len()], &column);
            let (low, high) = (column.iter().min(), column.iter().max());
            prop_assert_eq!(extremes, [*low.unwrap(), *high.unwrap()]);
            let lanes = column.len().next_multiple_of(LANES);

            let expected = |class: u16| {
                let left = rows.iter().filter(|row| row.0 < end && row.1 == class);
                u64::try_from(left.count()).unwrap()
            };
            let all = usize::try_from((0..3).map(expected).sum::<u64>()).unwrap();
            let mut left = [0; 3];
            prop_assert_eq!(count_many(&bins[..column.len()], &classes, end, &mut [7; 3], &mut left), all);
            prop_assert_eq!(left, [expected(0), expected(1), expected(2)]);
            let twice = vec![2; rows.len()];
            prop_assert_eq!(count_amounts(&bins[..column.len()], &classes, &twice, end, &mut left), all);
            prop_assert_eq!(left, [2 * expected(0), 2 * expected(1), 2 * expected(2)]);
            let ones: Vec<u8> = classes.iter().map(|&class| class.min(1) as u8).chain([1; LANES]).collect();
            let counted = count_two(&bins[..lanes], &ones[..lanes], [1, end]);
            let of_two = [expected(0), expected(1) + expected(2)];
            prop_assert_eq!(counted[1].map(u64::from), of_two);
        }

        #[test]
        fn bins_are_found_where_they_are(
            bins in prop::collection::vec(any::<u8>(), 0..200),
            extremes in any::<[u8; 2]>(),
            (start, width) in (1_u8..200, 0_u8..50),
        ) {
            let (mut places, others) = (vec![7], start..start + width);
            find(&bins, extremes, others.clone(), &mut places);
            let wanted = |bin: u8| extremes.contains(&bin) || others.contains(&bin);
            let expected: Vec<u32> =
                (0..).zip(&bins).filter(|(_, bin)| wanted(**bin)).map(|(place, _)| place).collect();
            prop_assert_eq!(places, expected);
        }

        #[test]
        fn both_views_show_the_same_numbers(
            columns in 1_usize..9, ids in prop::collection::vec(0_u32..50, 1..60),
        ) {
            let number = |row: usize, column: usize| u8::try_from(row * 5 + column).unwrap();
            let by_row: Vec<u8> =
                (0..50).flat_map(|row| (0..columns).map(move |column| number(row, column))).collect();
            let by_column: Vec<u8> =
                (0..columns).flat_map(|column| (0..50).map(move |row| number(row, column))).collect();
            for column in 0..columns {
                for view in [View::ByRow(&by_row, columns), View::ByColumn(&by_column, 50)] {
                    let mut bins = vec![0; ids.len() + LANES];
                    view.gather(u32::try_from(column).unwrap(), &ids, &mut bins);
                    let expected: Vec<u8> = ids.iter().map(|&id| number(id as usize, column)).collect();
                    prop_assert_eq!(&bins[..ids.len()], expected);
                }
            }
        }
    }
}
