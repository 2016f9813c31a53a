//! The settings of LeNet: as written in an experiment file, and checked.

use tesela_datasets::config::Problems;

use super::KIND;
use super::architecture::Lenet;
use crate::network::{Door, Training, network_config, network_table};

network_table! {
    /// `[model.lenet]` as written: LeNet's own keys, and those that all networks share.
    RawLenet {
        /// Whether each convolution and the hidden layer are followed by a batch norm.
        batch_norm: bool = false;
        /// Share of the hidden units that each step leaves out.
        dropout: f64 = 0.0;
    }
}

/// Settings of LeNet that are known to be usable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LenetConfig {
    pub(crate) training: Training,
    pub(crate) batch_norm: bool,
    pub(crate) dropout: f64,
}

impl RawLenet {
    /// Checks every field and notes each problem with the key below `table` that caused it.
    pub fn check(self, table: &str, problems: &mut Problems) -> Option<LenetConfig> {
        let good = Door { table, problems }.range("dropout", self.dropout, 0.0, 0.95);
        let training = self.training().check(table, problems)?;
        let (batch_norm, dropout) = (self.batch_norm, self.dropout);
        good.then_some(LenetConfig { training, batch_norm, dropout })
    }
}

impl From<&LenetConfig> for RawLenet {
    fn from(config: &LenetConfig) -> Self {
        let (batch_norm, dropout) = (config.batch_norm, config.dropout);
        Self { batch_norm, dropout, ..Self::default() }.with_training(config.training.raw())
    }
}

network_config!(LenetConfig, RawLenet, KIND, Lenet);

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
    fn own_and_shared_keys_stand_side_by_side_and_come_back() {
        let raw = parse("batch-norm = true\ndropout = 0.5\nepochs = 3");
        let config = raw.clone().check("model.lenet", &mut Problems::new()).unwrap();
        assert_eq!((config.batch_norm, config.training.raw().epochs), (true, 3));
        assert_eq!(RawLenet::from(&config), raw);
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest() {
        for (text, right) in [("learning-rat = 1", "learning-rate"), ("drop-out = 1", "dropout")] {
            let error = parse_toml::<RawLenet>(text, Path::new("x.toml")).unwrap_err();
            assert!(error.to_string().contains(&format!("did you mean `{right}`?")), "{error}");
        }
    }

    #[test]
    fn every_value_out_of_range_is_named_with_its_key() {
        let mut problems = Problems::new();
        let checked = parse("dropout = 1.0\nepochs = 0").check("model.lenet", &mut problems);
        let text = problems.finish(checked).unwrap_err().to_string();
        assert!(text.contains("`model.lenet.dropout`: is 1; expected 0 to 0.95"), "{text}");
        assert!(text.contains("`model.lenet.epochs`: is 0; expected 1 to 100000"), "{text}");
    }
}
