//! Cutting: from a mosaic and the outlines of cells to patches.
//!
//! Each cell gets the window of pixels around its centroid, and a mask that says which of them lie inside the
//! cell and carry a measurement. The mosaic is read in the order of its blocks, each about once whatever the
//! order of the cells, by a thread of its own; cutting uses all cores. Memory is a few windows.
//!
//! From the bottom up: [`Footprint`] decides which pixels are inside, [`ReadingPlan`] in which order windows are
//! read, [`Cutter`] does the work for whoever wants patches.

mod cell_list;
mod cut;
mod cutter;
mod error;
mod footprint;
mod locate;
mod plan;
#[cfg(test)]
mod tests;

pub use cell_list::CellList;
pub use cutter::{CutPatches, Cutter, CutterSettings, patch_pixels_for};
pub use error::CuttingError;
pub use footprint::Footprint;
pub use plan::{Located, RasterLayout, Reading, ReadingPlan};
