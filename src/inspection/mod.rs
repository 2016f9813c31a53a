//! Inspection: what a store holds, for the eye.
//!
//! [`ContactSheets`] makes quick-look pictures of some patches of each class.

mod sheet;
mod stretch;

pub use sheet::{ContactSheets, InspectionError, SheetSummary};
