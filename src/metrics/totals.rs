//! Totals: the sums from which every figure follows that needs no ranking.
//!
//! Both losses are means over cells, so their sums by known class are enough to mix the classes anew, to
//! leave cells out, and to count some of them several times.

use tesela_datasets::class::ClassId;

use super::probability::{brier_loss, log_loss};
use super::{Confusion, Outcomes};

/// Counts and losses of some cells, by known class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Totals {
    pub(crate) confusion: Confusion,
    pub(crate) log_loss: Vec<f64>,
    pub(crate) brier: Vec<f64>,
}

impl Totals {
    /// No cells yet, of `classes` classes.
    pub(crate) fn new(classes: usize) -> Self {
        let zeros = || vec![0.0; classes];
        Self { confusion: Confusion::new(classes), log_loss: zeros(), brier: zeros() }
    }

    /// The totals of `outcomes`, of which each cell was taken for its class in `decisions`.
    pub(crate) fn of(outcomes: &Outcomes, decisions: &[ClassId]) -> Self {
        let mut totals = Self::new(outcomes.classes());
        for ((truth, row), &decided) in outcomes.iter().zip(decisions) {
            totals.confusion.add(truth, decided);
            totals.log_loss[truth.index()] += log_loss(truth, row);
            totals.brier[truth.index()] += brier_loss(truth, row);
        }
        totals
    }

    /// Mean of a loss, given by known class, over cells that weigh as much as their known class says.
    pub(super) fn mean(&self, losses: &[f64], weights: &[f64]) -> f64 {
        let dot = |values: &[f64]| values.iter().zip(weights).map(|(a, b)| a * b).sum::<f64>();
        let supports: Vec<f64> =
            self.confusion.supports().into_iter().map(|support| support as f64).collect();
        dot(losses) / dot(&supports)
    }
}
