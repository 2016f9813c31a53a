//! Spatial blocks: cells that lie close together are held out together.
//!
//! Neighbouring cells look alike, so a model that has seen the neighbours of a held-out cell is scored on what it
//! nearly knows. Square blocks of the ground, at least as large as the distance over which cells are alike, keep
//! neighbours together (Roberts et al. 2017, "Cross-validation strategies for data with temporal, spatial,
//! hierarchical, or phylogenetic structure", Ecography 40).

use std::collections::BTreeMap;

use super::packing::pack;
use super::partition::{Design, Partition, Place};
use super::random::PLACE;
use super::{FoldCount, FoldError, Roster, Scheme, largest};
use crate::cell::Point;
use crate::class::ClassId;
use crate::random::{generator, unit};

/// Blocks and their buffer, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockSize {
    /// Side of a block.
    pub side: f64,
    /// Cells within this distance of a held-out one are not trained on; none where zero.
    pub buffer: f64,
}

impl Partition {
    /// Spreads square blocks of the ground over `folds` folds, so that class shares and cell counts stay even; `points`
    /// are the middles of the cells of `roster`, in metres. The grid of blocks is shifted by a draw from `seed`.
    ///
    /// # Errors
    /// If a length makes no sense, a cell has no place, or a fold lacks a class that occurs: then the largest size that
    /// works is searched for and named.
    pub fn blocks(
        roster: &Roster,
        points: &[Option<Point>],
        size: BlockSize,
        folds: FoldCount,
        seed: u64,
        repeat: u16,
    ) -> Result<Self, FoldError> {
        check_length("the side of a block", size.side, f64::MIN_POSITIVE, "a length above 0")?;
        let points = places(roster, points)?;
        roster.suffices(folds.get())?;
        let attempt = |side: f64| {
            let size = BlockSize { side, ..size };
            Self::of_blocks(roster, &points, size, folds, seed, repeat)
        };
        attempt(size.side)
            .map_err(|error| name_largest(error, size.side, &|side| attempt(side).is_ok()))
    }

    fn of_blocks(
        roster: &Roster,
        points: &[Point],
        size: BlockSize,
        folds: FoldCount,
        seed: u64,
        repeat: u16,
    ) -> Result<Self, FoldError> {
        let blocks = square_blocks(points, size.side, seed);
        let own = pack(roster, &blocks, folds.get());
        let place = |&block: &u32| Place { fold: Some(own[block as usize]), block };
        let places: Vec<Place> = blocks.iter().map(place).collect();
        if let Some(class) = lacking(roster, &places, folds.get()) {
            let mut of_class: Vec<u32> =
                roster.members(class).into_iter().map(|cell| blocks[cell]).collect();
            of_class.sort_unstable();
            of_class.dedup();
            return Err(FoldError::Blocks {
                size: size.side,
                folds: folds.get(),
                class: roster.classes().name(class).to_owned(),
                blocks: of_class.len(),
                largest: None,
            });
        }
        let design = Design::new(Scheme::Blocks, repeat, seed);
        let design = Design { block_metres: Some(size.side), ..design };
        Self::new(design, folds.get(), places).buffered(roster, points, size.buffer)
    }
}

/// The middles of all cells.
pub(super) fn places(roster: &Roster, points: &[Option<Point>]) -> Result<Vec<Point>, FoldError> {
    let is_known = |point: &Point| point.x.is_finite() && point.y.is_finite();
    let points: Vec<_> = points.iter().map(|point| point.filter(is_known)).collect();
    roster.complete(&points).map_err(|(count, named)| FoldError::NoPlace { count, named })
}

/// Checks that `found` is finite and at least `least`.
pub(super) fn check_length(
    what: &'static str,
    found: f64,
    least: f64,
    expected: &'static str,
) -> Result<(), FoldError> {
    if found.is_finite() && found >= least {
        return Ok(());
    }
    Err(FoldError::Length { what, found, expected })
}

