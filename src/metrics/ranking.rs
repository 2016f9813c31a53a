//! Scores of an order: how well the probability of a class ranks its cells above the others.
//!
//! Cells of equal probability form one step, as in scikit-learn, so no score depends on the order in
//! which equals happen to lie. Sorting costs more than all else, so an order is made once and its areas are
//! computed for any number of resamples, each of which says how often a unit (a cell or a block) was drawn.

use rayon::slice::ParallelSliceMut;
use tesela_datasets::class::ClassId;

use super::Outcomes;

/// The cells in falling order of their probability of a class.
pub(crate) struct Ranking {
    places: Vec<Place>,
}

/// A cell in its place.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// What is drawn when this cell is drawn.
    unit: u32,
    origin: u16,
    /// Whether it is of the class.
    own: bool,
    /// Whether the next cell has a lower probability.
    ends_step: bool,
}

/// The areas below the curves of one class against the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Areas {
    /// The chance that a cell of the class ranks above one of the others; `None` where either is missing.
    pub(crate) roc_auc: Option<f64>,
    /// The mean precision over the recalls that the ranking reaches; `None` where the class is missing.
    pub(crate) average_precision: Option<f64>,
}

/// What lies at or above a step.
pub(super) struct RankStep {
    /// How many cells lie above the last cell of the step.
    pub(super) place: usize,
    /// Weight of the cells of the class.
    pub(super) own: f64,
    /// Weight of the cells of other classes.
    pub(super) others: f64,
}

/// What lies at or above a place, at one mixture of classes.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Weight of the cells of other classes above this step.
    others: f64,
    /// Weight of the cells of other classes in this step.
    others_in_step: f64,
    /// Weight of the cells of the class above this step.
    own: f64,
    /// Weight of the cells of the class in this step.
    own_in_step: f64,
    roc: f64,
    precision: f64,
}

impl Ranking {
    /// Ranks the cells of `outcomes` by their probability of `class`; `units` names what each cell is drawn
    /// with (without, nothing tells cells apart).
    pub(crate) fn of(outcomes: &Outcomes, class: ClassId, units: Option<&[u32]>) -> Self {
        let scores = outcomes.column(class);
        let (truths, classes) = (outcomes.truths(), outcomes.classes());
        let mut keys: Vec<u64> =
            (0_u32..).zip(&scores).map(|(cell, &score)| key(score, cell)).collect();
        assert_eq!(keys.len(), scores.len(), "there are fewer than four billion cells");
        keys.par_sort_unstable();
        let places = keys.iter().enumerate().map(|(place, &key)| {
            let cell = cell_of(key);
            let next = keys.get(place + 1);
            Place {
                unit: units.map_or(0, |units| units[cell]),
                origin: ordinal(
                    usize::from(outcomes.stratum(cell)) * classes + truths[cell].index(),
                ),
                own: truths[cell] == class,
                ends_step: next.is_none_or(|&next| next >> 32 != key >> 32),
            }
        });
        Self { places: places.collect() }
    }

    /// The areas when each unit counts as often as `times` says, at each of several mixtures: `weights` says how
    /// much a cell of each origin weighs.
    ///
    /// Whether a cell was drawn is a coin toss that no processor foresees, so nothing here branches on it.
    pub(crate) fn areas<const MIXTURES: usize>(
        &self,
        times: impl Fn(u32) -> u32,
        weights: [&[f64]; MIXTURES],
    ) -> [Areas; MIXTURES] {
        let mut sums = [Sums::default(); MIXTURES];
        for place in &self.places {
            let count = f64::from(times(place.unit));
            let weights = weights.map(|weights| weights[usize::from(place.origin)] * count);
            if place.own {
                sums.iter_mut().zip(weights).for_each(|(sums, weight)| sums.own_in_step += weight);
            } else {
                sums.iter_mut()
                    .zip(weights)
                    .for_each(|(sums, weight)| sums.others_in_step += weight);
            }
            if place.ends_step {
                sums.iter_mut().for_each(Sums::end_step);
            }
        }
        sums.map(Sums::areas)
    }
}

impl Ranking {
    /// What lies at or above each step, cells weighing as much as their origin says; `None` where the class is missing
    /// or weighs nothing.
    pub(super) fn steps(&self, weights: &[f64]) -> Option<Vec<RankStep>> {
        let mut steps = Vec::new();
        let (mut own, mut others) = (0.0, 0.0);
        for (place, one) in self.places.iter().enumerate() {
            let weight = weights[usize::from(one.origin)];
            *(if one.own { &mut own } else { &mut others }) += weight;
            if one.ends_step {
                steps.push(RankStep { place, own, others });
            }
        }
        (own > 0.0).then_some(steps)
    }
}

