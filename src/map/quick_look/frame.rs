//! Where the cells of a map stand in its picture.

use std::path::Path;

use tesela_datasets::cell::{Cell, Outline, Point};

use crate::map::lattice::{Lattice, LatticeFinder};
use crate::map::{MapError, MapReader};

/// The most squares a side.
const MOST: usize = 2000;
/// The most counts that are kept: four bytes each.
const COUNTS: usize = 32 << 20;
/// Pixels a side that a small country is enlarged to, by a whole number.
const WANTED: usize = 1200;

/// Squares of the ground in rows and columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Upper left corner.
    corner: Point,
    /// Side of a square, in units of the ground.
    pub(super) step: f64,
    /// Pixels a side of a square.
    pub(super) scale: usize,
}

impl Frame {
    /// A frame for the cells of `map`, in which `classes` classes are counted.
    ///
    /// # Errors
    /// If the map cannot be read, or no cell has a place.
    pub(super) fn of_map(map: &Path, classes: usize) -> Result<Self, MapError> {
        let mut finder = Some(LatticeFinder::default());
        let mut spread = Spread::default();
        for rows in MapReader::open(map)? {
            for cell in &rows?.cells {
                finder = finder.and_then(|mut finder| finder.add(cell).ok().map(|()| finder));
                spread.add(cell);
            }
        }
        let most = MOST.min((COUNTS / (classes + 1)).isqrt());
        // What is no lattice is drawn all the same, square by square.
        let lattice = finder.and_then(|finder| finder.finish().ok());
        let frame =
            lattice.map_or_else(|| spread.frame(most), |found| Some(on_lattice(found, most)));
        frame.ok_or_else(|| MapError::NoLattice {
            path: map.to_owned(),
            reason: "no cell of it has a place".to_owned(),
        })
    }

    /// The square in which `cell` lies, if it has a place.
    pub(super) fn square_of(&self, cell: &Cell) -> Option<usize> {
        let middle = cell.outline.as_ref()?.centroid()?;
        let column = below((middle.x - self.corner.x) / self.step, self.columns);
        let row = below((self.corner.y - middle.y) / self.step, self.rows);
        Some(row * self.columns + column)
    }

    fn new(corner: Point, step: f64, columns: usize, rows: usize) -> Self {
        let scale = (WANTED / columns.max(rows)).max(1);
        Self { columns, rows, corner, step, scale }
    }
}

/// Whole cells of a lattice, as few as `most` squares a side allow.
fn on_lattice(lattice: Lattice, most: usize) -> Frame {
    let cells = lattice.columns.max(lattice.rows).div_ceil(most);
    let step = lattice.size * cells as f64;
    let (columns, rows) = (lattice.columns.div_ceil(cells), lattice.rows.div_ceil(cells));
    Frame::new(lattice.corner, step, columns, rows)
}

/// The box of all middles.
#[derive(Debug)]
struct Spread {
    low: Point,
    high: Point,
    cells: u64,
}

impl Default for Spread {
    fn default() -> Self {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { low: Point { x: low, y: low }, high: Point { x: high, y: high }, cells: 0 }
    }
}

impl Spread {
    fn add(&mut self, cell: &Cell) {
        let Some(middle) = cell.outline.as_ref().and_then(Outline::centroid) else {
            return;
        };
        self.low = Point { x: self.low.x.min(middle.x), y: self.low.y.min(middle.y) };
        self.high = Point { x: self.high.x.max(middle.x), y: self.high.y.max(middle.y) };
        self.cells += 1;
    }

    /// About as many squares as there are cells, at most `most` a side.
    fn frame(&self, most: usize) -> Option<Frame> {
        if self.cells == 0 {
            return None;
        }
        let (width, height) = (self.high.x - self.low.x, self.high.y - self.low.y);
        let longest = width.max(height);
        let even = (width * height / self.cells as f64).sqrt().max(longest / self.cells as f64);
        let step = even.max(longest / (most as f64 - 1.0));
        let step = if step.is_normal() { step } else { 1.0 };
        let along = |length: f64| below(length / step, most - 1) + 1;
        let corner = Point { x: self.low.x - step / 2.0, y: self.high.y + step / 2.0 };
        Some(Frame::new(corner, step, along(width + step / 2.0), along(height + step / 2.0)))
    }
}

/// `value` rounded down, and kept below `limit`.
fn below(value: f64, limit: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what lies outside is kept at the edge"
    )]
    let whole = value.max(0.0) as usize;
    whole.min(limit - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::cell::CellId;
    use tesela_datasets::class::Label;

    fn at(x: f64, y: f64) -> Cell {
        let outline = Some(Outline::point(x, y));
        Cell { id: CellId::new("c".to_owned()), label: Label::Undefined, outline, year: None }
    }

    #[test]
    fn a_large_lattice_has_whole_cells_in_each_square() {
        let corner = Point { x: 0.0, y: 3000.0 };
        let lattice = Lattice { columns: 4001, rows: 3000, size: 1.0, corner };
        let frame = on_lattice(lattice, 2000);
        assert_eq!((frame.columns, frame.rows, frame.step, frame.scale), (1334, 1000, 3.0, 1));
        assert_eq!(frame.square_of(&at(3.5, 2999.5)), Some(1));
        assert_eq!(frame.square_of(&at(0.5, 0.5)), Some(999 * 1334));
    }

    #[test]
    fn points_anywhere_lie_in_a_square_each() {
        let mut spread = Spread::default();
        let cells: Vec<Cell> = (0..100).map(|n| at(f64::from(n % 10), f64::from(n / 10))).collect();
        cells.iter().for_each(|cell| spread.add(cell));
        let frame = spread.frame(2000).unwrap();
        assert!((9..=12).contains(&frame.columns) && (9..=12).contains(&frame.rows), "{frame:?}");
        assert_eq!(frame.square_of(&cells[90]), Some(0));
        let one =
            Spread { low: Point { x: 1.0, y: 1.0 }, high: Point { x: 1.0, y: 1.0 }, cells: 1 };
        assert_eq!(one.frame(2000).map(|frame| (frame.columns, frame.rows)), Some((1, 1)));
        assert!(Spread::default().frame(2000).is_none());
    }
}
