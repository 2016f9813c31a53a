//! What is settled when all cells are known: how common the classes are where a map is made.
//!
//! An operating point with `prior = "estimated"` leaves the prevalence open ([`OperatingPoint::settle`]). It is estimated from
//! what each model says of all cells of the map that no model was fitted on, in the order of the grid, so that neither parts
//! nor interruptions change it. In memory lie the raw probabilities of these cells: four bytes for each class and model.

use tesela_datasets::cell::Cell;
use tesela_models::operating_point::{Decision, OperatingPoint};

use super::{Decider, InferenceError, RawLayout};
use crate::map::SettledPrior;

/// What the models say of cells that none of them was fitted on.
#[derive(Debug)]
pub(super) struct FreshCells {
    layout: RawLayout,
    /// For each model the raw probabilities, `[cell, class]`; empty for one that leaves nothing open.
    raw: Vec<Vec<f32>>,
}

impl FreshCells {
    /// No cells yet, for the models of `decider`.
    pub(super) fn new(decider: &Decider<'_>) -> Self {
        let layout = decider.layout().clone();
        let raw = vec![Vec::new(); layout.models()];
        Self { layout, raw }
    }

    /// Adds those of `cells` that no model was fitted on; the models say `rows` of them.
    pub(super) fn extend(&mut self, decider: &Decider<'_>, cells: &[Cell], rows: &[f32]) {
        let trained = decider.trained(cells);
        let (width, classes) = (self.layout.width(), self.layout.classes());
        for (index, row) in rows.chunks_exact(width).enumerate() {
            if trained.get(index).copied().unwrap_or(false) {
                continue;
            }
            for (model, raw) in self.raw.iter_mut().enumerate() {
                if decider.is_open(model) {
                    raw.extend_from_slice(&row[model * classes..(model + 1) * classes]);
                }
            }
        }
    }

    /// Settles the operating point of `model` on these cells; `None` where it leaves nothing open.
    pub(super) fn settle(
        &self,
        model: usize,
        point: &OperatingPoint,
    ) -> Result<Option<(OperatingPoint, SettledPrior)>, InferenceError> {
        let raw = &self.raw[model];
        let settled = point.settle(raw).map_err(InferenceError::Settling)?;
        Ok(settled.map(|settled| {
            let known = |row: &&[f32]| !row.iter().any(|value| value.is_nan());
            let rows = raw.chunks_exact(self.layout.classes());
            let prior = SettledPrior {
                prevalence: settled.estimate.shares,
                threshold: match settled.point.decision() {
                    Decision::Threshold { at_least, .. } => Some(at_least),
                    Decision::Argmax => None,
                },
                cells: rows.filter(known).count() as u64,
            };
            (settled.point, prior)
        }))
    }
}
