//! The training loop: epochs of optimiser steps, the best of which is kept, and checkpoints between them.

use std::collections::BTreeMap;
use std::time::Instant;

use burn::tensor::Tensor;
use tesela_datasets::class::ClassId;
use tesela_datasets::source::PatchSource;

use super::activations::activations;
use super::augment::Symmetries;
use super::checkpoints::Checkpoints;
use super::clipping::{clip, norm};
use super::computation::Computation;
use super::loss::{Loss, balanced};
use super::losses::Losses;
use super::optimizer::Gradients;
use super::parameters::{Parameters, host};
use super::pass::Draws;
use super::pipeline::{HostBatch, Pipeline};
use super::planes::InputPlanes;
use super::preparation::Preparers;
use super::progress::EpochRecord;
use super::schedule::Schedule;
use super::settings::{ClassWeight, Training};
use super::stage_clock::{Stage, StageClock};
use super::state::{Place, State};
use super::validation::Validation;
use super::weights::Weights;
use crate::classifier::{CheckpointPlace, FitError, FitEvent, FitObserver};
use crate::histogram::Histogram;

/// Everything that a training needs and does not change.
pub(crate) struct Trainer<'a> {
    pub(crate) settings: &'a Training,
    pub(crate) seed: u64,
    pub(crate) computation: Computation<'a>,
    /// Whether it computes on the processor.
    pub(crate) on_processor: bool,
    /// How many patches of a batch are on the device at a time.
    pub(crate) part_size: usize,
    pub(crate) planes: &'a InputPlanes,
    pub(crate) preparers: &'a Preparers,
    pub(crate) train: PatchSource<'a>,
    pub(crate) validation: PatchSource<'a>,
    /// Where checkpoints are kept, if anywhere, and whose they are.
    pub(crate) checkpoints: Option<(CheckpointPlace, BTreeMap<String, String>)>,
    /// What the time goes into.
    pub(crate) clock: &'a StageClock,
}

/// The gradients of a step, as long as parts of it are missing.
#[derive(Default)]
struct Gathered {
    gradients: Option<Gradients>,
    parts: u64,
}

