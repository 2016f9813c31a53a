//! Copying pixels from where they were read to the patches of the cells that they belong to.

use std::ops::Range;

use crate::raster::{MosaicNumber, Plane, Window};

/// Rows of patches of the usual size are copied by code that knows their length: cells of 1 km in pixels of 30 m.
const USUAL_SIZE: usize = 33;

/// Where pixels of one band go.
#[derive(Debug, PartialEq)]
pub(super) struct Target<'a, T> {
    /// First column in the mosaic; may lie outside.
    pub(super) column: i64,
    /// First row in the mosaic; may lie outside.
    pub(super) row: i64,
    /// Number of columns.
    pub(super) width: usize,
    /// `[row, column]`.
    pub(super) numbers: &'a mut [T],
}

/// Pixels of one band where they were read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Origin<'a, T> {
    /// Where they lie in the mosaic.
    pub(super) window: Window,
    /// Numbers from the beginning of a row to that of the next.
    pub(super) stride: usize,
    /// `[row, column]`.
    pub(super) numbers: &'a [T],
}

impl<'a, T> From<&'a Plane<T>> for Origin<'a, T> {
    fn from(plane: &'a Plane<T>) -> Self {
        Self { window: plane.window(), stride: plane.stride(), numbers: plane.numbers() }
    }
}

/// Copies to `target` what of it lies in `origin`.
pub(super) fn copy<T: MosaicNumber>(origin: Origin<'_, T>, target: Target<'_, T>) {
    let (window, Target { column, row, width, numbers }) = (origin.window, target);
    let columns = common(column, width, window.column, window.width);
    let rows = common(row, numbers.len() / width, window.row, window.height);
    let (Some((from_column, columns)), Some((from_row, rows))) = (columns, rows) else { return };
    let from = origin.numbers[from_row * origin.stride..].chunks(origin.stride);
    let from = from.map(|row| &row[from_column..]);
    let to = numbers[rows.start * width..rows.end * width].chunks_exact_mut(width);
    if columns == (0..USUAL_SIZE) && width == USUAL_SIZE {
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
            (target_width, target_height) in (prop_oneof![Just(33_usize), 1_usize..40], 1_usize..40),
            (column, row) in (-45_i64..70, -45_i64..70),
            (left, top) in (0_usize..30, 0_usize..30),
            (width, height) in (1_usize..70, 1_usize..70),
            gap in 0_usize..3,
        ) {
            let window = Window { column: left, row: top, width, height };
            let mut numbers = vec![0_u16; target_width * target_height];
            let target = Target { column, row, width: target_width, numbers: &mut numbers };
            copy(Origin::from(&plane(window, gap)), target);
            for (index, &found) in numbers.iter().enumerate() {
                let at = |start: i64, offset: usize| usize::try_from(start + i64::try_from(offset).unwrap());
                let expected = match (at(row, index / target_width), at(column, index % target_width)) {
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
