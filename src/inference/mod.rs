//! Inference: from fitted models, a mosaic and a grid to a map of every cell.
//!
//! It is done in two steps. [`predict_part`] cuts patches as they are cut for training ([`crate::cutting`]), asks the
//! models, and keeps what they say in a ledger on disk, cell by cell: killed at any moment, it goes on where it stopped, and
//! any number of processes share the work. [`merge`] reads the ledgers and the grid again, lets a [`Decider`] decide, and
//! writes the map in the order of the grid: its bytes do not depend on how the work was divided. Memory is a few windows of
//! pixels and some bytes a cell, whatever the country. Cells are predicted whether they are labelled or not; cells without
//! a used pixel have no class. The rows of a table are predicted and written as they are read.

mod deciding;
mod error;
mod grid_input;
mod identity;
mod in_flight;
mod ledger;
mod merge;
mod models;
mod mosaic_input;
mod part_set;
mod predict;
mod predict_table;
mod raw;
mod said_of_rows;
mod settling;
#[cfg(test)]
mod tests;

pub use deciding::Decider;
pub use error::InferenceError;
pub use grid_input::GridInput;
pub use identity::Identity;
pub use ledger::{LedgerError, LedgerHeader};
pub use merge::{MapSummary, merge};
pub use models::{ModelFacts, Models};
pub use mosaic_input::MosaicInput;
pub use part_set::{PART_SUFFIX, PartSet, part_name};
pub use predict::{PartSummary, predict_part};
pub use predict_table::{TablePredictInput, predict_table};
pub use raw::RawLayout;
