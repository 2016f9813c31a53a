//! The page of an assessment: how good a map is, where it errs, and whether it keeps what was announced.

mod page;
mod parts;
mod tables;

use super::{CellMap, PrecisionRecall, Reliability, Words};
use crate::assessment::Assessment;

pub use page::assessment_page;

/// Everything that the page of an assessment shows.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessmentPage<'a> {
    /// The name of the map.
    pub title: Words,
    /// What was measured.
    pub assessment: &'a Assessment,
    /// Precision over recall of the class in focus.
    pub curve: Option<PrecisionRecall>,
    /// How far probabilities can be believed.
    pub reliability: Option<Reliability>,
    /// Where the errors lie.
    pub errors: Option<CellMap>,
}

impl AssessmentPage<'_> {
    /// The names of the classes.
    fn classes(&self) -> Vec<Words> {
        self.assessment.classes.names().iter().map(Words::from).collect()
    }
}
