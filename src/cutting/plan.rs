//! The order in which a mosaic is read, so that each of its blocks is read once.
//!
//! The mosaic is divided into strips, strips into tiles of whole blocks, tall rather than wide, and tiles into slabs that are
//! read one after the other. Pixels go to the patches of all cells as soon as they are read, so that nothing is read again
//! for a neighbour. A cell is complete with the last slab that it touches; blocks that no cell touches are left out.

use std::collections::BTreeSet;
use std::ops::Range;

use super::spool::SpoolPlace;
use crate::raster::{Access, Window};

/// Pixels of a tile, before it is rounded to blocks: cells at its edges wait for its neighbours, and few do.
const TILE_PIXELS: usize = 2_800_000;
/// Pixels of a tile at most, unless a row of blocks has more.
const MOST_TILE_PIXELS: usize = 16 * TILE_PIXELS;
/// Tiles are this many times as tall as wide where the blocks leave a choice: tiles beside each other wait for each other's
/// cells shortly, tiles below for long.
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
    /// Bytes of one number.
    pub(super) number_bytes: usize,
    /// How much is best read at once.
    pub(super) access: Access,
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

/// A tile by its place among the others; those of lower rows come first, and of one row those of lower columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TilePlace {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// How a raster is divided for windows of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiling {
    layout: RasterLayout,
    size: usize,
    tile: (usize, usize),
    slab: (usize, usize),
}

/// Columns and rows of the raster.
type Extent = (Range<usize>, Range<usize>);

impl Tiling {
    /// For windows of `size` by `size` pixels.
    pub(super) fn new(layout: &RasterLayout, size: usize) -> Self {
        let mut layout = *layout;
        layout.block = (layout.block.0.max(1), layout.block.1.max(1));
        let tile = tile(&layout);
        Self { layout, size, tile, slab: slab(&layout, tile, size) }
    }

    /// Rows of a strip of tiles.
    pub(super) fn strip_rows(&self) -> usize {
        self.tile.1
    }

    /// The first and the last tile that `window` touches.
    pub(super) fn tiles(&self, window: &CellWindow) -> (TilePlace, TilePlace) {
        let (columns, rows) = self.extent(window);
        let place = |column: usize, row: usize| TilePlace {
            row: row / self.tile.1,
            column: column / self.tile.0,
        };
        (place(columns.start, rows.start), place(columns.end - 1, rows.end - 1))
    }

    /// Whether all of `window` lies in the raster.
    pub(super) fn is_inside(&self, window: &CellWindow) -> bool {
        let (columns, rows) = self.extent(window);
        columns.len() == self.size && rows.len() == self.size
    }

    /// `window`, as far as it lies in the raster; all windows overlap it.
    fn extent(&self, window: &CellWindow) -> Extent {
        let size = i32::try_from(self.size).expect("a window is small");
        let range = |start: i32, length: usize| {
            let first = usize::try_from(start.max(0)).map_or(length - 1, |at| at.min(length - 1));
            let end = usize::try_from((start + size).max(1)).map_or(length, |end| end.min(length));
            first..end.max(first + 1)
        };
        (range(window.column, self.layout.columns), range(window.row, self.layout.rows))
    }

    /// The part of `extent` that lies in the tile at `place`.
    fn within(&self, extent: Extent, place: TilePlace) -> Extent {
        let clip = |range: Range<usize>, place: usize, step: usize| {
            range.start.max(place * step)..range.end.min((place + 1) * step)
        };
        (clip(extent.0, place.column, self.tile.0), clip(extent.1, place.row, self.tile.1))
    }

    /// The slabs that `extent`, which lies in the tile at `place`, touches: rows and columns of slabs, counted from the corner
    /// of the tile.
    fn slabs(&self, extent: &Extent, place: TilePlace) -> (Range<usize>, Range<usize>) {
        let count = |range: &Range<usize>, from: usize, step: usize| {
            (range.start - from) / step..(range.end - from).div_ceil(step)
        };
        (
            count(&extent.1, place.row * self.tile.1, self.slab.1),
            count(&extent.0, place.column * self.tile.0, self.slab.0),
        )
    }
}

/// Columns and rows of a tile: whole blocks.
fn tile(layout: &RasterLayout) -> (usize, usize) {
    let (block_width, block_height) = layout.block;
    let side = (TILE_PIXELS / TALLNESS).isqrt();
    let width =
        side.next_multiple_of(block_width).min(layout.columns.next_multiple_of(block_width));
    let height = (side * TALLNESS).min(MOST_TILE_PIXELS / width);
    (width, (height / block_height).max(1) * block_height)
}

