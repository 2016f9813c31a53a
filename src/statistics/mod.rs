//! Statistics: how far figures can be trusted, and whether two runs differ.
//!
//! Pure arithmetic on outcomes. [`Resampled`] draws blocks of cells with replacement and computes every figure of
//! [`Scores`](crate::metrics::Scores) on each draw, from which come intervals of the figures, intervals of the
//! differences of two runs, and what to expect of a map ([`ExpectedMap`]). The tests compare runs on the same
//! cells ([`McNemar`]), on the same folds ([`CorrectedT`], [`Wilcoxon`]) and many at once ([`Friedman`]).
//!
//! It stands above the room of metrics because it computes their figures many times over.
//!
//! Start with [`Decided`], the cells that everything here is about.

mod agreement;
mod binomial;
mod corrected_t;
mod decided;
mod expected_map;
mod friedman;
#[cfg(test)]
mod golden;
mod holm;
mod interval;
mod mcnemar;
mod nemenyi;
mod ranks;
mod replicates;
mod resampled;
mod tally;
mod unseen;
mod wilcoxon;

pub use agreement::Agreement;
pub use corrected_t::CorrectedT;
pub use decided::Decided;
pub use expected_map::{Count, ExpectedMap};
pub use friedman::{Better, Friedman};
pub use holm::holm;
pub use interval::{Estimate, Interval, IntervalMethod, Level, LevelError};
pub use mcnemar::McNemar;
pub use nemenyi::{critical_difference, nemenyi_p_value, studentised_range_probability};
pub use replicates::Replicates;
pub use resampled::{Bootstrap, Resampled};
pub use unseen::UnseenErrors;
pub use wilcoxon::Wilcoxon;
