//! More than two runs: their mean ranks over the folds.

use serde::{Deserialize, Serialize};

use crate::metrics::Figure;
use crate::statistics::{Better, Friedman};

/// The figures that runs are ranked by.
const RANKED: [(&str, Better); 3] =
    [("accuracy", Better::Higher), ("macro f1", Better::Higher), ("log-loss", Better::Lower)];
/// The chance that two of equally good runs are called different.
const ALPHA: f64 = 0.05;

/// Runs ranked by one figure on each fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RankedRuns {
    /// Name of the figure.
    pub figure: String,
    /// Mean ranks, the test, and the critical difference.
    pub friedman: Friedman,
}

/// Ranks runs on each fold (`[run][fold][figure]`); nothing for two runs or a single fold.
pub(super) fn rank(runs: &[Vec<Vec<Figure>>]) -> Vec<RankedRuns> {
    if runs.len() < 3 {
        return Vec::new();
    }
    let folds = runs.iter().map(Vec::len).min().unwrap_or(0);
    let value = |run: &Vec<Vec<Figure>>, fold: usize, name: &str| {
        run[fold].iter().find(|figure| figure.name == name).and_then(|figure| figure.value)
    };
    let ranked = RANKED.into_iter().filter_map(|(name, better)| {
        let rows = (0..folds).filter_map(|fold| {
            runs.iter().map(|run| value(run, fold, name)).collect::<Option<Vec<f64>>>()
        });
        let friedman = Friedman::of(&rows.collect::<Vec<_>>(), better, ALPHA)?;
        Some(RankedRuns { figure: name.to_owned(), friedman })
    });
    ranked.collect()
}
