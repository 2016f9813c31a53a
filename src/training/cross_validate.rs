//! Cross-validation: one model per fold, measured on the cells that it did not see.

use std::time::Duration;

use tesela_models::FitEvent;
use tesela_models::device::DeviceLoad;

use super::files::write_json;
use super::fold_run::{PartRun, measured};
use super::measurement::PartitionOutcomes;
use super::run_directory::{METRICS, OPERATING_POINT};
use super::{
    Measurement, Operation, Part, Predictions, RunDirectory, RunObserver, Sample, TrainingError,
};
use crate::experiment::Experiment;
use crate::metrics::Scores;

/// How much of a run is done, and with what; none of it changes a result.
#[derive(Debug, Clone, Copy)]
pub struct RunOptions<'a> {
    /// This fold alone, without a final model; all where `None`.
    pub fold: Option<usize>,
    /// Threads to use; as many as the machine has where `None`.
    pub threads: Option<usize>,
    /// The least time between two checkpoints within an epoch; at the end of epochs alone where `None`.
    pub checkpoint_every: Option<Duration>,
    /// What networks compute on, such as `flex` or `wgpu:1`.
    pub device: &'a str,
    /// How many patches of a batch are on the device at a time.
    pub load: DeviceLoad,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum CrossValidation {
    /// Everything is done.
    Complete(Measurement),
    /// The folds that were asked for are done, others are not.
    Partial {
        /// Folds that are done.
        done: Vec<usize>,
        /// Their scores.
        measurement: Measurement,
    },
}

/// Trains and measures `experiment` on `sample`, continuing what `directory` holds.
///
/// # Errors
/// If a model cannot be fitted, a file not be written, or the user stops; folds that are done stay.
pub fn cross_validate(
    experiment: &Experiment,
    sample: &Sample,
    directory: &RunDirectory,
    options: RunOptions<'_>,
    observer: &mut dyn RunObserver,
) -> Result<CrossValidation, TrainingError> {
    let folds = sample.plan().folds();
    if let Some(found) = options.fold.filter(|&fold| fold >= folds) {
        return Err(TrainingError::NoFold { found, last: folds - 1 });
    }
    let wanted: Vec<usize> = options.fold.map_or_else(|| (0..folds).collect(), |fold| vec![fold]);
    let with_final = experiment.final_model() && options.fold.is_none();
    let is_done = |&fold: &usize| directory.is_done(Part::Fold(fold));
    let done = wanted.iter().copied().filter(is_done).count()
        + usize::from(with_final && directory.is_done(Part::Final));
    observer.begin_run(done, wanted.len() + usize::from(with_final));
    let part = PartRun { experiment, sample, directory, options };
    for &fold in &wanted {
        if !directory.is_done(Part::Fold(fold)) {
            part.fold(fold, observer)?;
        }
        directory.clear_checkpoints(Part::Fold(fold))?;
    }
    let done: Vec<usize> = (0..folds).filter(is_done).collect();
    let read = |&fold: &usize| Ok((fold, directory.predictions(fold)?));
    let predictions: Vec<(usize, Predictions)> =
        done.iter().map(read).collect::<Result<_, TrainingError>>()?;
    let measurement = measure(&predictions, sample)
        .ok_or(TrainingError::EmptyFold { fold: 0, what: "cells to score".to_owned() })?;
    if done.len() < folds {
        return Ok(CrossValidation::Partial { done, measurement });
    }
    let mut all = Predictions::new(measurement.classes.clone());
    for (_, fold) in predictions {
        all.extend(fold);
    }
    let needs_final = with_final && !directory.is_done(Part::Final);
    // A run that is complete has said what there is to say.
    let operation = (needs_final || !directory.has_results())
        .then(|| operation(experiment, sample, &all, &measurement, observer))
        .flatten();
    let map_cells = experiment.validation().map_cells();
    write_results(directory, all, &measurement, operation.as_ref(), map_cells)?;
    if needs_final {
        let decided = operation.as_ref().and_then(Operation::after);
        let mut measured = measured_headline(&measurement, decided.as_ref());
        measured.insert("block_metres".to_owned(), block_metres(sample).into());
        measured.insert("expected_map".to_owned(), directory.expected_map_json()?);
        let point = operation.as_ref().map(|operation| &operation.fitted.point);
        part.final_model(measured, point, observer)?;
    }
    directory.clear_checkpoints(Part::Final)?;
    Ok(CrossValidation::Complete(measurement))
}

