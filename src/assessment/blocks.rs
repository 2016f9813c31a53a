//! Blocks: squares of the ground whose cells err together, and which intervals draw together.

use std::collections::HashMap;

use serde::Serialize;
use tesela_datasets::cell::Point;
use tesela_datasets::cells::Crs;

use super::AssessmentError;
use crate::training::Ground;

/// The blocks that some cells lie in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocks {
    /// Their side in metres; `None` where every cell is a block of its own.
    pub metres: Option<f64>,
    /// How many have cells.
    pub number: u32,
    /// Why there are none, in words.
    pub missing: Option<String>,
    /// The block of each cell.
    #[serde(skip)]
    of_cells: Vec<u32>,
}

impl Blocks {
    /// Blocks of `side` metres for cells whose middles are `places`. Cells without a place are blocks of their own.
    pub(super) fn of(
        places: &[Option<Point>],
        crs: Option<&Crs>,
        side: f64,
    ) -> Result<Self, AssessmentError> {
        if places.iter().all(Option::is_none) {
            return Ok(Self::none(places.len(), "the cells of the map have no place"));
        }
        let Some(crs) = crs else {
            let reason = "the coordinate reference system of the map is unknown";
            return Ok(Self::none(places.len(), reason));
        };
        let ground = Ground::of_points(places.to_vec(), crs)?;
        let mut numbers = HashMap::new();
        let mut next = 0_u32;
        let of_cells: Vec<u32> = ground
            .points
            .iter()
            .map(|point| {
                let mut fresh = || {
                    next += 1;
                    next - 1
                };
                match point {
                    Some(point) => *numbers.entry(square(*point, side)).or_insert_with(fresh),
                    None => fresh(),
                }
            })
            .collect();
        Ok(Self { metres: Some(side), number: next, missing: None, of_cells })
    }

    fn none(cells: usize, reason: &str) -> Self {
        let number = u32::try_from(cells).unwrap_or(u32::MAX);
        Self { metres: None, number, missing: Some(reason.to_owned()), of_cells: Vec::new() }
    }

    /// The block of each cell; empty where each is a block of its own.
    pub(super) fn of_cells(&self) -> &[u32] {
        &self.of_cells
    }

    /// The same without the block of each cell.
    pub(super) fn without_cells(self) -> Self {
        Self { of_cells: Vec::new(), ..self }
    }
}

/// The square of the ground that `point` lies in.
#[expect(clippy::cast_possible_truncation, reason = "a float that does not fit saturates")]
fn square(point: Point, side: f64) -> (i64, i64) {
    ((point.x / side).floor() as i64, (point.y / side).floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::CoordinateSystem;

    #[test]
    fn cells_of_one_square_are_one_block_and_cells_without_a_place_stand_alone() {
        let crs = CoordinateSystem::parse("EPSG:32614").unwrap().to_crs();
        let at = |x, y| Some(Point { x, y });
        let places =
            [at(10.0, 10.0), at(990.0, 990.0), None, at(1010.0, 10.0), None, at(-1.0, 0.0)];
        let blocks = Blocks::of(&places, Some(&crs), 1000.0).unwrap();
        assert_eq!(blocks.of_cells(), [0, 0, 1, 2, 3, 4]);
        assert_eq!((blocks.number, blocks.metres), (5, Some(1000.0)));
        let unplaced = Blocks::of(&[None, None], Some(&crs), 1000.0).unwrap();
        assert!(unplaced.missing.unwrap().contains("no place"));
        let unknown = Blocks::of(&places, None, 1000.0).unwrap();
        assert!(unknown.of_cells().is_empty() && unknown.missing.unwrap().contains("unknown"));
    }
}
