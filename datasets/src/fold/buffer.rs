//! Buffers: cells close to a held-out one are left out of the training part.
//!
//! Blocks keep neighbours together, but for those on both sides of an edge between blocks. A buffer as wide as the
//! distance over which cells are alike takes these away (Le Rest et al. 2014, "Spatial leave-one-out
//! cross-validation", Global Ecology and Biogeography 23).

use std::collections::BTreeMap;

use super::blocks::{check_length, step};
use super::partition::{Partition, Place};
use super::{FoldError, Roster};
use crate::cell::Point;
use crate::class::ClassId;

/// Steps of the grid of buckets in the width of a buffer.
const STEPS: i64 = 3;

impl Partition {
    /// The same partition, in which no cell within `buffer` metres of a held-out one is trained on in its fold; `points`
    /// are the middles of the cells. A buffer of zero leaves everything as it is.
    pub(super) fn buffered(
        mut self,
        roster: &Roster,
        points: &[Point],
        buffer: f64,
    ) -> Result<Self, FoldError> {
        check_length("the buffer", buffer, 0.0, "a length of 0 or more")?;
        if buffer > 0.0 {
            self.design.buffer_metres = Some(buffer);
            self.left_out = near(points, &self.places, self.folds(), buffer);
            self.check_training(roster, buffer)?;
        }
        Ok(self)
    }

    /// Checks that each class that occurs is left in the training part of each fold.
    fn check_training(&self, roster: &Roster, buffer: f64) -> Result<(), FoldError> {
        for fold in 0..self.folds() {
            let training = self.training(fold);
            let mut seen = vec![false; roster.classes().len()];
            let mut left = vec![false; roster.classes().len()];
            for (class, trained) in roster.own().iter().zip(training) {
                seen[class.index()] = true;
                left[class.index()] |= trained;
            }
            let lost = |class: &ClassId| seen[class.index()] && !left[class.index()];
            if let Some(class) = roster.classes().ids().find(lost) {
                let class = roster.classes().name(class).to_owned();
                return Err(FoldError::Buffer { buffer, fold, class, largest: None });
            }
        }
        Ok(())
    }
}

/// For each fold, the cells outside it that lie within `buffer` of one of its held-out cells, in ascending order.
fn near(points: &[Point], places: &[Place], folds: usize, buffer: f64) -> Vec<Vec<u32>> {
    let buckets = Buckets::of(points, places, buffer);
    let mut left_out = vec![Vec::new(); folds];
    for (key, cells) in &buckets.cells {
        for &cell in cells {
            for fold in buckets.folds_near(cell, (key.0, key.1)) {
                left_out[usize::from(fold)].push(cell);
            }
        }
    }
    left_out.iter_mut().for_each(|cells| cells.sort_unstable());
    left_out
}

/// Row and column of a square of the ground, and the fold of the cells in it.
type Key = (i64, i64, Option<u16>);

/// Cells by the square of the ground in which they lie, and by fold.
struct Buckets<'a> {
    points: &'a [Point],
    places: &'a [Place],
    buffer: f64,
    side: f64,
    cells: BTreeMap<Key, Vec<u32>>,
}

impl<'a> Buckets<'a> {
    fn of(points: &'a [Point], places: &'a [Place], buffer: f64) -> Self {
        let side = buffer / STEPS as f64;
        // Relative to one of the points: nothing saturates where the buffer is tiny.
        let origin = points.first().copied().unwrap_or(Point { x: 0.0, y: 0.0 });
        let mut cells: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
        for ((cell, point), place) in (0..).zip(points).zip(places) {
            let (row, column) = (step(point.y - origin.y, side), step(point.x - origin.x, side));
            cells.entry((row, column, place.fold)).or_default().push(cell);
        }
        Self { points, places, buffer, side, cells }
    }

