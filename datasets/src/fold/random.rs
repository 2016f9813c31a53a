//! Random folds, each class spread evenly.

use super::partition::{Design, Partition, Place};
use super::{FoldCount, FoldError, Roster, Scheme};
use crate::random::{below, derive, generator, mix, shuffle};

/// The place of fold plans below a seed, so that other draws from the same seed differ.
pub(super) const PLACE: u64 = 0x466f_6c64;

impl Partition {
    /// Spreads the cells of `roster` over `folds` folds at random, each class evenly: the numbers of cells of a class in
    /// two folds differ by at most one, and so do the sizes of two folds. Every cell is a block of its own.
    ///
    /// # Errors
    /// If a class that occurs has fewer cells than there are folds.
    pub fn random(
        roster: &Roster,
        folds: FoldCount,
        seed: u64,
        repeat: u16,
    ) -> Result<Self, FoldError> {
        roster.suffices(folds.get())?;
        let mut places: Vec<Place> = (0..).take(roster.len()).map(alone).collect();
        // Each class begins where the last one ended, so that the surplus of every class does not land in
        // the first folds.
        let mut next = below(&mut generator(seed, &[PLACE]), folds.get() as u64);
        for class in roster.classes().ids() {
            let mut members = roster.members(class);
            let place = derive(seed, &[PLACE, mix(class.index() as u64)]);
            shuffle(&mut generator(place, &[]), &mut members);
            for cell in members {
                let fold = u16::try_from(next).expect("folds are counted in 16 bits");
                places[cell].fold = Some(fold);
                next = (next + 1) % folds.get() as u64;
            }
        }
        Ok(Self::new(Design::new(Scheme::Random, repeat, seed), folds.get(), places))
    }
}

/// A cell that is a block of its own and in no fold yet.
pub(super) fn alone(cell: u32) -> Place {
    Place { fold: None, block: cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::CellId;
    use crate::class::{ClassId, ClassMap, Label};
    use proptest::prelude::*;

    fn classes() -> ClassMap {
        ClassMap::new(["non-urban", "urban", "water"]).unwrap()
    }

    fn cells(labels: &[Option<usize>]) -> Vec<(CellId, Label)> {
        let cell = |(index, class): (usize, &Option<usize>)| {
            (CellId::new(format!("E{index}")), Label::from(class.map(ClassId::new)))
        };
        labels.iter().enumerate().map(cell).collect()
    }

    fn roster(labels: &[Option<usize>]) -> Result<Roster, FoldError> {
        Roster::new(&cells(labels), &classes())
    }

    proptest! {
        #[test]
        fn labelled_cells_are_held_out_once_and_evenly(
            labels in prop::collection::vec(prop::option::of(0_usize..3), 1..300),
            folds in 2_usize..12, seed in any::<u64>(),
        ) {
            let count = FoldCount::new(folds).unwrap();
            let of = |class: usize| labels.iter().flatten().filter(|&&own| own == class).count();
            let few = (0..3).any(|class| (1..folds).contains(&of(class)));
            let Ok(roster) = roster(&labels) else {
                prop_assert!(labels.iter().all(Option::is_none));
                return Ok(());
            };
            let partition = match Partition::random(&roster, count, seed, 0) {
                Ok(partition) => partition,
                Err(error) => {
                    prop_assert!(few, "{}", error);
                    return Ok(());
                }
            };
            prop_assert!(!few);
            prop_assert_eq!(partition.places().len(), labels.iter().flatten().count());
            for class in [None, Some(0), Some(1), Some(2)] {
                let mut sizes = vec![0_usize; folds];
                for (place, own) in partition.places().iter().zip(roster.own()) {
                    let fold = usize::from(place.fold.unwrap());
                    if class.is_none_or(|class| own.index() == class) {
                        sizes[fold] += 1;
                    }
                }
                prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            }
        }
    }

    #[test]
    fn a_class_that_cannot_be_in_every_fold_is_named() {
        let labels: Vec<_> = (0..30).map(|index| Some(usize::from(index < 3))).collect();
        let refused = Partition::random(&roster(&labels).unwrap(), FoldCount::TEN, 1, 0);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "class `urban` has 3 cells; 10 folds need at least 10"
        );
    }

    #[test]
    fn cells_without_a_class_and_repeated_ones_are_refused() {
        assert!(matches!(roster(&[None, None]), Err(FoldError::AllUndefined)));
        let twice = [cells(&[Some(0), Some(0)]), cells(&[Some(0)])].concat();
        let error = Roster::new(&twice, &classes()).unwrap_err();
        assert_eq!(error.to_string(), "duplicate cell_id `E0`; every cell needs an id of its own");
    }
}
