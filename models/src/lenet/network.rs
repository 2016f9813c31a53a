//! LeNet as burn tensors: the network on any device, and its gradients.

use burn::module::{Module, Param};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};

use super::architecture::Architecture;
use super::weights::Weights;

/// The weights as parameters of burn, in PyTorch's layout.
#[derive(Module, Debug)]
pub(crate) struct Network {
    pub(crate) conv1_weight: Param<Tensor<4>>,
    pub(crate) conv1_bias: Param<Tensor<1>>,
    pub(crate) conv2_weight: Param<Tensor<4>>,
    pub(crate) conv2_bias: Param<Tensor<1>>,
    pub(crate) dense1_weight: Param<Tensor<2>>,
    pub(crate) dense1_bias: Param<Tensor<1>>,
    pub(crate) dense2_weight: Param<Tensor<2>>,
    pub(crate) dense2_bias: Param<Tensor<1>>,
}

impl Network {
    /// Brings `weights` to `device`; gradients are recorded where the device asks for them.
    pub(crate) fn new(weights: &Weights, device: &Device) -> Self {
        let shapes = weights.architecture().tensors();
        let data = |index: usize| {
            TensorData::new(weights.tensors()[index].clone(), shapes[index].shape.clone())
        };
        Self {
            conv1_weight: Param::from_data(data(0), device),
            conv1_bias: Param::from_data(data(1), device),
            conv2_weight: Param::from_data(data(2), device),
            conv2_bias: Param::from_data(data(3), device),
            dense1_weight: Param::from_data(data(4), device),
            dense1_bias: Param::from_data(data(5), device),
            dense2_weight: Param::from_data(data(6), device),
            dense2_bias: Param::from_data(data(7), device),
        }
    }

    /// Copies the weights to the host.
    pub(crate) fn weights(&self, architecture: Architecture) -> Weights {
        let tensors = [
            host(self.conv1_weight.val()),
            host(self.conv1_bias.val()),
            host(self.conv2_weight.val()),
            host(self.conv2_bias.val()),
            host(self.dense1_weight.val()),
            host(self.dense1_bias.val()),
            host(self.dense2_weight.val()),
            host(self.dense2_bias.val()),
        ];
        Weights::new(architecture, tensors)
    }

    /// The logits of some patches.
    ///
    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, class]`
    pub(crate) fn forward(&self, planes: Tensor<4>) -> Tensor<2> {
        self.head(self.flat(planes))
    }

    /// What both convolutional blocks make of some patches.
    ///
    /// The rectifier follows the pool: the result is the same as in the other order, at a quarter of the work.
    ///
    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, number]`
    fn flat(&self, planes: Tensor<4>) -> Tensor<2> {
        let first = block(planes, self.conv1_weight.val(), self.conv1_bias.val()); // [batch, 20, row, column]
        let second = block(first, self.conv2_weight.val(), self.conv2_bias.val()); // [batch, 50, row, column]
        second.flatten(1, 3) // [batch, 50 · row · column]
    }

    /// The dense layers.
    ///
    /// # Shapes
    /// - `flat`: `[batch, number]`
    /// - output: `[batch, class]`
    pub(crate) fn head(&self, flat: Tensor<2>) -> Tensor<2> {
        let hidden =
            flat.matmul(self.dense1_weight.val().transpose()) + self.dense1_bias.val().unsqueeze(); // [batch, 500]
        relu(hidden).matmul(self.dense2_weight.val().transpose())
            + self.dense2_bias.val().unsqueeze()
    }
}

/// Convolution, pool, rectifier.
///
/// # Shapes
/// - `planes`: `[batch, plane, row, column]`
/// - output: `[batch, filter, row / 2 − 2, column / 2 − 2]`
fn block(planes: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let convolved = conv2d(planes, weight, Some(bias), ConvOptions::new([1, 1], [0, 0], [1, 1], 1));
    relu(max_pool2d(convolved, MaxPoolOptions::new([2, 2])))
}

/// Cross-entropy against weighted targets, see [`Loss`](super::loss::Loss).
///
/// # Shapes
/// - `logits`, `targets`: `[batch, class]`
pub(crate) fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    (log_softmax(logits, 1) * targets).sum_dim(1).sum().neg()
}

/// The numbers of a tensor.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("the network computes in single precision")
}
