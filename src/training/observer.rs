//! Who watches a run: hears what happens in which part of it, and may stop it.

use std::fmt;

use tesela_datasets::class::ClassMap;
use tesela_models::FitEvent;

use crate::metrics::{Confusion, Scores};
use crate::progress::Progress;

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One fold, counted from zero.
    Fold(usize),
    /// The model for use, fitted on all cells.
    Final,
}

impl Part {
    /// The name of its folder in a run directory.
    pub fn folder(self) -> String {
        match self {
            Self::Fold(fold) => format!("fold-{fold:02}"),
            Self::Final => "final".to_owned(),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fold(fold) => write!(formatter, "fold {fold}"),
            Self::Final => formatter.write_str("final model"),
        }
    }
}

/// What a fold says about the cells that it held out.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// The classes.
    pub classes: &'a ClassMap,
    /// The scores.
    pub scores: &'a Scores,
    /// Known against predicted class.
    pub confusion: &'a Confusion,
}

/// Watches a run.
pub trait RunObserver: Send {
    /// How long work is shown.
    fn progress(&mut self) -> &mut dyn Progress;

    /// Whether the user wants to stop.
    fn wants_stop(&self) -> bool;

    /// A run of `parts` parts begins, of which `done` are done already.
    fn begin_run(&mut self, _done: usize, _parts: usize) {}

    /// A part begins.
    fn begin_part(&mut self, _part: Part) {}

    /// Something happened while the model of this part was being fitted.
    fn fit_event(&mut self, _part: Part, _event: &FitEvent) {}

    /// The held-out cells of the part are being classified: `done` of `total` are.
    fn predicted(&mut self, _part: Part, _done: usize, _total: usize) {}

    /// The part is done; folds come with what they say.
    fn end_part(&mut self, _part: Part, _held_out: Option<HeldOut<'_>>, _fit_seconds: f64) {}
}

/// Watches nothing and never stops.
#[derive(Debug, Default)]
pub struct Unwatched(crate::progress::Unwatched);

impl RunObserver for Unwatched {
    fn progress(&mut self) -> &mut dyn Progress {
        &mut self.0
    }

    fn wants_stop(&self) -> bool {
        false
    }
}
