//! What holds for every cell of a map.

use serde::{Deserialize, Serialize};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::ClassMap;
use tesela_models::operating_point::vanishing;

use crate::numerals::{grouped, percent};

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

    /// What operating points left open and was found on the cells of the map.
    pub fn settled(&self) -> Vec<SettledPrior> {
        self.models.iter().filter_map(|model| model.settled.clone()).collect()
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
    /// What its operating point left open and was found on the cells of this map; not written where it left nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledPrior>,
}

/// What an operating point with an estimated prevalence found on the cells of a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettledPrior {
    /// How common each class is among the cells that no model was trained on.
    pub prevalence: Vec<f64>,
    /// From which probability on cells are mapped as the class that the threshold speaks of; `None` where the most probable
    /// class is taken.
    pub threshold: Option<f64>,
    /// How many cells it rests on.
    pub cells: u64,
}

impl SettledPrior {
    /// What was found, in words.
    pub fn words(&self, classes: &ClassMap) -> String {
        let pairs = classes.names().iter().zip(&self.prevalence);
        let shares: Vec<String> =
            pairs.map(|(name, share)| format!("{name} {}", percent(*share))).collect();
        let threshold = self.threshold.map_or_else(String::new, |threshold| {
            format!("; threshold at a probability of {}", percent(threshold))
        });
        let cells = grouped(self.cells);
        format!("{} (from {cells} cells that were not trained on{threshold})", shares.join(", "))
    }

    /// What a user should know of it: a class of which there is next to nothing. One sentence without a full stop.
    pub fn warning(&self, classes: &ClassMap) -> Option<String> {
        vanishing(classes, &self.prevalence, self.cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimated_prevalence_is_told_with_what_it_rests_on() {
        let classes = ClassMap::new(["other", "urban"]).unwrap();
        let mut prior =
            SettledPrior { prevalence: vec![0.98, 0.02], threshold: None, cells: 1_975_219 };
        let told = "other 98.0 %, urban 2.0 % (from 1,975,219 cells that were not trained on";
        assert_eq!(prior.words(&classes), format!("{told})"));
        prior.threshold = Some(0.376);
        let ending = "; threshold at a probability of 37.6 %)";
        assert_eq!(prior.words(&classes), format!("{told}{ending}"));
    }
}
