//! The training loop: epochs of optimiser steps, the best of which is kept.

use std::time::Instant;

use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};
use tesela_datasets::random;
use tesela_datasets::source::PatchSource;

use super::architecture::Architecture;
use super::augment::Symmetries;
use super::config::{ClassWeight, LenetConfig, Optimizer};
use super::gradients::Input;
use super::layout::Layout;
use super::loss::{Loss, balanced};
use super::losses::Losses;
use super::network::Network;
use super::pipeline::{HostBatch, Pipeline};
use super::planes::InputPlanes;
use super::schedule::Schedule;
use super::weights::Weights;
use crate::classifier::{FitError, FitEvent, FitObserver};

/// The place of the order of an epoch below the seed.
const ORDER: u64 = 2;

/// Everything that a training needs and does not change.
pub(crate) struct Training<'a> {
    pub(crate) config: &'a LenetConfig,
    pub(crate) seed: u64,
    pub(crate) device: &'a Device,
    pub(crate) layout: Layout,
    pub(crate) architecture: Architecture,
    pub(crate) planes: &'a InputPlanes,
    pub(crate) train: PatchSource<'a>,
    pub(crate) validation: PatchSource<'a>,
}

/// What changes from step to step.
struct State {
    network: Network,
    optimizer: ModuleOptimizer,
    step: u64,
    patches: u64,
}

/// What the validation patches say of a network.
#[derive(Debug, Clone, Copy)]
struct Validation {
    loss: f64,
    accuracy: f64,
}

impl Training<'_> {
    /// Trains a network and gives its best weights: those of the lowest validation loss, or the last where
    /// nothing validates.
    pub(crate) fn run(&self, observer: &mut dyn FitObserver) -> Result<Weights, FitError> {
        let epochs = self.config.epochs as u64;
        let patches = self.train.len() as u64;
        observer.notice(&FitEvent::Started { unit: "epochs", total: epochs, patches });
        let batches = self.train.len().div_ceil(self.config.batch_size) as u64;
        let schedule =
            Schedule::new(self.config.learning_rate, self.config.warmup_share, epochs * batches);
        let mut state = self.begin();
        let mut best: Option<(f64, u64, Weights)> = None;
        for epoch in 1..=epochs {
            let started = Instant::now();
            let train_loss = self.epoch(epoch, &schedule, &mut state, observer)?;
            let seconds = started.elapsed().as_secs_f64();
            let validation = self.validate(&state.network, observer)?;
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
                    let patience = self.config.patience as u64;
                    if patience > 0 && epoch - when >= patience {
                        break;
                    }
                }
                _ => best = Some((loss, epoch, state.network.weights(self.architecture))),
            }
        }
        Ok(best.map_or_else(|| state.network.weights(self.architecture), |(.., weights)| weights))
    }

    fn begin(&self) -> State {
        let initial = Weights::draw(self.architecture, self.seed);
        let decay = to_f32(self.config.weight_decay);
        let optimizer = match self.config.optimizer {
            Optimizer::AdamW => {
                AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(decay).init()
            }
            Optimizer::Sgd => {
                let momentum =
                    MomentumConfig::new().with_momentum(self.config.momentum).with_dampening(0.0);
                SgdConfig::new()
                    .with_momentum(Some(momentum))
                    .with_weight_decay(Some(WeightDecayConfig::new(decay)))
                    .init()
            }
        };
        let network = Network::new(&initial, &self.device.clone().autodiff());
        State { network, optimizer, step: 0, patches: 0 }
    }

    /// Sees every training patch once; gives the mean loss.
    fn epoch(
        &self,
        epoch: u64,
        schedule: &Schedule,
        state: &mut State,
        observer: &mut dyn FitObserver,
    ) -> Result<f64, FitError> {
        let symmetries = Symmetries::new(self.architecture.side(), self.config.augment);
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
        let input = Input { architecture: &self.architecture, layout: self.layout, batch };
        let (loss, gradients) = input.gradients(&state.network, targets, self.device);
        let network = state.network.clone();
        state.network = state.optimizer.step(learning_rate, network, gradients);
        loss
    }

    /// What the validation patches say of `network`; nothing where there are none.
    fn validate(
        &self,
        network: &Network,
        observer: &mut dyn FitObserver,
    ) -> Result<Option<Validation>, FitError> {
        if self.validation.is_empty() {
            return Ok(None);
        }
        let network = network.clone().valid();
        let symmetries = Symmetries::new(self.architecture.side(), false);
        let classes = self.architecture.classes();
        let (mut sum, mut right) = (0.0, 0_usize);
        let order: Vec<u32> = (0..).take(self.validation.len()).collect();
        self.pipeline(self.validation, &symmetries).run(&order, 0, |batch| {
            let labels = batch.labels.clone();
            let input = Input { architecture: &self.architecture, layout: self.layout, batch };
            let logits = input.logits(&network, self.device);
            for (row, label) in logits.chunks_exact(classes).zip(labels) {
                sum += negative_log_probability(row, label.index());
                right += usize::from(highest(row) == label.index());
            }
            if observer.wants_stop() { Err(FitError::Interrupted) } else { Ok(()) }
        })?;
        let count = self.validation.len() as f64;
        Ok(Some(Validation { loss: sum / count, accuracy: right as f64 / count }))
    }

    fn pipeline<'b>(&'b self, source: PatchSource<'b>, symmetries: &'b Symmetries) -> Pipeline<'b> {
        Pipeline {
            source,
            planes: self.planes,
            symmetries,
            architecture: &self.architecture,
            layout: self.layout,
            seed: self.seed,
            batch_size: self.config.batch_size,
        }
    }

    fn loss(&self) -> Loss {
        let classes = self.architecture.classes();
        let weights = match self.config.class_weight {
            ClassWeight::None => vec![1.0; classes],
            ClassWeight::Balanced => {
                let mut counts = vec![0; classes];
                for class in self.train.labels().iter().filter_map(|label| label.class()) {
                    counts[class.index()] += 1;
                }
                balanced(&counts)
            }
        };
        Loss::new(weights, self.config.label_smoothing)
    }
}

/// The position of the highest number, the first where several are.
fn highest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

/// Minus the logarithm of the probability that `logits` give to `class`.
fn negative_log_probability(logits: &[f32], class: usize) -> f64 {
    let most = f64::from(logits[highest(logits)]);
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - most).exp()).sum();
    sum.ln() + most - f64::from(logits[class])
}

#[expect(clippy::cast_possible_truncation, reason = "the optimiser takes single precision")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_of_a_patch_is_its_negative_log_probability() {
        let loss = negative_log_probability(&[0.0, 2.0, 1000.0], 2);
        assert!(loss.abs() < 1e-12);
        let even = negative_log_probability(&[1.0, 1.0], 0);
        assert!((even - 2_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_first_of_equal_logits_wins() {
        assert_eq!(highest(&[1.0, 3.0, 3.0]), 1);
    }
}
