//! Which model is fitted, and how: the `[model.…]` table of an experiment.
//!
//! The table's name is the kind of model (`[model.extra-trees]`), its keys are that model's own. A
//! [`RawModelConfig`] is what the file says; [`RawModelConfig::check`] makes it a [`ModelConfig`], whose
//! [`recipe`](ModelConfig::recipe) fits.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tesela_datasets::config::{InvalidConfig, Problems};
use tesela_datasets::patch::PatchDefinition;

use crate::classifier::Fit;
use crate::device::{DeviceChoice, DeviceLoad};
use crate::extra_trees::{self, ExtraTrees, Parameters, RawExtraTrees, RawRandomForest};
use crate::lenet::{self, LenetConfig, RawLenet};
use crate::network::{self, LayerRow, NetworkConfig, NetworkFit, ShapeError};
use crate::resnet::{self, RawResnet, ResnetConfig};

/// `[model.…]` as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawModelConfig {
    /// `[model.extra-trees]`.
    ExtraTrees(RawExtraTrees),
    /// `[model.lenet]`.
    Lenet(RawLenet),
    /// `[model.random-forest]`.
    RandomForest(RawRandomForest),
    /// `[model.resnet]`.
    Resnet(RawResnet),
}

impl RawModelConfig {
    /// Checks every field and notes each problem with the key that caused it, such as
    /// `model.extra-trees.n-trees`.
    pub fn check(self, problems: &mut Problems) -> Option<ModelConfig> {
        match self {
            Self::ExtraTrees(raw) => {
                raw.check("model.extra-trees", problems).map(ModelConfig::ExtraTrees)
            }
            Self::Lenet(raw) => raw.check("model.lenet", problems).map(ModelConfig::Lenet),
            Self::RandomForest(raw) => {
                raw.check("model.random-forest", problems).map(ModelConfig::RandomForest)
            }
            Self::Resnet(raw) => raw.check("model.resnet", problems).map(ModelConfig::Resnet),
        }
    }
}

/// A model with settings that are known to be usable. It is written as it is read, defaults included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawModelConfig", into = "RawModelConfig")]
pub enum ModelConfig {
    /// Extremely randomised trees on the features of patches.
    ExtraTrees(Parameters),
    /// A small convolutional network on the channels of patches.
    Lenet(LenetConfig),
    /// A random forest on the features of patches.
    RandomForest(Parameters),
    /// A small residual network on the channels of patches.
    Resnet(ResnetConfig),
}

/// What a recipe needs beside the model's own settings.
#[derive(Debug, Clone, PartialEq)]
pub struct FitSettings {
    /// The origin of every random draw.
    pub seed: u64,
    /// Threads to use; as many as the machine has where `None`. Changes no result.
    pub threads: Option<usize>,
    /// What a network computes on, such as `flex` or `wgpu:1`; trees ignore it.
    pub device: String,
    /// How many patches of a batch are on the device at a time; trees ignore it.
    pub load: DeviceLoad,
}

impl FitSettings {
    /// On the processor, with all threads.
    pub fn new(seed: u64) -> Self {
        let (device, load) = (DeviceChoice::Flex.to_string(), DeviceLoad::Whole);
        Self { seed, threads: None, device, load }
    }
}

impl ModelConfig {
    /// The name of the kind of model, as in `[model.extra-trees]`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ExtraTrees(_) => extra_trees::KIND,
            Self::Lenet(_) => lenet::KIND,
            Self::RandomForest(_) => extra_trees::RANDOM_FOREST_KIND,
            Self::Resnet(_) => resnet::KIND,
        }
    }

    /// The recipe that fits this model.
    pub fn recipe(&self, settings: &FitSettings) -> Box<dyn Fit> {
        match self {
            Self::ExtraTrees(parameters) | Self::RandomForest(parameters) => {
                Box::new(ExtraTrees::new(parameters.clone(), settings.seed, settings.threads))
            }
            Self::Lenet(config) => Box::new(fit_network(config, settings)),
            Self::Resnet(config) => Box::new(fit_network(config, settings)),
        }
    }

    /// The same where the model is a network.
    pub fn network_recipe(&self, settings: &FitSettings) -> Option<NetworkFit> {
        match self {
            Self::ExtraTrees(_) | Self::RandomForest(_) => None,
            Self::Lenet(config) => Some(fit_network(config, settings)),
            Self::Resnet(config) => Some(fit_network(config, settings)),
        }
    }

    /// The layers of a network for patches as `input` describes them; nothing where the model is no network.
    ///
    /// # Errors
    /// If there is no such network for these patches.
    pub fn layers(
        &self,
        input: &PatchDefinition,
        classes: usize,
    ) -> Result<Vec<LayerRow>, ShapeError> {
        self.network().map_or_else(|| Ok(Vec::new()), |own| network::layers(own, input, classes))
    }

    /// The settings of a network; `None` where the model is none.
    pub(crate) fn network(&self) -> Option<&dyn NetworkConfig> {
        match self {
            Self::ExtraTrees(_) | Self::RandomForest(_) => None,
            Self::Lenet(config) => Some(config),
            Self::Resnet(config) => Some(config),
        }
    }
}

