//! Scores of an order: how well the probability of a class ranks its cells above the others.
//!
//! Cells of equal probability form one step, as in scikit-learn, so no score depends on the order in
//! which equals happen to lie.

/// How much weight of the class and of the others lies at or above each distinct probability, from
/// the highest down.
pub(super) struct Ranking {
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Default)]
struct Step {
    own: f64,
    others: f64,
}

impl Ranking {
    /// Ranks cells by `scores`; `own` says which are of the class, `weights` how much each counts.
    pub(super) fn of(scores: &[f32], own: &[bool], weights: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut steps = Vec::new();
        let mut so_far = Step::default();
        for (rank, &cell) in order.iter().enumerate() {
            if own[cell] {
                so_far.own += weights[cell];
            } else {
                so_far.others += weights[cell];
            }
            let next = order.get(rank + 1);
            if next.is_none_or(|&next| scores[next] < scores[cell]) {
                steps.push(so_far);
            }
        }
        Self { steps }
    }

    fn total(&self) -> Step {
        self.steps.last().copied().unwrap_or_default()
    }

    /// Each step with the one before it.
    fn pairs(&self) -> impl Iterator<Item = (Step, Step)> + '_ {
        let before = std::iter::once(Step::default()).chain(self.steps.iter().copied());
        before.zip(self.steps.iter().copied())
    }

    /// The chance that a cell of the class ranks above one of the others; `None` where either is missing.
    pub(super) fn roc_auc(&self) -> Option<f64> {
        let Step { own, others } = self.total();
        let area = self
            .pairs()
            .map(|(before, after)| {
                (after.others - before.others) * f64::midpoint(after.own, before.own)
            })
            .sum::<f64>();
        (own > 0.0 && others > 0.0).then(|| area / (own * others))
    }

    /// The mean precision over the recalls that the ranking reaches; `None` where the class is missing.
    pub(super) fn average_precision(&self) -> Option<f64> {
        let total = self.total().own;
        let sum = self
            .pairs()
            .filter(|(_, after)| after.own > 0.0)
            .map(|(before, after)| {
                (after.own - before.own) * after.own / (after.own + after.others)
            })
            .sum::<f64>();
        (total > 0.0).then(|| sum / total)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_perfect_order_scores_one_and_its_reverse_zero() {
        let own = [false, false, true, true];
        let weights = [1.0; 4];
        let right = Ranking::of(&[0.1, 0.2, 0.8, 0.9], &own, &weights);
        assert_eq!((right.roc_auc(), right.average_precision()), (Some(1.0), Some(1.0)));
        let wrong = Ranking::of(&[0.9, 0.8, 0.2, 0.1], &own, &weights);
        assert_eq!(wrong.roc_auc(), Some(0.0));
    }

    #[test]
    fn a_missing_class_has_no_score() {
        let ranking = Ranking::of(&[0.1, 0.9], &[false, false], &[1.0; 2]);
        assert_eq!((ranking.roc_auc(), ranking.average_precision()), (None, None));
        let ranking = Ranking::of(&[0.1, 0.9], &[true, true], &[1.0; 2]);
        assert_eq!((ranking.roc_auc(), ranking.average_precision()), (None, Some(1.0)));
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_pairs_in_the_right_order(
            cells in prop::collection::vec((0_u8..6, any::<bool>()), 2..60),
        ) {
            let scores: Vec<f32> = cells.iter().map(|cell| f32::from(cell.0)).collect();
            let own: Vec<bool> = cells.iter().map(|cell| cell.1).collect();
            let ranking = Ranking::of(&scores, &own, &vec![1.0; cells.len()]);
            let (mut pairs, mut right) = (0_u32, 0.0);
            for (a, _) in cells.iter().filter(|cell| cell.1) {
                for (b, _) in cells.iter().filter(|cell| !cell.1) {
                    pairs += 1;
                    right += match a.cmp(b) { Ordering::Greater => 1.0, Ordering::Equal => 0.5, Ordering::Less => 0.0 };
                }
            }
            if let Some(area) = ranking.roc_auc() {
                prop_assert!((area - right / f64::from(pairs)).abs() < 1e-12);
            } else {
                prop_assert_eq!(pairs, 0);
            }
        }
    }
}
