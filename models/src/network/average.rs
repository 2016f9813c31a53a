//! The moving average of the weights: what is validated, kept and used in their place.

use burn::tensor::Tensor;

use super::parameters::Parameters;

/// The exponential moving average of the learned tensors.
///
/// As PyTorch's `AveragedModel` with `get_ema_multi_avg_fn(decay)`: the first step is copied, each later one enters
/// with weight 1 − decay, and running statistics are those of the network itself.
#[derive(Debug, Clone)]
pub(crate) struct Average {
    decay: f64,
    values: Option<Vec<Tensor<1>>>,
}

impl Average {
    /// The average before the first step.
    pub(crate) fn new(decay: f64) -> Self {
        Self { decay, values: None }
    }

    /// The average as it was; `None` before the first step.
    pub(crate) fn resumed(decay: f64, values: Option<Vec<Tensor<1>>>) -> Self {
        Self { decay, values }
    }

    /// The tensors; `None` before the first step.
    pub(crate) fn values(&self) -> Option<&[Tensor<1>]> {
        self.values.as_deref()
    }

    /// Takes in the weights after a step.
    pub(crate) fn update(&mut self, parameters: &Parameters) {
        let new = parameters.values();
        let Some(values) = &mut self.values else {
            self.values = Some(new.to_vec());
            return;
        };
        for ((value, new), spec) in values.iter_mut().zip(new).zip(&**parameters.specs()) {
            *value = if spec.is_learned() {
                value.clone().mul_scalar(self.decay) + new.clone().mul_scalar(1.0 - self.decay)
            } else {
                new.clone()
            };
        }
    }

    /// The averaged weights; `parameters` before the first step.
    pub(crate) fn of(&self, parameters: &Parameters) -> Parameters {
        let mut averaged = parameters.clone();
        for (index, value) in self.values.iter().flatten().enumerate() {
            *averaged.value_mut(index) = value.clone();
        }
        averaged
    }
}
