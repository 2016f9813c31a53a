//! Locating: from the outline of a cell on the ground to pixels.

use tesela_datasets::cell::{Outline, Point};

use super::footprint::Footprint;
use crate::raster::{CoordinateSystem, PixelPlacement, RasterError, Transform};

/// A pixel coordinate this close below a whole number is that number: rounding of coordinates must not
/// decide in which of two pixels a centroid lies.
const WHISKER: f64 = 1.0 / 65_536.0;

/// Finds cells in a raster. It belongs to the thread that made it.
#[derive(Debug)]
pub(super) struct Locator {
    transform: Transform,
    placement: PixelPlacement,
}

/// Where a cell lies in a raster.
pub(super) struct Location {
    /// Column and row of the pixel that contains the centroid.
    pub(super) centre: (i32, i32),
    /// The outline in pixels.
    pub(super) footprint: Footprint,
}

impl Locator {
    /// Finds cells whose outlines are in `from`, in a raster that lies as `placement` says in `to`.
    pub(super) fn new(
        from: &CoordinateSystem,
        to: &CoordinateSystem,
        placement: PixelPlacement,
    ) -> Result<Self, RasterError> {
        Ok(Self { transform: Transform::new(from, to)?, placement })
    }

    /// Where the cell with `outline` lies; `None` for a cell that has no place in the raster's system.
    pub(super) fn locate(&self, outline: &Outline) -> Option<Location> {
        let centroid = outline.centroid()?;
        let count = outline.corners.len();
        let points = || outline.corners.iter().chain([&centroid]);
        let mut x: Vec<f64> = points().map(|point| point.x).collect();
        let mut y: Vec<f64> = points().map(|point| point.y).collect();
        // Such a cell lies beyond the edge of the map projection, far from any mosaic.
        self.transform.points(&mut x, &mut y).ok()?;
        let mut moved = x.into_iter().zip(y).map(|(x, y)| Point { x, y });
        let footprint = Footprint::new(&self.placement, moved.by_ref().take(count));
        let (column, row) = self.placement.to_pixel(moved.next()?);
        let centre = (whole(column)?, whole(row)?);
        Some(Location { centre, footprint })
    }
}

/// The pixel that contains the coordinate; `None` far away from every raster.
fn whole(coordinate: f64) -> Option<i32> {
    const FAR: f64 = 1e9;
    if !coordinate.is_finite() || coordinate.abs() > FAR {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be near")]
    let whole = (coordinate + WHISKER).floor() as i32;
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locator() -> Locator {
        let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
        let placement = [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0];
        Locator::new(&crs, &crs, PixelPlacement::new(placement).unwrap()).unwrap()
    }

    #[test]
    fn the_centre_is_the_pixel_with_the_centroid() {
        let location = locator().locate(&Outline::square(500_000.0, 1_999_000.0, 1000.0)).unwrap();
        assert_eq!(location.centre, (16, 16));
        // A centroid on the corner of four pixels belongs to the one right below.
        let location = locator().locate(&Outline::square(500_000.0, 1_998_980.0, 1020.0)).unwrap();
        assert_eq!(location.centre, (17, 17));
    }

    #[test]
    fn cells_without_a_place_are_nowhere() {
        assert!(locator().locate(&Outline::default()).is_none());
        assert!(locator().locate(&Outline::square(f64::NAN, 0.0, 1.0)).is_none());
        assert!(locator().locate(&Outline::square(1e30, 0.0, 1.0)).is_none());
    }

    #[test]
    fn a_cell_in_degrees_is_found_in_metres() {
        let degrees = CoordinateSystem::parse("EPSG:4326").unwrap();
        let metres = CoordinateSystem::parse("EPSG:32614").unwrap();
        // The central meridian, a cell of about 1 km around it.
        let placement =
            PixelPlacement::new([499_000.0, 10.0, 0.0, 2_000_000.0, 0.0, -10.0]).unwrap();
        let locator = Locator::new(&degrees, &metres, placement).unwrap();
        let location = locator.locate(&Outline::square(-99.005, 18.0, 0.01)).unwrap();
        assert_eq!(location.centre.0, 100);
        let mut inside = vec![false; 201 * 201];
        let (column, row) = (location.centre.0 - 100, location.centre.1 - 100);
        let (column, row) = (i64::from(column), i64::from(row));
        let count = location.footprint.mark(column, row, 201, &mut inside);
        // 0.01 degrees are about 1,059 m and 1,107 m here.
        assert!((11_500..11_900).contains(&count), "{count}");
    }
}