/// Columns and rows of a slab of a tile: whole blocks. Those that are read one by one are as many as a window of `size` by
/// `size` pixels has room for, and others as many as are best read at once.
fn slab(layout: &RasterLayout, tile: (usize, usize), size: usize) -> (usize, usize) {
    let Access::Windows { bytes } = layout.access else {
        let fitting = |block: usize, most: usize| size.next_multiple_of(block).min(most);
        return (fitting(layout.block.0, tile.0), fitting(layout.block.1, tile.1));
    };
    let fitting = |bytes: usize, block: usize, most: usize| {
        ((bytes / block.max(1)).max(1)).min((most / block).max(1)) * block
    };
    let number = layout.number_bytes.max(1);
    let width = fitting(bytes / number / layout.block.1, layout.block.0, tile.0);
    (width, fitting(bytes / number / width, layout.block.1, tile.1))
}

/// What is read of a tile, in which order, for which cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TilePlan {
    /// Slab after slab.
    pub(super) steps: Vec<Step>,
    /// The cells that are complete with this tile, by the step that completes them.
    pub(super) ending: Vec<usize>,
}

/// Some blocks that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Disjoint windows of the mosaic, each of whole blocks.
    pub(super) windows: Vec<Window>,
    /// The cells that touch them.
    pub(super) cells: Vec<usize>,
    /// How many of [`TilePlan::ending`] are complete then.
    pub(super) complete: usize,
}

impl TilePlan {
    /// Plans the tile at `place`, which all `windows` touch.
    pub(super) fn new(tiling: &Tiling, place: TilePlace, windows: &[CellWindow]) -> Self {
        let extents: Vec<Extent> =
            windows.iter().map(|window| tiling.within(tiling.extent(window), place)).collect();
        let mut touches = Vec::with_capacity(2 * windows.len());
        let mut ends = Vec::new();
        for (cell, (window, extent)) in windows.iter().zip(&extents).enumerate() {
            let (rows, columns) = tiling.slabs(extent, place);
            if tiling.tiles(window).1 == place {
                let last = (rows.end - 1, columns.end - 1);
                ends.push((last, window.row, window.column, window.cell, cell));
            }
            for row in rows {
                touches.extend(columns.clone().map(|column| ((row, column), cell)));
            }
        }
        touches.sort_unstable();
        ends.sort_unstable();
        let steps = touches
            .chunk_by(|one, other| one.0 == other.0)
            .map(|touches| {
                let (slab, _) = touches[0];
                let cells: Vec<usize> = touches.iter().map(|&(_, cell)| cell).collect();
                Step {
                    windows: tiling.windows(slab, place, &cells, &extents),
                    complete: ends.partition_point(|&(last, ..)| last <= slab),
                    cells,
                }
            })
            .collect();
        Self { steps, ending: ends.into_iter().map(|(.., cell)| cell).collect() }
    }
}

impl Tiling {
    /// What is read of the slab at row and column `slab` of the tile at `place`, which `cells` touch: block by block, or, where
    /// more is best read at once, the smallest window of blocks that has what they need, if most of it is needed.
    fn windows(
        &self,
        slab: (usize, usize),
        place: TilePlace,
        cells: &[usize],
        extents: &[Extent],
    ) -> Vec<Window> {
        let first = (
            place.column * self.tile.0 + slab.1 * self.slab.0,
            place.row * self.tile.1 + slab.0 * self.slab.1,
        );
        let (width, height) = self.layout.block;
        let mut blocks = BTreeSet::new();
        for &cell in cells {
            let (columns, rows) = &extents[cell];
            let clip = |range: &Range<usize>, first: usize, length: usize, block: usize| {
                range.start.max(first) / block..range.end.min(first + length).div_ceil(block)
            };
            for row in clip(rows, first.1, self.slab.1, height) {
                let columns = clip(columns, first.0, self.slab.0, width);
                blocks.extend(columns.map(|column| (row, column)));
            }
        }
        let rows = blocks.iter().map(|&(row, _)| row);
        let columns = blocks.iter().map(|&(_, column)| column);
        let (rows, columns) = (spanned(rows), spanned(columns));
        let at_once = matches!(self.layout.access, Access::Windows { .. });
        if at_once && blocks.len() * 2 > rows.len() * columns.len() {
            return vec![self.window(rows, columns)];
        }
        blocks.iter().map(|&(row, column)| self.window(row..row + 1, column..column + 1)).collect()
    }

    /// The window of these rows and columns of blocks, as far as there are pixels.
    fn window(&self, rows: Range<usize>, columns: Range<usize>) -> Window {
        let (width, height) = self.layout.block;
        let (column, row) = (columns.start * width, rows.start * height);
        Window {
            column,
            row,
            width: (columns.end * width).min(self.layout.columns) - column,
            height: (rows.end * height).min(self.layout.rows) - row,
        }
    }
}

