//! Lattices: where the cells of a regular grid stand in a raster of cells.

use std::path::Path;

use tesela_datasets::cell::{Cell, Point};

use super::{MapError, MapReader};

/// The most pixels of a raster of cells: a square country with sides of 16,000 cells.
const MAX_PIXELS: usize = 1 << 28;
/// How far corners may be from their place, in cells.
const SLACK: f64 = 1e-3;
/// The same for the places of cells, counted in cells.
const PLACE_SLACK: f64 = 10.0 * SLACK;

/// Equal axis-parallel squares in rows and columns, with gaps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lattice {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Side of a cell.
    pub(super) size: f64,
    /// Upper left corner.
    pub(super) corner: Point,
}

impl Lattice {
    /// Finds the lattice of the cells of `map`; one pass through the file.
    ///
    /// # Errors
    /// If the map cannot be read, or its cells are no lattice; the first that keeps them from being one is named.
    pub(super) fn of_map(map: &Path) -> Result<Self, MapError> {
        let no_lattice = |reason| MapError::NoLattice { path: map.to_owned(), reason };
        let mut finder = LatticeFinder::default();
        for rows in MapReader::open(map)? {
            for cell in &rows?.cells {
                finder.add(cell).map_err(no_lattice)?;
            }
        }
        finder.finish().map_err(no_lattice)
    }

    /// Pixels of the raster.
    pub(super) fn pixels(&self) -> usize {
        self.columns * self.rows
    }

    /// Column and row of `cell`, row 0 in the north; the message says what keeps it from having any.
    pub(super) fn place(&self, cell: &Cell) -> Result<(usize, usize), String> {
        let square = Square::of(cell)?;
        let column = whole((square.x - self.corner.x) / self.size);
        let row = whole((self.corner.y - square.y) / self.size - 1.0);
        let inside = column.zip(row).filter(|&(c, r)| c < self.columns && r < self.rows);
        inside.ok_or_else(|| format!("cell `{}` lies between rows or columns", cell.id))
    }
}

/// Takes in cells until it is known on which lattice they lie, so that a map of them can be a raster.
#[derive(Debug, Default)]
pub struct LatticeFinder {
    found: Option<Found>,
}

/// Side and lower left corner of the first cell, and the lower left corners of the outermost ones.
#[derive(Debug)]
struct Found {
    size: f64,
    first: (f64, f64),
    x: (f64, f64),
    y: (f64, f64),
}

impl LatticeFinder {
    /// Takes in `cell`.
    ///
    /// # Errors
    /// If it cannot belong to the lattice of those before; the message says why.
    pub fn add(&mut self, cell: &Cell) -> Result<(), String> {
        let square = Square::of(cell)?;
        let Square { x, y, size } = square;
        let found = self.found.get_or_insert(Found { size, first: (x, y), x: (x, x), y: (y, y) });
        if (size - found.size).abs() > SLACK * found.size {
            return Err(format!(
                "cell `{}` is {size} wide, and others are {}",
                cell.id, found.size
            ));
        }
        // Which corner the lattice has is not known yet; from there cells may seem nearer to their places.
        let is_between = |from: f64, to: f64| {
            let steps = (to - from) / found.size;
            (steps - steps.round()).abs() > 2.0 * PLACE_SLACK
        };
        if is_between(found.first.0, x) || is_between(found.first.1, y) {
            return Err(format!("cell `{}` lies between rows or columns", cell.id));
        }
        found.x = (found.x.0.min(x), found.x.1.max(x));
        found.y = (found.y.0.min(y), found.y.1.max(y));
        Ok(())
    }

    /// Ends without the lattice.
    ///
    /// # Errors
    /// If there is none, or none that fits a raster; the message says why.
    pub fn check(self) -> Result<(), String> {
        self.finish().map(drop)
    }

    /// The lattice of all cells.
    pub(super) fn finish(self) -> Result<Lattice, String> {
        let Found { size, x, y, .. } = self.found.ok_or_else(|| "it has no cells".to_owned())?;
        let (columns, rows) = (count(x, size)?, count(y, size)?);
        let pixels = columns.checked_mul(rows).filter(|&pixels| pixels <= MAX_PIXELS);
        if pixels.is_none() {
            return Err(format!(
                "it would have {columns} × {rows} pixels; at most {MAX_PIXELS} are possible"
            ));
        }
        Ok(Lattice { columns, rows, size, corner: Point { x: x.0, y: y.1 + size } })
    }
}

