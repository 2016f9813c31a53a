//! What holds for every cell of a map.

use serde::{Deserialize, Serialize};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::ClassMap;

/// The version of the columns of a map.
pub(super) const FORMAT_VERSION: u32 = 1;

/// What holds for every cell of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapHeader {
    /// The classes that labels of the grid speak of, and what the coordinates of outlines mean.
    pub cells: CellTableHeader,
    /// What was predicted, by which models, from what.
    pub origin: MapOrigin,
}

/// What was predicted, by which models, from what; it lies in the metadata of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapOrigin {
    /// Version of the columns.
    pub format: u32,
    /// The classes of the models, in the order of the columns of probabilities.
    pub classes: ClassMap,
    /// Which columns there are.
    pub content: MapContent,
    /// The models; where there are several, their mean was taken.
    pub models: Vec<ModelOrigin>,
    /// Whether the operating points of the models calibrated and decided; otherwise probabilities are raw, and the most
    /// probable class was taken.
    pub operating_point: bool,
    /// Digest of what the cells were predicted from: extent, bands and size of the mosaic, and the cells of the grid;
    /// `None` for the map of a table.
    pub input_digest: Option<String>,
    /// Version of the program.
    pub program_version: String,
}

impl MapOrigin {
    /// Of a map with `classes` and `content`, made by this program from nothing yet.
    pub fn new(classes: ClassMap, content: MapContent) -> Self {
        Self {
            format: FORMAT_VERSION,
            classes,
            content,
            models: Vec::new(),
            operating_point: false,
            input_digest: None,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Which columns a map has beside class and probabilities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each group of columns is there or not")]
pub struct MapContent {
    /// The share of used pixels, and the quality that follows from it; absent from the maps of tables.
    pub pixels: bool,
    /// How far several models are from each other.
    pub spread: bool,
    /// The classes that cannot be ruled out.
    pub sets: bool,
    /// How unlike the training cells a cell is.
    pub applicability: bool,
    /// Whether a model was trained on the cell.
    pub training: bool,
}

/// A model that took part in a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelOrigin {
    /// Digest of its bundle: SHA-256 of `bundle.json`, which holds the digests of all other files.
    pub digest: String,
    /// Kind of model, such as `extra-trees`.
    pub kind: String,
    /// Name of the data set that it was fitted on.
    pub dataset: String,
    /// What was measured on cells that it was not fitted on, as in its bundle: with it the map can be held against what
    /// was announced.
    pub measured: serde_json::Map<String, serde_json::Value>,
}
