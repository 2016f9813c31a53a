//! Regular grids: square cells over an extent.
//!
//! Corners lie on multiples of the size of cells, so grids over different extents share the cells that they
//! have in common. Cells are half-open: the western and southern edge belong to a cell, the others to its
//! neighbours, so every place is in exactly one cell.

use tesela_datasets::cell::{CellId, Outline};

use super::{GridError, IdScheme};
use crate::raster::{CoordinateSystem, Extent};

/// An edge that exceeds a multiple of the size by less than this many metres gets no cells of its own:
/// extents come from computations whose last digits are noise.
const SLACK_METRES: f64 = 1e-6;

/// Farthest coordinate, in metres: no projected system reaches it, and all arithmetic stays exact below.
const FARTHEST_METRES: f64 = 1e9;

/// A regular grid over an extent, rows from north to south and columns from west to east.
#[derive(Debug, Clone, PartialEq)]
pub struct GridSpec {
    crs: CoordinateSystem,
    size_millimetres: i64,
    /// Column numbers count cells from the origin of the coordinate system, as rows do.
    first_column: i64,
    columns: u32,
    /// Number of the southernmost row.
    first_row: i64,
    rows: u32,
    ids: IdScheme,
}

impl GridSpec {
    /// Cells of `size_metres` that together hold `extent`.
    ///
    /// # Errors
    /// If coordinates are not metres, or the size or the extent is not usable.
    pub fn new(crs: CoordinateSystem, size_metres: f64, extent: Extent) -> Result<Self, GridError> {
        crs.require_metres()?;
        let size_millimetres = whole_millimetres(size_metres)?;
        let Extent { min_x, min_y, max_x, max_y } = extent;
        let far = |value: f64| value.is_nan() || value.abs() > FARTHEST_METRES;
        if [min_x, min_y, max_x, max_y].into_iter().any(far) || min_x >= max_x || min_y >= max_y {
            return Err(GridError::Extent { min_x, min_y, max_x, max_y });
        }
        let (first_column, columns) = cells_between(min_x, max_x, size_metres);
        let (first_row, rows) = cells_between(min_y, max_y, size_metres);
        let found = u128::from(columns) * u128::from(rows);
        let (Ok(columns), Ok(rows), true) =
            (u32::try_from(columns), u32::try_from(rows), found <= u128::from(u32::MAX))
        else {
            return Err(GridError::TooMany { found });
        };
        let ids = IdScheme::new(&crs, size_millimetres)?;
        Ok(Self { crs, size_millimetres, first_column, columns, first_row, rows, ids })
    }

    /// What the coordinates mean.
    pub fn crs(&self) -> &CoordinateSystem {
        &self.crs
    }

    /// Side of a cell, in metres.
    pub fn size_metres(&self) -> f64 {
        metres(self.size_millimetres)
    }

    /// Number of columns.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Number of cells.
    pub fn len(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows)
    }

    /// Whether there are no cells; never so for a grid that could be made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ground that the cells cover together.
    pub fn extent(&self) -> Extent {
        let (min_x, max_y) = (self.corner(0, 0).0, self.corner(0, 0).1 + self.size_millimetres);
        let columns = i64::from(self.columns);
        let rows = i64::from(self.rows);
        Extent {
            min_x: metres(min_x),
            min_y: metres(max_y - rows * self.size_millimetres),
            max_x: metres(min_x + columns * self.size_millimetres),
            max_y: metres(max_y),
        }
    }

    /// The id of the cell at `row` from the north and `column` from the west.
    pub fn id(&self, row: u32, column: u32) -> CellId {
        let (x, y) = self.corner(row, column);
        self.ids.id(x, y)
    }

    /// The ground of the cell at `row` from the north and `column` from the west.
    pub fn cell_extent(&self, row: u32, column: u32) -> Extent {
        let (x, y) = self.corner(row, column);
        Extent {
            min_x: metres(x),
            min_y: metres(y),
            max_x: metres(x + self.size_millimetres),
            max_y: metres(y + self.size_millimetres),
        }
    }

    /// The outline of the cell at `row` from the north and `column` from the west.
    pub fn outline(&self, row: u32, column: u32) -> Outline {
        let extent = self.cell_extent(row, column);
        let corners = [
            (extent.min_x, extent.min_y),
            (extent.max_x, extent.min_y),
            (extent.max_x, extent.max_y),
            (extent.min_x, extent.max_y),
        ];
        Outline { corners: corners.map(|(x, y)| tesela_datasets::cell::Point { x, y }).to_vec() }
    }

    /// Row and column of the cell that holds the place, if there is one.
    pub fn cell_at(&self, x: f64, y: f64) -> Option<(u32, u32)> {
        let column = number_at(x, self.size_millimetres)?.checked_sub(self.first_column)?;
        let from_south = number_at(y, self.size_millimetres)?.checked_sub(self.first_row)?;
        let row = i64::from(self.rows) - 1 - from_south;
        let (row, column) = (u32::try_from(row).ok()?, u32::try_from(column).ok()?);
        (row < self.rows && column < self.columns).then_some((row, column))
    }

    /// The lower left corner of a cell, in millimetres.
    fn corner(&self, row: u32, column: u32) -> (i64, i64) {
        let x = (self.first_column + i64::from(column)) * self.size_millimetres;
        let from_south = i64::from(self.rows) - 1 - i64::from(row);
        (x, (self.first_row + from_south) * self.size_millimetres)
    }
}

