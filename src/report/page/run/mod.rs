//! The page of a run: what was asked, what came out, and how far it can be trusted.
//!
//! [`RunPage`] holds everything that the page shows. What is `None` or empty is not shown, and no section speaks of it,
//! so a run that knows less gives a shorter page.

pub(super) mod configuration;
pub(super) mod curves;
pub(super) mod data;
pub(super) mod figures;
pub(super) mod headline;
pub(super) mod importances;
pub(super) mod matrices;
pub(super) mod mistakes;
mod model;
mod page;
pub(super) mod strata;

pub use model::{
    DataFacts, Epoch, FoldResults, Importance, Importances, LearningCurve, LeftOut, Measured,
    Mistake, NationalMap, OperatingPoint, Record, Refit, RunPage, SchemeKind, SchemeResults,
    Selection, StratumResults,
};
pub use page::run_page;
