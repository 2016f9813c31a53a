//! Cutting: from a mosaic and the outlines of cells to patches.
//!
//! Each cell gets the window of pixels around its centroid, and a mask that says which of them lie inside the
//! cell and carry a measurement. The mosaic is read in the order of its blocks, each once whatever the
//! order of the cells, by a thread of its own; masks are made on all cores. Memory is a few batches of patches and those that
//! wait for a neighbouring tile, whatever the size of the mosaic and of the grid: cells wait on disk for their turn.
//!
//! From the bottom up: [`Footprint`] decides which pixels are inside, `plan` in which order blocks are read,
//! [`CellSorter`] brings the cells of a grid into that order, `assemble` copies what was read to the patches that it belongs
//! to, `mask` says which pixels are used, [`Cutter`] does the work for whoever wants patches.

mod assemble;
mod batches;
mod cell_set;
mod copy;
mod cutter;
mod error;
mod footprint;
mod locate;
mod mask;
mod part;
mod plan;
mod pool;
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
pub use pool::PatchPool;
pub use sorter::CellSorter;