fn metres(millimetres: i64) -> f64 {
    millimetres as f64 / 1000.0
}

fn whole_millimetres(size_metres: f64) -> Result<i64, GridError> {
    let millimetres = (size_metres * 1000.0).round();
    let usable = (0.001..=1_000_000.0).contains(&size_metres)
        && (millimetres - size_metres * 1000.0).abs() < 1e-6;
    if !usable {
        return Err(GridError::CellSize { found: size_metres });
    }
    Ok(whole(millimetres))
}

/// Number of the first cell that reaches beyond `min`, and how many there are up to `max`.
fn cells_between(min: f64, max: f64, size: f64) -> (i64, u64) {
    let first = whole(((min + SLACK_METRES) / size).floor());
    let end = whole(((max - SLACK_METRES) / size).ceil());
    // An extent thinner than the slack still lies in some cell.
    (first, u64::try_from(end - first).unwrap_or(0).max(1))
}

/// Number of the half-open cell that holds a coordinate.
fn number_at(coordinate: f64, size_millimetres: i64) -> Option<i64> {
    if coordinate.is_nan() || coordinate.abs() > 2.0 * FARTHEST_METRES {
        return None;
    }
    let number = whole((coordinate / metres(size_millimetres)).floor());
    // The division rounds: the corners, which are exact, have the last word.
    if metres(number * size_millimetres) > coordinate {
        Some(number - 1)
    } else if metres((number + 1) * size_millimetres) <= coordinate {
        Some(number + 1)
    } else {
        Some(number)
    }
}

