//! The store: a collection of cells as it lies on disk.
//!
//! A store holds equally shaped patches, or the rows of a table, in shards, with a register of their cells. It is
//! written once and read in any order, so memory stays at a few batches whatever the size of the collection. It is a Zarr
//! group beside a GeoParquet table, and `datasets/README.md` specifies every byte; this module is its only
//! reader and writer.
//!
//! Chunks (one patch, or some rows) are compressed one by one and appended to the shard as they come. The general
//! Zarr encoders assemble a shard in memory, and the general decoders trust the sizes that a file names; here both
//! sides work on one chunk at a time, and every size is checked before it is used.
//!
//! Start with [`StoreWriter`] to make a store, [`StoreReader`] to open one, and [`StoreReader::select`] to
//! stream a part of it.

mod array;
mod codec;
mod error;
mod feature_cache;
mod layout;
mod manifest;
mod opening;
mod reader;
mod register;
mod selection;
mod shard;
mod stream;
#[cfg(test)]
mod tests;
mod writer;

pub use error::StoreError;
pub use layout::{FORMAT_VERSION, TABLE_FORMAT_VERSION};
pub use manifest::Counts;
pub use opening::StoreOverview;
pub use reader::StoreReader;
pub use selection::Selection;
pub use writer::{StoreSummary, StoreWriter};

use std::sync::Arc;

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
    /// Side of a pixel on the ground, in metres; `None` where there are no pixels, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_metres: Option<f64>,
}

/// What a store knows about one of its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreCell {
    /// The cell.
    pub cell: Cell,
    /// How much is known about it.
    pub content: CellContent,
}

/// How much of a cell is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellContent {
    /// Of a patch.
    Pixels {
        /// Pixels that carry a measurement in all bands and lie inside the cell.
        used: u32,
        /// Pixels inside the cell.
        inside: u32,
    },
    /// Of a row of a table.
    Row {
        /// Numbers that are not missing.
        known: u32,
        /// The group to which the row belongs.
        group: Option<Arc<str>>,
    },
}

impl CellContent {
    /// Whether nothing is known: such a cell is neither trained on nor predicted.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Pixels { used: 0, .. } | Self::Row { known: 0, .. })
    }

    /// Whether the share of used pixels, of those inside the cell, is at least `share`; rows have no such share,
    /// and always pass.
    pub fn has_share(&self, share: f64) -> bool {
        match self {
            Self::Pixels { used, inside } => f64::from(*used) >= share * f64::from(*inside),
            Self::Row { .. } => true,
        }
    }
}
