//! One part of a run: fit, predict, write.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tesela_datasets::class::Label;
use tesela_datasets::random::derive;
use tesela_datasets::source::CellSource;
use tesela_models::bundle::{self, Extras, Provenance, TrainedCells};
use tesela_models::classifier::{FeatureRecord, FitError, PredictError};
use tesela_models::config::FitSettings;
use tesela_models::operating_point::OperatingPoint;
use tesela_models::{CheckpointPlace, Classifier, FitEvent, FitObserver};

use super::applicability::applicability;
use super::features_csv::features_csv;
use super::files::{write_bytes, write_json};
use super::history::History;
use super::{
    HeldOut, HeldOutCell, Part, Predictions, RunDirectory, RunObserver, RunOptions, Sample,
    TrainingError,
};
use crate::experiment::Experiment;
use crate::metrics::Scores;
use crate::prepare::Terms;

/// The place of models below a seed.
const PLACE: u64 = 0x4d6f_6465;

/// What all parts of a run share.
pub(super) struct PartRun<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) sample: &'a Sample,
    pub(super) directory: &'a RunDirectory,
    pub(super) options: RunOptions<'a>,
}

/// `times.json`: how long a part took. The only file of a run that differs when it is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Times {
    fit_seconds: f64,
    predict_seconds: Option<f64>,
    patches: u64,
    patches_per_second: f64,
}

/// What came of fitting a part.
struct FittedPart {
    classifier: Box<dyn Classifier>,
    times: Times,
    /// What was found out about the numbers that a tabular model learned from.
    features: Option<Vec<FeatureRecord>>,
    /// The cells that it was fitted on.
    trained: TrainedCells,
}

