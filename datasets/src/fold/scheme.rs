//! Schemes: the ways in which cells come into folds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How cells come into folds, from the mildest to the strictest.
///
/// The order is that of how far the held-out cells lie from those that are trained on, and so of how much the
/// scores can be trusted where the model is to be used: the strictest scheme of a run has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// At random, each class spread evenly; neighbours of a held-out cell are trained on.
    #[serde(alias = "stratified")]
    Random,
    /// By square blocks of the ground: the cells of a block are held out together.
    Blocks,
    /// By region: the cells of a region are held out together.
    Regions,
    /// A fixed set of cells is held out, all others are trained on: a single fold.
    HeldOut,
}

impl Scheme {
    /// The name in experiments and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Blocks => "blocks",
            Self::Regions => "regions",
            Self::HeldOut => "held-out",
        }
    }

    /// The name in sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::Random => "random folds",
            Self::Blocks => "spatial blocks",
            Self::Regions => "regions",
            Self::HeldOut => "held-out cells",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files_and_the_former_one_is_understood() {
        for scheme in [Scheme::Random, Scheme::Blocks, Scheme::Regions, Scheme::HeldOut] {
            let text = serde_json::to_string(&scheme).unwrap();
            assert_eq!(text, format!("\"{scheme}\""));
            assert_eq!(serde_json::from_str::<Scheme>(&text).unwrap(), scheme);
        }
        assert_eq!(serde_json::from_str::<Scheme>("\"stratified\"").unwrap(), Scheme::Random);
    }

    #[test]
    fn the_strictest_scheme_is_the_greatest() {
        assert!(Scheme::HeldOut > Scheme::Regions);
        assert!(Scheme::Regions > Scheme::Blocks);
        assert!(Scheme::Blocks > Scheme::Random);
    }
}