fn fit_network<C: NetworkConfig + Clone + 'static>(
    config: &C,
    settings: &FitSettings,
) -> NetworkFit {
    NetworkFit::new(Arc::new(config.clone()), settings)
}

impl TryFrom<RawModelConfig> for ModelConfig {
    type Error = InvalidConfig;

    fn try_from(raw: RawModelConfig) -> Result<Self, Self::Error> {
        let mut problems = Problems::new();
        let checked = raw.check(&mut problems);
        problems.finish(checked)
    }
}

impl From<ModelConfig> for RawModelConfig {
    fn from(config: ModelConfig) -> Self {
        match config {
            ModelConfig::ExtraTrees(parameters) => Self::ExtraTrees((&parameters).into()),
            ModelConfig::Lenet(config) => Self::Lenet((&config).into()),
            ModelConfig::RandomForest(parameters) => {
                Self::RandomForest(RawRandomForest((&parameters).into()))
            }
            ModelConfig::Resnet(config) => Self::Resnet((&config).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        model: RawModelConfig,
    }

    fn parse(text: &str) -> Result<RawModelConfig, String> {
        parse_toml::<File>(text, Path::new("x.toml"))
            .map(|file| file.model)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_name_of_the_table_is_the_kind_of_model() {
        let raw = parse("[model.extra-trees]").unwrap();
        let model = ModelConfig::try_from(raw).unwrap();
        assert_eq!(model, ModelConfig::ExtraTrees(Parameters::default()));
        assert_eq!(model.kind(), "extra-trees");
    }

    #[test]
    fn a_network_is_a_model_too() {
        let model = ModelConfig::try_from(parse("[model.lenet]\nepochs = 3").unwrap()).unwrap();
        assert_eq!(model.kind(), "lenet");
        let text = serde_json::to_string(&model).unwrap();
        assert!(text.contains("\"epochs\":3") && text.contains("\"learning-rate\":"), "{text}");
        assert_eq!(serde_json::from_str::<ModelConfig>(&text).unwrap(), model);
    }

    #[test]
    fn a_random_forest_has_the_keys_of_extra_trees() {
        let text = "[model.random-forest]\nn-trees = 7\nclass-weight = { urban = 2 }";
        let model = ModelConfig::try_from(parse(text).unwrap()).unwrap();
        assert_eq!(model.kind(), "random-forest");
        let text = serde_json::to_string(&model).unwrap();
        assert!(text.contains("\"bootstrap\":true") && text.contains("\"urban\":2.0"), "{text}");
        assert_eq!(serde_json::from_str::<ModelConfig>(&text).unwrap(), model);
        let error = parse("[model.random-forest]\nmax-feature = 3").unwrap_err();
        assert!(error.contains("did you mean `max-features`?"), "{error}");
        let raw = parse("[model.random-forest]\nn-trees = 0").unwrap();
        let error = ModelConfig::try_from(raw).unwrap_err().to_string();
        assert!(error.contains("`model.random-forest.n-trees`: is 0; expected 1"), "{error}");
    }

    #[test]
    fn an_unknown_model_or_key_is_answered_with_the_nearest() {
        let error = parse("[model.extra-tree]").unwrap_err();
        assert!(error.contains("did you mean `extra-trees`?"), "{error}");
        let error = parse("[model.extra-trees]\nmax-feature = 3").unwrap_err();
        assert!(error.contains("did you mean `max-features`?"), "{error}");
    }

    #[test]
    fn problems_carry_the_whole_key() {
        let raw = parse("[model.extra-trees]\nn-trees = 0").unwrap();
        let error = ModelConfig::try_from(raw).unwrap_err().to_string();
        assert!(error.contains("`model.extra-trees.n-trees`: is 0; expected 1"), "{error}");
    }

    #[test]
    fn a_model_is_written_with_its_defaults_and_read_back() {
        let raw = parse("[model.extra-trees]\nmax-depth = 7\nmax-features = 0.5").unwrap();
        let model = ModelConfig::try_from(raw).unwrap();
        let text = serde_json::to_string(&model).unwrap();
        assert!(text.contains("\"n-trees\":100"), "{text}");
        assert_eq!(serde_json::from_str::<ModelConfig>(&text).unwrap(), model);
        assert!(serde_json::from_str::<ModelConfig>(&text.replace("100", "0")).is_err());
    }
}