/// Says in `error` which size works.
fn name_largest(error: FoldError, side: f64, works: &dyn Fn(f64) -> bool) -> FoldError {
    match error {
        FoldError::Blocks { size, folds, class, blocks, .. } => {
            let largest = largest::below(side, works);
            FoldError::Blocks { size, folds, class, blocks, largest }
        }
        FoldError::Buffer { buffer, fold, class, .. } => {
            let largest = largest::below(side, works);
            FoldError::Buffer { buffer, fold, class, largest }
        }
        other => other,
    }
}

/// A class that occurs, and not in every fold.
fn lacking(roster: &Roster, places: &[Place], folds: usize) -> Option<ClassId> {
    let classes = roster.classes();
    let mut seen = vec![vec![false; folds]; classes.len()];
    for (place, class) in places.iter().zip(roster.own()) {
        if let Some(fold) = place.fold {
            seen[class.index()][usize::from(fold)] = true;
        }
    }
    let partly = |class: &ClassId| {
        let seen = &seen[class.index()];
        seen.contains(&true) && seen.contains(&false)
    };
    classes.ids().find(partly)
}

/// The block of each point, counted from 0 by row and column among those that hold points.
fn square_blocks(points: &[Point], side: f64, seed: u64) -> Vec<u32> {
    let mut draws = generator(seed, &[PLACE, 1]);
    let (east, north) = (unit(&mut draws) * side, unit(&mut draws) * side);
    let key = |point: &Point| (step(point.y - north, side), step(point.x - east, side));
    let mut numbers: BTreeMap<(i64, i64), u32> =
        points.iter().map(|point| (key(point), 0)).collect();
    for (number, own) in (0..).zip(numbers.values_mut()) {
        *own = number;
    }
    points.iter().map(|point| numbers[&key(point)]).collect()
}

