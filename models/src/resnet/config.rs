//! The settings of the residual network: as written in an experiment file, and checked.

use tesela_datasets::config::Problems;

use super::KIND;
use super::architecture::Resnet;
use crate::network::{Door, Training, network_config, network_table};

/// The most stages: a patch of 8 × 8 pixels has one pixel left after four.
const MOST_STAGES: usize = 4;

network_table! {
    /// `[model.resnet]` as written: its own keys, and those that all networks share.
    RawResnet {
        /// Filters of the first stage; each stage has twice as many as the one before.
        width: u64 = 16;
        /// Blocks of each stage; each stage but the first halves the extent.
        blocks: Vec<u64> = vec![2, 2, 2];
        /// Share of the numbers before the last layer that each step leaves out.
        dropout: f64 = 0.0;
    }
}

/// Settings of the residual network that are known to be usable.
#[derive(Debug, Clone, PartialEq)]
pub struct ResnetConfig {
    pub(crate) training: Training,
    pub(crate) width: usize,
    pub(crate) blocks: Vec<usize>,
    pub(crate) dropout: f64,
}

impl RawResnet {
    /// Checks every field and notes each problem with the key below `table` that caused it.
    pub fn check(self, table: &str, problems: &mut Problems) -> Option<ResnetConfig> {
        let training = self.training().check(table, problems);
        let mut door = Door { table, problems };
        let stages = self.blocks.len();
        let mut good = door.range("width", self.width, 1, 512)
            & door.range("dropout", self.dropout, 0.0, 0.95)
            & door.note("blocks", (1..=MOST_STAGES).contains(&stages), || {
                format!("has {stages} stages; expected 1 to {MOST_STAGES}")
            });
        for &count in &self.blocks {
            good &= door.range("blocks", count, 1, 64);
        }
        let whole = |value| usize::try_from(value).expect("the upper bound fits");
        let training = training.filter(|_| good)?;
        Some(ResnetConfig {
            training,
            width: whole(self.width),
            blocks: self.blocks.into_iter().map(whole).collect(),
            dropout: self.dropout,
        })
    }
}

impl From<&ResnetConfig> for RawResnet {
    fn from(config: &ResnetConfig) -> Self {
        let raw = Self {
            width: config.width as u64,
            blocks: config.blocks.iter().map(|&count| count as u64).collect(),
            dropout: config.dropout,
            ..Self::default()
        };
        raw.with_training(config.training.raw())
    }
}

impl Default for ResnetConfig {
    fn default() -> Self {
        let checked = RawResnet::default().check("", &mut Problems::new());
        checked.expect("the defaults are within their ranges")
    }
}

network_config!(ResnetConfig, RawResnet, KIND, Resnet);

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    fn parse(text: &str) -> RawResnet {
        parse_toml(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn own_and_shared_keys_stand_side_by_side_and_come_back() {
        let raw = parse("width = 8\nblocks = [1, 3]\ndropout = 0.1\noptimizer = \"sgd\"");
        let config = raw.clone().check("model.resnet", &mut Problems::new()).unwrap();
        assert_eq!((config.width, config.blocks.as_slice()), (8, [1, 3].as_slice()));
        assert_eq!(RawResnet::from(&config), raw);
        assert_eq!(RawResnet::from(&ResnetConfig::default()), parse(""));
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest() {
        let error = parse_toml::<RawResnet>("widht = 8", Path::new("x.toml")).unwrap_err();
        assert!(error.to_string().contains("did you mean `width`?"), "{error}");
    }

    #[test]
    fn values_out_of_range_are_named_with_their_keys() {
        for (text, expected) in [
            ("width = 0", "`model.resnet.width`: is 0; expected 1 to 512"),
            ("blocks = []", "`model.resnet.blocks`: has 0 stages; expected 1 to 4"),
            ("blocks = [1, 0]", "`model.resnet.blocks`: is 0; expected 1 to 64"),
            ("dropout = nan", "`model.resnet.dropout`: is NaN; expected 0 to 0.95"),
        ] {
            let mut problems = Problems::new();
            let checked = parse(text).check("model.resnet", &mut problems);
            let error = problems.finish(checked).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