impl PartRun<'_> {
    /// Fits on the cells of the other folds, predicts those of `fold`, and writes both down.
    pub(super) fn fold(
        &self,
        fold: usize,
        observer: &mut dyn RunObserver,
    ) -> Result<(), TrainingError> {
        let part = Part::Fold(fold);
        observer.begin_part(part);
        self.directory.fill(part, |folder| {
            let FittedPart { classifier, mut times, trained, .. } =
                self.fit(part, folder, observer)?;
            let start = Instant::now();
            let predictions = self.predict(&*classifier, fold, observer)?;
            times.predict_seconds = Some(start.elapsed().as_secs_f64());
            predictions.save(&folder.join("predictions.parquet"))?;
            let outcomes = predictions.outcomes(None);
            let scores = Scores::of(&outcomes, self.sample.classes(), None).ok_or_else(|| {
                TrainingError::EmptyFold { fold, what: "cells to score".to_owned() }
            })?;
            write_json(&folder.join("metrics.json"), &scores)?;
            write_json(&folder.join("times.json"), &times)?;
            self.save(
                part,
                &folder.join("bundle"),
                &*classifier,
                measured(&scores),
                Extras { trained: Some(&trained), ..Extras::default() },
            )?;
            let (classes, confusion) = (self.sample.classes(), &outcomes.confusion());
            let held_out = HeldOut { classes, scores: &scores, confusion };
            observer.end_part(part, Some(held_out), times.fit_seconds);
            Ok(())
        })
    }

    /// Fits on all cells; `measured` is what the folds say about such a model.
    pub(super) fn final_model(
        &self,
        measured: serde_json::Map<String, serde_json::Value>,
        operating_point: Option<&OperatingPoint>,
        observer: &mut dyn RunObserver,
    ) -> Result<(), TrainingError> {
        observer.begin_part(Part::Final);
        self.directory.fill(Part::Final, |folder| {
            let FittedPart { classifier, times, features, trained } =
                self.fit(Part::Final, folder, observer)?;
            let seed = self.experiment.seed();
            let area = applicability(self.sample, features.as_deref(), seed);
            if let Err(error) = &area {
                let message = format!("there is no area of applicability: {error}");
                observer.fit_event(Part::Final, &FitEvent::Warning { message });
            }
            let applicability = area.as_ref().ok();
            let extras = Extras { operating_point, applicability, trained: Some(&trained) };
            write_json(&folder.join("times.json"), &times)?;
            self.save(Part::Final, &folder.join("bundle"), &*classifier, measured, extras)?;
            observer.end_part(Part::Final, None, times.fit_seconds);
            Ok(())
        })
    }

    fn fit(
        &self,
        part: Part,
        folder: &Path,
        observer: &mut dyn RunObserver,
    ) -> Result<FittedPart, TrainingError> {
        let (held_out, place) = match part {
            Part::Fold(fold) => (Some(fold), fold as u64),
            Part::Final => (None, u64::MAX),
        };
        let seed = self.experiment.seed();
        let settings = FitSettings {
            seed: derive(seed, &[PLACE, place]),
            threads: self.options.threads,
            device: self.options.device.to_owned(),
            load: self.options.load,
        };
        let mut recipe = self.experiment.model().recipe(&settings);
        recipe.keep_checkpoints(self.checkpoints(part));
        let [train, validation] = self.sample.training(held_out, recipe.validation_share(), seed);
        let start = Instant::now();
        let mut watch =
            FitWatch { part, observer, history: History::default(), features: None, patches: 0 };
        let classifier =
            recipe.fit(&train, &validation, &mut watch).map_err(|source| match source {
                FitError::Interrupted => TrainingError::Interrupted,
                source => TrainingError::Fit { part, source },
            })?;
        let fit_seconds = start.elapsed().as_secs_f64();
        if let Some(history) = watch.history.to_csv() {
            write_bytes(&folder.join("history.csv"), &history)?;
        }
        if let Some(features) = &watch.features {
            write_bytes(&folder.join("features.csv"), &features_csv(features))?;
        }
        let patches = watch.patches.max(train.len() as u64);
        let patches_per_second = patches as f64 / fit_seconds.max(1e-9);
        let times = Times { fit_seconds, predict_seconds: None, patches, patches_per_second };
        let rows = train.rows().iter().chain(validation.rows());
        let trained = rows.map(|&row| self.sample.cell(row).cell.id.clone()).collect();
        Ok(FittedPart { classifier, times, features: watch.features, trained })
    }

    /// Where checkpoints of `part` are kept, and what they must agree on.
    fn checkpoints(&self, part: Part) -> CheckpointPlace {
        let manifest = self.directory.manifest();
        let origin = [
            ("run", manifest.run.clone()),
            ("part", part.folder()),
            ("store digest", manifest.store_digest.clone()),
        ];
        CheckpointPlace {
            directory: self.directory.checkpoints(part),
            every: self.options.checkpoint_every,
            origin: origin.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    fn predict(
        &self,
        classifier: &dyn Classifier,
        fold: usize,
        observer: &mut dyn RunObserver,
    ) -> Result<Predictions, TrainingError> {
        let part = Part::Fold(fold);
        let (held_out, places) = self.sample.held_out(fold);
        let total = held_out.len();
        let mut progress = |done| {
            observer.predicted(part, done, total);
            !observer.wants_stop()
        };
        let probabilities =
            classifier.predict_source(&held_out, &mut progress).map_err(|source| match source {
                PredictError::Interrupted => TrainingError::Interrupted,
                source => TrainingError::Predict { part, source },
            })?;
        let mut predictions = Predictions::new(self.sample.classes().clone());
        let cells = held_out.rows().iter().zip(held_out.labels()).zip(places);
        let partition = self.sample.plan().locate(fold).map_or(0, |at| at.partition);
        let number = |number: usize| u16::try_from(number).expect("a plan has at most 1000 folds");
        for (((&row, label), place), probabilities) in cells.zip(probabilities.rows()) {
            let Label::Class(label) = *label else { continue };
            let cell = HeldOutCell {
                cell: self.sample.cell(row).cell.id.clone(),
                partition: number(partition),
                fold: number(fold),
                block: place.block,
                label,
                stratum: self.sample.stratum(row),
            };
            predictions.push(cell, probabilities);
        }
        Ok(predictions)
    }

    fn save(
        &self,
        part: Part,
        path: &Path,
        classifier: &dyn Classifier,
        measured: serde_json::Map<String, serde_json::Value>,
        extras: Extras<'_>,
    ) -> Result<(), TrainingError> {
        let manifest = self.directory.manifest();
        let (source, licence) = match Terms::of_store(self.sample.reader().path()) {
            Some(Terms { source, licence }) => (Some(source), Some(licence)),
            None => (None, None),
        };
        let provenance = Provenance {
            model: self.experiment.model().clone(),
            dataset: manifest.dataset.clone(),
            source,
            licence,
            store_digest: manifest.store_digest.clone(),
            pixel_metres: self.sample.reader().definition().pixel_metres,
            fold_plan_digest: Some(manifest.fold_plan_digest.clone()),
            fold: match part {
                Part::Fold(fold) => u32::try_from(fold).ok(),
                Part::Final => None,
            },
            seed: manifest.seed,
            program_version: manifest.program_version.clone(),
            measured,
        };
        bundle::save(path, classifier, &provenance, extras)
            .map_err(|error| TrainingError::write(path, error))
    }
}

/// `scores` as a JSON object.
pub(super) fn measured<T: Serialize>(scores: &T) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::to_value(scores) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    }
}

/// Passes what happens during a fit on, and keeps its history.
struct FitWatch<'a> {
    part: Part,
    observer: &'a mut dyn RunObserver,
    history: History,
    features: Option<Vec<FeatureRecord>>,
    patches: u64,
}

impl FitObserver for FitWatch<'_> {
    fn notice(&mut self, event: &FitEvent) {
        self.history.hear(event);
        if let FitEvent::Features(records) = event {
            self.features = Some(records.clone());
        }
        if let FitEvent::Progress { patches, .. } | FitEvent::Batch { patches, .. } = event {
            self.patches = self.patches.max(*patches);
        }
        self.observer.fit_event(self.part, event);
    }

    fn wants_stop(&self) -> bool {
        self.observer.wants_stop()
    }
}
