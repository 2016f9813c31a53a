//! Paired runs: the rows of several runs, checked to speak of the same cells in the same folds.

use std::collections::BTreeSet;

use tesela_datasets::cell::CellId;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::fold::Scheme;
use tesela_models::Probabilities;

use super::ComparisonError;
use super::target::target;
use crate::metrics::Prevalence;
use crate::statistics::Decided;
use crate::training::{
    HeldOutCell, Measurement, Operation, Predictions, RunDirectory, StratumNumbers,
};

/// How far a sum of 32-bit probabilities may lie from one.
const ROUNDING: f64 = 1e-3;

/// A run with its name, its scores and its held-out cells.
#[derive(Debug)]
pub(super) struct PairedRun<'a> {
    pub(super) name: String,
    pub(super) directory: &'a RunDirectory,
    pub(super) measurement: Measurement,
    /// How many cells the map of the run will have.
    pub(super) map_cells: u64,
    /// How common the classes are where its model is to be used.
    pub(super) target: Option<Prevalence>,
    /// In order of partitions and cells.
    predictions: Predictions,
}

/// What one run says about the cells of one partition; every run has the same cells in the same order.
#[derive(Debug)]
pub(super) struct PartitionCells {
    pub(super) cells: Vec<HeldOutCell>,
    /// One row per cell.
    pub(super) probabilities: Vec<Vec<f32>>,
}

impl<'a> PairedRun<'a> {
    fn load(name: String, directory: &'a RunDirectory) -> Result<Self, ComparisonError> {
        let measurement = directory.measurement()?;
        let predictions = directory.all_predictions()?.sorted();
        let experiment = directory.experiment()?;
        let map_cells = experiment.validation().map_cells();
        let target = target(&experiment, &measurement);
        let run = Self { name, directory, measurement, map_cells, target, predictions };
        run.check_probabilities()?;
        run.check_cells()?;
        Ok(run)
    }

    /// The classes.
    pub(super) fn classes(&self) -> &ClassMap {
        &self.measurement.classes
    }

    /// The cells of `partition`.
    pub(super) fn partition(&self, partition: usize) -> PartitionCells {
        let own = |cell: &HeldOutCell| usize::from(cell.partition) == partition;
        let rows = self.predictions.rows().filter(|(cell, _)| own(cell));
        let (cells, probabilities) = rows.map(|(cell, row)| (cell.clone(), row.to_vec())).unzip();
        PartitionCells { cells, probabilities }
    }

    /// What the operating point of the run makes of its cells in `partition`, that of the headline, in their order; `None`
    /// where it has none.
    pub(super) fn operation(&self, partition: usize) -> Result<Option<Operation>, ComparisonError> {
        Ok(self.directory.operation(&self.predictions.of_partition(partition))?)
    }

    fn check_probabilities(&self) -> Result<(), ComparisonError> {
        let mut wrong = self.predictions.rows().filter(|(_, row)| !are_probabilities(row));
        let Some((cell, row)) = wrong.next() else { return Ok(()) };
        let numbers: Vec<String> = row.iter().map(|value| format!("`{value}`")).collect();
        Err(ComparisonError::Probabilities {
            run: self.name.clone(),
            found: numbers.join(", "),
            cell: cell.cell.to_string(),
            count: 1 + wrong.count(),
        })
    }

    fn check_cells(&self) -> Result<(), ComparisonError> {
        let places: Vec<_> = self.predictions.rows().map(|(cell, _)| place(cell)).collect();
        match places.windows(2).find(|two| two[0] == two[1]) {
            None => Ok(()),
            Some(two) => {
                let (run, cell) = (self.name.clone(), two[0].1.to_string());
                Err(ComparisonError::Twice { run, cell })
            }
        }
    }

    /// Refuses `other` where it cannot be paired with this run.
    fn check_pair(&self, other: &Self) -> Result<(), ComparisonError> {
        let (first, second) = (self.name.clone(), other.name.clone());
        if self.classes() != other.classes() {
            return Err(ComparisonError::Classes {
                first,
                expected: self.classes().to_string(),
                other: second,
                found: other.classes().to_string(),
            });
        }
        let schemes = |run: &Self| -> BTreeSet<(usize, Scheme)> {
            run.measurement.partitions.iter().map(|one| (one.partition, one.scheme)).collect()
        };
        if schemes(self) != schemes(other) {
            let each = [self, other].map(|run| format!("`{}` by {}", run.name, run.schemes()));
            return Err(ComparisonError::Schemes { found: each.join(", ") });
        }
        let [own, theirs] = [self, other].map(|run| -> BTreeSet<_> {
            run.predictions.rows().map(|(cell, _)| place(cell)).collect()
        });
        if own != theirs {
            return Err(ComparisonError::Cells {
                first,
                other: second,
                missing: own.difference(&theirs).count(),
                total: own.len(),
                added: theirs.difference(&own).count(),
            });
        }
        self.check_rows(other)
    }

