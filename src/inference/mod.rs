//! Inference: from a fitted model, a mosaic and a grid to a map of every cell.
//!
//! Patches are cut as they are for training ([`crate::cutting`]) and predicted as they come, so a country needs a
//! few windows of pixels and some bytes a cell. Cells are predicted whether they are labelled or not;
//! cells without a used pixel have no class. The rows of a table are predicted and written as they are read.

mod cell_list;
mod deciding;
mod error;
mod geopackage;
mod geotiff;
mod lattice;
mod predict;
mod predict_table;
mod row_map;
mod table;
#[cfg(test)]
mod tests;

pub use cell_list::CellList;
pub use deciding::Deciding;
pub use error::InferenceError;
pub use geopackage::write_geopackage;
pub use geotiff::{MapFiles, write_geotiff};
pub use predict::{CellMap, PredictInput, predict_grid};
pub use predict_table::{RowSummary, TablePredictInput, predict_table};
pub use row_map::RowFormat;
pub use table::write_table;