impl Trainer<'_> {
    /// Trains a network and gives its best weights: those of the lowest validation loss, or the last where
    /// nothing validates.
    pub(crate) fn run(&self, observer: &mut dyn FitObserver) -> Result<Weights, FitError> {
        let total = self.settings.raw().epochs;
        let patches = self.train.len() as u64;
        observer.notice(&FitEvent::Started { unit: "epochs", total, patches });
        let place = self.checkpoints.clone();
        let mut checkpoints = place.map(|(place, identity)| Checkpoints::new(place, identity));
        let mut state = self.begin(checkpoints.as_ref(), observer)?;
        for record in &state.progress.history {
            observer.notice(&record.into());
        }
        while !state.progress.ended {
            self.train_epoch(&mut state, checkpoints.as_mut(), observer)
                .and_then(|record| self.close_epoch(&mut state, record, observer))
                .and_then(|()| save(&state, checkpoints.as_mut(), observer))
                .map_err(|error| with_checkpoint(error, checkpoints.as_ref()))?;
        }
        observer.notice(&FitEvent::Profile(self.clock.times()));
        Ok(state.best.take().unwrap_or_else(|| state.kept().weights()))
    }

    /// The state to go on from: that of the last checkpoint, or the first.
    fn begin(
        &self,
        checkpoints: Option<&Checkpoints>,
        observer: &mut dyn FitObserver,
    ) -> Result<State, FitError> {
        let specs = self.computation.network.tensors().into();
        let raw = self.settings.raw();
        let (device, on_processor) = (self.computation.device, self.on_processor);
        let place = Place { device, on_processor };
        let found = match checkpoints {
            Some(checkpoints) => checkpoints.resume(observer)?,
            None => None,
        };
        let Some(found) = found else {
            return Ok(State::new(&Weights::draw(specs, self.seed), raw, place));
        };
        State::resumed(&specs, raw, place, found.progress, found.tensors).map_err(|reason| {
            let path = checkpoints.and_then(Checkpoints::last_path).unwrap_or_default();
            FitError::Checkpoint { path, reason }
        })
    }

    /// Sees what is left of the present epoch.
    fn train_epoch(
        &self,
        state: &mut State,
        mut checkpoints: Option<&mut Checkpoints>,
        observer: &mut dyn FitObserver,
    ) -> Result<EpochRecord, FitError> {
        let (raw, input) = (self.settings.raw(), self.computation.network.input());
        let (started, begun) = (Instant::now(), state.progress.slots);
        let epoch = state.progress.epoch;
        let (schedule, loss) = (self.schedule(), self.loss());
        let labels = self.train.labels();
        let order = raw.sampler.order(labels, input.classes(), self.seed, epoch);
        let symmetries = Symmetries::new(input.side(), raw.augment);
        let pipeline = self.pipeline(self.train, &symmetries, Some(self.clock));
        let mut losses = Losses::new(&state.progress);
        let mut gathered = Gathered::default();
        pipeline.run(&order, position(begun), epoch, |batch| {
            let learning_rate = schedule.at(state.progress.step);
            let (slots, count) = (position(state.progress.slots), batch.labels.len());
            let step = self.settings.step_of(slots, order.len());
            let classes = order[step.clone()].iter().filter_map(|&at| labels[at as usize].class());
            let total = loss.total(classes);
            for part in batch.parts(self.part_size) {
                let count = part.labels.len();
                let its_loss = self.learn(state, part, &loss, total, &mut gathered);
                losses.push(its_loss, step.len(), count, state.progress.step + 1);
            }
            state.progress.slots += count as u64;
            state.progress.patches += count as u64;
            if slots + count < step.end {
                return Ok(());
            }
            let is_due = losses.is_due(slots + count == order.len());
            let norm = self.take_step(state, &mut gathered, learning_rate, is_due);
            if is_due {
                let loss = losses.mean()?;
                let (step, patches) = (state.progress.step, state.progress.patches);
                observer.notice(&FitEvent::Batch { step, loss, learning_rate, patches });
                if let Some(norm) = norm.and_then(|norm| host(norm).first().copied()) {
                    observer.notice(&FitEvent::GradientNorm { step, norm: f64::from(norm) });
                }
            }
            if checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due()) {
                losses.read_into(&mut state.progress)?;
                save(state, checkpoints.as_deref_mut(), observer)?;
            }
            if observer.wants_stop() { Err(FitError::Interrupted) } else { Ok(()) }
        })?;
        losses.read_into(&mut state.progress)?;
        let seen = (state.progress.slots - begun) as f64;
        Ok(EpochRecord {
            epoch,
            train_loss: state.progress.loss_sum / state.progress.loss_patches.max(1.0),
            validation_loss: None,
            validation_accuracy: None,
            learning_rate: schedule.at(state.progress.step.saturating_sub(1)),
            patches_per_second: seen / started.elapsed().as_secs_f64().max(1e-9),
        })
    }

    /// Adds the gradients of a part of a batch to those of its step; gives its part of the loss of the step. `total` is the
    /// weight of all patches of the step.
    fn learn(
        &self,
        state: &mut State,
        batch: HostBatch,
        loss: &Loss,
        total: f64,
        gathered: &mut Gathered,
    ) -> Tensor<1> {
        let targets = loss.targets(&batch.labels, total);
        let draws = Draws { seed: self.seed, step: state.progress.step, part: gathered.parts };
        let lesson = self.computation.lesson(&state.parameters, batch, targets, draws);
        for (index, value) in lesson.statistics {
            *state.parameters.value_mut(index) = value;
        }
        gathered.parts += 1;
        gathered.gradients = Some(match gathered.gradients.take() {
            None => lesson.gradients,
            Some(before) => before
                .into_iter()
                .zip(lesson.gradients)
                .map(|(before, own)| before.zip(own).map(|(before, own)| before + own))
                .collect(),
        });
        lesson.loss
    }

    /// Moves the weights by what was gathered; gives the norm of all gradients, which stays on the device, where it is
    /// `watched` or needed for clipping.
    fn take_step(
        &self,
        state: &mut State,
        gathered: &mut Gathered,
        learning_rate: f64,
        watched: bool,
    ) -> Option<Tensor<1>> {
        let mut gradients = std::mem::take(gathered).gradients.unwrap_or_default();
        let most = self.settings.raw().max_grad_norm;
        let norm = if watched || most > 0.0 { norm(&gradients) } else { None };
        if let Some(norm) = norm.clone().filter(|_| most > 0.0) {
            clip(&mut gradients, norm, most);
        }
        state.optimizer.step(learning_rate, &mut state.parameters, gradients);
        if let Some(average) = &mut state.average {
            average.update(&state.parameters);
        }
        state.progress.step += 1;
        norm
    }

    /// Validates the weights that are kept, and closes the epoch.
    fn close_epoch(
        &self,
        state: &mut State,
        mut record: EpochRecord,
        observer: &mut dyn FitObserver,
    ) -> Result<(), FitError> {
        let kept = state.kept();
        let validation = self.validate(&kept, observer)?;
        if let Some(loss) = validation.map(|own| own.loss).filter(|loss| !loss.is_finite()) {
            return Err(FitError::Diverged { step: state.progress.step, loss, checkpoint: None });
        }
        record.validation_loss = validation.map(|own| own.loss);
        record.validation_accuracy = validation.map(|own| own.accuracy);
        observer.notice(&(&record).into());
        let histograms = kept.weights().histograms();
        observer.notice(&FitEvent::Weights { epoch: record.epoch, histograms });
        let histograms = self.activations(&kept)?;
        if !histograms.is_empty() {
            observer.notice(&FitEvent::Activations { epoch: record.epoch, histograms });
        }
        let raw = self.settings.raw();
        if state.progress.close_epoch(record, validation, raw.epochs, raw.patience) {
            state.best = Some(kept.weights());
        }
        Ok(())
    }

    fn validate(
        &self,
        parameters: &Parameters,
        observer: &mut dyn FitObserver,
    ) -> Result<Option<Validation>, FitError> {
        let upright = self.upright();
        let mut pipeline = self.pipeline(self.validation, &upright, None);
        pipeline.batch_size = self.part_size;
        self.clock.time(Stage::Validating, || {
            Validation::of(self.computation, parameters, &pipeline, observer)
        })
    }

    /// How what each layer makes of some validation patches is spread.
    fn activations(&self, parameters: &Parameters) -> Result<Vec<Histogram>, FitError> {
        let upright = self.upright();
        let pipeline = self.pipeline(self.validation, &upright, None);
        activations(self.computation, parameters, &pipeline)
    }

    /// No flips and turns: patches as they are.
    fn upright(&self) -> Symmetries {
        Symmetries::new(self.computation.network.input().side(), false)
    }

    fn pipeline<'b>(
        &'b self,
        source: PatchSource<'b>,
        symmetries: &'b Symmetries,
        clock: Option<&'b StageClock>,
    ) -> Pipeline<'b> {
        Pipeline {
            clock,
            source,
            planes: self.planes,
            preparers: self.preparers,
            symmetries,
            input: self.computation.network.input(),
            layout: self.computation.layout,
            seed: self.seed,
            batch_size: self.settings.batch_size(),
            packs: self.computation.device_planes.is_some(),
        }
    }

    fn schedule(&self) -> Schedule {
        let raw = self.settings.raw();
        let steps = self.train.len().div_ceil(self.settings.step_size()) as u64;
        Schedule::new(raw.learning_rate, raw.warmup_share, raw.epochs * steps)
    }

    fn loss(&self) -> Loss {
        let classes = self.computation.network.input().classes();
        let weights = match self.settings.raw().class_weight {
            ClassWeight::None => vec![1.0; classes],
            ClassWeight::Balanced => balanced(&counts(self.train, classes)),
        };
        Loss::new(weights, self.settings.raw().label_smoothing)
    }
}

