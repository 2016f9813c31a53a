//! The steps in which a mosaic is read: slab after slab, each with the cells that have pixels in it.

use std::collections::VecDeque;
use std::io;

use super::slabs::{CellWindow, Slabs};
use super::strips::Strips;
use crate::raster::Window;

/// Some blocks that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Column and row of the slab among all.
    pub(super) place: (usize, usize),
    /// Disjoint windows of the mosaic, each of whole blocks.
    pub(super) windows: Vec<Window>,
    /// The cells that touch them.
    pub(super) cells: Vec<CellWindow>,
}

/// All steps, in the order of rows of slabs. Strips of the cells must have the height of a slab.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    slabs: Slabs,
    strips: Strips<'a>,
    /// The row of slabs that comes next.
    row: usize,
    /// Cells that go on in that row.
    open: Vec<CellWindow>,
    ready: VecDeque<Step>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(slabs: Slabs, strips: Strips<'a>) -> Self {
        Self { slabs, strips, row: 0, open: Vec::new(), ready: VecDeque::new() }
    }

    /// Plans the next row of slabs, in which `strip` begins.
    fn plan(&mut self, strip: Vec<CellWindow>) {
        let row = self.row;
        self.row += 1;
        self.open.extend(strip);
        let mut touches = Vec::with_capacity(self.open.len() * 2);
        for cell in &self.open {
            let (columns, _) = self.slabs.touched(self.slabs.extent(cell));
            touches.extend(columns.map(|column| (column, *cell)));
        }
        touches.sort_unstable_by_key(|(column, cell)| (*column, cell.row, cell.column, cell.cell));
        for touches in touches.chunk_by(|one, other| one.0 == other.0) {
            let place = (touches[0].0, row);
            let cells: Vec<CellWindow> = touches.iter().map(|&(_, cell)| cell).collect();
            self.ready.push_back(Step { place, windows: self.slabs.windows(place, &cells), cells });
        }
        let slabs = self.slabs;
        self.open.retain(|cell| slabs.touched(slabs.extent(cell)).1.end > row + 1);
    }
}

