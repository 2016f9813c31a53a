//! Which model of a run is meant.

use std::fmt;
use std::str::FromStr;

use crate::training::Part;

/// Which model of a run is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelChoice {
    /// The one that was fitted on all cells.
    Final,
    /// Those of all folds, whose probabilities are averaged.
    Ensemble,
    /// That of one fold, counted from zero.
    Fold(usize),
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final => formatter.write_str("final"),
            Self::Ensemble => formatter.write_str("ensemble"),
            Self::Fold(fold) => formatter.write_str(&Part::Fold(*fold).folder()),
        }
    }
}

impl FromStr for ModelChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fold = || text.strip_prefix("fold-")?.parse().ok();
        match text {
            "final" => Ok(Self::Final),
            "ensemble" => Ok(Self::Ensemble),
            _ => fold().map(Self::Fold).ok_or_else(|| {
                "expected `final`, `ensemble`, or the folder of a fold such as `fold-03`".to_owned()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_written_as_it_is_read() {
        for text in ["final", "ensemble", "fold-03", "fold-112"] {
            assert_eq!(text.parse::<ModelChoice>().unwrap().to_string(), text);
        }
        for text in ["", "fold", "fold-", "fold-x", "fold--1", "Final", "3"] {
            assert!(text.parse::<ModelChoice>().is_err(), "{text}");
        }
    }
}
