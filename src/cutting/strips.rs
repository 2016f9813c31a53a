//! Strip after strip of a mosaic: the cells that are planned and read together.

use std::io;
use std::ops::Range;

use super::CellSet;
use super::row_bands::{Located, RowBands};
use super::slabs::CellWindow;

/// Where windows may begin so that they overlap a mosaic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// Pixels of a window before its centre.
    half: i32,
    columns: usize,
    rows: usize,
}

impl Reach {
    /// For windows of `size` by `size` pixels, an odd number, on a mosaic of `extent` columns and rows.
    pub(super) fn new(extent: (usize, usize), size: usize) -> Self {
        let half = i32::try_from(size / 2).expect("a patch is small");
        Self { half, columns: extent.0, rows: extent.1 }
    }

    /// The window of `cell`; `None` where it does not overlap the mosaic.
    pub(super) fn window(&self, cell: &Located) -> Option<CellWindow> {
        let near = |centre: i32, length: usize| {
            let (first, last) = (i64::from(centre - self.half), i64::from(centre + self.half));
            last >= 0 && usize::try_from(first.max(0)).is_ok_and(|first| first < length)
        };
        let overlaps = near(cell.column, self.columns) && near(cell.row, self.rows);
        overlaps.then_some(CellWindow {
            place: cell.place,
            cell: cell.cell,
            column: cell.column - self.half,
            row: cell.row - self.half,
        })
    }

    /// The row of the mosaic in which `window` begins.
    pub(super) fn first_row(&self, window: &CellWindow) -> usize {
        usize::try_from(window.row.max(0)).map_or(self.rows, |row| row.min(self.rows - 1))
    }
}

/// Which cells are cut.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The rows of the mosaic in which their windows begin.
    pub(super) rows: Range<usize>,
    /// Cells that are left out.
    pub(super) done: CellSet,
}

/// The windows of cells, by strips of the mosaic in which they begin.
#[derive(Debug)]
pub(super) struct Strips<'a> {
    bands: &'a RowBands,
    reach: Reach,
    wanted: &'a Wanted,
    height: usize,
    /// Rows before this one are done.
    done: usize,
    next_band: usize,
    pending: Vec<CellWindow>,
}

impl<'a> Strips<'a> {
    /// Strips of `height` rows.
    pub(super) fn new(
        bands: &'a RowBands,
        reach: Reach,
        wanted: &'a Wanted,
        height: usize,
    ) -> Self {
        let height = height.max(1);
        Self { bands, reach, wanted, height, done: 0, next_band: 0, pending: Vec::new() }
    }

    fn wants(&self, window: &CellWindow) -> bool {
        self.wanted.rows.contains(&self.reach.first_row(window))
            && !self.wanted.done.contains(window.cell)
    }

    fn read(&mut self) -> io::Result<Vec<CellWindow>> {
        let end = self.done + self.height;
        let half = usize::try_from(self.reach.half).expect("half a window is not negative");
        while self.next_band < self.bands.len() && self.bands.first_row(self.next_band) < end + half
        {
            let cells = self.bands.read(self.next_band)?;
            let windows = cells.iter().filter_map(|cell| self.reach.window(cell));
            let wanted: Vec<CellWindow> = windows.filter(|window| self.wants(window)).collect();
            self.pending.extend(wanted);
            self.next_band += 1;
        }
        let reach = self.reach;
        let strip = self.pending.extract_if(.., |window| reach.first_row(window) < end).collect();
        self.done = end;
        Ok(strip)
    }
}

impl Iterator for Strips<'_> {
    type Item = io::Result<Vec<CellWindow>>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.done < self.reach.rows).then(|| self.read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutting::spool::SpoolPlace;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn each_overlapping_cell_comes_with_the_strip_in_which_its_window_begins(
            rows in 1_usize..3000,
            height in 1_usize..900,
            half in 0_i32..30,
            places in prop::collection::vec((-60_i32..100, -60_i32..3100), 0..400),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let mut bands = RowBands::create(directory.path(), rows).unwrap();
            let reach = Reach { half, columns: 40, rows };
            let wanted = Wanted { rows: 0..rows, done: CellSet::default() };
            let mut expected = Vec::new();
            for (cell, &(column, row)) in (0..).zip(&places) {
                let place = SpoolPlace { offset: 0, length: 0 };
                bands.push(Located { place, cell, column, row }).unwrap();
                let inside = |first: i32, length: usize| {
                    (first..=first + 2 * half).any(|pixel| (0..i32::try_from(length).unwrap()).contains(&pixel))
                };
                if inside(column - half, 40) && inside(row - half, rows) {
                    expected.push((usize::try_from((row - half).max(0)).unwrap() / height, cell));
                }
            }
            expected.sort_unstable();
            let mut found = Vec::new();
            for (number, strip) in Strips::new(&bands, reach, &wanted, height).enumerate() {
                found.extend(strip.unwrap().iter().map(|window| (number, window.cell)));
            }
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
