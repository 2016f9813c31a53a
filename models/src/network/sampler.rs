//! The sampler: which patches an epoch sees, and in which order.

use tesela_datasets::class::Label;
use tesela_datasets::random;

use super::settings::Sampler;

/// The place of the order of an epoch below the seed.
const ORDER: u64 = 2;
/// The place of the choice of a balanced epoch below the seed.
const CHOICE: u64 = 6;

impl Sampler {
    /// The positions of the patches of `epoch`, in the order in which it sees them: as many as there are labels. It
    /// depends on the labels, the seed and the epoch alone.
    pub(crate) fn order(self, labels: &[Label], classes: usize, seed: u64, epoch: u64) -> Vec<u32> {
        let mut order = match self {
            Self::Random => (0..).take(labels.len()).collect(),
            Self::Balanced => balanced(labels, classes, seed, epoch),
        };
        random::shuffle(&mut random::generator(seed, &[ORDER, epoch]), &mut order);
        order
    }
}

/// As many patches of each class, up to one: each class is dealt out in a shuffled order, again and again where it
/// is small.
fn balanced(labels: &[Label], classes: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut of_class: Vec<Vec<u32>> = vec![Vec::new(); classes];
    for (position, label) in (0..).zip(labels) {
        if let Some(class) = label.class() {
            of_class[class.index()].push(position);
        }
    }
    for (class, positions) in (0..).zip(&mut of_class) {
        random::shuffle(&mut random::generator(seed, &[CHOICE, epoch, class]), positions);
    }
    of_class.retain(|positions| !positions.is_empty());
    let mut order = Vec::with_capacity(labels.len());
    // Which classes get one patch more than others turns with the epoch.
    let start = usize::try_from(epoch % of_class.len().max(1) as u64).unwrap_or(0);
    for turn in 0.. {
        for class in 0..of_class.len() {
            if order.len() == labels.len() {
                return order;
            }
            let positions = &of_class[(class + start) % of_class.len()];
            order.push(positions[turn % positions.len()]);
        }
        if of_class.is_empty() {
            break;
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tesela_datasets::class::ClassId;

    fn labels(classes: &[usize]) -> Vec<Label> {
        classes.iter().map(|&class| Label::Class(ClassId::new(class))).collect()
    }

    proptest! {
        #[test]
        fn a_random_epoch_sees_every_patch_once(len in 0_usize..200, epoch in 1_u64..9) {
            let mut order = Sampler::Random.order(&labels(&vec![0; len]), 2, 7, epoch);
            order.sort_unstable();
            prop_assert_eq!(order, (0..).take(len).collect::<Vec<u32>>());
        }

        #[test]
        fn a_balanced_epoch_sees_each_class_as_often_and_each_patch_of_it(
            classes in prop::collection::vec(0_usize..3, 3..200), epoch in 1_u64..9
        ) {
            let labels = labels(&classes);
            let order = Sampler::Balanced.order(&labels, 3, 7, epoch);
            prop_assert_eq!(order.len(), labels.len());
            let mut seen = vec![0_usize; labels.len()];
            order.iter().for_each(|&position| seen[position as usize] += 1);
            let mut totals = Vec::new();
            for class in 0..3 {
                let own: Vec<usize> =
                    (0..seen.len()).filter(|&at| classes[at] == class).map(|at| seen[at]).collect();
                // Within a class, no patch is seen twice more often than another.
                if let (Some(least), Some(most)) = (own.iter().min(), own.iter().max()) {
                    prop_assert!(most - least <= 1);
                    totals.push(own.iter().sum::<usize>());
                }
            }
            let (least, most) = (totals.iter().min().unwrap(), totals.iter().max().unwrap());
            prop_assert!(most - least <= 1, "{:?}", totals);
        }
    }

    #[test]
    fn epochs_differ_and_can_be_drawn_again() {
        let labels = labels(&[0, 1].repeat(50));
        for sampler in [Sampler::Random, Sampler::Balanced] {
            let order = |seed, epoch| sampler.order(&labels, 2, seed, epoch);
            assert_eq!(order(1, 1), order(1, 1));
            assert_ne!(order(1, 1), order(1, 2));
            assert_ne!(order(1, 1), order(2, 1));
        }
    }
}
