//! How a mosaic is divided into slabs: whole blocks that are read together, each block once.
//!
//! Slabs are read row by row. Pixels go to the patches of all cells as soon as they are read, so that nothing is read again for
//! a neighbour; blocks that no cell touches are left out.

use std::collections::BTreeSet;
use std::ops::Range;

use super::spool::SpoolPlace;
use crate::raster::{Access, Window};

/// Side of a slab of small blocks, in pixels: most cells lie within one.
const SIDE: usize = 256;

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

/// How a raster is divided for windows of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slabs {
    layout: RasterLayout,
    size: usize,
    slab: (usize, usize),
}

impl Slabs {
    /// For windows of `size` by `size` pixels.
    pub(super) fn new(layout: &RasterLayout, size: usize) -> Self {
        let mut layout = *layout;
        layout.block = (layout.block.0.max(1), layout.block.1.max(1));
        Self { layout, size, slab: slab(&layout, size) }
    }

    /// Rows of a slab.
    pub(super) fn height(&self) -> usize {
        self.slab.1
    }

    /// Pixels of a slab.
    pub(super) fn pixels(&self) -> usize {
        self.slab.0.min(self.layout.columns) * self.slab.1.min(self.layout.rows)
    }

    /// Whether all of the window of `cell` lies in the raster.
    pub(super) fn is_inside(&self, cell: &CellWindow) -> bool {
        let extent = self.extent(cell);
        extent.width == self.size && extent.height == self.size
    }

    /// The window of `cell`, as far as it lies in the raster; those of all cells overlap it.
    pub(super) fn extent(&self, cell: &CellWindow) -> Window {
        let size = i32::try_from(self.size).expect("a window is small");
        let range = |start: i32, length: usize| {
            let first = usize::try_from(start.max(0)).map_or(length - 1, |at| at.min(length - 1));
            let end = usize::try_from((start + size).max(1)).map_or(length, |end| end.min(length));
            (first, end.max(first + 1) - first)
        };
        let (column, width) = range(cell.column, self.layout.columns);
        let (row, height) = range(cell.row, self.layout.rows);
        Window { column, row, width, height }
    }

    /// The columns and rows of slabs that `extent` touches.
    pub(super) fn touched(&self, extent: Window) -> (Range<usize>, Range<usize>) {
        let touched =
            |from: usize, length: usize, step: usize| from / step..(from + length).div_ceil(step);
        (
            touched(extent.column, extent.width, self.slab.0),
            touched(extent.row, extent.height, self.slab.1),
        )
    }

    /// In how many slabs the window of `cell` lies.
    pub(super) fn pieces(&self, cell: &CellWindow) -> usize {
        let (columns, rows) = self.touched(self.extent(cell));
        columns.len() * rows.len()
    }

    /// The part of the window of `cell` that lies in the slab in column and row `place` of slabs.
    pub(super) fn within(&self, cell: &CellWindow, place: (usize, usize)) -> Window {
        let extent = self.extent(cell);
        let clip = |from: usize, length: usize, place: usize, step: usize| {
            let first = from.max(place * step);
            (first, (from + length).min((place + 1) * step) - first)
        };
        let (column, width) = clip(extent.column, extent.width, place.0, self.slab.0);
        let (row, height) = clip(extent.row, extent.height, place.1, self.slab.1);
        Window { column, row, width, height }
    }

    /// What is read of the slab at `place` for `cells`: block by block, or, where more is best read at once, the smallest window
    /// of blocks that has what they need, if most of it is needed.
    pub(super) fn windows(&self, place: (usize, usize), cells: &[CellWindow]) -> Vec<Window> {
        let (width, height) = self.layout.block;
        let mut blocks = BTreeSet::new();
        for cell in cells {
            let part = self.within(cell, place);
            for row in part.row / height..(part.row + part.height).div_ceil(height) {
                let columns = part.column / width..(part.column + part.width).div_ceil(width);
                blocks.extend(columns.map(|column| (row, column)));
            }
        }
        let rows = spanned(blocks.iter().map(|&(row, _)| row));
        let columns = spanned(blocks.iter().map(|&(_, column)| column));
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

/// Columns and rows of a slab: whole blocks. Those that are read one by one are as many as most cells fit into, and others as
/// many as are best read at once, rather wide than tall: blocks lie beside each other in the file, and cells are complete soon.
fn slab(layout: &RasterLayout, size: usize) -> (usize, usize) {
    let (width, height) = layout.block;
    let side = size.max(SIDE);
    let Access::Windows { bytes, .. } = layout.access else {
        return (side.next_multiple_of(width), side.next_multiple_of(height));
    };
    let pixels = bytes / layout.number_bytes.max(1);
    let rows = side.next_multiple_of(height);
    let columns = (pixels / rows / width).max(1) * width;
    let columns = columns.min(layout.columns.next_multiple_of(width));
    (columns, rows.min((pixels / columns / height).max(1) * height))
}

/// From the first to the last of `places`.
fn spanned(places: impl Iterator<Item = usize> + Clone) -> Range<usize> {
    let end = places.clone().max().map_or(0, |last| last + 1);
    places.min().unwrap_or(end)..end
}
