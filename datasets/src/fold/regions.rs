//! Regions: all cells of a region are held out together.
//!
//! A model that is to be used where nobody has labelled anything is measured by leaving out whole regions, such as
//! states.

use std::collections::BTreeMap;

use super::blocks::places;
use super::packing::pack;
use super::partition::{Design, Partition, Place};
use super::roster::name_first;
use super::{FoldCount, FoldError, Roster, Scheme};
use crate::cell::Point;

impl Partition {
    /// Leaves out one region at a time; where there are more regions than `folds`, several regions make a fold, so that
    /// class shares and cell counts stay even. `regions` names the region of each cell of `roster`.
    ///
    /// A region may lack a class.
    ///
    /// # Errors
    /// If a cell belongs to no region, or all to the same.
    pub fn regions(
        roster: &Roster,
        regions: &[Option<&str>],
        folds: FoldCount,
        seed: u64,
    ) -> Result<Self, FoldError> {
        let regions = roster
            .complete(regions)
            .map_err(|(count, named)| FoldError::NoRegion { count, named })?;
        let mut numbers: BTreeMap<&str, u32> = regions.iter().map(|&name| (name, 0)).collect();
        for (number, own) in (0..).zip(numbers.values_mut()) {
            *own = number;
        }
        if let (Some((&only, _)), 1) = (numbers.first_key_value(), numbers.len()) {
            return Err(FoldError::OneRegion { only: only.to_owned() });
        }
        let blocks: Vec<u32> = regions.iter().map(|name| numbers[name]).collect();
        let count = numbers.len().min(folds.get());
        let own = if count < numbers.len() {
            pack(roster, &blocks, count)
        } else {
            (0..).take(count).collect()
        };
        let place = |&block: &u32| Place { fold: Some(own[block as usize]), block };
        let places = blocks.iter().map(place).collect();
        Ok(Self::new(Design::new(Scheme::Regions, 0, seed), count, places))
    }

    /// Leaves out one region at a time, as [`Partition::regions`] does; cells that belong to none are trained on in every fold.
    ///
    /// # Errors
    /// If no cell belongs to a region, or all that do to the same.
    pub fn regions_and_rest(
        roster: &Roster,
        regions: &[Option<&str>],
        folds: FoldCount,
        seed: u64,
    ) -> Result<Self, FoldError> {
        assert_eq!(regions.len(), roster.len(), "something is said about every cell");
        let Some(inner) = roster.only(|cell| regions[cell].is_some()) else {
            let (count, named) =
                name_first(&roster.ids().iter().collect::<Vec<_>>()).expect("a roster has cells");
            return Err(FoldError::NoRegion { count, named });
        };
        let named: Vec<Option<&str>> = regions.iter().flatten().map(|&name| Some(name)).collect();
        let inner = Self::regions(&inner, &named, folds, seed)?;
        let last = inner.places().iter().map(|place| place.block).max().unwrap_or(0);
        let mut inside = inner.places().iter().copied();
        let rest = Place { fold: None, block: last + 1 };
        let place = |region: Option<&str>| region.and_then(|_| inside.next()).unwrap_or(rest);
        let places = regions.iter().copied().map(place).collect();
        Ok(Self { places, ..inner })
    }

    /// The same partition with a buffer of `buffer` metres around held-out cells; `points` are the middles of the cells
    /// of `roster`, in metres.
    ///
    /// # Errors
    /// If the buffer makes no sense, a cell has no place, or a fold is left without a class to train on.
    pub fn with_buffer(
        self,
        roster: &Roster,
        points: &[Option<Point>],
        buffer: f64,
    ) -> Result<Self, FoldError> {
        self.buffered(roster, &places(roster, points)?, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::CellId;
    use crate::class::{ClassId, ClassMap, Label};

    fn roster(count: usize) -> Roster {
        let classes = ClassMap::new(["a", "b"]).unwrap();
        let cell = |index: usize| {
            (CellId::new(format!("E{index:03}")), Label::Class(ClassId::new(index % 2)))
        };
        let cells: Vec<_> = (0..count).map(cell).collect();
        Roster::new(&cells, &classes).unwrap()
    }

    #[test]
    fn each_region_is_a_fold_in_order_of_names() {
        let names: Vec<_> =
            (0..30).map(|cell| Some(["north", "east", "south"][cell % 3])).collect();
        let partition = Partition::regions(&roster(30), &names, FoldCount::TEN, 1).unwrap();
        assert_eq!(partition.folds(), 3);
        for (cell, place) in partition.places().iter().enumerate() {
            let expected = [1, 0, 2][cell % 3];
            assert_eq!((place.fold, place.block), (Some(expected), u32::from(expected)));
        }
    }

    #[test]
    fn many_regions_share_few_folds_evenly() {
        let states: Vec<String> = (0..32).map(|state| format!("state {state:02}")).collect();
        let names: Vec<_> = (0..3200).map(|cell| Some(states[cell / 100].as_str())).collect();
        let four = FoldCount::new(4).unwrap();
        let partition = Partition::regions(&roster(3200), &names, four, 1).unwrap();
        for fold in 0..4 {
            assert_eq!(partition.held_out(fold).count(), 800);
        }
    }

    #[test]
    fn cells_outside_all_regions_are_trained_on_in_every_fold() {
        let names: Vec<_> = (0..40)
            .map(|cell| [Some("north"), Some("east"), None, Some("south")][cell % 4])
            .collect();
        let partition =
            Partition::regions_and_rest(&roster(40), &names, FoldCount::TEN, 1).unwrap();
        assert_eq!(partition.folds(), 3);
        for (cell, place) in partition.places().iter().enumerate() {
            let expected = [Some(1), Some(0), None, Some(2)][cell % 4];
            assert_eq!((place.fold, place.block), (expected, expected.map_or(3, u32::from)));
        }
        assert!((0..3).all(|fold| partition.training(fold)[2]));
        // Where there is no rest, both are the same.
        let all: Vec<_> = (0..40).map(|cell| Some(["a", "b"][cell / 2 % 2])).collect();
        assert_eq!(
            Partition::regions_and_rest(&roster(40), &all, FoldCount::TEN, 1).unwrap(),
            Partition::regions(&roster(40), &all, FoldCount::TEN, 1).unwrap()
        );
        let error =
            Partition::regions_and_rest(&roster(9), &[None; 9], FoldCount::TEN, 1).unwrap_err();
        assert!(error.to_string().starts_with("9 of the labelled cells belong to no region"));
    }

    #[test]
    fn cells_without_a_region_and_a_single_region_are_refused() {
        let mut names = vec![Some("here"); 20];
        let error = Partition::regions(&roster(20), &names, FoldCount::TEN, 1).unwrap_err();
        assert!(error.to_string().contains("one region, `here`"), "{error}");
        names[7] = None;
        let error = Partition::regions(&roster(20), &names, FoldCount::TEN, 1).unwrap_err();
        assert_eq!(error.to_string(), "1 of the labelled cells belong to no region: `E007`");
    }
}
