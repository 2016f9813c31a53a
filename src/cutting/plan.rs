//! The order in which a mosaic is read, so that each of its blocks is decoded about once.
//!
//! The mosaic is divided into tiles of whole blocks that fit a budget of memory, tall rather than wide: the blocks
//! at the sides of a tile are still in GDAL's cache when its neighbour is read, those below are not. A tile
//! whose cells leave most of its blocks untouched is halved until they do not.

use std::collections::BTreeSet;
use std::ops::Range;

use super::spool::SpoolPlace;
use crate::raster::Window;

/// Tiles are this many times as tall as wide, where the budget decides.
const TALLNESS: usize = 4;

/// What has to be known of a raster to plan its reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RasterLayout {
    /// Number of columns.
    pub(super) columns: usize,
    /// Number of rows.
    pub(super) rows: usize,
    /// Columns and rows of a block.
    pub(super) block: (usize, usize),
    /// Bytes of one pixel, all bands.
    pub(super) pixel_bytes: usize,
}

/// A cell whose window is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CellWindow {
    /// Where the cell itself is kept.
    pub(super) place: SpoolPlace,
    /// Its number in the grid.
    pub(super) cell: u32,
    /// First column of its window; may lie outside the raster.
    pub(super) column: i32,
    /// First row of its window; may lie outside the raster.
    pub(super) row: i32,
}

/// One window that is read at once, and the cells that are cut from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// The window.
    pub(super) window: Window,
    /// The cells, by their place in [`ReadingPlan::cells`].
    pub(super) cells: Range<usize>,
}

/// Which windows are read, in which order, for which cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadingPlan {
    /// The cells in the order in which they are cut.
    pub(super) cells: Vec<CellWindow>,
    /// The windows in the order in which they are read.
    pub(super) readings: Vec<Reading>,
}

impl ReadingPlan {
    /// Plans the reading of windows of `size` by `size` pixels, whose first pixels `cells` name and each of which
    /// overlaps the raster, with at most about `budget` bytes in a window.
    pub(super) fn new(
        mut cells: Vec<CellWindow>,
        size: usize,
        layout: &RasterLayout,
        budget: usize,
    ) -> Self {
        let planner = Planner { layout: *layout, size, tile: tile(layout, size, budget) };
        cells.sort_unstable_by_key(|cell| {
            let (column, row) = planner.corner(cell);
            (row / planner.tile.1, column / planner.tile.0, cell.row, cell.column, cell.cell)
        });
        let mut readings = Vec::new();
        let mut start = 0;
        while start < cells.len() {
            let tile = planner.tile_of(&cells[start]);
            let length =
                cells[start..].iter().take_while(|cell| planner.tile_of(cell) == tile).count();
            planner.read(&mut cells[start..start + length], start, &mut readings);
            start += length;
        }
        Self { cells, readings }
    }
}

/// Rows of the strips into which cells can be divided, and planned one strip after the other: no window is read
/// for cells of two of them.
pub(super) fn strip_rows(layout: &RasterLayout, size: usize, budget: usize) -> usize {
    tile(layout, size, budget).1
}

/// Columns and rows of a tile: whole blocks within the budget, or one block where that is larger.
fn tile(layout: &RasterLayout, size: usize, budget: usize) -> (usize, usize) {
    let (block_width, block_height) = (layout.block.0.max(1), layout.block.1.max(1));
    let pixels = (budget / layout.pixel_bytes.max(1)).max(1);
    let width = (pixels / TALLNESS).isqrt().next_multiple_of(block_width).min(layout.columns);
    let height = (pixels / width.max(1)).saturating_sub(size);
    let height = (height / block_height).max(1) * block_height;
    (width.max(1), height)
}

struct Planner {
    layout: RasterLayout,
    size: usize,
    tile: (usize, usize),
}

impl Planner {
    /// The first pixel of the window of `cell` that lies in the raster.
    fn corner(&self, cell: &CellWindow) -> (usize, usize) {
        let place = |value: i32, length: usize| {
            usize::try_from(value.max(0)).map_or(length - 1, |value| value.min(length - 1))
        };
        (place(cell.column, self.layout.columns), place(cell.row, self.layout.rows))
    }

    fn tile_of(&self, cell: &CellWindow) -> (usize, usize) {
        let (column, row) = self.corner(cell);
        (column / self.tile.0, row / self.tile.1)
    }