impl Sums {
    /// Goes on to the next step.
    #[inline]
    fn end_step(&mut self) {
        self.roc += self.others_in_step * (self.own + 0.5 * self.own_in_step);
        self.others += self.others_in_step;
        self.others_in_step = 0.0;
        let right = self.own + self.own_in_step;
        // Above the first cell that counts there is nothing, and nothing of nothing is none.
        self.precision += self.own_in_step * right / (right + self.others).max(f64::MIN_POSITIVE);
        self.own = right;
        self.own_in_step = 0.0;
    }

    fn areas(self) -> Areas {
        let known = self.own > 0.0;
        Areas {
            roc_auc: (known && self.others > 0.0).then(|| self.roc / (self.own * self.others)),
            average_precision: known.then(|| self.precision / self.own),
        }
    }
}

/// A key that sorts high scores first, and equal ones by cell.
fn key(score: f32, cell: u32) -> u64 {
    // Adding zero makes the negative zero a positive one, which equals it.
    let bits = (score + 0.0).to_bits();
    let rising = if bits >> 31 == 0 { bits | 0x8000_0000 } else { !bits };
    u64::from(!rising) << 32 | u64::from(cell)
}

fn cell_of(key: u64) -> usize {
    usize::try_from(key & u64::from(u32::MAX)).expect("an index of 32 bits fits")
}

fn ordinal(origin: usize) -> u16 {
    u16::try_from(origin).expect("outcomes have at most 65,535 origins")
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;
    use proptest::prelude::*;

    /// The areas of the second of two classes.
    fn areas(scores: &[f32], own: &[bool]) -> Areas {
        let mut outcomes = Outcomes::new(2);
        for (&score, &own) in scores.iter().zip(own) {
            outcomes.push(ClassId::new(usize::from(own)), &[1.0 - score, score]);
        }
        let [areas] = Ranking::of(&outcomes, ClassId::new(1), None).areas(|_| 1, [&[1.0, 1.0]]);
        areas
    }

    #[test]
    fn a_perfect_order_scores_one_and_its_reverse_zero() {
        let own = [false, false, true, true];
        let right = areas(&[0.1, 0.2, 0.8, 0.9], &own);
        assert_eq!((right.roc_auc, right.average_precision), (Some(1.0), Some(1.0)));
        let wrong = areas(&[0.9, 0.8, 0.2, 0.1], &own);
        assert_eq!(wrong.roc_auc, Some(0.0));
    }

    #[test]
    fn a_missing_class_has_no_score() {
        let none = areas(&[0.1, 0.9], &[false, false]);
        assert_eq!((none.roc_auc, none.average_precision), (None, None));
        let all = areas(&[0.1, 0.9], &[true, true]);
        assert_eq!((all.roc_auc, all.average_precision), (None, Some(1.0)));
    }

    #[test]
    fn keys_sort_high_scores_first_and_both_zeros_are_one() {
        let scores = [f32::INFINITY, 1.0, 1e-30, 0.0, -1e-30, -2.0];
        let keys: Vec<u64> = scores.iter().map(|&score| key(score, 7)).collect();
        assert!(keys.is_sorted() && keys.iter().all(|&key| cell_of(key) == 7));
        assert_eq!(key(0.0, 3), key(-0.0, 3));
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_the_right_order(
            cells in prop::collection::vec((0_u8..6, any::<bool>()), 2..60),
        ) {
            let scores: Vec<f32> = cells.iter().map(|cell| f32::from(cell.0)).collect();
            let own: Vec<bool> = cells.iter().map(|cell| cell.1).collect();
            let found = areas(&scores, &own);
            let (mut pairs, mut right) = (0_u32, 0.0);
            for (a, _) in cells.iter().filter(|cell| cell.1) {
                for (b, _) in cells.iter().filter(|cell| !cell.1) {
                    pairs += 1;
                    right += match a.cmp(b) { Ordering::Greater => 1.0, Ordering::Equal => 0.5, Ordering::Less => 0.0 };
                }
            }
            if let Some(area) = found.roc_auc {
                prop_assert!((area - right / f64::from(pairs)).abs() < 1e-12);
            } else {
                prop_assert_eq!(pairs, 0);
            }
        }
    }
}