/// Number of patches of each class.
fn counts(source: PatchSource<'_>, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for class in source.labels().iter().filter_map(|label| label.class()) {
        counts[ClassId::index(class)] += 1;
    }
    counts
}

/// Writes a checkpoint, where they are kept and the weights are numbers.
fn save(
    state: &State,
    checkpoints: Option<&mut Checkpoints>,
    observer: &mut dyn FitObserver,
) -> Result<(), FitError> {
    let Some(checkpoints) = checkpoints else { return Ok(()) };
    let tensors = state.tensors();
    if let Some(&loss) = tensors.values().flatten().find(|value| !value.is_finite()) {
        let (step, loss) = (state.progress.step, f64::from(loss));
        return Err(FitError::Diverged { step, loss, checkpoint: None });
    }
    checkpoints.write(&state.progress, tensors, observer);
    Ok(())
}

/// Names the last good checkpoint in the error of a training that diverged.
fn with_checkpoint(error: FitError, checkpoints: Option<&Checkpoints>) -> FitError {
    match error {
        FitError::Diverged { step, loss, checkpoint: None } => FitError::Diverged {
            step,
            loss,
            checkpoint: checkpoints.and_then(Checkpoints::last_path),
        },
        other => other,
    }
}

/// A count of patches as a position.
fn position(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
