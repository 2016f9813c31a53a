//! The settings of LeNet: as written in an experiment file, and checked.

use std::fmt;

use serde::{Deserialize, Serialize};
use tesela_datasets::config::Problems;

/// `[model.lenet]` as written; names are PyTorch's where it has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RawLenet {
    /// How weights are moved: `"adamw"` or `"sgd"` (with momentum).
    pub optimizer: Optimizer,
    /// Step size after the warm-up; it falls to zero along half a cosine.
    pub learning_rate: f64,
    /// How much of the last step is kept; of `"sgd"` alone.
    pub momentum: f64,
    /// Pull of the weights towards zero: decoupled in `"adamw"`, part of the gradient in `"sgd"`.
    pub weight_decay: f64,
    /// Patches of one step.
    pub batch_size: u64,
    /// Passes over the training patches, at most.
    pub epochs: u64,
    /// Share of all steps over which the step size rises from zero.
    pub warmup_share: f64,
    /// Share of each label that is spread over all classes.
    pub label_smoothing: f64,
    /// `"none"`, or `"balanced"`: each class weighs the same.
    pub class_weight: ClassWeight,
    /// Whether patches are flipped and turned at random.
    pub augment: bool,
    /// Share of the training patches that is set aside to choose the best epoch.
    pub validation_share: f64,
    /// Epochs without a better validation loss after which training ends; 0 for never.
    pub patience: u64,
}

impl Default for RawLenet {
    fn default() -> Self {
        Self {
            optimizer: Optimizer::AdamW,
            learning_rate: 1e-3,
            momentum: 0.9,
            weight_decay: 0.01,
            batch_size: 64,
            epochs: 20,
            warmup_share: 0.05,
            label_smoothing: 0.0,
            class_weight: ClassWeight::None,
            augment: true,
            validation_share: 0.1,
            patience: 5,
        }
    }
}

/// How weights are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019), β = (0.9, 0.999), ε = 1e-8.
    #[serde(rename = "adamw")]
    AdamW,
    /// Stochastic gradient descent with momentum.
    Sgd,
}

/// How much the patches of each class weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeight {
    /// Each patch weighs the same.
    None,
    /// Each class weighs the same: a patch of class `c` weighs `patches / (classes × patches of c)`.
    Balanced,
}

/// Settings of LeNet that are known to be usable.
#[derive(Debug, Clone, PartialEq)]
pub struct LenetConfig {
    pub(crate) optimizer: Optimizer,
    pub(crate) learning_rate: f64,
    pub(crate) momentum: f64,
    pub(crate) weight_decay: f64,
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) warmup_share: f64,
    pub(crate) label_smoothing: f64,
    pub(crate) class_weight: ClassWeight,
    pub(crate) augment: bool,
    pub(crate) validation_share: f64,
    pub(crate) patience: usize,
}

impl RawLenet {
    /// Checks every field and notes each problem with the key below `table` that caused it.
    pub fn check(self, table: &str, problems: &mut Problems) -> Option<LenetConfig> {
        let mut door = Door { table, problems };
        let learning_rate = door.real("learning-rate", self.learning_rate, f64::MIN_POSITIVE, 10.0);
        let momentum = door.real("momentum", self.momentum, 0.0, 0.999_999);
        let weight_decay = door.real("weight-decay", self.weight_decay, 0.0, 10.0);
        let batch_size = door.whole("batch-size", self.batch_size, 1, 65_536);
        let epochs = door.whole("epochs", self.epochs, 1, 100_000);
        let warmup_share = door.real("warmup-share", self.warmup_share, 0.0, 1.0);
        let label_smoothing = door.real("label-smoothing", self.label_smoothing, 0.0, 0.999_999);
        let validation_share = door.real("validation-share", self.validation_share, 0.0, 0.9);
        let patience = door.whole("patience", self.patience, 0, 100_000);
        Some(LenetConfig {
            optimizer: self.optimizer,
            learning_rate: learning_rate?,
            momentum: momentum?,
            weight_decay: weight_decay?,
            batch_size: batch_size?,
            epochs: epochs?,
            warmup_share: warmup_share?,
            label_smoothing: label_smoothing?,
            class_weight: self.class_weight,
            augment: self.augment,
            validation_share: validation_share?,
            patience: patience?,
        })
    }
}

impl Default for LenetConfig {
    fn default() -> Self {
        RawLenet::default()
            .check("", &mut Problems::new())
            .expect("the defaults are within their ranges")
    }
}

impl From<&LenetConfig> for RawLenet {
    fn from(config: &LenetConfig) -> Self {
        Self {
            optimizer: config.optimizer,
            learning_rate: config.learning_rate,
            momentum: config.momentum,
            weight_decay: config.weight_decay,
            batch_size: config.batch_size as u64,
            epochs: config.epochs as u64,
            warmup_share: config.warmup_share,
            label_smoothing: config.label_smoothing,
            class_weight: config.class_weight,
            augment: config.augment,
            validation_share: config.validation_share,
            patience: config.patience as u64,
        }
    }
}

/// Checks values against their ranges.
struct Door<'a> {
    table: &'a str,
    problems: &'a mut Problems,
}

impl Door<'_> {
    fn whole(&mut self, key: &str, value: u64, least: u64, most: u64) -> Option<usize> {
        self.range(key, value, least, most)
            .map(|value| usize::try_from(value).expect("the upper bound fits"))
    }

    fn real(&mut self, key: &str, value: f64, least: f64, most: f64) -> Option<f64> {
        self.range(key, value, least, most)
    }

    fn range<T: PartialOrd + fmt::Display + Copy>(
        &mut self,
        key: &str,
        value: T,
        least: T,
        most: T,
    ) -> Option<T> {
        let result = if value >= least && value <= most {
            Ok(value)
        } else {
            Err(format!("is {value}; expected {least} to {most}"))
        };
        self.problems.note(&format!("{}.{key}", self.table), result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    fn parse(text: &str) -> RawLenet {
        parse_toml(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn an_empty_table_is_the_default() {
        let config = parse("").check("model.lenet", &mut Problems::new()).unwrap();
        assert_eq!(config, LenetConfig::default());
        assert_eq!(RawLenet::from(&config), RawLenet::default());
    }

    #[test]
    fn every_key_can_be_written() {
        let raw = parse(
            "optimizer = \"sgd\"\nlearning-rate = 0.1\nmomentum = 0.5\nweight-decay = 0\nbatch-size = 1\n\
             epochs = 2\nwarmup-share = 0.0\nlabel-smoothing = 0.1\nclass-weight = \"balanced\"\n\
             augment = false\nvalidation-share = 0.2\npatience = 0",
        );
        let config = raw.check("model.lenet", &mut Problems::new()).unwrap();
        assert_eq!((config.optimizer, config.batch_size), (Optimizer::Sgd, 1));
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest() {
        let error = parse_toml::<RawLenet>("learning-rat = 1", Path::new("x.toml")).unwrap_err();
        assert!(error.to_string().contains("did you mean `learning-rate`?"), "{error}");
    }

    #[test]
    fn every_value_out_of_range_is_named_with_its_key() {
        let raw = parse(
            "learning-rate = nan\nbatch-size = 0\nepochs = 0\nlabel-smoothing = 1.0\nvalidation-share = 1.0",
        );
        let mut problems = Problems::new();
        let checked = raw.check("model.lenet", &mut problems);
        let text = problems.finish(checked).unwrap_err().to_string();
        for key in ["learning-rate", "batch-size", "epochs", "label-smoothing", "validation-share"]
        {
            assert!(text.contains(&format!("`model.lenet.{key}`: is ")), "{text}");
        }
    }
}
