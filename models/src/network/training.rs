//! The training loop: epochs of optimiser steps, the best of which is kept.

use std::time::Instant;

use burn::tensor::Tensor;
use tesela_datasets::random;
use tesela_datasets::source::PatchSource;

use super::augment::Symmetries;
use super::computation::Computation;
use super::loss::{Loss, balanced};
use super::losses::Losses;
use super::optimizer::Optimizer;
use super::parameters::Parameters;
use super::pass::Draws;
use super::pipeline::{HostBatch, Pipeline};
use super::planes::InputPlanes;
use super::schedule::Schedule;
use super::settings::{ClassWeight, Training};
use super::validation::Validation;
use super::weights::Weights;
use crate::classifier::{FitError, FitEvent, FitObserver};

/// The place of the order of an epoch below the seed.
const ORDER: u64 = 2;

/// Everything that a training needs and does not change.
pub(crate) struct Trainer<'a> {
    pub(crate) settings: &'a Training,
    pub(crate) seed: u64,
    pub(crate) computation: Computation<'a>,
    pub(crate) planes: &'a InputPlanes,
    pub(crate) train: PatchSource<'a>,
    pub(crate) validation: PatchSource<'a>,
}

/// What changes from step to step.
struct State {
    parameters: Parameters,
    optimizer: Optimizer,
    step: u64,
    patches: u64,
}

impl Trainer<'_> {
    /// Trains a network and gives its best weights: those of the lowest validation loss, or the last where
    /// nothing validates.
    pub(crate) fn run(&self, observer: &mut dyn FitObserver) -> Result<Weights, FitError> {
        let settings = self.settings.raw();
        let epochs = settings.epochs;
        let patches = self.train.len() as u64;
        observer.notice(&FitEvent::Started { unit: "epochs", total: epochs, patches });
        let batches = self.train.len().div_ceil(self.settings.batch_size()) as u64;
        let schedule =
            Schedule::new(settings.learning_rate, settings.warmup_share, epochs * batches);
        let mut state = self.begin();
        let mut best: Option<(f64, u64, Weights)> = None;
        for epoch in 1..=epochs {
            let started = Instant::now();
            let train_loss = self.epoch(epoch, &schedule, &mut state, observer)?;
            let seconds = started.elapsed().as_secs_f64();
            let validation = self.validate(&state.parameters, observer)?;
            observer.notice(&FitEvent::Epoch {
                epoch,
                train_loss,
                validation_loss: validation.map(|validation| validation.loss),
                validation_accuracy: validation.map(|validation| validation.accuracy),
                learning_rate: schedule.at(state.step.saturating_sub(1)),
                patches_per_second: patches as f64 / seconds.max(1e-9),
            });
            let Some(Validation { loss, .. }) = validation else { continue };
            match best {
                Some((lowest, when, _)) if loss >= lowest => {
                    if settings.patience > 0 && epoch - when >= settings.patience {
                        break;
                    }
                }
                _ => best = Some((loss, epoch, state.parameters.weights())),
            }
        }
        Ok(best.map_or_else(|| state.parameters.weights(), |(.., weights)| weights))
    }

    fn begin(&self) -> State {
        let specs = self.computation.network.tensors().into();
        let initial = Weights::draw(specs, self.seed);
        let parameters = Parameters::new(&initial, self.computation.device);
        let optimizer = Optimizer::new(self.settings.raw(), initial.specs().len());
        State { parameters, optimizer, step: 0, patches: 0 }
    }

    /// Sees every training patch once; gives the mean loss.
    fn epoch(
        &self,
        epoch: u64,
        schedule: &Schedule,
        state: &mut State,
        observer: &mut dyn FitObserver,
    ) -> Result<f64, FitError> {
        let side = self.computation.network.input().side();
        let symmetries = Symmetries::new(side, self.settings.raw().augment);
        let pipeline = self.pipeline(self.train, &symmetries);
        let loss = self.loss();
        let mut order: Vec<u32> = (0..).take(self.train.len()).collect();
        random::shuffle(&mut random::generator(self.seed, &[ORDER, epoch]), &mut order);
        let mut losses = Losses::new(state.step);
        pipeline.run(&order, epoch, |batch| {
            let learning_rate = schedule.at(state.step);
            let count = batch.labels.len();
            losses.push(self.step(state, batch, &loss, learning_rate), count);
            state.step += 1;
            state.patches += count as u64;
            if let Some(loss) = losses.read_if_due()? {
                let (step, patches) = (state.step, state.patches);
                observer.notice(&FitEvent::Batch { step, loss, learning_rate, patches });
            }
            if observer.wants_stop() { Err(FitError::Interrupted) } else { Ok(()) }
        })?;
        losses.mean()
    }

    /// One step of the optimiser; gives the loss before it.
    fn step(
        &self,
        state: &mut State,
        batch: HostBatch,
        loss: &Loss,
        learning_rate: f64,
    ) -> Tensor<1> {
        let targets = loss.targets(&batch.labels);
        let draws = Draws { seed: self.seed, step: state.step, part: 0 };
        let lesson = self.computation.lesson(&state.parameters, batch, targets, draws);
        state.optimizer.step(learning_rate, &mut state.parameters, lesson.gradients);
        for (index, value) in lesson.statistics {
            *state.parameters.value_mut(index) = value;
        }
        lesson.loss
    }

    fn validate(
        &self,
        parameters: &Parameters,
        observer: &mut dyn FitObserver,
    ) -> Result<Option<Validation>, FitError> {
        let symmetries = Symmetries::new(self.computation.network.input().side(), false);
        let pipeline = self.pipeline(self.validation, &symmetries);
        Validation::of(self.computation, parameters, &pipeline, observer)
    }

    fn pipeline<'b>(&'b self, source: PatchSource<'b>, symmetries: &'b Symmetries) -> Pipeline<'b> {
        Pipeline {
            source,
            planes: self.planes,
            symmetries,
            input: self.computation.network.input(),
            layout: self.computation.layout,
            seed: self.seed,
            batch_size: self.settings.batch_size(),
        }
    }

    fn loss(&self) -> Loss {
        let classes = self.computation.network.input().classes();
        let weights = match self.settings.raw().class_weight {
            ClassWeight::None => vec![1.0; classes],
            ClassWeight::Balanced => {
                let mut counts = vec![0; classes];
                for class in self.train.labels().iter().filter_map(|label| label.class()) {
                    counts[class.index()] += 1;
                }
                balanced(&counts)
            }
        };
        Loss::new(weights, self.settings.raw().label_smoothing)
    }
}
