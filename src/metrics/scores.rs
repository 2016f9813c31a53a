//! Scores: everything that is reported about some predictions.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};

use super::confusion::Rates;
use super::ranking::{Areas, Ranking};
use super::totals::Totals;
use super::{Outcomes, Prevalence};

/// Precision, recall and F1, averaged over the classes that occur.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Averages {
    /// Of the cells taken for a class, the share that are of it.
    pub precision: f64,
    /// Of the cells of a class, the share taken for it.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// The scores of one class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// The class.
    pub class: String,
    /// Cells of the class that were scored.
    pub support: u64,
    /// The share of the class that the scores speak of.
    pub prevalence: f64,
    /// Of the cells taken for the class, the share that are of it; zero where there are none.
    pub precision: f64,
    /// Of the cells of the class, the share taken for it; zero where there are none.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// The chance that a cell of the class gets a higher probability of it than another cell.
    pub roc_auc: Option<f64>,
    /// Area under precision over recall (average precision).
    pub average_precision: Option<f64>,
}

/// Everything that is reported about some predictions, at one mixture of classes.
///
/// All figures are those of scikit-learn: averages leave out classes that are neither known nor
/// predicted anywhere, and a rate without anything to be right about is zero. Areas are averaged over the
/// classes that have one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Cells that were scored.
    pub cells: u64,
    /// Cells that had no used pixel and got no class.
    pub unclassified: u64,
    /// Share of cells taken for their class.
    pub accuracy: f64,
    /// Cohen's kappa; `None` where chance alone would agree on everything.
    pub kappa: Option<f64>,
    /// Matthews' correlation coefficient.
    pub mcc: f64,
    /// Mean of minus the logarithm of the known class's probability.
    pub log_loss: f64,
    /// Mean squared error of the probabilities (summed over classes; from 0 to 1 where there are two).
    pub brier: f64,
    /// Mean over classes of the area under the ROC curve, one against the rest.
    pub roc_auc: Option<f64>,
    /// Mean over classes of average precision, one against the rest.
    pub average_precision: Option<f64>,
    /// Averages in which every class counts the same.
    #[serde(rename = "macro")]
    pub macro_average: Averages,
    /// Averages in which every class counts as much as it is common.
    #[serde(rename = "weighted")]
    pub weighted_average: Averages,
    /// Each class against the rest.
    pub classes: Vec<ClassScores>,
}

impl Scores {
    /// Scores `outcomes` as they are mixed, or as if they were mixed as `target` says; each cell is taken for
    /// its most probable class.
    ///
    /// Where both tell strata apart, cells weigh by class and stratum ([`Prevalence::by_stratum`]).
    ///
    /// `None` where nothing was classified, or where `target` has a class of which there is no cell.
    ///
    /// # Panics
    /// If the three do not speak of the same classes.
    pub fn of(
        outcomes: &Outcomes,
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        Self::decided(outcomes, &outcomes.most_probable(), classes, target)
    }

    /// Scores `outcomes` of which each cell was taken for its class in `decisions`.
    ///
    /// `None` where nothing was classified, or where `target` has a class of which there is no cell.
    ///
    /// # Panics
    /// If they do not speak of the same cells and classes.
    pub fn decided(
        outcomes: &Outcomes,
        decisions: &[ClassId],
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        assert_eq!(outcomes.classes(), classes.len(), "both speak of the same classes");
        assert_eq!(outcomes.len(), decisions.len(), "each cell has one decision");
        if outcomes.is_empty() {
            return None;
        }
        let totals = Totals::of(outcomes, decisions);
        let weights = Prevalence::weights_of(target, &totals.confusion.supports())?;
        let areas: Vec<Areas> = classes
            .ids()
            .map(|class| {
                let ranking = Ranking::of(outcomes, class, None);
                let [areas] = ranking.areas(|_| 1, [&weights]);
                areas
            })
            .collect();
        let scores = Self::assemble(&totals, &areas, classes, &weights);
        Some(Self { unclassified: outcomes.unclassified(), ..scores })
    }

    /// The scores that follow from `totals` and the areas of each class, cells weighing as much as their origin
    /// says.
    pub(crate) fn assemble(
        totals: &Totals,
        areas: &[Areas],
        classes: &ClassMap,
        weights: &[f64],
    ) -> Self {
        let weighted = totals.confusion.weighted(weights);
        let confusion = totals.confusion.by_class();
        let supports = weighted.supports();
        let total: f64 = supports.iter().sum();
        let rates = weighted.rates();
        let occurring = confusion.occurring();
        let by_class: Vec<ClassScores> = classes
            .ids()
            .map(|id| {
                let Rates { precision, recall, f1 } = rates[id.index()];
                ClassScores {
                    class: classes.name(id).to_owned(),
                    support: confusion.support(id),
                    prevalence: supports[id.index()] / total,
                    precision,
                    recall,
                    f1,
                    roc_auc: areas[id.index()].roc_auc,
                    average_precision: areas[id.index()].average_precision,
                }
            })
            .collect();
        Self {
            cells: confusion.total(),
            unclassified: 0,
            accuracy: weighted.accuracy(),
            kappa: weighted.kappa(),
            mcc: weighted.mcc(),
            log_loss: totals.mean(&totals.log_loss, weights),
            brier: totals.mean(&totals.brier, weights),
            roc_auc: mean_of_known(areas.iter().map(|one| one.roc_auc)),
            average_precision: mean_of_known(areas.iter().map(|one| one.average_precision)),
            macro_average: average(&rates, &occurring, |_| 1.0),
            weighted_average: average(&rates, &occurring, |class| supports[class]),
            classes: by_class,
        }
    }
}