impl Iterator for Steps<'_> {
    type Item = io::Result<Step>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() {
            match self.strips.next()? {
                Ok(strip) => self.plan(strip),
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use crate::cutting::CellSet;
    use crate::cutting::row_bands::{Located, RowBands};
    use crate::cutting::slabs::RasterLayout;
    use crate::cutting::spool::SpoolPlace;
    use crate::cutting::strips::{Reach, Wanted};
    use crate::raster::Access;

    fn layout() -> impl Strategy<Value = RasterLayout> {
        let access = prop_oneof![
            Just(Access::Blocks),
            (1_usize..20_000_000).prop_map(|bytes| Access::Windows { bytes, readers: 1 }),
        ];
        (1_usize..5000, 1_usize..8000, 1_usize..300, 1_usize..300, access).prop_map(
            |(columns, rows, width, height, access)| RasterLayout {
                columns,
                rows,
                block: (width, height),
                number_bytes: 2,
                access,
            },
        )
    }

    /// Centres of cells whose windows, of this many pixels on each side of the centre, overlap the raster.
    fn centres(layout: RasterLayout, half: i32) -> impl Strategy<Value = Vec<(i32, i32)>> {
        let columns = -half..i32::try_from(layout.columns).unwrap() + half;
        let rows = -half..i32::try_from(layout.rows).unwrap() + half;
        prop::collection::vec((columns, rows), 0..200)
    }

    fn case() -> impl Strategy<Value = (RasterLayout, i32, Vec<(i32, i32)>)> {
        (layout(), 0_i32..200)
            .prop_flat_map(|(layout, half)| (Just(layout), Just(half), centres(layout, half)))
    }

    /// The steps for cells with these centres.
    fn steps(layout: &RasterLayout, half: i32, centres: &[(i32, i32)]) -> (Slabs, Vec<Step>) {
        let size = usize::try_from(2 * half + 1).unwrap();
        let slabs = Slabs::new(layout, size);
        let directory = tempfile::tempdir().unwrap();
        let mut bands = RowBands::create(directory.path(), layout.rows).unwrap();
        for (cell, &(column, row)) in (0..).zip(centres) {
            let place = SpoolPlace { offset: 0, length: 0 };
            bands.push(Located { place, cell, column, row }).unwrap();
        }
        let reach = Reach::new((layout.columns, layout.rows), size);
        let wanted = Wanted { rows: 0..layout.rows, done: CellSet::default() };
        let strips = Strips::new(&bands, reach, &wanted, slabs.height());
        (slabs, Steps::new(slabs, strips).map(Result::unwrap).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn each_pixel_of_each_cell_comes_once_and_no_block_twice((layout, half, centres) in case()) {
            let (slabs, steps) = steps(&layout, half, &centres);
            let mut seen = BTreeSet::new();
            // Pixels and pieces of each cell so far.
            let mut found: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
            let mut windows_of = BTreeMap::new();
            for step in &steps {
                for window in &step.windows {
                    let (right, below) = (window.column + window.width, window.row + window.height);
                    prop_assert!(right <= layout.columns && below <= layout.rows);
                    for row in (window.row..below).step_by(layout.block.1) {
                        for column in (window.column..right).step_by(layout.block.0) {
                            prop_assert_eq!((column % layout.block.0, row % layout.block.1), (0, 0));
                            prop_assert!(seen.insert((row, column)), "{row} {column}");
                        }
                    }
                }
                for cell in &step.cells {
                    windows_of.insert(cell.cell, *cell);
                    let part = slabs.within(cell, step.place);
                    let common = |from: usize, length: usize, start: usize, end: usize| {
                        (from + length).min(start + end).saturating_sub(from.max(start))
                    };
                    let pixels: usize = step.windows.iter().map(|window| {
                        common(part.column, part.width, window.column, window.width)
                            * common(part.row, part.height, window.row, window.height)
                    }).sum();
                    prop_assert_eq!(pixels, part.width * part.height);
                    let (all, pieces) = found.entry(cell.cell).or_default();
                    *all += pixels;
                    *pieces += 1;
                }
            }
            prop_assert_eq!(found.len(), centres.len());
            for (cell, (pixels, pieces)) in found {
                let extent = slabs.extent(&windows_of[&cell]);
                prop_assert_eq!(pixels, extent.width * extent.height);
                prop_assert_eq!(pieces, slabs.pieces(&windows_of[&cell]));
            }
        }
    }

    fn of_blocks(columns: usize, rows: usize, block: (usize, usize)) -> RasterLayout {
        RasterLayout { columns, rows, block, number_bytes: 2, access: Access::Blocks }
    }

    #[test]
    fn slabs_are_of_whole_blocks_as_many_as_are_best_read_at_once() {
        let slab = |layout: RasterLayout| {
            let slabs = Slabs::new(&layout, 33);
            (slabs.pixels() / slabs.height(), slabs.height())
        };
        let blocks = |block| of_blocks(70_000, 42_000, block);
        assert_eq!(slab(blocks((256, 256))), (256, 256));
        assert_eq!(slab(blocks((64, 48))), (256, 288));
        assert_eq!(slab(blocks((1024, 512))), (1024, 512));
        let windows = |bytes, block| RasterLayout {
            access: Access::Windows { bytes, readers: 1 },
            ..blocks(block)
        };
        assert_eq!(slab(windows(8 << 20, (256, 256))), (16_384, 256));
        assert_eq!(slab(windows(1 << 20, (256, 256))), (2048, 256));
        assert_eq!(slab(windows(1, (256, 256))), (256, 256));
        assert_eq!(slab(windows(1 << 20, (70_000, 1))), (70_000, 7));
    }

    #[test]
    fn few_cells_far_apart_need_few_blocks() {
        let access = Access::Windows { bytes: 8 << 20, readers: 1 };
        let layout = RasterLayout { access, ..of_blocks(8192, 8192, (256, 256)) };
        let places = (0..8).flat_map(|row| (0..8).map(move |column| (row * 1000, column * 1000)));
        let centres: Vec<(i32, i32)> =
            places.map(|(row, column)| (column + 16, row + 16)).collect();
        let (_, steps) = steps(&layout, 16, &centres);
        let windows = steps.iter().flat_map(|step| &step.windows);
        let pixels = windows.map(|window| window.width * window.height).sum::<usize>();
        assert!(pixels <= centres.len() * 4 * 256 * 256, "{pixels}");
    }
}
