//! Inference: from fitted models, a mosaic and a grid to a map of every cell.
//!
//! It is done in two steps. [`predict_part`] cuts patches as they are cut for training ([`crate::cutting`]), asks the
//! models, and keeps what they say in a ledger on disk, cell by cell: killed at any moment, it goes on where it stopped, and
//! any number of processes share the work. [`merge`] reads the ledgers and the grid again, lets a [`Decider`] decide, and
//! writes the map in the order of the grid: its bytes do not depend on how the work was divided. Memory is a few windows of
//! pixels and some bytes a cell, whatever the country. Cells are predicted whether they are labelled or not; cells without
//! a used pixel have no class. The rows of a table are predicted and written as they are read.
//!
//! # Where the time goes
//!
//! A thread reads windows of the mosaic ahead; the others cut patches from them and compute two batches side by side, whose
//! results are kept in order. Shares of the processor's time in maps of 59,049 cells on two cores (`perf`, 799 samples a
//! second, from the start of the program to its end):
//!
//! | | LeNet | LeNet, compressed mosaic | 100 Extra Trees | the same, compressed |
//! |---|---|---|---|---|
//! | model, channels, features, area of applicability | 91.9 % | 84.4 % | 70.7 % | 52.2 % |
//! | reading the mosaic (GDAL, libtiff, libzstd) | 2.7 % | 10.5 % | 8.9 % | 33.1 % |
//! | cutting patches, finding used pixels | 2.5 % | 2.4 % | 11.1 % | 7.4 % |
//! | cells on disk and their places | 0.9 % | 0.7 % | 3.1 % | 2.8 % |
//! | keeping results, writing the map | 0.5 % | 0.6 % | 1.9 % | 1.6 % |
//! | start, grid, operating system, not resolved | 1.5 % | 1.4 % | 4.3 % | 3.0 % |
//!
//! A cell costs Extra Trees 89 µs of processor time in a country of 197,136 cells, 122 with a compressed mosaic (Zstandard and
//! the horizontal predictor, which libtiff undoes number by number), and LeNet some 350. A map of LeNet takes 1.19 times
//! as long as the bare inference of its patches from a store (six turns of both, 1.14 to 1.25; `benches/peers/nation.py`).

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
