//! The optimiser: how gradients move the weights.
//!
//! The rules are PyTorch's `AdamW` and `SGD`, with their states as plain tensors beside the parameters: so all
//! networks share one form of checkpoint, and biases and norms are left out of weight decay. burn's `AdamW` takes
//! its bias correction in single precision, which moves the first steps by 1e-5 of their size; this one does not.

use burn::tensor::Tensor;

use super::host_step::{AdamStep, MomentumStep};
use super::parameters::{Parameters, host, vector};
use super::settings::{self, RawTraining};
use super::tensor_spec::Role;

/// The gradient of every tensor, in the order of the parameters; none of running statistics.
pub(crate) type Gradients = Vec<Option<Tensor<1>>>;

/// The optimiser with its state.
#[derive(Debug, Clone)]
pub(crate) struct Optimizer {
    rule: Rule,
    weight_decay: f64,
    /// Whether the tensors lie in the memory of the processor, which then steps by hand.
    on_processor: bool,
    time: i32,
    /// The mean gradient of AdamW, the velocity of SGD.
    first: Gradients,
    /// The mean squared gradient of AdamW.
    second: Gradients,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    AdamW { betas: [f64; 2], eps: f64 },
    Sgd { momentum: f64, nesterov: bool },
}

impl Optimizer {
    /// The optimiser before its first step, for `tensors` tensors, which lie `on_processor` or elsewhere.
    pub(crate) fn new(training: &RawTraining, on_processor: bool, tensors: usize) -> Self {
        let none = vec![None; tensors];
        Self::resumed(training, on_processor, 0, [none.clone(), none])
    }

    /// The optimiser after `steps` steps, which have led to `moments`.
    pub(crate) fn resumed(
        training: &RawTraining,
        on_processor: bool,
        steps: u64,
        moments: [Gradients; 2],
    ) -> Self {
        let RawTraining { betas, eps, momentum, nesterov, .. } = *training;
        let rule = match training.optimizer {
            settings::Optimizer::AdamW => Rule::AdamW { betas, eps },
            settings::Optimizer::Sgd => Rule::Sgd { momentum, nesterov },
        };
        let [first, second] = moments;
        // After so many steps every correction is one.
        let time = i32::try_from(steps).unwrap_or(i32::MAX);
        let weight_decay = training.weight_decay;
        Self { rule, weight_decay, on_processor, time, first, second }
    }

    /// The state beside the number of steps: what [`Self::resumed`] takes.
    pub(crate) fn moments(&self) -> [&Gradients; 2] {
        [&self.first, &self.second]
    }

    /// Moves `parameters` by one step of size `learning_rate`.
    pub(crate) fn step(
        &mut self,
        learning_rate: f64,
        parameters: &mut Parameters,
        gradients: Gradients,
    ) {
        self.time = self.time.saturating_add(1);
        for (index, gradient) in gradients.into_iter().enumerate() {
            let Some(gradient) = gradient else { continue };
            let decays = parameters.specs()[index].role == Role::Weight;
            let decay = if decays { self.weight_decay } else { 0.0 };
            let value = parameters.value_mut(index);
            if self.on_processor {
                *value = self.host_step(index, learning_rate, decay, value.clone(), gradient);
                continue;
            }
            *value = match self.rule {
                Rule::AdamW { betas, eps } => {
                    let step = self.adam_step(index, betas, eps, gradient);
                    pulled(value.clone(), learning_rate * decay) - step.mul_scalar(learning_rate)
                }
                Rule::Sgd { momentum, nesterov } => {
                    let gradient = pull(gradient, value, decay);
                    let step = self.momentum_step(index, momentum, nesterov, gradient);
                    value.clone() - step.mul_scalar(learning_rate)
                }
            };
        }
    }

    /// The same step as on tensors, by hand.
    fn host_step(
        &mut self,
        index: usize,
        learning_rate: f64,
        decay: f64,
        value: Tensor<1>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let device = value.device();
        let (mut values, gradients) = (host(value), host(gradient));
        let take = |moment: &mut Option<Tensor<1>>| {
            moment.take().map_or_else(|| vec![0.0; values.len()], host)
        };
        let mut first = take(&mut self.first[index]);
        match self.rule {
            Rule::AdamW { betas, eps } => {
                let mut second = take(&mut self.second[index]);
                let [correction_1, correction_2] = self.corrections(betas);
                let (size, scale) = (learning_rate / correction_1, 1.0 / correction_2.sqrt());
                let step = AdamStep { betas, eps, size, scale, kept: 1.0 - learning_rate * decay };
                step.apply(&mut values, &mut first, &mut second, &gradients);
                self.second[index] = Some(vector(second, &device));
            }
            Rule::Sgd { momentum, nesterov } => {
                let step = MomentumStep { size: learning_rate, momentum, nesterov, pull: decay };
                step.apply(&mut values, &mut first, &gradients);
            }
        }
        self.first[index] = Some(vector(first, &device));
        vector(values, &device)
    }

    /// How far both means of AdamW have come from zero.
    fn corrections(&self, betas: [f64; 2]) -> [f64; 2] {
        betas.map(|beta| 1.0 - beta.powi(self.time))
    }

    /// The mean gradient in units of its root mean square, both corrected for their beginning at zero.
    fn adam_step(
        &mut self,
        index: usize,
        betas: [f64; 2],
        eps: f64,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let first = mean(self.first[index].take(), betas[0], gradient.clone());
        let second = mean(self.second[index].take(), betas[1], gradient.square());
        let [correction_1, correction_2] = self.corrections(betas);
        let deviation = second.clone().sqrt().mul_scalar(1.0 / correction_2.sqrt());
        let step = first.clone().mul_scalar(1.0 / correction_1) / deviation.add_scalar(eps);
        self.first[index] = Some(first);
        self.second[index] = Some(second);
        step
    }

    /// The velocity; with `nesterov`, the gradient and what the velocity will make of it.
    fn momentum_step(
        &mut self,
        index: usize,
        momentum: f64,
        nesterov: bool,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let velocity = match self.first[index].take() {
            Some(velocity) => velocity.mul_scalar(momentum) + gradient.clone(),
            None => gradient.clone(),
        };
        self.first[index] = Some(velocity.clone());
        if nesterov { gradient + velocity.mul_scalar(momentum) } else { velocity }
    }
}

/// The weights after a decoupled weight decay of so much.
fn pulled(value: Tensor<1>, decay: f64) -> Tensor<1> {
    if decay > 0.0 { value.mul_scalar(1.0 - decay) } else { value }
}

/// The gradient with the pull of weight decay.
fn pull(gradient: Tensor<1>, value: &Tensor<1>, decay: f64) -> Tensor<1> {
    if decay > 0.0 { gradient + value.clone().mul_scalar(decay) } else { gradient }
}

/// The running mean after one more value, from zero on.
fn mean(before: Option<Tensor<1>>, kept: f64, value: Tensor<1>) -> Tensor<1> {
    let own = value.mul_scalar(1.0 - kept);
    match before {
        Some(before) => before.mul_scalar(kept) + own,
        None => own,
    }
}
