//! Cutting: from a mosaic and the outlines of cells to patches.
//!
//! Each cell gets the window of pixels around its centroid, and a mask that says which of them lie inside the
//! cell and carry a measurement. The mosaic is read in the order of its blocks, each about once whatever the
//! order of the cells, by a thread of its own; cutting uses all cores. Memory is a few windows, whatever the
//! size of the mosaic and of the grid: cells wait on disk for their turn.
//!
//! From the bottom up: [`Footprint`] decides which pixels are inside, `plan` in which order windows are read,
//! [`CellSorter`] brings the cells of a grid into that order, [`Cutter`] does the work for whoever wants patches.

mod cell_set;
mod cut;
mod cutter;
mod error;
mod footprint;
mod locate;
mod part;
mod plan;
mod row_bands;
mod sorter;
mod spool;
mod strips;
#[cfg(test)]
mod tests;
mod usual_side;

pub use cell_set::CellSet;
pub use cutter::{CutPatches, Cutter, CutterSettings};
pub use error::CuttingError;
pub use footprint::Footprint;
pub use part::Part;
pub use sorter::CellSorter;
