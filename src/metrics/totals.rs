//! Totals: the sums from which every figure follows that needs no ranking.
//!
//! Both losses are means over cells, so their sums by origin (a known class, or a class of a stratum) are enough to mix the classes
//! anew, to leave cells out, and to count some of them several times.

use tesela_datasets::class::ClassId;

use super::probability::{brier_loss, log_loss};
use super::{OriginConfusion, Outcomes};

/// Counts and losses of some cells, by origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Totals {
    pub(crate) confusion: OriginConfusion,
    pub(crate) log_loss: Vec<f64>,
    pub(crate) brier: Vec<f64>,
}

impl Totals {
    /// No cells yet, of `classes` classes in so many strata.
    pub(crate) fn new(classes: usize, strata: usize) -> Self {
        Self::of_counts(OriginConfusion::new(classes, strata))
    }

    /// Counts alone, without losses.
    pub(crate) fn of_counts(confusion: OriginConfusion) -> Self {
        let zeros = || vec![0.0; confusion.supports().len()];
        Self { log_loss: zeros(), brier: zeros(), confusion }
    }

    /// The totals of `outcomes`, of which each cell was taken for its class in `decisions`.
    pub(crate) fn of(outcomes: &Outcomes, decisions: &[ClassId]) -> Self {
        let mut totals = Self::new(outcomes.classes(), outcomes.strata());
        for (cell, ((truth, row), &decided)) in outcomes.iter().zip(decisions).enumerate() {
            let origin = outcomes.origin(cell);
            totals.confusion.add_many(origin, decided, 1);
            totals.log_loss[origin] += log_loss(truth, row);
            totals.brier[origin] += brier_loss(truth, row);
        }
        totals
    }

    /// Mean of a loss, given by origin, over cells that weigh as much as their origin says.
    pub(super) fn mean(&self, losses: &[f64], weights: &[f64]) -> f64 {
        let dot = |values: &[f64]| values.iter().zip(weights).map(|(a, b)| a * b).sum::<f64>();
        let supports: Vec<f64> =
            self.confusion.supports().into_iter().map(|support| support as f64).collect();
        dot(losses) / dot(&supports)
    }
}
