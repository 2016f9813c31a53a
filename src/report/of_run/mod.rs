//! The report of a run: its page, filled from what lies in its directory.
//!
//! Figures are those of `metrics.json`. What a reader needs beyond them is computed here from the out-of-fold
//! predictions: intervals, the map that is to be expected, curves, where the errors lie. The page has no date, so that
//! the same run leaves the same bytes behind.
//!
//! Start with [`write_report`].

mod error;
mod figures;
mod history;
mod importances;
mod operation;
mod places;
mod refit;
mod schemes;
mod strata;
mod write;

pub use error::ReportError;
pub(super) use figures::{resampled, shown};
pub(super) use places::map_of;
pub(super) use schemes::{curve_of, kind as scheme_kind, reliability_at};
pub(super) use write::focus;
pub use write::write_report;