    /// The window of `cell`, as far as it lies in the raster: columns and rows.
    fn extent(&self, cell: &CellWindow) -> (Range<usize>, Range<usize>) {
        let size = i32::try_from(self.size).expect("a window is small");
        let end = |start: i32, length: usize| {
            usize::try_from((start + size).max(1)).map_or(length, |end| end.min(length))
        };
        let (column, row) = self.corner(cell);
        (column..end(cell.column, self.layout.columns), row..end(cell.row, self.layout.rows))
    }

    /// The smallest window that holds those of all `cells`, as far as they lie in the raster.
    fn bounds(&self, cells: &[CellWindow]) -> Window {
        let extents = cells.iter().map(|cell| self.extent(cell));
        let (columns, rows) = extents
            .reduce(|(columns, rows), (own_columns, own_rows)| {
                let join = |one: Range<usize>, other: Range<usize>| {
                    one.start.min(other.start)..one.end.max(other.end)
                };
                (join(columns, own_columns), join(rows, own_rows))
            })
            .expect("a reading has at least one cell");
        Window { column: columns.start, row: rows.start, width: columns.len(), height: rows.len() }
    }

    fn blocks(&self, columns: &Range<usize>, rows: &Range<usize>) -> (Range<usize>, Range<usize>) {
        let (width, height) = (self.layout.block.0.max(1), self.layout.block.1.max(1));
        (
            columns.start / width..columns.end.div_ceil(width),
            rows.start / height..rows.end.div_ceil(height),
        )
    }

    /// Reads `cells`, the first of which is number `start`, at once where they touch most blocks between
    /// them, and otherwise in halves.
    fn read(&self, cells: &mut [CellWindow], start: usize, readings: &mut Vec<Reading>) {
        let window = self.bounds(cells);
        let (columns, rows) = self.blocks(
            &(window.column..window.column + window.width),
            &(window.row..window.row + window.height),
        );
        let between = columns.len() * rows.len();
        if cells.len() == 1 || between <= 2 || self.touched(cells) * 2 > between {
            readings.push(Reading { window, cells: start..start + cells.len() });
            return;
        }
        // Across the longer side, counted in blocks; ties stay in order.
        let middle = cells.len() / 2;
        if columns.len() > rows.len() {
            cells.sort_unstable_by_key(|cell| (cell.column, cell.row, cell.cell));
        } else {
            cells.sort_unstable_by_key(|cell| (cell.row, cell.column, cell.cell));
        }
        let (first, second) = cells.split_at_mut(middle);
        self.read(first, start, readings);
        self.read(second, start + middle, readings);
    }

