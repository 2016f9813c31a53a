//! Metrics: how good predictions are, in figures that mean what scikit-learn means by them.
//!
//! Pure arithmetic on counts and probabilities. Precision, F1 and everything like them depend on how
//! common a class is, so every [`Scores`] carries the prevalences that it was measured at, and can be
//! computed for other ones ([`Prevalence`]) by weighting the cells of each class, or of each class in each stratum.
//!
//! [`variogram`] tells over what distance cells are alike.
//!
//! Start with [`Outcomes`], which gathers what was predicted, and [`Scores::of`].

pub mod variogram;

mod confusion;
mod curve;
#[cfg(test)]
mod golden;
mod outcomes;
mod prevalence;
mod probability;
mod ranking;
mod scores;
mod summary;
mod totals;

pub use confusion::Confusion;
pub(crate) use confusion::{OriginConfusion, WeightedConfusion};
pub use curve::{CurvePoint, PrecisionRecallCurve};
pub use outcomes::Outcomes;
pub use prevalence::{Prevalence, PrevalenceError, StratumShares, Uncovered};
pub(crate) use probability::{brier_loss, log_loss};
pub(crate) use ranking::{Areas, Ranking};
pub use scores::{Averages, ClassScores, Scores};
pub use summary::{Figure, Summary, summarise, summarise_known};
pub(crate) use summary::{is_rate, rate_figures};
pub(crate) use totals::Totals;
