//! The store: a collection of patches as it lies on disk.
//!
//! A store holds equally shaped patches in shards, with a register of their cells. It is written once and
//! read in any order, so memory stays at a few batches whatever the size of the collection. It is a Zarr
//! group beside a GeoParquet table, and `datasets/README.md` specifies every byte; this module is its only
//! reader and writer.
//!
//! Patches are compressed one by one and appended to the shard as they come. The general Zarr encoders
//! assemble a shard in memory, and the general decoders trust the sizes that a file names; here both sides
//! work on one patch at a time, and every size is checked before it is used.
//!
//! Start with [`StoreWriter`] to make a store, [`StoreReader`] to open one, and [`StoreReader::select`] to
//! stream a part of it.

mod array;
mod error;
mod feature_cache;
mod layout;
mod manifest;
mod opening;
mod patch_codec;
mod reader;
mod register;
mod selection;
mod shard;
mod stream;
#[cfg(test)]
mod tests;
mod writer;

pub use error::StoreError;
pub use layout::FORMAT_VERSION;
pub use manifest::Counts;
pub use opening::StoreOverview;
pub use reader::StoreReader;
pub use selection::Selection;
pub use writer::{StoreSummary, StoreWriter};

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::cells::Crs;
use crate::class::ClassMap;
use crate::source::InputDefinition;

/// What a store is a store of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreDefinition {
    /// The name of the data set.
    pub dataset: String,
    /// What the cells are.
    pub input: InputDefinition,
    /// The classes that labels speak of.
    pub classes: ClassMap,
    /// Where the outlines of cells lie.
    pub crs: Option<Crs>,
}

/// What a store knows about one of its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreCell {
    /// The cell.
    pub cell: Cell,
    /// Pixels that carry a measurement in all bands and lie inside the cell.
    pub used_pixels: u32,
    /// Pixels inside the cell.
    pub inside_pixels: u32,
}
