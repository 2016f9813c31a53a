//! Whether runs can be compared: the same cells, the same classes.

use std::collections::BTreeSet;

use tesela_datasets::cell::CellId;
use tesela_datasets::fold::Scheme;

use super::{Measurement, RunDirectory, TrainingError};

/// Runs on the same cells.
#[derive(Debug)]
pub struct Comparison {
    /// The runs with their scores.
    pub runs: Vec<(RunDirectory, Measurement)>,
    /// Whether all hold out the same cells in the same folds.
    pub same_folds: bool,
    /// Whether all read the same store.
    pub same_store: bool,
}

/// Why runs cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] TrainingError),
    /// The runs speak of other classes.
    #[error("`{first}` has the classes {expected}; `{other}` has {found}")]
    Classes {
        /// The first run.
        first: String,
        /// Its classes.
        expected: String,
        /// The other run.
        other: String,
        /// Its classes.
        found: String,
    },
    /// The runs are measured in different ways.
    #[error("the runs share no validation scheme: {found}")]
    Schemes {
        /// How each run is measured.
        found: String,
    },
    /// The runs are on other cells.
    #[error(
        "`{first}` and `{other}` are not on the same cells: {missing} of {total} are missing in the \
         other, which has {added} of its own (`validation.plan` makes a run use the cells of another)"
    )]
    Cells {
        /// The first run.
        first: String,
        /// The other run.
        other: String,
        /// Cells of the first alone.
        missing: usize,
        /// Cells of the first.
        total: usize,
        /// Cells of the other alone.
        added: usize,
    },
}

impl Comparison {
    /// Reads the scores of `runs`.
    ///
    /// # Errors
    /// If a run is not done or cannot be read, or two are on other cells or classes.
    pub fn of(runs: Vec<RunDirectory>) -> Result<Self, ComparisonError> {
        let runs: Vec<(RunDirectory, Measurement)> = runs
            .into_iter()
            .map(|run| run.measurement().map(|measurement| (run, measurement)))
            .collect::<Result<_, _>>()?;
        let (mut same_folds, mut same_store) = (true, true);
        if let Some(((first, measurement), others)) = runs.split_first() {
            let cells = cells(first)?;
            for (other, its) in others {
                let name = |run: &RunDirectory| run.path().display().to_string();
                if its.classes != measurement.classes {
                    return Err(ComparisonError::Classes {
                        first: name(first),
                        expected: measurement.classes.to_string(),
                        other: name(other),
                        found: its.classes.to_string(),
                    });
                }
                let (a, b) = (first.manifest(), other.manifest());
                same_store &= a.store_digest == b.store_digest;
                if a.fold_plan_digest == b.fold_plan_digest {
                    continue;
                }
                same_folds = false;
                let theirs = self::cells(other)?;
                if theirs != cells {
                    return Err(ComparisonError::Cells {
                        first: name(first),
                        other: name(other),
                        missing: cells.difference(&theirs).count(),
                        total: cells.len(),
                        added: theirs.difference(&cells).count(),
                    });
                }
            }
        }
        let comparison = Self { runs, same_folds, same_store };
        if comparison.schemes().is_empty() {
            return Err(ComparisonError::Schemes { found: comparison.headlines() });
        }
        Ok(comparison)
    }

    /// The schemes by which all runs are measured, the strictest first.
    pub fn schemes(&self) -> Vec<Scheme> {
        let Some((_, first)) = self.runs.first() else { return Vec::new() };
        let by_all = |scheme: &Scheme| {
            self.runs.iter().all(|(_, measurement)| measurement.scheme(*scheme).is_some())
        };
        first.schemes.iter().map(|one| one.scheme).filter(by_all).collect()
    }

    /// How each run is measured.
    fn headlines(&self) -> String {
        let runs = self.runs.iter();
        let words = runs.map(|(run, measurement)| {
            format!("`{}` by {}", run.path().display(), measurement.headline.words())
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

fn cells(run: &RunDirectory) -> Result<BTreeSet<CellId>, TrainingError> {
    Ok(run.plan()?.cells().iter().cloned().collect())
}