/// From the first to the last of `places`.
fn spanned(places: impl Iterator<Item = usize> + Clone) -> Range<usize> {
    let end = places.clone().max().map_or(0, |last| last + 1);
    places.min().unwrap_or(end)..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    fn layout() -> impl Strategy<Value = RasterLayout> {
        let access = prop_oneof![
            Just(Access::Blocks),
            (1_usize..20_000_000).prop_map(|bytes| Access::Windows { bytes }),
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
        (layout(), 1_usize..400)
            .prop_flat_map(|(layout, size)| (Just(layout), Just(size), cells(layout, size)))
    }

    /// The tiles that `window` touches.
    fn touched(tiling: &Tiling, window: &CellWindow) -> Vec<TilePlace> {
        let (first, last) = tiling.tiles(window);
        (first.row..=last.row)
            .flat_map(|row| {
                (first.column..=last.column).map(move |column| TilePlace { row, column })
            })
            .collect()
    }

    /// All plans, tile after tile, with the cells of each tile.
    fn plans(tiling: &Tiling, cells: &[CellWindow]) -> Vec<(TilePlan, Vec<CellWindow>)> {
        let mut tiles: BTreeMap<TilePlace, Vec<CellWindow>> = BTreeMap::new();
        for cell in cells {
            for place in touched(tiling, cell) {
                tiles.entry(place).or_default().push(*cell);
            }
        }
        let plan = |(place, cells): (TilePlace, Vec<CellWindow>)| {
            (TilePlan::new(tiling, place, &cells), cells)
        };
        tiles.into_iter().map(plan).collect()
    }

    proptest! {
        #[test]
        fn each_pixel_of_each_cell_comes_once_and_no_block_twice((layout, size, cells) in case()) {
            let tiling = Tiling::new(&layout, size);
            let mut missing: BTreeMap<u32, usize> = cells
                .iter()
                .map(|cell| (cell.cell, tiling.extent(cell).0.len() * tiling.extent(cell).1.len()))
                .collect();
            let (mut seen, mut ended) = (BTreeSet::new(), BTreeSet::new());
            for (plan, cells) in plans(&tiling, &cells) {
                let mut complete = 0;
                for step in &plan.steps {
                    for window in &step.windows {
                        let (right, below) = (window.column + window.width, window.row + window.height);
                        prop_assert!(right <= layout.columns && below <= layout.rows);
                        for row in (window.row..below).step_by(layout.block.1) {
                            for column in (window.column..right).step_by(layout.block.0) {
                                prop_assert_eq!((column % layout.block.0, row % layout.block.1), (0, 0));
                                prop_assert!(seen.insert((row, column)), "{row} {column}");
                            }
                        }
                        for &cell in &step.cells {
                            let (columns, rows) = tiling.extent(&cells[cell]);
                            let common = |range: Range<usize>, start: usize, end: usize| {
                                range.end.min(end).saturating_sub(range.start.max(start))
                            };
                            *missing.get_mut(&cells[cell].cell).unwrap() -=
                                common(columns, window.column, right) * common(rows, window.row, below);
                        }
                    }
                    for &cell in &plan.ending[complete..step.complete] {
                        prop_assert_eq!(missing[&cells[cell].cell], 0);
                        prop_assert!(ended.insert(cells[cell].cell));
                    }
                    complete = step.complete;
                }
                prop_assert_eq!(complete, plan.ending.len());
            }
            prop_assert_eq!(ended.len(), cells.len());
        }
    }

    fn of_blocks(columns: usize, rows: usize, block: (usize, usize)) -> RasterLayout {
        RasterLayout { columns, rows, block, number_bytes: 2, access: Access::Blocks }
    }

    #[test]
    fn tiles_and_slabs_are_of_whole_blocks() {
        let tiling = Tiling::new(&of_blocks(70_000, 42_000, (256, 256)), 33);
        assert_eq!((tiling.tile, tiling.slab), ((1024, 3328), (256, 256)));
        let striped = Tiling::new(&of_blocks(70_000, 42_000, (70_000, 1)), 33);
        assert_eq!((striped.tile, striped.slab), ((70_000, 640), (70_000, 33)));
        let windows = |bytes| RasterLayout {
            access: Access::Windows { bytes },
            ..of_blocks(70_000, 42_000, (256, 256))
        };
        assert_eq!(Tiling::new(&windows(8 << 20), 33).slab, (1024, 3328));
        assert_eq!(Tiling::new(&windows(1 << 20), 33).slab, (1024, 512));
        assert_eq!(Tiling::new(&windows(1), 33).slab, (256, 256));
    }

    #[test]
    fn few_cells_far_apart_need_few_blocks() {
        let layout = RasterLayout {
            access: Access::Windows { bytes: 8 << 20 },
            ..of_blocks(8192, 8192, (256, 256))
        };
        let tiling = Tiling::new(&layout, 33);
        let places = (0..8).flat_map(|row| (0..8).map(move |column| (row * 1000, column * 1000)));
        let cells: Vec<CellWindow> =
            (0..).zip(places).map(|(cell, (row, column))| window_of(cell, column, row)).collect();
        let windows = plans(&tiling, &cells).into_iter().flat_map(|(plan, _)| plan.steps);
        let pixels = windows
            .flat_map(|step| step.windows)
            .map(|window| window.width * window.height)
            .sum::<usize>();
        assert!(pixels <= cells.len() * 4 * 256 * 256, "{pixels}");
    }
}
