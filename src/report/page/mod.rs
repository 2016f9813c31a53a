//! Pages: a run or a comparison as one HTML file that a statistician reads, prints and sends on.
//!
//! A page is a pure function of its view model: [`run_page`] of a [`RunPage`], [`comparison_page`] of a
//! [`ComparisonPage`], [`assessment_page`] of an [`AssessmentPage`]. Nothing is computed here but what words need, and nothing is asked for when a page is opened:
//! style, charts and pictures stand in the file, and there is no program in it. Everything that is text in a view
//! model is [`Words`], which cannot break out of the markup; everything that is a number may be missing.
//!
//! Start with [`RunPage`]. What a reader must know before all figures is in [`warnings`].

mod assessment;
mod cell_map;
mod chart;
mod comparison;
mod curve;
mod document;
mod estimate;
#[cfg(test)]
pub(crate) mod examples;
mod palette;
mod run;
#[cfg(test)]
mod tests;
mod warnings;
mod words;

pub use assessment::{AssessmentPage, assessment_page};
pub use cell_map::{CellMap, MapCell, MapKind, MapMark};
pub use comparison::{
    Agreement, ComparedRun, ComparisonPage, CriticalDifference, DecidedPairs, Difference,
    Discordance, comparison_page,
};
pub use curve::{DecisionPoint, PrecisionRecall, Reliability, ReliabilityBin};
pub use estimate::{Estimate, Figure, Interval, Scores, Unit};
pub use run::{
    DataFacts, Epoch, FoldResults, Importance, Importances, LearningCurve, LeftOut, Measured,
    Mistake, NationalMap, OperatingPoint, Record, Refit, RunPage, SchemeKind, SchemeResults,
    Selection, StratumResults, run_page,
};
pub use warnings::{Severity, Warning, warnings};
pub use words::Words;