/// Learns the operating point of the headline scheme. Folds that do not allow it (all cells of a class in one of them, a precision
/// that no threshold reaches) cost a warning, not the run.
fn operation(
    experiment: &Experiment,
    sample: &Sample,
    all: &Predictions,
    measurement: &Measurement,
    observer: &mut dyn RunObserver,
) -> Option<Operation> {
    let predictions = all.of_partition(measurement.headline().partition);
    let found = Operation::of(&predictions, experiment.operating(), sample.target());
    let messages = match &found {
        Ok(found) => found.fitted.warnings.clone(),
        Err(error) => vec![format!("there is no operating point: {error}")],
    };
    for message in messages {
        observer.fit_event(Part::Final, &FitEvent::Warning { message });
    }
    found.ok()
}

/// Scores the folds that are done, each partition on its own.
fn measure(folds: &[(usize, Predictions)], sample: &Sample) -> Option<Measurement> {
    let plan = sample.plan();
    let mut partitions: Vec<PartitionOutcomes> = Vec::new();
    for (fold, predictions) in folds {
        let at = plan.locate(*fold)?;
        let partition = &plan.partitions()[at.partition];
        if partitions.last().is_none_or(|last| last.partition != at.partition) {
            let (scheme, repeat) = (partition.scheme(), partition.design().repeat);
            let folds = Vec::new();
            let next = PartitionOutcomes { partition: at.partition, scheme, repeat, folds };
            partitions.push(next);
        }
        let left_out = partition.left_out(at.fold).len();
        partitions.last_mut()?.folds.push((*fold, left_out, predictions.outcomes(sample.target())));
    }
    Measurement::of(&partitions, sample.classes(), sample.target())
}

/// What the bundle of the final model says about how good such a model is: the scores of the headline scheme, at the
/// prevalence of the sample and of the target, and those that its operating point has `decided`.
pub fn measured_headline(
    measurement: &Measurement,
    decided: Option<&Scores>,
) -> serde_json::Map<String, serde_json::Value> {
    let headline = measurement.headline();
    let mut all = measured(&headline.sample.pooled);
    let mut note = |key: &str, value: serde_json::Value| all.insert(key.to_owned(), value);
    note("scheme", headline.scheme.name().into());
    note("folds", headline.folds.len().into());
    let target = headline.target.as_ref().map(|target| measured(&target.pooled));
    if measurement.strata > 0 {
        note("target_strata", measurement.strata.into());
    }
    note("at_target_prevalence", target.map_or(serde_json::Value::Null, Into::into));
    let decided = decided.map(measured);
    note("with_operating_point", decided.map_or(serde_json::Value::Null, Into::into));
    all
}

/// The side of the largest blocks that are held out together, in metres; with it a map is assessed later.
fn block_metres(sample: &Sample) -> Option<f64> {
    let sides = sample.plan().partitions().iter().filter_map(|one| one.design().block_metres);
    sides.reduce(f64::max)
}

/// Writes what all folds together say; the scores come last.
fn write_results(
    directory: &RunDirectory,
    all: Predictions,
    measurement: &Measurement,
    operation: Option<&Operation>,
    map_cells: u64,
) -> Result<(), TrainingError> {
    if directory.has_results() {
        return Ok(());
    }
    if let Some(operation) = operation {
        let record =
            operation.record(measurement.headline.name(), map_cells, directory.manifest().seed);
        write_json(&directory.path().join(OPERATING_POINT), &record)?;
    }
    all.sorted().save(&directory.path().join("predictions.parquet"))?;
    write_json(&directory.path().join(METRICS), measurement)
}