    /// Refuses `other`, which is on the same cells, where folds, blocks or labels differ.
    fn check_rows(&self, other: &Self) -> Result<(), ComparisonError> {
        let pairs = || {
            let both = self.predictions.rows().zip(other.predictions.rows());
            both.map(|((own, _), (their, _))| (own, their))
        };
        let differing = |differ: fn(&HeldOutCell, &HeldOutCell) -> bool| {
            let mut all = pairs().filter(move |(own, their)| differ(own, their));
            all.next().map(|(cell, _)| (cell.cell.to_string(), 1 + all.count()))
        };
        let (first, second) = (self.name.clone(), other.name.clone());
        let total = self.predictions.len();
        let place = |a: &HeldOutCell, b: &HeldOutCell| (a.fold, a.block) != (b.fold, b.block);
        if let Some((cell, moved)) = differing(place) {
            return Err(ComparisonError::Folds { first, other: second, moved, total, cell });
        }
        if let Some((cell, changed)) = differing(|a, b| a.label != b.label) {
            return Err(ComparisonError::Labels { first, other: second, changed, total, cell });
        }
        Ok(())
    }

    fn schemes(&self) -> String {
        let schemes = self.measurement.schemes.iter();
        let each = schemes.map(|one| format!("{} in {} folds", one.scheme.words(), one.folds));
        each.collect::<Vec<_>>().join(" and ")
    }
}

impl PartitionCells {
    /// The cells, each taken for its most probable class, by the strata of `target` where it tells them apart.
    pub(super) fn decided(&self, classes: &ClassMap, target: Option<&Prevalence>) -> Decided {
        let strata = StratumNumbers::of(self.cells.iter(), target);
        let mut outcomes = strata.outcomes(classes.len());
        let mut blocks = Vec::with_capacity(self.cells.len());
        for (index, (cell, row)) in self.cells.iter().zip(&self.probabilities).enumerate() {
            outcomes.push_in(strata.at(index), cell.label, row);
            blocks.push(cell.block);
        }
        Decided::most_probable(outcomes).with_blocks(&blocks)
    }

    /// The class that each cell was taken for.
    pub(super) fn decisions(&self) -> Vec<ClassId> {
        let decide = |row: &Vec<f32>| Probabilities::most_probable(row);
        self.probabilities.iter().map(|row| decide(row).expect("rows hold no NaN")).collect()
    }
}

/// Loads `runs` and checks that all can be paired with the first.
pub(super) fn pair(runs: &[RunDirectory]) -> Result<Vec<PairedRun<'_>>, ComparisonError> {
    if runs.len() < 2 {
        return Err(ComparisonError::TooFew { found: runs.len() });
    }
    let names = names(runs);
    let loaded = names.into_iter().zip(runs).map(|(name, run)| PairedRun::load(name, run));
    let loaded: Vec<PairedRun<'_>> = loaded.collect::<Result<_, _>>()?;
    for other in &loaded[1..] {
        loaded[0].check_pair(other)?;
    }
    Ok(loaded)
}

fn place(cell: &HeldOutCell) -> (u16, &CellId) {
    (cell.partition, &cell.cell)
}

fn are_probabilities(row: &[f32]) -> bool {
    let sum: f64 = row.iter().copied().map(f64::from).sum();
    row.iter().all(|value| (0.0..=1.0).contains(value)) && (sum - 1.0).abs() <= ROUNDING
}

/// Names that tell the runs apart: the experiment, with the run where experiments are equal, and with the place in the
/// list where one run stands there twice.
fn names(runs: &[RunDirectory]) -> Vec<String> {
    let short: Vec<&str> = runs.iter().map(|run| run.manifest().experiment.as_str()).collect();
    let long: Vec<String> = runs
        .iter()
        .zip(&short)
        .map(|(run, name)| {
            let repeated = short.iter().filter(|other| *other == name).count() > 1;
            if repeated { format!("{name} {}", run.manifest().run) } else { (*name).to_owned() }
        })
        .collect();
    let numbered = long.iter().enumerate().map(|(place, name)| {
        let repeated = long.iter().filter(|other| *other == name).count() > 1;
        if repeated { format!("{name} ({})", place + 1) } else { name.clone() }
    });
    numbered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_probability_is_seen() {
        assert!(are_probabilities(&[0.25, 0.75]) && are_probabilities(&[0.333, 0.333, 0.334]));
        for wrong in [[0.5, 0.4], [f32::NAN, 1.0], [f32::NAN; 2], [1.5, -0.5], [f32::INFINITY, 0.0]]
        {
            assert!(!are_probabilities(&wrong), "{wrong:?}");
        }
    }
}