    /// How many blocks the windows of `cells` touch.
    fn touched(&self, cells: &[CellWindow]) -> usize {
        let mut blocks = BTreeSet::new();
        for cell in cells {
            let (columns, rows) = self.extent(cell);
            let (columns, rows) = self.blocks(&columns, &rows);
            for row in rows {
                blocks.extend(columns.clone().map(|column| (row, column)));
            }
        }
        blocks.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    fn layout() -> impl Strategy<Value = RasterLayout> {
        (1_usize..3000, 1_usize..3000, 1_usize..300, 1_usize..300).prop_map(
            |(columns, rows, width, height)| RasterLayout {
                columns,
                rows,
                block: (width, height),
                pixel_bytes: 12,
            },
        )
    }

    fn window_of(cell: u32, column: i32, row: i32) -> CellWindow {
        CellWindow { place: SpoolPlace { offset: 0, length: 0 }, cell, column, row }
    }

    /// Cells whose windows overlap the raster.
    fn cells(layout: RasterLayout, size: usize) -> impl Strategy<Value = Vec<CellWindow>> {
        let low = 1 - i32::try_from(size).unwrap();
        let columns = low..i32::try_from(layout.columns).unwrap();
        let rows = low..i32::try_from(layout.rows).unwrap();
        prop::collection::vec((columns, rows), 0..200).prop_map(|places| {
            (0..).zip(places).map(|(cell, (column, row))| window_of(cell, column, row)).collect()
        })
    }

    fn case() -> impl Strategy<Value = (RasterLayout, usize, Vec<CellWindow>)> {
        (layout(), 1_usize..40)
            .prop_flat_map(|(layout, size)| (Just(layout), Just(size), cells(layout, size)))
    }

    proptest! {
        #[test]
        fn every_cell_is_cut_once_from_a_window_that_holds_it(
            (layout, size, cells) in case(),
            budget in 1_usize..10_000_000,
        ) {
            let plan = ReadingPlan::new(cells.clone(), size, &layout, budget);
            let mut found: Vec<u32> = plan.cells.iter().map(|cell| cell.cell).collect();
            found.sort_unstable();
            prop_assert_eq!(found, (0..).take(cells.len()).collect::<Vec<u32>>());
            let mut next = 0;
            for reading in &plan.readings {
                prop_assert_eq!(reading.cells.start, next);
                next = reading.cells.end;
                let window = reading.window;
                prop_assert!(window.column + window.width <= layout.columns);
                prop_assert!(window.row + window.height <= layout.rows);
                for cell in &plan.cells[reading.cells.clone()] {
                    let holds = |start: i32, length: usize, from: usize, extent: usize| {
                        let start = i64::from(start);
                        let end = (start + i64::try_from(size).unwrap())
                            .min(i64::try_from(length).unwrap());
                        start.max(0) >= i64::try_from(from).unwrap()
                            && end <= i64::try_from(from + extent).unwrap()
                    };
                    prop_assert!(holds(cell.column, layout.columns, window.column, window.width));
                    prop_assert!(holds(cell.row, layout.rows, window.row, window.height));
                }
            }
            prop_assert_eq!(next, cells.len());
        }
    }

    /// A grid of cells without gaps over a raster of 8,192 by 8,192 pixels.
    fn full_grid(block: (usize, usize)) -> (RasterLayout, Vec<CellWindow>) {
        let layout = RasterLayout { columns: 8192, rows: 8192, block, pixel_bytes: 12 };
        let places = (0..248).flat_map(|row| (0..248).map(move |column| (row * 33, column * 33)));
        let cells =
            (0..).zip(places).map(|(cell, (row, column))| window_of(cell, column, row)).collect();
        (layout, cells)
    }

    /// How often blocks are decoded, with a cache that keeps the blocks used last, like GDAL's.
    fn decoded(plan: &ReadingPlan, layout: &RasterLayout) -> usize {
        let capacity = (128 << 20) / (layout.block.0 * layout.block.1 * layout.pixel_bytes);
        let planner = Planner { layout: *layout, size: 33, tile: (1, 1) };
        let (mut used, mut order, mut clock, mut decoded) =
            (BTreeMap::new(), BTreeMap::new(), 0_u64, 0);
        for Window { column, row, width, height } in plan.readings.iter().map(|read| read.window) {
            let (columns, rows) = planner.blocks(&(column..column + width), &(row..row + height));
            for block in rows.flat_map(|row| columns.clone().map(move |column| (row, column))) {
                clock += 1;
                match used.insert(block, clock) {
                    Some(before) => drop(order.remove(&before)),
                    None => decoded += 1,
                }
                order.insert(clock, block);
                if order.len() > capacity {
                    let (_, oldest) = order.pop_first().unwrap();
                    used.remove(&oldest);
                }
            }
        }
        decoded
    }

    #[test]
    fn windows_stay_near_the_budget_and_blocks_are_read_about_once() {
        let budget = 32 << 20;
        for block in [(256, 256), (512, 512), (8192, 1), (8192, 16)] {
            let (layout, cells) = full_grid(block);
            let plan = ReadingPlan::new(cells, 33, &layout, budget);
            let largest =
                plan.readings.iter().map(|reading| reading.window.width * reading.window.height);
            assert!(largest.max().unwrap() * 12 < budget * 3 / 2, "{block:?}");
            let blocks = (8192 / block.0) * (8192 / block.1);
            let ratio = decoded(&plan, &layout) as f64 / blocks as f64;
            assert!(ratio < 1.2, "{block:?}: {ratio}");
        }
    }

    #[test]
    fn few_cells_far_apart_are_read_one_by_one() {
        let (layout, cells) = full_grid((256, 256));
        let few: Vec<CellWindow> = cells.into_iter().step_by(4001).collect();
        let count = few.len();
        let plan = ReadingPlan::new(few, 33, &layout, 32 << 20);
        assert!(decoded(&plan, &layout) <= count * 4, "{:?}", plan.readings.len());
    }
}
