//! Inference: from fitted models, a mosaic and a grid to a map of every cell.
//!
//! It is done in two steps. [`predict_part`] cuts patches as they are cut for training ([`crate::cutting`]), asks the
//! models, and keeps what they say in a ledger on disk, cell by cell: killed at any moment, it goes on where it stopped, and
//! any number of processes share the work. [`merge`] reads the ledgers and the grid again, lets a [`Decider`] decide, and
//! writes the map in the order of the grid: its bytes do not depend on how the work was divided. Memory is a few batches of
//! patches and some bytes a cell, whatever the country. Cells are predicted whether they are labelled or not; cells without
//! a used pixel have no class. The rows of a table are predicted and written as they are read.
//!
//! # Where the time goes
//!
//! With models of features each thread reads blocks of the mosaic, puts patches together and computes them, alone; networks divide
//! their work, and three threads take turns in reading for them. Shares of the processor's time in maps of 197,136 cells on two cores, from
//! the start of the program to its end (`benches/peers/shares.py`):
//!
//! | | LeNet | LeNet, compressed mosaic | 100 Extra Trees | the same, compressed |
//! |---|---|---|---|---|
//! | model, channels, features, area of applicability | 95.9 % | 88.5 % | 83.2 % | 58.6 % |
//! | patches: putting together, used pixels | 1.7 % | 1.7 % | 7.7 % | 6.9 % |
//! | reading the mosaic (GDAL, libtiff, libzstd) | 0.7 % | 8.3 % | 3.3 % | 30.8 % |
//! | reading the grid, finding its cells | 0.6 % | 0.6 % | 3.1 % | 2.0 % |
//! | keeping results, writing the map | 0.4 % | 0.3 % | 2.0 % | 1.3 % |
//! | start, operating system, not resolved | 0.7 % | 0.6 % | 0.7 % | 0.4 % |
//!
//! What is not compressed is copied from the operating system once, into a block, and once more, into patches: reading and writing take
//! 8.4 % of a map of trees then. A compressed mosaic (Zstandard and the horizontal predictor, which libtiff undoes number by number) costs
//! 30 µs a cell to decode, on all cores side by side. A cell costs Extra Trees some 80 µs of processor time in a country of 197,136
//! cells, 104 with a compressed mosaic, and LeNet some 390. A map of LeNet takes 1.14 times as long as the bare inference of its patches
//! from a store (median of four turns of both, 1.07 to 1.33, compressed, before threads took turns; `benches/peers/nation.py`).

mod band_names;
mod class_names;
mod deciding;
mod error;
mod grid_input;
mod identity;
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

pub use class_names::check_class_names;
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
