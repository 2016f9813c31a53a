//! The optimiser: how gradients move the weights.
//!
//! The rules are PyTorch's `AdamW` and `SGD`, with their states as plain tensors beside the parameters: so all
//! networks share one form of checkpoint, and biases and norms are left out of weight decay. burn's `AdamW` takes
//! its bias correction in single precision, which moves the first steps by 1e-5 of their size; this one does not.

use burn::tensor::Tensor;

use super::parameters::Parameters;
use super::settings::{self, RawTraining};
use super::tensor_spec::Role;

/// The share of the mean gradient, and of its mean square, that a step of AdamW keeps; PyTorch's.
const BETAS: [f64; 2] = [0.9, 0.999];
/// What keeps AdamW from dividing by zero; PyTorch's.
const EPSILON: f64 = 1e-8;

/// The gradient of every tensor, in the order of the parameters; none of running statistics.
pub(crate) type Gradients = Vec<Option<Tensor<1>>>;

/// The optimiser with its state.
#[derive(Debug, Clone)]
pub(crate) struct Optimizer {
    rule: Rule,
    weight_decay: f64,
    time: i32,
    /// The mean gradient of AdamW, the velocity of SGD.
    first: Gradients,
    /// The mean squared gradient of AdamW.
    second: Gradients,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    AdamW,
    Sgd { momentum: f64 },
}

impl Optimizer {
    /// The optimiser before its first step, for `tensors` tensors.
    pub(crate) fn new(training: &RawTraining, tensors: usize) -> Self {
        let rule = match training.optimizer {
            settings::Optimizer::AdamW => Rule::AdamW,
            settings::Optimizer::Sgd => Rule::Sgd { momentum: training.momentum },
        };
        let none = vec![None; tensors];
        let weight_decay = training.weight_decay;
        Self { rule, weight_decay, time: 0, first: none.clone(), second: none }
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
            *value = match self.rule {
                Rule::AdamW => self.adam_w(index, learning_rate, decay, value.clone(), gradient),
                Rule::Sgd { momentum } => {
                    let pulled = pull(gradient, value, decay);
                    let velocity = self.velocity(index, momentum, pulled);
                    value.clone() - velocity.mul_scalar(learning_rate)
                }
            };
        }
    }

    fn adam_w(
        &mut self,
        index: usize,
        learning_rate: f64,
        decay: f64,
        value: Tensor<1>,
        gradient: Tensor<1>,
    ) -> Tensor<1> {
        let [beta_1, beta_2] = BETAS;
        let first = mean(self.first[index].take(), beta_1, gradient.clone());
        let second = mean(self.second[index].take(), beta_2, gradient.square());
        let [correction_1, correction_2] = BETAS.map(|beta| 1.0 - beta.powi(self.time));
        let deviation = second.clone().sqrt().mul_scalar(1.0 / correction_2.sqrt());
        let step =
            first.clone().mul_scalar(learning_rate / correction_1) / deviation.add_scalar(EPSILON);
        self.first[index] = Some(first);
        self.second[index] = Some(second);
        let kept = 1.0 - learning_rate * decay;
        let value = if decay > 0.0 { value.mul_scalar(kept) } else { value };
        value - step
    }

    fn velocity(&mut self, index: usize, momentum: f64, gradient: Tensor<1>) -> Tensor<1> {
        let velocity = match self.first[index].take() {
            Some(velocity) => velocity.mul_scalar(momentum) + gradient,
            None => gradient,
        };
        self.first[index] = Some(velocity.clone());
        velocity
    }
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
