//! The ground: where the cells of a store lie, in metres.
//!
//! Blocks, buffers and variograms need distances. Coordinates that are not projected metres are moved to an equal-area
//! projection around the middle of the cells, which PROJ computes.

use tesela_datasets::cell::{Outline, Point};
use tesela_datasets::cells::Crs;
use tesela_datasets::store::StoreReader;

use super::TrainingError;
use crate::raster::{CoordinateSystem, RasterError, Transform};

/// Longitude before latitude, in degrees.
const DEGREES: &str = "OGC:CRS84";

/// Where some cells lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// The middle of each cell in metres; `None` for a cell that has no place.
    pub points: Vec<Option<Point>>,
    /// What a user should know about how coordinates were moved, if they were.
    pub remark: Option<String>,
}

impl Ground {
    /// Where the cells in `rows` of the store lie.
    ///
    /// # Errors
    /// If no cell of the store has a place, nobody knows what its coordinates mean, or PROJ cannot move them.
    pub fn of(store: &StoreReader, rows: &[u32]) -> Result<Self, TrainingError> {
        let refuse = |reason: &str| TrainingError::NoGround {
            store: store.path().to_owned(),
            reason: reason.to_owned(),
        };
        let outline = |row: &u32| store.cells()[*row as usize].cell.outline.as_ref();
        let points: Vec<Option<Point>> =
            rows.iter().map(|row| outline(row).and_then(Outline::centroid)).collect();
        if points.iter().all(Option::is_none) {
            return Err(refuse("its cells have no place on the ground"));
        }
        let Some(crs) = &store.definition().crs else {
            return Err(refuse("the coordinate reference system of its cells is unknown"));
        };
        Ok(Self::of_points(points, crs)?)
    }

    /// Where `points` lie, whose coordinates mean `crs`.
    ///
    /// # Errors
    /// If PROJ cannot move them.
    pub fn of_points(points: Vec<Option<Point>>, crs: &Crs) -> Result<Self, RasterError> {
        let system = CoordinateSystem::from_crs(crs)?;
        if system.require_metres().is_ok() {
            return Ok(Self { points, remark: None });
        }
        let remark = format!(
            "coordinates in {crs} are moved to an equal-area projection around the middle of the cells, in metres"
        );
        Ok(Self { points: moved(&system, points)?, remark: Some(remark) })
    }
}

/// `points` in metres on an equal-area projection around their middle.
fn moved(
    from: &CoordinateSystem,
    mut points: Vec<Option<Point>>,
) -> Result<Vec<Option<Point>>, RasterError> {
    let known = || points.iter().flatten();
    let mut x: Vec<f64> = known().map(|point| point.x).collect();
    let mut y: Vec<f64> = known().map(|point| point.y).collect();
    let degrees = CoordinateSystem::parse(DEGREES)?;
    Transform::new(from, &degrees)?.points(&mut x, &mut y)?;
    let (longitude, latitude) = (middle(&x), middle(&y));
    let metres = CoordinateSystem::parse(&format!(
        "+proj=laea +lon_0={longitude} +lat_0={latitude} +datum=WGS84 +units=m +no_defs"
    ))?;
    Transform::new(&degrees, &metres)?.points(&mut x, &mut y)?;
    for (point, (x, y)) in points.iter_mut().flatten().zip(x.into_iter().zip(y)) {
        *point = Point { x, y };
    }
    Ok(points)
}

fn middle(values: &[f64]) -> f64 {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    f64::midpoint(least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_become_metres_around_the_middle() {
        let system = CoordinateSystem::parse("EPSG:4326").unwrap();
        let point = |x, y| Some(Point { x, y });
        let given = vec![point(-100.0, 20.0), None, point(-99.0, 20.0)];
        let moved = moved(&system, given).unwrap();
        let (a, b) = (moved[0].unwrap(), moved[2].unwrap());
        assert_eq!(moved[1], None);
        // A degree of longitude at 20° north: 104.65 km.
        let distance = (a.x - b.x).hypot(a.y - b.y);
        assert!((distance - 104_647.0).abs() < 20.0, "{distance}");
        assert!((a.x + b.x).abs() < 1e-3, "{a:?} {b:?}");
    }
}
