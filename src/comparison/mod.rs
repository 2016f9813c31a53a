//! Comparison: whether runs on the same cells and folds differ, and where.
//!
//! A [`Comparison`] reads two or more runs that are done and refuses those that cannot be paired: other classes, other
//! cells, other folds, other labels, or probabilities that are none. Of each validation scheme that all runs share it
//! holds the figures with intervals, and for each pair of runs the differences with intervals over blocks, McNemar's
//! test, tests over folds, and the table of agreement. [`write_comparison`] leaves it behind:
//!
//! ```text
//! comparison.json      everything, with the runs and what differs between them
//! agreement.csv        what each pair of runs takes the same cells for
//! differences.parquet  GeoParquet of the cells that some runs decide differently about
//! ```
//!
//! Where all runs have an operating point, what these decide is compared, too, by the strictest scheme. That is the headline: it is
//! what the maps of the runs will show; the most probable class stands beside it.
//!
//! A cell occurs once in a partition of the fold plan. Cells are paired on the first partition of a scheme; tests over
//! folds use the folds of all its partitions.

mod compare;
mod differences;
mod error;
mod pair;
mod paired;
mod remarks;
mod several;
mod target;
mod write;

pub use compare::{
    Comparison, ComparisonOptions, DecidedComparison, RunFigures, RunSummary, SchemeComparison,
    compare,
};
pub use differences::{Differences, HeadlineDecisions};
pub use error::ComparisonError;
pub use pair::{FoldTests, PairComparison};
pub use several::RankedRuns;
pub use write::write_comparison;