/// A rounded number within the limits above, as an integer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 2e12 by the limits of size and extent"
)]
fn whole(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn national() -> CoordinateSystem {
        CoordinateSystem::parse("EPSG:6372").unwrap()
    }

    fn extent(min_x: f64, min_y: f64, max_x: f64, max_y: f64) -> Extent {
        Extent { min_x, min_y, max_x, max_y }
    }

    #[test]
    fn cells_lie_on_multiples_of_their_size_and_are_read_like_text() {
        let grid = GridSpec::new(
            national(),
            1000.0,
            extent(2_599_100.0, 694_000.0, 2_601_000.0, 696_500.0),
        );
        let grid = grid.unwrap();
        assert_eq!((grid.columns(), grid.rows()), (2, 3));
        assert_eq!(grid.id(0, 0).as_str(), "EPSG6372-1000m-E2599000-N0696000");
        assert_eq!(grid.id(2, 1).as_str(), "EPSG6372-1000m-E2600000-N0694000");
        assert_eq!(grid.extent(), extent(2_599_000.0, 694_000.0, 2_601_000.0, 697_000.0));
        assert_eq!(grid.outline(2, 1), Outline::square(2_600_000.0, 694_000.0, 1000.0));
    }

    #[test]
    fn noise_in_the_last_digits_adds_no_cells() {
        let grid = GridSpec::new(national(), 250.0, extent(250.0 - 1e-9, 0.0, 500.0 + 1e-9, 250.0));
        assert_eq!(grid.unwrap().len(), 1);
    }

    #[test]
    fn unusable_sizes_extents_and_systems_are_refused() {
        let square = extent(0.0, 0.0, 1000.0, 1000.0);
        for size in [0.0, -1.0, f64::NAN, 1e7, 0.000_5, 1.000_05] {
            let error = GridSpec::new(national(), size, square).unwrap_err();
            assert!(matches!(error, GridError::CellSize { .. }), "{size}: {error}");
        }
        for bad in [extent(1.0, 0.0, 1.0, 1.0), extent(0.0, f64::NAN, 1.0, 1.0)] {
            let error = GridSpec::new(national(), 1.0, bad).unwrap_err();
            assert!(matches!(error, GridError::Extent { .. }), "{error}");
        }
        let world = CoordinateSystem::parse("EPSG:4326").unwrap();
        let error = GridSpec::new(world, 1000.0, square).unwrap_err().to_string();
        assert!(error.contains("`EPSG:4326` counts in degrees"), "{error}");
        let huge = extent(0.0, 0.0, 1e6, 1e6);
        let error = GridSpec::new(national(), 1.0, huge).unwrap_err().to_string();
        assert!(error.contains("1000000000000 cells"), "{error}");
    }

    /// Sizes in whole millimetres, and a corner and lengths that make at most some thousand cells.
    fn grids() -> impl Strategy<Value = (GridSpec, Extent)> {
        (1_i64..2_000_000, -5e6..5e6, -5e6..5e6, 0.01..40.0, 0.01..40.0).prop_map(
            |(size, x, y, width, height)| {
                let size = size as f64 / 1000.0;
                let place = extent(x, y, x + width * size, y + height * size);
                (GridSpec::new(national(), size, place).unwrap(), place)
            },
        )
    }

    proptest! {
        #[test]
        fn every_place_of_the_extent_is_in_exactly_one_cell(
            (grid, place) in grids(), along in 0.0..1.0, up in 0.0..1.0,
        ) {
            let inner = place.grown(-2e-6);
            prop_assume!(inner.min_x < inner.max_x && inner.min_y < inner.max_y);
            let x = inner.min_x + along * (inner.max_x - inner.min_x);
            let y = inner.min_y + up * (inner.max_y - inner.min_y);
            let holders: Vec<(u32, u32)> = (0..grid.rows())
                .flat_map(|row| (0..grid.columns()).map(move |column| (row, column)))
                .filter(|&(row, column)| {
                    let cell = grid.cell_extent(row, column);
                    cell.min_x <= x && x < cell.max_x && cell.min_y <= y && y < cell.max_y
                })
                .collect();
            prop_assert_eq!(holders.len(), 1);
            prop_assert_eq!(grid.cell_at(x, y), Some(holders[0]));
        }

        #[test]
        fn a_place_keeps_its_id_when_the_extent_grows((grid, place) in grids(), more in 0.0..30.0) {
            let size = grid.size_metres();
            let larger = GridSpec::new(national(), size, place.grown(more * size)).unwrap();
            let (x, y) = (place.min_x.midpoint(place.max_x), place.min_y.midpoint(place.max_y));
            let (row, column) = grid.cell_at(x, y).unwrap();
            let (other_row, other_column) = larger.cell_at(x, y).unwrap();
            prop_assert_eq!(grid.id(row, column), larger.id(other_row, other_column));
            prop_assert_eq!(grid.outline(row, column), larger.outline(other_row, other_column));
        }

        #[test]
        fn the_corners_of_a_cell_belong_to_it_half_open((grid, _) in grids()) {
            let (row, column) = (grid.rows() - 1, 0);
            let cell = grid.cell_extent(row, column);
            prop_assert_eq!(grid.cell_at(cell.min_x, cell.min_y), Some((row, column)));
            prop_assert_ne!(grid.cell_at(cell.max_x, cell.min_y), Some((row, column)));
            prop_assert_ne!(grid.cell_at(cell.min_x, cell.max_y), Some((row, column)));
        }
    }
}
