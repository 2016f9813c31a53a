//! Cells: the square ground units that are classified.
//!
//! A [`CellId`] is the key of every table in the project; a [`Cell`] is what a table of cells says about
//! one of them.

use std::fmt;
use std::sync::Arc;

use crate::class::Label;

/// The stable name of a cell, unique in its grid.
///
/// Cloning is cheap. The ids of a grid that Tesela makes derive from the coordinates of the cell, so the
/// same place has the same id in every year and on every machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(Arc<str>);

impl CellId {
    /// The id spelt `text`.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A position on the ground, in the units of its table's coordinate reference system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Easting or longitude.
    pub x: f64,
    /// Northing or latitude.
    pub y: f64,
}

/// The outline of a cell: one ring of corners, not repeating the first at the end; or a single point, where no
/// more is known of its place.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outline {
    /// The corners, in order; at least three for an outline that encloses anything, one for a point.
    pub corners: Vec<Point>,
}

impl Outline {
    /// A single point.
    pub fn point(x: f64, y: f64) -> Self {
        Self { corners: vec![Point { x, y }] }
    }

    /// An axis-parallel square whose lower left corner is `(x, y)`.
    pub fn square(x: f64, y: f64, size: f64) -> Self {
        Self {
            corners: vec![
                Point { x, y },
                Point { x: x + size, y },
                Point { x: x + size, y: y + size },
                Point { x, y: y + size },
            ],
        }
    }

    /// The centre of gravity of the enclosed area; the mean of the corners where no area is enclosed.
    ///
    /// `None` without corners.
    pub fn centroid(&self) -> Option<Point> {
        let origin = *self.corners.first()?;
        let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
        let following = self.corners.iter().cycle().skip(1);
        for (from, to) in self.corners.iter().zip(following) {
            // Relative to the first corner: national coordinates would cancel away the digits.
            let (ax, ay) = (from.x - origin.x, from.y - origin.y);
            let (bx, by) = (to.x - origin.x, to.y - origin.y);
            let cross = ax * by - bx * ay;
            area += cross;
            x += (ax + bx) * cross;
            y += (ay + by) * cross;
        }
        if area.abs() > f64::MIN_POSITIVE {
            return Some(Point { x: origin.x + x / (3.0 * area), y: origin.y + y / (3.0 * area) });
        }
        let count = self.corners.len() as f64;
        Some(Point {
            x: self.corners.iter().map(|corner| corner.x).sum::<f64>() / count,
            y: self.corners.iter().map(|corner| corner.y).sum::<f64>() / count,
        })
    }
}

/// One row of a table of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The key.
    pub id: CellId,
    /// What is known about its class.
    pub label: Label,
    /// Where it lies; `None` for ready-made patches that have no place.
    pub outline: Option<Outline>,
    /// The year that label and imagery speak of.
    pub year: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centroid_of_a_square_is_its_middle_at_national_coordinates() {
        let centroid = Outline::square(2_599_000.0, 4_695_000.0, 1000.0).centroid().unwrap();
        assert_eq!(centroid, Point { x: 2_599_500.0, y: 4_695_500.0 });
    }

    #[test]
    fn an_outline_without_area_has_the_mean_of_its_corners() {
        let corners = vec![Point { x: 1.0, y: 1.0 }, Point { x: 3.0, y: 1.0 }];
        assert_eq!(Outline { corners }.centroid(), Some(Point { x: 2.0, y: 1.0 }));
        assert_eq!(Outline::default().centroid(), None);
    }
}
