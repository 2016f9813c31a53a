//! The page of a comparison: runs on the same cells and folds, and which differences are more than luck.
//!
//! [`ComparisonPage`] holds everything that the page shows; what is empty is not shown.

mod model;
mod page;
mod tables;

pub use model::{
    Agreement, ComparedRun, ComparisonPage, CriticalDifference, DecidedPairs, Difference,
    Discordance,
};
pub use page::comparison_page;
