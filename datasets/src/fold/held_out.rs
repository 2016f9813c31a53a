//! A fixed held-out set: some cells are scored, all others are trained on.

use super::partition::{Design, Partition, Place};
use super::random::{PLACE, alone};
use super::{FoldError, Roster, Scheme};
use crate::random::{derive, generator, shuffle};

impl Partition {
    /// Holds out the cells of `roster` for which `is_held_out` says so, in a single fold. Every cell is a block of its
    /// own.
    ///
    /// # Errors
    /// If no cell is held out, or all are.
    pub fn held_out_set(
        roster: &Roster,
        is_held_out: &[bool],
        seed: u64,
    ) -> Result<Self, FoldError> {
        assert_eq!(is_held_out.len(), roster.len(), "something is said about every cell");
        let found = is_held_out.iter().filter(|held_out| **held_out).count();
        if found == 0 || found == roster.len() {
            return Err(FoldError::HeldOut { found, cells: roster.len() });
        }
        let place = |(cell, &held_out): (u32, &bool)| {
            if held_out { Place { fold: Some(0), ..alone(cell) } } else { alone(cell) }
        };
        let places = (0..).zip(is_held_out).map(place).collect();
        Ok(Self::new(Design::new(Scheme::HeldOut, 0, seed), 1, places))
    }

    /// Holds out `share` of the cells of each class (rounded, but one cell at least, and never the last one), drawn from
    /// `seed`.
    ///
    /// # Errors
    /// If a class that occurs has one cell only.
    ///
    /// # Panics
    /// If the share does not lie between 0 and 1.
    pub fn held_out_share(roster: &Roster, share: f64, seed: u64) -> Result<Self, FoldError> {
        assert!((0.0..=1.0).contains(&share), "a share lies between 0 and 1");
        roster.suffices(2)?;
        let mut is_held_out = vec![false; roster.len()];
        for class in roster.classes().ids() {
            let mut members = roster.members(class);
            let wanted = rounded(share * members.len() as f64);
            let wanted = wanted.max(1).min(members.len().saturating_sub(1));
            let place = derive(seed, &[PLACE, 2, class.index() as u64]);
            shuffle(&mut generator(place, &[]), &mut members);
            for &cell in &members[..wanted] {
                is_held_out[cell] = true;
            }
        }
        Self::held_out_set(roster, &is_held_out, seed)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
fn rounded(value: f64) -> usize {
    value.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::CellId;
    use crate::class::{ClassId, ClassMap, Label};

    fn roster(count: usize) -> Roster {
        let classes = ClassMap::new(["a", "b", "nowhere"]).unwrap();
        let cell = |index: usize| {
            (CellId::new(format!("E{index:03}")), Label::Class(ClassId::new(index % 10 / 9)))
        };
        let cells: Vec<_> = (0..count).map(cell).collect();
        Roster::new(&cells, &classes).unwrap()
    }

    #[test]
    fn a_share_of_each_class_is_held_out() {
        let roster = roster(100);
        let partition = Partition::held_out_share(&roster, 0.2, 7).unwrap();
        let held_out: Vec<usize> = partition.held_out(0).collect();
        assert_eq!(held_out.len(), 20);
        let rare = held_out.iter().filter(|&&cell| roster.own()[cell] == ClassId::new(1)).count();
        assert_eq!(rare, 2);
        assert_eq!(partition.training(0).iter().filter(|trained| **trained).count(), 80);
        assert_ne!(partition, Partition::held_out_share(&roster, 0.2, 8).unwrap());
        for share in [0.0, 1.0] {
            let partition = Partition::held_out_share(&roster, share, 7).unwrap();
            assert!(partition.held_out(0).count() >= 2 && partition.held_out(0).count() <= 98);
        }
    }

    #[test]
    fn nothing_and_everything_are_refused() {
        let roster = roster(10);
        for all in [false, true] {
            let error = Partition::held_out_set(&roster, &[all; 10], 1).unwrap_err();
            assert!(error.to_string().contains("expected some and not all"), "{error}");
        }
    }
}
