//! Cutting: from a mosaic and the outlines of cells to patches.
//!
//! Each cell gets the window of pixels around its centroid, and a mask that says which of them lie inside the
//! cell and carry a measurement. The mosaic is read in the order of its blocks, each once whatever the
//! order of the cells, by a thread that reads ahead, or by a [`Crew`] whose threads read, cut and work side by side. Memory is a
//! few batches of patches and the pieces of those that lie in several slabs, whatever the size of the mosaic and of the grid:
//! cells wait on disk for their turn.
//!
//! From the bottom up: [`Footprint`] decides which pixels are inside, `slabs` which blocks are read together,
//! [`CellSorter`] brings the cells of a grid into the order of `steps`, `assemble` copies what was read to the patches that it
//! belongs to, `mask` says which pixels are used, `crew` does all that on several threads, [`Cutter`] for whoever wants patches.

mod assemble;
mod batches;
mod cell_set;
mod copy;
mod crew;
mod cutter;
mod error;
mod footprint;
mod locate;
mod mask;
mod part;
mod pieces;
mod pool;
mod row_bands;
mod slabs;
mod sorter;
mod spool;
mod steps;
mod strips;
#[cfg(test)]
mod tests;
mod usual_side;

pub use cell_set::CellSet;
pub use crew::Crew;
pub use cutter::{CutPatches, Cutter, CutterSettings};
pub use error::CuttingError;
pub use footprint::Footprint;
pub use part::Part;
pub use pool::PatchPool;
pub use sorter::{CellSorter, MOST_PATCH_PIXELS};
