//! `bundle.json`: what a bundle says about its model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::source::InputDefinition;

use crate::config::ModelConfig;
use crate::operating_point::OperatingPoint;

/// The version that this build writes and reads.
pub const FORMAT_VERSION: u64 = 1;
/// The name of the file that describes a bundle.
pub const MANIFEST_FILE: &str = "bundle.json";
/// The name of the file of the training cells that others are compared with.
pub const APPLICABILITY_FILE: &str = "applicability.safetensors";

/// What a bundle says about its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleManifest {
    /// Version of the format.
    pub format: u64,
    /// Kind of model, such as `extra-trees`.
    pub kind: String,
    /// The classes, in the order of the probability columns.
    pub classes: ClassMap,
    /// What the patches must be.
    pub input: InputDefinition,
    /// Where the model comes from.
    pub provenance: Provenance,
    /// What turns its raw probabilities into figures and decisions that hold where it is used; `None` for the model of a
    /// fold, and where nothing was learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operating_point: Option<OperatingPoint>,
    /// The folders of the members of an ensemble, whose probabilities are averaged; none where the bundle is one model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// The files that hold what was learned, by name; those of a member as `fold-00/forest.bin`.
    pub weights: BTreeMap<String, FileMark>,
    /// The same model in other forms, by name; loading does not look at them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exports: BTreeMap<String, FileMark>,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The settings that it was fitted with, defaults included.
    pub model: ModelConfig,
    /// Name of the data set.
    pub dataset: String,
    /// What the data are and who made them, where the store says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Licence of the data, where the store says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Digest of the store.
    pub store_digest: String,
    /// Side of a pixel on the ground, in metres, where there were pixels with a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_metres: Option<f64>,
    /// Digest of the fold plan, where there was one.
    pub fold_plan_digest: Option<String>,
    /// The fold that was held out; `None` where all cells were fitted on.
    pub fold: Option<u32>,
    /// The seed.
    pub seed: u64,
    /// Version of the program.
    pub program_version: String,
    /// What was measured on cells that were not fitted on, with the prevalence that it holds for.
    pub measured: serde_json::Map<String, serde_json::Value>,
}