/// In which step of `side` a coordinate lies.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it saturates, which no coordinate on Earth reaches"
)]
pub(super) fn step(coordinate: f64, side: f64) -> i64 {
    (coordinate / side).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::super::packing::vectors;
    use super::*;
    use crate::cell::CellId;
    use crate::class::{ClassMap, Label};
    use proptest::prelude::*;

    /// Cells of 1 km in rows of `width`, with the given classes.
    fn country(labels: &[usize], width: usize) -> (Roster, Vec<Option<Point>>) {
        let classes = ClassMap::new(["a", "b", "c"]).unwrap();
        let cell = |(index, &class): (usize, &usize)| {
            (CellId::new(format!("E{index:05}")), Label::Class(ClassId::new(class)))
        };
        let cells: Vec<_> = labels.iter().enumerate().map(cell).collect();
        let point = |index: usize| Point {
            x: 2_500_000.0 + 1000.0 * (index % width) as f64,
            y: 900_000.0 + 1000.0 * (index / width) as f64,
        };
        let points = (0..labels.len()).map(|index| Some(point(index))).collect();
        (Roster::new(&cells, &classes).unwrap(), points)
    }

    fn blocks(side: f64) -> BlockSize {
        BlockSize { side, buffer: 0.0 }
    }

    proptest! {
        #[test]
        fn cells_of_a_block_are_held_out_together_and_folds_are_even(
            labels in prop::collection::vec(0_usize..3, 100..600),
            width in 10_usize..40, side in 1000.0..5000.0, folds in 2_usize..6, seed in any::<u64>(),
        ) {
            let (roster, points) = country(&labels, width);
            let count = FoldCount::new(folds).unwrap();
            let Ok(partition) = Partition::blocks(&roster, &points, blocks(side), count, seed, 0)
            else {
                return Err(TestCaseError::reject("a class is in too few blocks"));
            };
            let places = partition.places();
            prop_assert_eq!(places.len(), labels.len());
            let mut fold_of = BTreeMap::new();
            for (place, point) in places.iter().zip(&points) {
                let fold = *fold_of.entry(place.block).or_insert(place.fold);
                prop_assert!(place.fold.is_some() && fold == place.fold);
                let together = places.iter().zip(&points).filter(|(one, _)| one.block == place.block);
                for (_, other) in together {
                    let (a, b) = (point.unwrap(), other.unwrap());
                    prop_assert!((a.x - b.x).abs() < side && (a.y - b.y).abs() < side);
                }
            }
            let own: Vec<u32> = places.iter().map(|place| place.block).collect();
            let (mut sums, mut squares) = (vec![[0.0; 4]; folds], vec![0.0; folds]);
            for (block, vector) in (0..).zip(vectors(&roster, &own)) {
                let fold = usize::from(fold_of[&block].unwrap());
                for (sum, share) in sums[fold].iter_mut().zip(&vector) {
                    *sum += share;
                    squares[fold] += share * share;
                }
            }
            for (one, other) in (0..folds).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let pairs = sums[one].iter().zip(&sums[other]);
                let distance: f64 = pairs.map(|(a, b): (&f64, &f64)| (a - b).powi(2)).sum();
                prop_assert!(distance <= squares[one] + squares[other] + 1e-9);
            }
        }
    }

    #[test]
    fn small_blocks_are_nearly_as_even_as_random_folds() {
        let labels: Vec<usize> = (0..10_000).map(|cell| usize::from(cell % 50 == 0)).collect();
        let (roster, points) = country(&labels, 100);
        let ten = FoldCount::TEN;
        let partition = Partition::blocks(&roster, &points, blocks(5000.0), ten, 7, 0).unwrap();
        for fold in 0..10 {
            let cells: Vec<usize> = partition.held_out(fold).collect();
            let rare = cells.iter().filter(|&&cell| labels[cell] == 1).count();
            assert!((975..=1025).contains(&cells.len()), "{} cells", cells.len());
            assert!((18..=22).contains(&rare), "{rare} of the rare class");
        }
    }

    #[test]
    fn another_seed_shifts_the_blocks_and_the_same_one_does_not() {
        let (roster, points) = country(&[0, 1].repeat(200), 20);
        let partition = |seed| {
            let five = FoldCount::new(5).unwrap();
            Partition::blocks(&roster, &points, blocks(3000.0), five, seed, 0).unwrap()
        };
        assert_eq!(partition(1), partition(1));
        assert_ne!(partition(1).places(), partition(2).places());
    }

    #[test]
    fn blocks_that_are_too_large_are_answered_with_the_largest_that_work() {
        // The rare class lives in the west.
        let labels: Vec<usize> = (0..900).map(|cell| usize::from(cell % 30 < 6)).collect();
        let (roster, points) = country(&labels, 30);
        let five = FoldCount::new(5).unwrap();
        let attempt = |side| Partition::blocks(&roster, &points, blocks(side), five, 3, 0);
        let error = attempt(20_000.0).unwrap_err();
        let FoldError::Blocks { largest: Some(largest), ref class, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(class, "b");
        assert!(attempt(largest).is_ok(), "{largest} m does not work");
        assert!(attempt(2.0 * largest).is_err(), "{largest} m is too cautious");
        assert!(error.to_string().ends_with(&format!("that works is {largest} m")), "{error}");
    }

    #[test]
    fn no_length_and_no_place_are_refused() {
        let (roster, mut points) = country(&[0; 20], 5);
        let two = FoldCount::new(2).unwrap();
        for side in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = Partition::blocks(&roster, &points, blocks(side), two, 1, 0).unwrap_err();
            assert!(error.to_string().starts_with("the side of a block is"), "{error}");
        }
        points[3] = None;
        points[4] = Some(Point { x: f64::NAN, y: 0.0 });
        let error = Partition::blocks(&roster, &points, blocks(2000.0), two, 1, 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 of the labelled cells have no place on the ground: `E00003`, `E00004`"
        );
    }
}