/// An axis-parallel square by its lower left corner.
struct Square {
    x: f64,
    y: f64,
    size: f64,
}

impl Square {
    fn of(cell: &Cell) -> Result<Self, String> {
        let outline = cell.outline.as_ref();
        let corners = outline.map_or(&[][..], |outline| outline.corners.as_slice());
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
        Err(format!("cell `{}` is not an axis-parallel square", cell.id))
    }
}

/// How many cells of `size` stand between the first and the last corner, both included.
fn count((first, last): (f64, f64), size: f64) -> Result<usize, String> {
    let count = (last - first) / size + 1.0;
    if count.is_nan() || count >= MAX_PIXELS as f64 {
        return Err(format!("its cells are {count:.0} sizes apart"));
    }
    whole(count).ok_or_else(|| "its cells lie between rows or columns".to_owned())
}

/// The whole number that `value` is, within the slack.
fn whole(value: f64) -> Option<usize> {
    let whole = value.round();
    if (value - whole).abs() > PLACE_SLACK || !(0.0..=1e9).contains(&whole) {
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
    use tesela_datasets::cell::{CellId, Outline};
    use tesela_datasets::class::Label;

    fn cells(outlines: &[Outline]) -> Vec<Cell> {
        let cell = |(index, outline): (usize, &Outline)| Cell {
            id: CellId::new(format!("c{index}")),
            label: Label::Undefined,
            outline: Some(outline.clone()),
            year: None,
        };
        outlines.iter().enumerate().map(cell).collect()
    }

    fn find(cells: &[Cell]) -> Result<Lattice, String> {
        let mut finder = LatticeFinder::default();
        cells.iter().try_for_each(|cell| finder.add(cell))?;
        let lattice = finder.finish()?;
        cells.iter().try_for_each(|cell| lattice.place(cell).map(drop))?;
        Ok(lattice)
    }

    #[test]
    fn squares_with_gaps_find_their_places_in_any_order() {
        let cells = cells(&[
            Outline::square(3000.0, 1000.0, 1000.0),
            Outline::square(1000.0, 2000.0, 1000.0),
            Outline::square(2000.0, 1000.0, 1000.0),
        ]);
        let lattice = find(&cells).unwrap();
        assert_eq!((lattice.columns, lattice.rows, lattice.size), (3, 2, 1000.0));
        assert_eq!(lattice.corner, Point { x: 1000.0, y: 3000.0 });
        let places: Vec<_> = cells.iter().map(|cell| lattice.place(cell).unwrap()).collect();
        assert_eq!(places, [(2, 1), (0, 0), (1, 1)]);
    }

    #[test]
    fn cells_that_are_no_lattice_are_named() {
        let square = Outline::square(0.0, 0.0, 1000.0);
        let refused = |outlines: &[Outline]| find(&cells(outlines)).unwrap_err();
        let wider = refused(&[square.clone(), Outline::square(1000.0, 0.0, 900.0)]);
        assert!(wider.contains("`c1`"), "{wider}");
        let between = refused(&[
            square.clone(),
            Outline::square(3000.0, 0.0, 1000.0),
            Outline::square(1500.0, 0.0, 1000.0),
        ]);
        assert!(between.contains("`c2`"), "{between}");
        let corners = [(0.0, 1.0), (1.0, 0.0), (2.0, 1.0), (1.0, 2.0)];
        let turned = Outline { corners: corners.map(|(x, y)| Point { x, y }).to_vec() };
        assert!(refused(&[turned]).contains("axis-parallel"));
        assert!(refused(&[Outline::point(1.0, 1.0)]).contains("`c0`"));
        let far = refused(&[square, Outline::square(1e9, 1e9, 1000.0)]);
        assert!(far.contains("pixels"), "{far}");
        assert!(refused(&[]).contains("no cells"));
    }
}
