//! Cuts: the thresholds that a sample offers, and the one that a rule asks for.
//!
//! A class is mapped where its probability is at least the threshold. Only observed probabilities are tried, from
//! the highest; cells of each class weigh as much as makes the sample look like the place of use, so that precision,
//! F1 and the mapped share are those of the map to come.

use super::settings::ThresholdRule;

/// A precision or recall this little below what was asked for counts as reached.
const SLACK: f64 = 1e-12;

/// A threshold and what it does to the weighted sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The lowest probability that is mapped as the class.
    pub threshold: f64,
    /// Share of mapped cells that are of the class.
    pub precision: f64,
    /// Share of cells of the class that are mapped.
    pub recall: f64,
    /// Share of all cells that are mapped.
    pub share: f64,
    /// Number of mapped cells of other classes, without weights: what the precision rests on.
    pub others: u64,
}

impl Cut {
    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum > 0.0 { 2.0 * self.precision * self.recall / sum } else { 0.0 }
    }
}

/// A cell of which the class is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored {
    /// Its probability of the class that is sought.
    pub(crate) probability: f64,
    /// Its class.
    pub(crate) truth: usize,
    /// What it counts beside others of its class: 1 where they count the same.
    pub(crate) weight: f64,
}

/// All cuts of a sample, from the highest threshold; equal probabilities are cut together.
pub(crate) struct Cuts {
    cuts: Vec<Cut>,
}

impl Cuts {
    /// The cuts of `cells`, where class `own` is sought and cells of each class weigh their number of `weights`, times what each
    /// counts.
    pub(crate) fn new(mut cells: Vec<Scored>, own: usize, weights: &[f64]) -> Self {
        cells.sort_unstable_by(|a, b| {
            b.probability.total_cmp(&a.probability).then(a.truth.cmp(&b.truth))
        });
        let weigh = |counts: &[f64]| -> f64 {
            counts.iter().zip(weights).map(|(count, weight)| count * weight).sum()
        };
        let mut totals = vec![0.0; weights.len()];
        cells.iter().for_each(|cell| totals[cell.truth] += cell.weight);
        let mut counts = vec![0.0; weights.len()];
        let (mut cuts, mut others) = (Vec::new(), 0);
        for group in cells.chunk_by(|a, b| a.probability == b.probability) {
            for cell in group {
                counts[cell.truth] += cell.weight;
                others += u64::from(cell.truth != own);
            }
            let mapped = weigh(&counts);
            let right = counts[own] * weights[own];
            cuts.push(Cut {
                threshold: group[0].probability,
                precision: if mapped > 0.0 { right / mapped } else { 0.0 },
                recall: counts[own] / totals[own],
                share: mapped / weigh(&totals),
                others,
            });
        }
        Self { cuts }
    }

