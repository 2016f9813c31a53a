//! Copying pixels from where they were read to the patches of the cells that they belong to.

use std::ops::Range;

use super::plan::CellWindow;
use crate::raster::{MosaicNumber, Plane};

/// Rows of patches of the usual size are copied by code that knows their length: cells of 1 km in pixels of 30 m.
const USUAL_SIZE: usize = 33;

/// Copies to `patch`, `[row, column]` of the window of `cell` with `size` rows and columns, what of it lies in `plane`.
pub(super) fn copy<T: MosaicNumber>(
    plane: &Plane<T>,
    cell: &CellWindow,
    size: usize,
    patch: &mut [T],
) {
    let window = plane.window();
    let columns = common(cell.column.into(), size, window.column, window.width);
    let rows = common(cell.row.into(), size, window.row, window.height);
    let (Some((from_column, columns)), Some((from_row, rows))) = (columns, rows) else { return };
    let from = plane.rows_from(from_row).map(|row| &row[from_column..]);
    let to = patch[rows.start * size..rows.end * size].chunks_exact_mut(size);
    if columns == (0..USUAL_SIZE) {
        for (from, to) in from.zip(to) {
            if let (Some(from), Some(to)) = (from.first_chunk(), to.first_chunk_mut()) {
                let row: &mut [T; USUAL_SIZE] = to;
                *row = *from;
            }
        }
    } else {
        for (from, to) in from.zip(to) {
            to[columns.clone()].copy_from_slice(&from[..columns.len()]);
        }
    }
}

/// Of the `size` rows or columns of a window that begins at `start`, those within `from..from + length`: where the first of
/// them lies in the latter, and which they are.
pub(super) fn common(
    start: i64,
    size: usize,
    from: usize,
    length: usize,
) -> Option<(usize, Range<usize>)> {
    let offset = i64::try_from(from).ok()? - start;
    let first = usize::try_from(offset).unwrap_or(0);
    let end = usize::try_from(offset + i64::try_from(length).ok()?).unwrap_or(0).min(size);
    let skipped = usize::try_from(-offset).unwrap_or(0);
    (first < end).then_some((skipped, first..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutting::spool::SpoolPlace;
    use crate::raster::Window;
    use proptest::prelude::*;

    fn number(row: usize, column: usize) -> u16 {
        u16::try_from(1 + row * 100 + column).unwrap()
    }

    fn plane(window: Window, gap: usize) -> Plane<u16> {
        let stride = window.width + gap;
        let places = (0..window.height).flat_map(|row| (0..stride).map(move |at| (row, at)));
        let numbers = places.map(|(row, at)| match at < window.width {
            true => number(window.row + row, window.column + at),
            false => u16::MAX,
        });
        Plane::new(window, stride, numbers.collect())
    }

    proptest! {
        #[test]
        fn what_is_in_both_is_copied_and_nothing_else_is_touched(
            size in prop_oneof![Just(33_usize), 1_usize..40],
            (column, row) in (-45_i32..70, -45_i32..70),
            (left, top) in (0_usize..30, 0_usize..30),
            (width, height) in (1_usize..70, 1_usize..70),
            gap in 0_usize..3,
        ) {
            let window = Window { column: left, row: top, width, height };
            let place = SpoolPlace { offset: 0, length: 0 };
            let cell = CellWindow { place, cell: 0, column, row };
            let mut patch = vec![0_u16; size * size];
            copy(&plane(window, gap), &cell, size, &mut patch);
            for (index, &found) in patch.iter().enumerate() {
                let at = |start: i32, offset: usize| usize::try_from(start + i32::try_from(offset).unwrap());
                let expected = match (at(row, index / size), at(column, index % size)) {
                    (Ok(row), Ok(column))
                        if (top..top + height).contains(&row)
                            && (left..left + width).contains(&column) => number(row, column),
                    _ => 0,
                };
                prop_assert_eq!(found, expected);
            }
        }
    }
}
