//! How a network is trained: the keys that all `[model.…]` tables of networks share, as written and checked.
//!
//! A network's table holds the shared keys and its own side by side. serde's `flatten` would let typing errors
//! through, so [`network_table!`] writes both into one struct; the shared keys are listed there, and only there.
//! [`network_config!`] ties the checked settings to their network.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use tesela_datasets::config::Problems;

/// Defines the table of a network as written: its own keys, then the shared ones, each with its default.
///
/// Beside the struct it defines `training`, which takes the shared keys out, and `with_training`, which puts them in.
macro_rules! network_table {
    ($(#[$doc:meta])* $name:ident { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_default:expr;)* }) => {
        $crate::network::network_table! {
            @define $(#[$doc])* $name { $($(#[$own_doc])* $own: $own_type = $own_default;)* } {
                /// How weights are moved: `"adamw"`, or `"sgd"` with momentum.
                optimizer: $crate::network::Optimizer = $crate::network::Optimizer::AdamW;
                /// Step size after the warm-up; it falls to zero along half a cosine.
                learning_rate: f64 = 1e-3;
                /// How much of the mean gradient and of the mean squared gradient a step keeps; of `"adamw"` alone.
                betas: [f64; 2] = [0.9, 0.999];
                /// What keeps `"adamw"` from dividing by zero.
                eps: f64 = 1e-8;
                /// How much of the last step is kept; of `"sgd"` alone.
                momentum: f64 = 0.9;
                /// Whether momentum looks ahead (Nesterov); of `"sgd"` alone.
                nesterov: bool = false;
                /// Pull of the weights towards zero: decoupled in `"adamw"`, part of the gradient in `"sgd"`. Biases and
                /// norms are not pulled.
                weight_decay: f64 = 0.01;
                /// Most that the norm of all gradients together may be, 0 for no limit; larger ones are scaled down.
                max_grad_norm: f64 = 0.0;
                /// How much of the moving average of the weights a step keeps, 0 for no average. The averaged weights
                /// are those that are validated and kept.
                ema_decay: f64 = 0.0;
                /// Patches that are computed at a time.
                batch_size: u64 = 64;
                /// Batches of one step, whose gradients are added up: memory of one batch, steps of several.
                accumulate: u64 = 1;
                /// Passes over the training patches, at most.
                epochs: u64 = 20;
                /// Share of all steps over which the step size rises from zero.
                warmup_share: f64 = 0.05;
                /// Share of each label that is spread over all classes.
                label_smoothing: f64 = 0.0;
                /// `"none"`, or `"balanced"`: each class weighs the same.
                class_weight: $crate::network::ClassWeight = $crate::network::ClassWeight::None;
                /// `"random"`: an epoch sees every patch once; `"balanced"`: as many patches of each class, those of
                /// small classes again and again.
                sampler: $crate::network::Sampler = $crate::network::Sampler::Random;
                /// Whether patches are flipped and turned at random.
                augment: bool = true;
                /// Whether a prediction is the mean over all flips and turns of a patch, at that many times the work.
                test_time_augmentation: bool = false;
                /// Share of the training patches that is set aside to choose the best epoch.
                validation_share: f64 = 0.1;
                /// Epochs without a better validation loss after which training ends; 0 for never.
                patience: u64 = 5;
            }
        }
    };
    (@define $(#[$doc:meta])* $name:ident
        { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_default:expr;)* }
        { $($(#[$key_doc:meta])* $key:ident: $type:ty = $default:expr;)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
        pub struct $name {
            $($(#[$own_doc])* pub $own: $own_type,)*
            $($(#[$key_doc])* pub $key: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($own: $own_default,)* $($key: $default,)* }
            }
        }

        impl $name {
            /// The keys that all networks share.
            #[must_use]
            pub fn training(&self) -> $crate::network::RawTraining {
                $crate::network::RawTraining { $($key: self.$key,)* }
            }

            /// The same table with these shared keys.
            #[must_use]
            pub fn with_training(self, training: &$crate::network::RawTraining) -> Self {
                Self { $($own: self.$own,)* $($key: training.$key,)* }
            }
        }
    };
}
pub(crate) use network_table;

/// Makes checked settings those of a network: `$raw` is the table as written, `$network` has a function `new`.
macro_rules! network_config {
    ($config:ty, $raw:ty, $kind:expr, $network:ty) => {
        impl $crate::network::NetworkConfig for $config {
            fn kind(&self) -> &'static str {
                $kind
            }

            fn training(&self) -> &$crate::network::Training {
                &self.training
            }

            fn written(&self) -> String {
                ::serde_json::to_string(&<$raw>::from(self)).expect("settings are plain data")
            }

            fn network(
                &self,
                input: $crate::network::InputShape,
            ) -> Result<Box<dyn $crate::network::Network>, $crate::network::ShapeError> {
                Ok(Box::new(<$network>::new(self, input)?))
            }
        }
    };
}
pub(crate) use network_config;

network_table! {
    /// The keys that all networks share, as written; names are PyTorch's or scikit-learn's where they have them.
    RawTraining {}
}

/// How weights are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
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

/// Which patches an epoch sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampler {
    /// Every patch once.
    Random,
    /// As many patches of each class.
    Balanced,
}

/// How a network is trained, known to be usable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Training {
    raw: RawTraining,
}

impl RawTraining {
    /// Checks every key and notes each problem with the key below `table` that caused it.
    pub fn check(self, table: &str, problems: &mut Problems) -> Option<Training> {
        let mut door = Door { table, problems };
        let checks = [
            door.above_zero("learning-rate", self.learning_rate, 10.0),
            door.range("betas", self.betas[0], 0.0, 0.999_999),
            door.range("betas", self.betas[1], 0.0, 0.999_999_9),
            door.above_zero("eps", self.eps, 1.0),
            door.range("momentum", self.momentum, 0.0, 0.999_999),
            door.note("nesterov", !self.nesterov || self.momentum > 0.0, || {
                "needs momentum; `momentum` is 0".to_owned()
            }),
            door.range("max-grad-norm", self.max_grad_norm, 0.0, 1e9),
            door.range("ema-decay", self.ema_decay, 0.0, 0.999_999),
            door.range("accumulate", self.accumulate, 1, 65_536),
            door.range("weight-decay", self.weight_decay, 0.0, 10.0),
            door.range("batch-size", self.batch_size, 1, 65_536),
            door.range("epochs", self.epochs, 1, 100_000),
            door.range("warmup-share", self.warmup_share, 0.0, 1.0),
            door.range("label-smoothing", self.label_smoothing, 0.0, 0.999_999),
            door.range("validation-share", self.validation_share, 0.0, 0.9),
            door.range("patience", self.patience, 0, 100_000),
        ];
        checks.iter().all(|good| *good).then_some(Training { raw: self })
    }
}

impl Training {
    /// The keys as written, defaults included.
    pub fn raw(&self) -> &RawTraining {
        &self.raw
    }

    /// Patches that are computed at a time.
    pub(crate) fn batch_size(&self) -> usize {
        usize::try_from(self.raw.batch_size).expect("the upper bound fits")
    }

    /// Patches of one step of the optimiser.
    pub(crate) fn step_size(&self) -> usize {
        self.batch_size() * usize::try_from(self.raw.accumulate).expect("the upper bound fits")
    }

    /// The places of all patches that share a step with the one at `slot` of an epoch of `len` patches.
    pub(crate) fn step_of(&self, slot: usize, len: usize) -> Range<usize> {
        let size = self.step_size();
        let start = slot / size * size;
        start..(start + size).min(len)
    }
}

/// Checks values against their ranges.
pub(crate) struct Door<'a> {
    pub(crate) table: &'a str,
    pub(crate) problems: &'a mut Problems,
}

impl Door<'_> {
    /// Whether `value` lies between `least` and `most`.
    pub(crate) fn range<T: PartialOrd + fmt::Display + Copy>(
        &mut self,
        key: &str,
        value: T,
        least: T,
        most: T,
    ) -> bool {
        let good = value >= least && value <= most;
        self.note(key, good, || format!("is {value}; expected {least} to {most}"))
    }

    /// Whether `value` lies above zero and is at most `most`.
    pub(crate) fn above_zero(&mut self, key: &str, value: f64, most: f64) -> bool {
        let good = value > 0.0 && value <= most;
        self.note(key, good, || format!("is {value}; expected a number above 0, at most {most}"))
    }

    /// Notes `problem` with `key` where the value is not `good`; gives `good`.
    pub(crate) fn note(&mut self, key: &str, good: bool, problem: impl FnOnce() -> String) -> bool {
        if !good {
            self.problems.add(&format!("{}.{key}", self.table), problem());
        }
        good
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    fn parse(text: &str) -> RawTraining {
        parse_toml(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn an_empty_table_is_the_default() {
        let training = parse("").check("model.lenet", &mut Problems::new()).unwrap();
        assert_eq!(training, Training::default());
    }

    #[test]
    fn every_key_can_be_written() {
        let raw = parse(
            "optimizer = \"sgd\"\nlearning-rate = 0.1\nmomentum = 0.5\nweight-decay = 0\nbatch-size = 1\n\
             epochs = 2\nwarmup-share = 0.0\nlabel-smoothing = 0.1\nclass-weight = \"balanced\"\n\
             augment = false\nvalidation-share = 0.2\npatience = 0\nbetas = [0.8, 0.99]\neps = 1e-6\n\
             nesterov = true\nmax-grad-norm = 1.0\nema-decay = 0.99\naccumulate = 4\n\
             sampler = \"balanced\"\ntest-time-augmentation = true",
        );
        let training = raw.check("model.lenet", &mut Problems::new()).unwrap();
        assert_eq!((training.raw().optimizer, training.batch_size()), (Optimizer::Sgd, 1));
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest() {
        let error = parse_toml::<RawTraining>("learning-rat = 1", Path::new("x.toml")).unwrap_err();
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

    #[test]
    fn nesterov_without_momentum_is_refused() {
        let mut problems = Problems::new();
        let checked = parse("nesterov = true\nmomentum = 0").check("model.x", &mut problems);
        let error = problems.finish(checked).unwrap_err().to_string();
        assert!(error.contains("`model.x.nesterov`: needs momentum"), "{error}");
    }

    #[test]
    fn the_steps_of_an_epoch_follow_each_other_and_the_last_may_be_short() {
        let raw = RawTraining { batch_size: 4, accumulate: 2, ..RawTraining::default() };
        let training = raw.check("x", &mut Problems::new()).unwrap();
        assert_eq!(
            [0, 7, 8, 18].map(|slot| training.step_of(slot, 19)),
            [0..8, 0..8, 8..16, 16..19]
        );
    }

    #[test]
    fn a_step_size_of_zero_or_less_is_refused() {
        for text in ["0", "-0.1", "inf", "-nan"] {
            let mut problems = Problems::new();
            let checked = parse(&format!("learning-rate = {text}")).check("model.x", &mut problems);
            let error = problems.finish(checked).unwrap_err().to_string();
            assert!(error.contains("expected a number above 0, at most 10"), "{error}");
        }
    }
}
