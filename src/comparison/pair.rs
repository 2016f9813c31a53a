//! A pair of runs: their differences, with intervals and tests.

use serde::{Deserialize, Serialize};

use crate::metrics::Figure;
use crate::statistics::{
    Agreement, CorrectedT, Decided, Estimate, IntervalMethod, Level, McNemar, Resampled, Wilcoxon,
};

/// How the second of two runs differs from the first. All differences are those of the second less the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PairComparison {
    /// The first run, by its place in the comparison.
    pub first: usize,
    /// The second run.
    pub second: usize,
    /// What both take the cells for.
    pub agreement: Agreement,
    /// McNemar's test on the cells.
    pub mcnemar: McNemar,
    /// Its p-value, corrected by Holm's method for all pairs of the comparison.
    pub mcnemar_holm: f64,
    /// Differences of all figures with intervals over blocks, of the cells as they are mixed.
    pub sample: Vec<Estimate>,
    /// The same as if the cells were mixed as the target.
    pub target: Option<Vec<Estimate>>,
    /// Tests of each figure over the folds, of the cells as they are mixed.
    pub folds: Vec<FoldTests>,
}

/// Tests of one figure over the folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FoldTests {
    /// Name of the figure.
    pub figure: String,
    /// The corrected resampled t-test; missing for fewer than two folds that have the figure.
    pub corrected_t: Option<CorrectedT>,
    /// Its p-value, corrected by Holm's method for all pairs of the comparison.
    pub corrected_t_holm: Option<f64>,
    /// Wilcoxon's signed-rank test, for reference.
    pub wilcoxon: Option<Wilcoxon>,
}

/// What a pair is made of.
pub(super) struct Side<'a> {
    /// The place of the run in the comparison.
    pub(super) place: usize,
    pub(super) decided: &'a Decided,
    pub(super) resampled: &'a Resampled,
    /// `[fold][figure]`.
    pub(super) folds: &'a [Vec<Figure>],
}

impl PairComparison {
    /// The differences as if the cells were mixed as the target, or as they are mixed where there is none.
    pub fn there(&self) -> &[Estimate] {
        self.target.as_ref().unwrap_or(&self.sample)
    }

    pub(super) fn of(first: &Side, second: &Side, test_share: f64, level: Level) -> Self {
        let (a, b) = (first.decided, second.decided);
        let truths = a.outcomes().truths();
        let agreement = Agreement::of(a.outcomes().classes(), truths, a.decisions(), b.decisions());
        let mcnemar = McNemar::of(agreement.only_first_right, agreement.only_second_right);
        let method = IntervalMethod::default();
        let sample = second.resampled.sample().minus(first.resampled.sample());
        let target = second.resampled.target().zip(first.resampled.target());
        Self {
            first: first.place,
            second: second.place,
            agreement,
            mcnemar,
            mcnemar_holm: mcnemar.p_value,
            sample: sample.intervals(level, method),
            target: target.map(|(second, first)| second.minus(first).intervals(level, method)),
            folds: fold_tests(first.folds, second.folds, test_share, level),
        }
    }
}

fn fold_tests(
    first: &[Vec<Figure>],
    second: &[Vec<Figure>],
    test_share: f64,
    level: Level,
) -> Vec<FoldTests> {
    let names = first.first().into_iter().flatten().map(|figure| figure.name.clone());
    let tests = names.enumerate().map(|(place, figure)| {
        let folds = first.iter().zip(second);
        let difference =
            |(a, b): (&Vec<Figure>, &Vec<Figure>)| Some(b[place].value? - a[place].value?);
        let differences: Vec<f64> = folds.filter_map(difference).collect();
        let corrected_t = CorrectedT::of(&differences, test_share, level);
        FoldTests {
            figure,
            corrected_t_holm: corrected_t.map(|test| test.p_value),
            corrected_t,
            wilcoxon: Wilcoxon::of(&differences).filter(|_| differences.len() > 1),
        }
    });
    tests.collect()
}
