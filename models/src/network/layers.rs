//! The layers that networks are made of: each describes itself and computes.
//!
//! Names of tensors, layouts and formulas are PyTorch's, so that a twin in PyTorch loads the weights. How
//! each is written as ONNX stands in `onnx`.

use burn::tensor::Tensor;
use burn::tensor::module::{avg_pool2d, batch_norm, batch_norm_train, conv2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions};

use super::architecture::Layer;
use super::pass::Pass;
use super::tensor_spec::{Initial, Role, TensorSpec};

/// What is added to a variance before its root is taken; PyTorch's.
pub(crate) const NORM_EPSILON: f64 = 1e-5;
/// How much of a running statistic a batch replaces; PyTorch's.
pub(crate) const NORM_MOMENTUM: f64 = 0.1;

/// A convolution with square filters.
#[derive(Debug, Clone)]
pub(crate) struct Convolution {
    pub(crate) name: String,
    pub(crate) planes: usize,
    pub(crate) filters: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) bias: bool,
    pub(crate) initial: Initial,
}

impl Convolution {
    /// Rows and columns of its output.
    pub(crate) fn output(&self, side: [usize; 2]) -> [usize; 2] {
        side.map(|side| (side + 2 * self.padding - self.kernel) / self.stride + 1)
    }

    /// The layer, for an input of `side` rows and columns.
    pub(crate) fn layer(&self, side: [usize; 2]) -> Layer {
        let [height, width] = self.output(side);
        let taps = self.planes * self.kernel * self.kernel;
        let shape = vec![self.filters, self.planes, self.kernel, self.kernel];
        let mut tensors = vec![tensor(&self.name, "weight", shape, Role::Weight, self.initial)];
        if self.bias {
            let initial = Initial::of_fan_in(taps);
            tensors.push(tensor(&self.name, "bias", vec![self.filters], Role::Offset, initial));
        }
        let stride =
            if self.stride > 1 { format!(", stride {}", self.stride) } else { String::new() };
        Layer {
            name: self.name.clone(),
            what: format!("{} filters of {} × {}{stride}", self.filters, self.kernel, self.kernel),
            output: vec![self.filters, height, width],
            tensors,
            multiply_adds: height * width * self.filters * taps,
        }
    }

    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, filter, row, column]`
    pub(crate) fn forward(&self, pass: &Pass<'_>, planes: Tensor<4>) -> Tensor<4> {
        let bias = self.bias.then(|| pass.tensor(&of(&self.name, "bias")));
        let options = ConvOptions::new([self.stride; 2], [self.padding; 2], [1, 1], 1);
        let output = conv2d(planes, pass.tensor(&of(&self.name, "weight")), bias, options);
        pass.show(&self.name, output)
    }
}

/// A batch norm (Ioffe and Szegedy 2015): each plane to zero mean and unit deviation over the batch in training, over
/// what was followed in prediction.
#[derive(Debug, Clone)]
pub(crate) struct BatchNorm {
    pub(crate) name: String,
    pub(crate) planes: usize,
    /// What the scale begins with.
    pub(crate) scale: f32,
}

impl BatchNorm {
    /// The layer, whose output is as large as its input.
    pub(crate) fn layer(&self, output: &[usize]) -> Layer {
        let tensor = |part, role, value| {
            tensor(&self.name, part, vec![self.planes], role, Initial::Constant(value))
        };
        Layer {
            name: self.name.clone(),
            what: "batch norm".to_owned(),
            output: output.to_vec(),
            tensors: vec![
                tensor("weight", Role::Offset, self.scale),
                tensor("bias", Role::Offset, 0.0),
                tensor("running_mean", Role::Statistic, 0.0),
                tensor("running_var", Role::Statistic, 1.0),
            ],
            multiply_adds: 0,
        }
    }

    /// # Shapes
    /// - `numbers`, output: `[batch, plane, …]`
    pub(crate) fn forward<const D: usize>(&self, pass: &Pass<'_>, numbers: Tensor<D>) -> Tensor<D> {
        let part = |part| pass.tensor::<1>(&of(&self.name, part));
        let (scale, shift) = (part("weight"), part("bias"));
        let (mean, variance) = (part("running_mean"), part("running_var"));
        if !pass.trains() {
            let output = batch_norm(numbers, scale, shift, mean, variance, NORM_EPSILON);
            return pass.show(&self.name, output);
        }
        let count = numbers.dims().iter().product::<usize>() / self.planes;
        let normed = batch_norm_train(numbers, scale, shift, NORM_EPSILON);
        // As PyTorch: the batch is normed with its own variance, the unbiased one is followed.
        let unbiased = count as f64 / (count.max(2) - 1) as f64;
        self.follow(pass, "running_mean", mean, normed.mean);
        self.follow(pass, "running_var", variance, normed.variance.mul_scalar(unbiased));
        normed.output
    }

    fn follow(&self, pass: &Pass<'_>, part: &str, old: Tensor<1>, new: Tensor<1>) {
        let (old, new) = (old.inner(), new.inner());
        let value = old.mul_scalar(1.0 - NORM_MOMENTUM) + new.mul_scalar(NORM_MOMENTUM);
        pass.follow(&of(&self.name, part), value);
    }
}

/// A dense layer.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    pub(crate) name: String,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Dense {
    /// The layer.
    pub(crate) fn layer(&self) -> Layer {
        let initial = Initial::of_fan_in(self.inputs);
        let shape = vec![self.outputs, self.inputs];
        Layer {
            name: self.name.clone(),
            what: format!("{} units", self.outputs),
            output: vec![self.outputs],
            tensors: vec![
                tensor(&self.name, "weight", shape, Role::Weight, initial),
                tensor(&self.name, "bias", vec![self.outputs], Role::Offset, initial),
            ],
            multiply_adds: self.inputs * self.outputs,
        }
    }

    /// # Shapes
    /// - `numbers`: `[batch, input]`
    /// - output: `[batch, output]`
    pub(crate) fn forward(&self, pass: &Pass<'_>, numbers: Tensor<2>) -> Tensor<2> {
        let weight: Tensor<2> = pass.tensor(&of(&self.name, "weight"));
        let bias: Tensor<1> = pass.tensor(&of(&self.name, "bias"));
        pass.show(&self.name, numbers.matmul(weight.transpose()) + bias.unsqueeze())
    }
}

/// The mean of each plane.
///
/// # Shapes
/// - `planes`: `[batch, plane, row, column]`
/// - output: `[batch, plane]`
pub(crate) fn global_average(planes: Tensor<4>) -> Tensor<2> {
    let [_, _, height, width] = planes.dims();
    avg_pool2d(planes, AvgPoolOptions::new([height, width])).flatten(1, 3)
}

fn of(layer: &str, part: &str) -> String {
    format!("{layer}.{part}")
}

fn tensor(layer: &str, part: &str, shape: Vec<usize>, role: Role, initial: Initial) -> TensorSpec {
    TensorSpec { name: of(layer, part), shape, role, initial }
}
