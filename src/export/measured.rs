//! How good the models of a run are, as their bundles say it: figures with intervals, and what a map should look like.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ExportError;
use crate::metrics::Prevalence;
use crate::statistics::{Bootstrap, Decided, IntervalMethod, Level, Replicates, Resampled};
use crate::training::{
    Measurement, Operation, Predictions, RunDirectory, TrainingError, measured_headline,
};

/// Draws of the bootstrap.
const REPLICATES: usize = 1000;

/// What a run that is done says about its models.
pub(super) struct RunFigures<'a> {
    run: &'a RunDirectory,
    measurement: Measurement,
    /// Those of the headline scheme.
    predictions: Predictions,
    target: Option<Prevalence>,
    operation: Option<Operation>,
}

impl<'a> RunFigures<'a> {
    /// Reads `run`, and learns its operating point again, as the run did, for the cells that it decides.
    pub(super) fn of(run: &'a RunDirectory) -> Result<Self, ExportError> {
        let measurement = run.measurement()?;
        let experiment = run.experiment()?;
        let unusable = |source| ExportError::Experiment { path: run.path().to_owned(), source };
        let target = experiment.validation().target(&run.manifest().classes).map_err(unusable)?;
        let predictions = run.all_predictions()?.of_partition(measurement.headline().partition);
        // Where there is none, the run has said why, and its bundles have none.
        let operation = Operation::of(&predictions, experiment.operating(), target.as_ref()).ok();
        Ok(Self { run, measurement, predictions, target, operation })
    }

    /// The folds of the headline scheme.
    pub(super) fn folds(&self) -> &[usize] {
        &self.measurement.headline().folds
    }

    /// Their scores.
    pub(super) fn measured(&self) -> Result<Map<String, Value>, TrainingError> {
        Ok(measured_headline(&self.measurement, self.run.decided_scores()?.as_ref()))
    }

    /// Intervals of the scores, and what a map should look like.
    pub(super) fn intervals(&self) -> Result<Map<String, Value>, TrainingError> {
        let raw = self.resampled(&self.predictions.most_probable(self.target.as_ref()));
        let raw = raw.as_ref();
        let decided = self.operation.as_ref().map(Operation::decided);
        let decided = decided.and_then(|decided| self.resampled(&decided));
        let at_use = |all: &Resampled| all.target().unwrap_or(all.sample()).clone();
        let intervals = json!({
            "level": Level::NINETY_FIVE.get(),
            "sample": estimates(raw.map(Resampled::sample)),
            "target": estimates(raw.and_then(Resampled::target)),
            "decided": estimates(decided.as_ref().map(at_use).as_ref()),
        });
        let map = self.run.expected_map()?.map(|map| ("expected_map".to_owned(), value(&map)));
        Ok([("intervals".to_owned(), intervals)].into_iter().chain(map).collect())
    }

    fn resampled(&self, decided: &Decided) -> Option<Resampled> {
        let bootstrap = Bootstrap { replicates: REPLICATES, seed: self.run.manifest().seed };
        Resampled::of(decided, &self.measurement.classes, self.target.as_ref(), bootstrap)
    }
}

/// What is known of the measurement of one fold beside its scores: how its cells came into it.
pub(super) fn of_fold(
    run: &RunDirectory,
    fold: usize,
) -> Result<Map<String, Value>, TrainingError> {
    let plan = run.plan()?;
    let partition = plan.locate(fold).map(|at| &plan.partitions()[at.partition]);
    let scheme = partition.map(|partition| partition.scheme().name());
    Ok(scheme.map(|scheme| ("scheme".to_owned(), scheme.into())).into_iter().collect())
}

fn estimates(replicates: Option<&Replicates>) -> Value {
    replicates.map_or_else(
        || json!([]),
        |all| value(&all.intervals(Level::NINETY_FIVE, IntervalMethod::default())),
    )
}

fn value<T: Serialize>(of: &T) -> Value {
    serde_json::to_value(of).expect("figures are plain data")
}