    /// The cuts of cells whose class nobody knows, with `probabilities` of the class that hold: a cell counts with its
    /// probability as one of the class, and with the rest as another.
    pub(crate) fn expected(mut probabilities: Vec<f64>) -> Self {
        probabilities.sort_unstable_by(|a, b| b.total_cmp(a));
        let total: f64 = probabilities.iter().sum();
        let cells = probabilities.len() as f64;
        let (mut mapped, mut right) = (0.0, 0.0);
        let mut cuts = Vec::new();
        for group in probabilities.chunk_by(|a, b| a == b) {
            mapped += group.len() as f64;
            right += group[0] * group.len() as f64;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number of cells"
            )]
            let others = (mapped - right).round().max(0.0) as u64;
            cuts.push(Cut {
                threshold: group[0],
                precision: right / mapped,
                recall: right / total,
                share: mapped / cells,
                others,
            });
        }
        Self { cuts }
    }

    /// The cut that `rule` asks for, where `prevalence` is that of the class, and whether it does what was asked.
    ///
    /// Among equals the highest threshold wins, except for a precision, where the lowest has the highest recall.
    pub(crate) fn find(&self, rule: ThresholdRule, prevalence: f64) -> (Cut, bool) {
        match rule {
            ThresholdRule::Precision(wanted) => {
                let reached = |cut: &&Cut| cut.precision >= wanted - SLACK;
                match self.cuts.iter().rfind(reached) {
                    Some(cut) => (*cut, true),
                    None => (self.highest(|cut| cut.precision), false),
                }
            }
            ThresholdRule::Recall(wanted) => {
                let reached = |cut: &&Cut| cut.recall >= wanted - SLACK;
                // The lowest threshold maps every cell, so one is found.
                let cut = self.cuts.iter().find(reached).copied();
                (cut.unwrap_or_else(|| self.highest(|cut| cut.recall)), true)
            }
            ThresholdRule::MatchedShare => {
                (self.highest(|cut| -(cut.share - prevalence).abs()), true)
            }
            ThresholdRule::CostRatio(ratio) => (self.at(ratio / (1.0 + ratio)), true),
            ThresholdRule::MaxF1 | ThresholdRule::Argmax => (self.highest(Cut::f1), true),
        }
    }

    /// The first cut with the highest measure.
    fn highest(&self, measure: impl Fn(&Cut) -> f64) -> Cut {
        let mut best = self.cuts[0];
        for cut in &self.cuts {
            if measure(cut) > measure(&best) {
                best = *cut;
            }
        }
        best
    }

    /// What a given threshold does.
    fn at(&self, threshold: f64) -> Cut {
        let mapped = self.cuts.partition_point(|cut| cut.threshold >= threshold);
        match mapped.checked_sub(1) {
            Some(last) => Cut { threshold, ..self.cuts[last] },
            None => Cut { threshold, precision: 0.0, recall: 0.0, share: 0.0, others: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Cells that count the same, with their probability and class.
    fn scored(cells: impl IntoIterator<Item = (f64, usize)>) -> Vec<Scored> {
        let cells = cells.into_iter();
        cells.map(|(probability, truth)| Scored { probability, truth, weight: 1.0 }).collect()
    }

    /// Ten cells of which four are of class 1.
    fn cuts(weights: [f64; 2]) -> Cuts {
        let own = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0];
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.4, 0.3, 0.2, 0.1];
        Cuts::new(scored(scores.into_iter().zip(own)), 1, &weights)
    }

    #[test]
    fn each_rule_finds_its_threshold() {
        let cuts = cuts([1.0, 1.0]);
        let threshold = |rule| cuts.find(rule, 0.4).0.threshold;
        assert_eq!(threshold(ThresholdRule::MaxF1), 0.6);
        assert_eq!(threshold(ThresholdRule::Precision(0.75)), 0.6);
        assert_eq!(threshold(ThresholdRule::Precision(1.0)), 0.8);
        assert_eq!(threshold(ThresholdRule::Recall(0.5)), 0.8);
        assert_eq!(threshold(ThresholdRule::Recall(1.0)), 0.4);
        assert_eq!(threshold(ThresholdRule::MatchedShare), 0.6);
        let (cut, _) = cuts.find(ThresholdRule::CostRatio(1.0), 0.4);
        assert_eq!((cut.threshold, cut.recall, cut.precision), (0.5, 0.75, 0.5));
    }

    #[test]
    fn weights_make_precision_that_of_the_place_of_use() {
        // Six others stand for 96 cells, four own for 4: one other above 0.6 weighs as much as four own.
        let (cut, reached) = cuts([16.0, 1.0]).find(ThresholdRule::Precision(0.99), 0.04);
        assert!(reached && cut.threshold == 0.8 && cut.recall == 0.5 && cut.others == 0);
        let (cut, _) = cuts([16.0, 1.0]).find(ThresholdRule::Recall(0.75), 0.04);
        assert!((cut.precision - 3.0 / 19.0).abs() < 1e-15 && cut.others == 1);
    }

    #[test]
    fn a_cell_that_counts_twice_is_two_cells() {
        let cells = [(0.9, 1), (0.8, 0), (0.8, 0), (0.7, 1), (0.7, 1), (0.3, 0)];
        let repeated = Cuts::new(scored(cells), 1, &[5.0, 1.0]);
        let once = [(0.9, 1, 1.0), (0.8, 0, 2.0), (0.7, 1, 2.0), (0.3, 0, 1.0)];
        let once = once.map(|(probability, truth, weight)| Scored { probability, truth, weight });
        let weighted = Cuts::new(once.to_vec(), 1, &[5.0, 1.0]);
        assert_eq!(repeated.cuts.len(), weighted.cuts.len());
        for (a, b) in repeated.cuts.iter().zip(&weighted.cuts) {
            assert_eq!((a.threshold, a.precision, a.recall), (b.threshold, b.precision, b.recall));
            assert!(a.share == b.share && a.others >= b.others);
        }
    }

    #[test]
    fn probabilities_that_hold_stand_for_known_classes() {
        // Of five cells at each level, as many are of the class as the level says.
        let levels = [(0.8, 4), (0.6, 3), (0.4, 2), (0.2, 1)];
        let known = levels
            .into_iter()
            .flat_map(|(score, own)| (0..5).map(move |cell| (score, usize::from(cell < own))));
        let known = Cuts::new(scored(known), 1, &[1.0, 1.0]);
        let expected = Cuts::expected(levels.iter().flat_map(|&(score, _)| [score; 5]).collect());
        for (one, other) in known.cuts.iter().zip(&expected.cuts) {
            assert!((one.precision - other.precision).abs() < 1e-12, "{one:?} {other:?}");
            assert!((one.recall - other.recall).abs() < 1e-12, "{one:?} {other:?}");
            assert_eq!((one.share, one.others), (other.share, other.others));
        }
        let rule = ThresholdRule::MaxF1;
        assert_eq!(known.find(rule, 0.5).0.threshold, expected.find(rule, 0.5).0.threshold);
    }

    #[test]
    fn what_cannot_be_reached_is_said_with_the_best() {
        let cells = vec![(0.9, 0), (0.8, 1), (0.7, 0)];
        let (cut, reached) =
            Cuts::new(scored(cells), 1, &[1.0, 1.0]).find(ThresholdRule::Precision(0.9), 0.3);
        assert!(!reached);
        assert_eq!((cut.precision, cut.recall, cut.threshold), (0.5, 1.0, 0.8));
    }

    proptest! {
        #[test]
        fn a_matched_share_is_matched_within_one_tie_group(
            cells in prop::collection::vec((0_u8..30, any::<bool>()), 2..200), share in 0.01_f64..0.99,
        ) {
            let cells: Vec<(f64, usize)> =
                cells.iter().map(|&(score, own)| (f64::from(score) / 30.0, usize::from(own))).collect();
            prop_assume!(cells.iter().any(|cell| cell.1 == 1));
            let largest = |score: f64| cells.iter().filter(|cell| cell.0 == score).count();
            let group = cells.iter().map(|cell| largest(cell.0)).max().unwrap_or(1);
            let total = cells.len() as f64;
            let (cut, _) = Cuts::new(scored(cells.clone()), 1, &[1.0, 1.0]).find(ThresholdRule::MatchedShare, share);
            prop_assert!((cut.share - share).abs() <= group as f64 / total);
            let mapped = cells.iter().filter(|cell| cell.0 >= cut.threshold).count() as f64;
            prop_assert!((mapped / total - cut.share).abs() < 1e-12);
        }
    }
}
