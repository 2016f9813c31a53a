//! The validation share: a part of the training cells that is set aside, each class with its share.

use tesela_datasets::class::ClassId;
use tesela_datasets::random::{derive, generator, shuffle};

/// The place of validation draws below a seed.
const PLACE: u64 = 0x5661_6c69;

/// Parts `members` into those to fit on and those to validate with.
///
/// Of each class `share` is set aside (rounded, but never the last cell of a class). `members` come with
/// their class in an order that does not depend on how the data lie on disk; both results keep it.
pub(super) fn set_aside<T: Copy>(
    members: &[(T, ClassId)],
    classes: usize,
    share: f64,
    seed: u64,
    fold: u64,
) -> (Vec<T>, Vec<T>) {
    let mut aside = vec![false; members.len()];
    for class in (0..classes).map(ClassId::new) {
        let own = members.iter().enumerate().filter(|(_, member)| member.1 == class);
        let mut own: Vec<usize> = own.map(|(index, _)| index).collect();
        let wanted = rounded(share * own.len() as f64).min(own.len().saturating_sub(1));
        let seed = derive(seed, &[PLACE, fold, class.index() as u64]);
        shuffle(&mut generator(seed, &[]), &mut own);
        for &index in &own[..wanted] {
            aside[index] = true;
        }
    }
    let part = |which: bool| {
        let pairs = members.iter().zip(&aside).filter(|(_, aside)| **aside == which);
        pairs.map(|(member, _)| member.0).collect()
    };
    (part(false), part(true))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
fn rounded(value: f64) -> usize {
    value.max(0.0).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_cell_is_on_one_side_and_every_class_on_the_fitting_side(
            classes in prop::collection::vec(0_usize..3, 1..100),
            share in 0.0..1.0,
            seed in any::<u64>(),
        ) {
            let members: Vec<(usize, ClassId)> =
                classes.iter().enumerate().map(|(i, &c)| (i, ClassId::new(c))).collect();
            let (fit, validate) = set_aside(&members, 3, share, seed, 0);
            let mut all = [fit.clone(), validate.clone()].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..members.len()).collect::<Vec<_>>());
            for class in 0..3 {
                let of = |part: &[usize]| part.iter().filter(|&&i| classes[i] == class).count();
                let total = of(&fit) + of(&validate);
                prop_assert!(total == 0 || of(&fit) > 0);
                if total > 1 {
                    let expected = share * total as f64;
                    prop_assert!((of(&validate) as f64 - expected).abs() <= 1.0);
                }
            }
        }
    }

    #[test]
    fn folds_set_other_cells_aside_and_no_share_sets_none() {
        let members: Vec<(usize, ClassId)> = (0..100).map(|i| (i, ClassId::new(0))).collect();
        let one = set_aside(&members, 1, 0.2, 7, 0).1;
        assert_eq!(one.len(), 20);
        assert_eq!(one, set_aside(&members, 1, 0.2, 7, 0).1);
        assert_ne!(one, set_aside(&members, 1, 0.2, 7, 1).1);
        assert!(set_aside(&members, 1, 0.0, 7, 0).1.is_empty());
    }
}