    /// The folds, other than its own, with a held-out cell within the buffer of `cell`, which lies in the square `at`.
    fn folds_near(&self, cell: u32, at: (i64, i64)) -> Vec<u16> {
        let (point, own) = (self.points[cell as usize], self.places[cell as usize].fold);
        let mut found = Vec::new();
        for row in at.0 - STEPS - 1..=at.0 + STEPS + 1 {
            let (first, last) = (at.1 - STEPS - 1, at.1 + STEPS + 1);
            let there = self.cells.range((row, first, None)..=(row, last, Some(u16::MAX)));
            for (&(row, column, fold), others) in there {
                let Some(fold) = fold.filter(|fold| Some(*fold) != own) else { continue };
                let close =
                    |&other: &u32| is_close(point, self.points[other as usize], self.buffer);
                if !found.contains(&fold)
                    && (self.is_within(at, (row, column)) || others.iter().any(close))
                {
                    found.push(fold);
                }
            }
        }
        found
    }

    /// Whether any two points of two squares lie within the buffer.
    fn is_within(&self, one: (i64, i64), other: (i64, i64)) -> bool {
        let span = |a: i64, b: i64| (a.abs_diff(b) + 1) as f64 * self.side;
        let (rows, columns) = (span(one.0, other.0), span(one.1, other.1));
        // A little less, so that rounding cannot decide.
        rows * rows + columns * columns < self.buffer * self.buffer * (1.0 - 1e-9)
    }
}

fn is_close(one: Point, other: Point, distance: f64) -> bool {
    let (x, y) = (one.x - other.x, one.y - other.y);
    x * x + y * y <= distance * distance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{below, generator, unit};
    use proptest::prelude::*;

    /// Points in a square of `side` metres, on a raster of 250 m where `raster`.
    fn some(count: usize, side: f64, raster: bool, seed: u64) -> (Vec<Point>, Vec<Place>) {
        let mut draws = generator(seed, &[]);
        let mut coordinate = || {
            let value = 2_500_000.0 + side * unit(&mut draws);
            if raster { (value / 250.0).floor() * 250.0 } else { value }
        };
        let points = (0..count).map(|_| Point { x: coordinate(), y: coordinate() }).collect();
        let mut draws = generator(seed, &[1]);
        let fold = |draw: u64| u16::try_from(draw).ok().filter(|&fold| fold < 4);
        let place = |block| Place { fold: fold(below(&mut draws, 5)), block };
        (points, (0..).take(count).map(place).collect())
    }

    fn all_pairs(points: &[Point], places: &[Place], folds: usize, buffer: f64) -> Vec<Vec<u32>> {
        let held_out = |place: &Place, fold: usize| place.fold.map(usize::from) == Some(fold);
        let near_fold = |cell: usize, fold: usize| {
            let others = points.iter().zip(places);
            !held_out(&places[cell], fold)
                && others
                    .filter(|(_, place)| held_out(place, fold))
                    .any(|(other, _)| is_close(points[cell], *other, buffer))
        };
        let cells = |fold| (0..points.len()).filter(move |&cell| near_fold(cell, fold));
        let number = |cell| u32::try_from(cell).unwrap();
        (0..folds).map(|fold| cells(fold).map(number).collect()).collect()
    }

    proptest! {
        #[test]
        fn the_grid_finds_what_all_pairs_find(
            count in 1_usize..300, raster in any::<bool>(), seed in any::<u64>(),
            buffer in prop_oneof![1.0..20_000.0, Just(250.0), Just(500.0), Just(1e-3)],
        ) {
            let (points, places) = some(count, 10_000.0, raster, seed);
            prop_assert_eq!(
                near(&points, &places, 4, buffer),
                all_pairs(&points, &places, 4, buffer)
            );
        }
    }

    #[test]
    fn a_sample_of_the_country_takes_no_time() {
        for (side, buffer) in [(200_000.0, 2000.0), (50_000.0, 10_000.0)] {
            let (points, places) = some(40_000, side, true, 1);
            let left_out = near(&points, &places, 4, buffer);
            assert_eq!(left_out.len(), 4);
            assert!(left_out.iter().all(|cells| !cells.is_empty()));
        }
    }
}