fn average(rates: &[Rates], occurring: &[usize], weight: impl Fn(usize) -> f64) -> Averages {
    let total: f64 = occurring.iter().map(|&class| weight(class)).sum();
    let mean = |rate: fn(&Rates) -> f64| {
        occurring.iter().map(|&class| weight(class) * rate(&rates[class])).sum::<f64>() / total
    };
    Averages {
        precision: mean(|rates| rates.precision),
        recall: mean(|rates| rates.recall),
        f1: mean(|rates| rates.f1),
    }
}

fn mean_of_known(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classes() -> ClassMap {
        ClassMap::new(["a", "b", "c"]).unwrap()
    }

    /// Cells of up to three classes with coarse probabilities, so that ties are common.
    fn some_outcomes() -> impl Strategy<Value = Outcomes> {
        prop::collection::vec((0_usize..3, [0_u8..5, 0..5, 1..5]), 1..80).prop_map(|cells| {
            let mut outcomes = Outcomes::new(3);
            for (truth, parts) in cells {
                let sum: f32 = parts.iter().copied().map(f32::from).sum();
                let row = parts.map(|part| f32::from(part) / sum);
                outcomes.push(ClassId::new(truth), &row);
            }
            outcomes
        })
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    proptest! {
        #[test]
        fn the_prevalence_of_the_sample_changes_nothing(outcomes in some_outcomes()) {
            let own = Scores::of(&outcomes, &classes(), None).unwrap();
            let shares = own.classes.iter().map(|class| class.prevalence).collect();
            let target = Prevalence::new(shares).unwrap();
            let same = Scores::of(&outcomes, &classes(), Some(&target)).unwrap();
            prop_assert!(close(own.accuracy, same.accuracy));
            prop_assert!(close(own.mcc, same.mcc));
            prop_assert!(close(own.log_loss, same.log_loss));
            prop_assert!(close(own.macro_average.f1, same.macro_average.f1));
            prop_assert!(close(own.roc_auc.unwrap_or(0.0), same.roc_auc.unwrap_or(0.0)));
        }

        #[test]
        fn the_order_of_cells_does_not_matter(outcomes in some_outcomes()) {
            let mut reversed = Outcomes::new(3);
            let rows: Vec<_> = outcomes.iter().collect();
            for (truth, row) in rows.into_iter().rev() {
                reversed.push(truth, row);
            }
            let a = Scores::of(&outcomes, &classes(), None).unwrap();
            let b = Scores::of(&reversed, &classes(), None).unwrap();
            prop_assert_eq!(outcomes.confusion(), reversed.confusion());
            prop_assert_eq!((a.roc_auc, a.average_precision), (b.roc_auc, b.average_precision));
            prop_assert!(close(a.log_loss, b.log_loss) && close(a.brier, b.brier));
        }

        #[test]
        fn recall_does_not_depend_on_prevalence_and_weighted_recall_is_accuracy(
            outcomes in some_outcomes(),
        ) {
            let own = Scores::of(&outcomes, &classes(), None).unwrap();
            prop_assert!(close(own.weighted_average.recall, own.accuracy));
            let target = Prevalence::new(vec![0.5, 0.3, 0.2]).unwrap();
            if let Some(there) = Scores::of(&outcomes, &classes(), Some(&target)) {
                for (a, b) in own.classes.iter().zip(&there.classes) {
                    prop_assert!(close(a.recall, b.recall));
                }
                prop_assert!(close(there.weighted_average.recall, there.accuracy));
            }
        }
    }

    #[test]
    fn a_balanced_sample_of_the_pilot_foretells_its_national_precision() {
        // Cross-validated rates .93532 and .92218 at 2.11 % urban imply 23.5 % precision.
        let map = ClassMap::new(["non-urban", "urban"]).unwrap();
        let mut outcomes = Outcomes::new(2);
        for cell in 0..100_000 {
            let row = if cell < 93_532 { [1.0, 0.0] } else { [0.0, 1.0] };
            outcomes.push(ClassId::new(0), &row);
            let row = if cell < 92_218 { [0.0, 1.0] } else { [1.0, 0.0] };
            outcomes.push(ClassId::new(1), &row);
        }
        let target = Prevalence::new(vec![0.9789, 0.0211]).unwrap();
        let there = Scores::of(&outcomes, &map, Some(&target)).unwrap();
        assert!((there.classes[1].precision - 0.235).abs() < 5e-4);
    }

    #[test]
    fn an_empty_set_and_a_missing_class_have_no_scores() {
        assert_eq!(Scores::of(&Outcomes::new(3), &classes(), None), None);
        let mut outcomes = Outcomes::new(3);
        outcomes.push(ClassId::new(0), &[f32::NAN; 3]);
        assert_eq!(Scores::of(&outcomes, &classes(), None), None);
        outcomes.push(ClassId::new(0), &[1.0, 0.0, 0.0]);
        let target = Prevalence::new(vec![0.5, 0.3, 0.2]).unwrap();
        assert_eq!(Scores::of(&outcomes, &classes(), Some(&target)), None);
        assert_eq!(Scores::of(&outcomes, &classes(), None).unwrap().unclassified, 1);
    }
}
