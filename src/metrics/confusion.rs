//! The confusion matrix, and the scores that need nothing else.
//!
//! Counts are integers; scores are computed from them in `f64`, each known class with a weight of its
//! own, or each class of a stratum. Weights of one give the scores of the sample.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassId;

/// How many cells of each class were taken for each class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confusion {
    /// `[known class][predicted class]`.
    rows: Vec<Vec<u64>>,
}

/// Precision, recall and F1 of one class; zero where nothing was there to be right about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) f1: f64,
}

impl Confusion {
    /// No cells yet, of `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { rows: vec![vec![0; classes]; classes] }
    }

    /// Counts a cell of class `truth` that was taken for `predicted`.
    pub fn add(&mut self, truth: ClassId, predicted: ClassId) {
        self.rows[truth.index()][predicted.index()] += 1;
    }

    /// Counts `cells` cells of class `truth` that were taken for `predicted`.
    pub(crate) fn add_many(&mut self, truth: ClassId, predicted: ClassId, cells: u64) {
        self.rows[truth.index()][predicted.index()] += cells;
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.rows.len()
    }

    /// Cells of class `truth` that were taken for `predicted`.
    pub fn count(&self, truth: ClassId, predicted: ClassId) -> u64 {
        self.rows[truth.index()][predicted.index()]
    }

    /// The counts: one row per known class, one column per predicted class.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// Cells of class `truth`.
    pub fn support(&self, truth: ClassId) -> u64 {
        self.rows[truth.index()].iter().sum()
    }

    /// The support of each class.
    pub fn supports(&self) -> Vec<u64> {
        self.rows.iter().map(|row| row.iter().sum()).collect()
    }

    /// Cells that were taken for `class`.
    pub fn predicted(&self, class: ClassId) -> u64 {
        self.rows.iter().map(|row| row[class.index()]).sum()
    }

    /// All cells.
    pub fn total(&self) -> u64 {
        self.rows.iter().flatten().sum()
    }

    /// The positions of the classes that occur, known or predicted.
    pub(super) fn occurring(&self) -> Vec<usize> {
        let ids = (0..self.classes()).map(ClassId::new);
        ids.filter(|&class| self.support(class) > 0 || self.predicted(class) > 0)
            .map(ClassId::index)
            .collect()
    }
}

/// How many cells of each origin, a class in a stratum, were taken for each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginConfusion {
    /// `[origin][predicted class]`.
    rows: Vec<Vec<u64>>,
}

impl OriginConfusion {
    /// No cells yet, of `classes` classes in so many strata.
    pub(crate) fn new(classes: usize, strata: usize) -> Self {
        Self { rows: vec![vec![0; classes]; classes * strata] }
    }

    /// Counts `cells` cells of `origin` that were taken for `predicted`.
    pub(crate) fn add_many(&mut self, origin: usize, predicted: ClassId, cells: u64) {
        self.rows[origin][predicted.index()] += cells;
    }

    fn classes(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }

    /// Whether strata are told apart.
    pub(crate) fn is_stratified(&self) -> bool {
        self.rows.len() > self.classes()
    }

    /// The cells of each origin.
    pub(crate) fn supports(&self) -> Vec<u64> {
        self.rows.iter().map(|row| row.iter().sum()).collect()
    }

    /// The same with all strata together.
    pub(crate) fn by_class(&self) -> Confusion {
        let mut confusion = Confusion::new(self.classes());
        for (origin, row) in self.rows.iter().enumerate() {
            let known = &mut confusion.rows[origin % row.len()];
            known.iter_mut().zip(row).for_each(|(sum, &count)| *sum += count);
        }
        confusion
    }

    /// The counts of each known class, those of each origin times its weight.
    pub(crate) fn weighted(&self, weights: &[f64]) -> WeightedConfusion {
        assert_eq!(self.rows.len(), weights.len(), "each origin has one weight");
        let mut rows = vec![vec![0.0; self.classes()]; self.classes()];
        for (origin, (row, weight)) in self.rows.iter().zip(weights).enumerate() {
            let known = &mut rows[origin % row.len()];
            known.iter_mut().zip(row).for_each(|(sum, &count)| *sum += count as f64 * weight);
        }
        WeightedConfusion { rows }
    }
}

impl From<&Confusion> for OriginConfusion {
    fn from(confusion: &Confusion) -> Self {
        Self { rows: confusion.rows.clone() }
    }
}

/// A confusion matrix whose cells weigh as much as their origin says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WeightedConfusion {
    rows: Vec<Vec<f64>>,
}

