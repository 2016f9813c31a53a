//! Cross-validation: one model per fold, measured on the cells that it did not see.

use std::time::Duration;

use tesela_datasets::class::ClassMap;
use tesela_models::device::DeviceLoad;

use super::files::write_json;
use super::fold_run::{PartRun, measured};
use super::{Measurement, Part, Predictions, RunDirectory, RunObserver, Sample, TrainingError};
use crate::experiment::Experiment;
use crate::metrics::{Outcomes, Prevalence};

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
    let folds = sample.plan().folds().get();
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
    let predictions: Vec<Predictions> =
        done.iter().map(|&fold| directory.predictions(fold)).collect::<Result<_, _>>()?;
    let measurement = measure(&predictions, sample.classes(), sample.target())
        .ok_or(TrainingError::EmptyFold { fold: 0, what: "cells to score".to_owned() })?;
    if done.len() < folds {
        return Ok(CrossValidation::Partial { done, measurement });
    }
    write_results(directory, predictions, &measurement)?;
    if with_final && !directory.is_done(Part::Final) {
        part.final_model(measured(&measurement.sample.pooled), observer)?;
    }
    directory.clear_checkpoints(Part::Final)?;
    Ok(CrossValidation::Complete(measurement))
}

fn measure(
    folds: &[Predictions],
    classes: &ClassMap,
    target: Option<&Prevalence>,
) -> Option<Measurement> {
    let outcomes: Vec<Outcomes> = folds.iter().map(Predictions::outcomes).collect();
    Measurement::of(&outcomes, classes, target)
}

/// Writes what all folds together say; the scores come last.
fn write_results(
    directory: &RunDirectory,
    folds: Vec<Predictions>,
    measurement: &Measurement,
) -> Result<(), TrainingError> {
    let metrics = directory.path().join("metrics.json");
    if metrics.exists() {
        return Ok(());
    }
    let mut all = Predictions::new(measurement.classes.clone());
    for fold in folds {
        all.extend(fold);
    }
    all.sorted().save(&directory.path().join("predictions.parquet"))?;
    write_json(&metrics, measurement)
}
