//! Lattices: where the cells of a regular grid stand in a raster of cells.

use tesela_datasets::cell::Point;

use super::CellList;

/// The most pixels of a raster of cells.
const MAX_PIXELS: usize = 1 << 30;
/// How far corners may be from their place, in cells.
const SLACK: f64 = 1e-3;
/// The place of a pixel without a cell.
pub(super) const NO_CELL: u32 = u32::MAX;

/// Equal axis-parallel squares in rows and columns, with gaps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lattice {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Side of a cell.
    pub(super) size: f64,
    /// Upper left corner.
    pub(super) corner: Point,
    /// `[row, column]`: the cell, or [`NO_CELL`].
    pub(super) cells: Vec<u32>,
}

impl Lattice {
    /// Finds the lattice of `cells`; the message says what keeps them from being one.
    pub(super) fn of(cells: &CellList) -> Result<Self, String> {
        let boxes = |index: usize| Square::of(cells.corners(index), cells.id(index));
        let first = boxes(0)?;
        let (mut x, mut y) = ((first.x, first.x), (first.y, first.y));
        for index in 0..cells.len() {
            let square = boxes(index)?;
            if (square.size - first.size).abs() > SLACK * first.size {
                return Err(format!(
                    "cell `{}` is {} wide, and others are {}",
                    cells.id(index),
                    square.size,
                    first.size
                ));
            }
            x = (x.0.min(square.x), x.1.max(square.x));
            y = (y.0.min(square.y), y.1.max(square.y));
        }
        let (columns, rows) = (count(x, first.size)?, count(y, first.size)?);
        let pixels = columns.checked_mul(rows).filter(|&pixels| pixels <= MAX_PIXELS);
        let pixels = pixels.ok_or_else(|| format!("it would have {columns} × {rows} pixels"))?;
        let corner = Point { x: x.0, y: y.1 + first.size };
        let mut lattice =
            Self { columns, rows, size: first.size, corner, cells: vec![NO_CELL; pixels] };
        for (number, index) in (0_u32..).zip(0..cells.len()) {
            let square = boxes(index)?;
            let column = place((square.x - x.0) / first.size);
            let row = place((y.1 - square.y) / first.size);
            let (Some(column), Some(row)) = (column, row) else {
                return Err(format!("cell `{}` lies between rows or columns", cells.id(index)));
            };
            let pixel = &mut lattice.cells[row * columns + column];
            if *pixel != NO_CELL {
                return Err(format!("cell `{}` lies on another", cells.id(index)));
            }
            *pixel = number;
        }
        Ok(lattice)
    }
}

/// An axis-parallel square by its lower left corner.
struct Square {
    x: f64,
    y: f64,
    size: f64,
}

impl Square {
    fn of(corners: &[Point], id: &str) -> Result<Self, String> {
        let low = |axis: fn(&Point) -> f64| corners.iter().map(axis).fold(f64::INFINITY, f64::min);
        let high =
            |axis: fn(&Point) -> f64| corners.iter().map(axis).fold(f64::NEG_INFINITY, f64::max);
        let (x, y) = (low(|corner| corner.x), low(|corner| corner.y));
        let (width, height) = (high(|corner| corner.x) - x, high(|corner| corner.y) - y);
        let near = |value: f64, edge: f64, side: f64| {
            (value - edge).abs() <= SLACK * width || (value - edge - side).abs() <= SLACK * width
        };
        let upright =
            corners.iter().all(|corner| near(corner.x, x, width) && near(corner.y, y, height));
        let square = width > 0.0 && width.is_finite() && (width - height).abs() <= SLACK * width;
        if corners.len() == 4 && upright && square {
            return Ok(Self { x, y, size: width });
        }
        Err(format!("cell `{id}` is not an axis-parallel square"))
    }
}

/// How many cells of `size` stand between the first and the last corner, both included.
fn count((first, last): (f64, f64), size: f64) -> Result<usize, String> {
    let count = (last - first) / size + 1.0;
    if count.is_nan() || count >= MAX_PIXELS as f64 {
        return Err(format!("its cells are {count:.0} sizes apart"));
    }
    place(count).ok_or_else(|| "its cells lie between rows or columns".to_owned())
}

/// The whole number that `value` is, within the slack.
fn place(value: f64) -> Option<usize> {
    let whole = value.round();
    if (value - whole).abs() > 10.0 * SLACK || !(0.0..=1e9).contains(&whole) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be near")]
    #[expect(clippy::cast_sign_loss, reason = "checked to be positive")]
    let whole = whole as usize;
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::cell::{Cell, CellId, Outline};
    use tesela_datasets::class::Label;

    fn list(outlines: &[Outline]) -> CellList {
        let mut cells = CellList::default();
        for (index, outline) in outlines.iter().enumerate() {
            cells.push(&Cell {
                id: CellId::new(format!("c{index}")),
                label: Label::Undefined,
                outline: Some(outline.clone()),
                year: None,
            });
        }
        cells
    }

    #[test]
    fn squares_with_gaps_find_their_places_in_any_order() {
        let cells = list(&[
            Outline::square(3000.0, 1000.0, 1000.0),
            Outline::square(1000.0, 2000.0, 1000.0),
            Outline::square(2000.0, 1000.0, 1000.0),
        ]);
        let lattice = Lattice::of(&cells).unwrap();
        assert_eq!((lattice.columns, lattice.rows, lattice.size), (3, 2, 1000.0));
        assert_eq!(lattice.corner, Point { x: 1000.0, y: 3000.0 });
        assert_eq!(lattice.cells, [1, NO_CELL, NO_CELL, NO_CELL, 2, 0]);
    }

    #[test]
    fn cells_that_are_no_lattice_are_named() {
        let square = Outline::square(0.0, 0.0, 1000.0);
        let wider = Lattice::of(&list(&[square.clone(), Outline::square(1000.0, 0.0, 900.0)]));
        assert!(wider.unwrap_err().contains("`c1`"));
        let shifted = Lattice::of(&list(&[square.clone(), Outline::square(1500.0, 0.0, 1000.0)]));
        assert!(shifted.is_err());
        let twice = Lattice::of(&list(&[square.clone(), square.clone()]));
        assert!(twice.unwrap_err().contains("lies on another"));
        let corners = [(0.0, 1.0), (1.0, 0.0), (2.0, 1.0), (1.0, 2.0)];
        let turned = Outline { corners: corners.map(|(x, y)| Point { x, y }).to_vec() };
        assert!(Lattice::of(&list(&[turned])).unwrap_err().contains("axis-parallel"));
    }
}