impl WeightedConfusion {
    /// The weights: one row per known class, one column per predicted class.
    pub(crate) fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The same in whole thousandths of a cell; what is there is at least one of them.
    pub(crate) fn thousandths(&self) -> Confusion {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "weights of cells, which are not negative"
        )]
        let whole = |weight: &f64| (1000.0 * weight).ceil() as u64;
        Confusion { rows: self.rows.iter().map(|row| row.iter().map(whole).collect()).collect() }
    }

    fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        self.rows.iter().enumerate().map(|(class, row)| row[class])
    }

    pub(super) fn supports(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.iter().sum()).collect()
    }

    fn predicted(&self) -> Vec<f64> {
        (0..self.rows.len()).map(|class| self.rows.iter().map(|row| row[class]).sum()).collect()
    }

    fn total(&self) -> f64 {
        self.supports().iter().sum()
    }

    pub(super) fn accuracy(&self) -> f64 {
        self.diagonal().sum::<f64>() / self.total()
    }

    pub(super) fn rates(&self) -> Vec<Rates> {
        let rates = self.diagonal().zip(self.supports()).zip(self.predicted());
        rates
            .map(|((right, support), predicted)| Rates {
                precision: ratio_or_zero(right, predicted),
                recall: ratio_or_zero(right, support),
                f1: ratio_or_zero(2.0 * right, support + predicted),
            })
            .collect()
    }

    /// Agreement beyond chance (Cohen 1960); `None` where chance alone would agree on everything.
    pub(super) fn kappa(&self) -> Option<f64> {
        let total = self.total();
        let products = self.supports().into_iter().zip(self.predicted());
        let by_chance = products.map(|(known, predicted)| known * predicted).sum::<f64>() / total;
        let disagreement_by_chance = total - by_chance;
        let disagreement = total - self.diagonal().sum::<f64>();
        (disagreement_by_chance > 0.0).then(|| 1.0 - disagreement / disagreement_by_chance)
    }

    /// Matthews' correlation for any number of classes (Gorodkin 2004); zero where it is undefined.
    pub(super) fn mcc(&self) -> f64 {
        let (known, predicted) = (self.supports(), self.predicted());
        let squared = self.total() * self.total();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let covariance = self.diagonal().sum::<f64>() * self.total() - dot(&known, &predicted);
        let spread = (squared - dot(&known, &known)) * (squared - dot(&predicted, &predicted));
        if spread > 0.0 { covariance / spread.sqrt() } else { 0.0 }
    }
}

fn ratio_or_zero(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(rows: &[&[u64]]) -> Confusion {
        Confusion { rows: rows.iter().map(|row| row.to_vec()).collect() }
    }

    #[test]
    fn the_national_map_of_the_pilot_has_its_published_scores() {
        // Extra Trees, whole country 2010: 25.16 / 96.53 / 39.92 % for urban, 93.87 % overall.
        let matrix = confusion(&[&[1_599_258, 105_536], &[1_277, 35_482]]);
        let weighted = OriginConfusion::from(&matrix).weighted(&[1.0, 1.0]);
        let urban = weighted.rates()[1];
        assert!((urban.precision - 0.2516).abs() < 5e-5);
        assert!((urban.recall - 0.9653).abs() < 5e-5);
        assert!((urban.f1 - 0.3992).abs() < 5e-5);
        assert!((weighted.accuracy() - 0.9387).abs() < 5e-5);
    }

    #[test]
    fn strata_are_told_apart_and_put_together() {
        let mut origins = OriginConfusion::new(2, 2);
        let counts = [[5, 1], [0, 2], [3, 0], [1, 4]];
        for (origin, row) in counts.iter().enumerate() {
            for (predicted, &cells) in row.iter().enumerate() {
                origins.add_many(origin, ClassId::new(predicted), cells);
            }
        }
        assert_eq!(origins.supports(), [6, 2, 3, 5]);
        assert_eq!(origins.by_class().rows(), [[8, 1], [1, 6]]);
        let weighted = origins.weighted(&[1.0, 2.0, 0.5, 3.0]);
        assert_eq!(weighted.rows(), [[6.5, 1.0], [3.0, 16.0]]);
        assert_eq!(weighted.thousandths().rows(), [[6500, 1000], [3000, 16_000]]);
        assert!(
            origins.is_stratified() && !OriginConfusion::from(&origins.by_class()).is_stratified()
        );
    }

    #[test]
    fn nothing_to_be_right_about_scores_zero_and_chance_has_no_kappa() {
        let matrix = confusion(&[&[4, 0], &[0, 0]]);
        let weighted = OriginConfusion::from(&matrix).weighted(&[1.0, 1.0]);
        assert_eq!(weighted.rates()[1], Rates { precision: 0.0, recall: 0.0, f1: 0.0 });
        assert_eq!((weighted.kappa(), weighted.mcc()), (None, 0.0));
    }
}
