//! The basic block of a residual network: two convolutions, and a way around them.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::network::{BatchNorm, Convolution, Initial, Layer, NetworkGraph, Pass};
use crate::onnx::Value;

/// A convolution and its norm.
#[derive(Debug, Clone)]
pub(crate) struct Normed {
    pub(super) convolution: Convolution,
    norm: BatchNorm,
}

impl Normed {
    /// Filters of `kernel` × `kernel` pixels that keep the extent, or halve it with a stride of 2; `names` are those
    /// of convolution and norm, `scale` is what the norm begins with.
    pub(crate) fn new(
        names: [String; 2],
        [planes, filters]: [usize; 2],
        kernel: usize,
        stride: usize,
        scale: f32,
    ) -> Self {
        let [name, norm] = names;
        let taps = kernel * kernel;
        let initial = Initial::Normal((2.0 / (filters * taps) as f64).sqrt());
        let padding = kernel / 2;
        let convolution =
            Convolution { name, planes, filters, kernel, stride, padding, bias: false, initial };
        Self { convolution, norm: BatchNorm { name: norm, planes: filters, scale } }
    }

    /// Both layers, and the extent of the output.
    pub(crate) fn layers(&self, side: [usize; 2]) -> ([Layer; 2], [usize; 2]) {
        let convolution = self.convolution.layer(side);
        let norm = self.norm.layer(&convolution.output);
        ([convolution, norm], self.convolution.output(side))
    }

    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, filter, row, column]`
    pub(crate) fn forward(&self, pass: &Pass<'_>, planes: Tensor<4>) -> Tensor<4> {
        self.norm.forward(pass, self.convolution.forward(pass, planes))
    }

    /// As [`Self::forward`].
    pub(crate) fn write_onnx(&self, graph: &mut NetworkGraph<'_>, planes: &Value) -> Value {
        let convolved = self.convolution.write_onnx(graph, planes);
        self.norm.write_onnx(graph, &convolved)
    }
}

/// A basic block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(super) first: Normed,
    pub(super) second: Normed,
    /// What the input goes through on the way around; nothing where it stays as it is.
    pub(super) short: Option<Normed>,
}

impl Block {
    /// A block whose names begin with `name`, from so many planes to so many.
    pub(crate) fn new(name: &str, [planes, filters]: [usize; 2], stride: usize) -> Self {
        let names = |parts: [&str; 2]| parts.map(|part| format!("{name}.{part}"));
        let first = Normed::new(names(["conv1", "norm1"]), [planes, filters], 3, stride, 1.0);
        let second = Normed::new(names(["conv2", "norm2"]), [filters; 2], 3, 1, 0.0);
        let changes = stride != 1 || planes != filters;
        let short =
            || Normed::new(names(["short", "short_norm"]), [planes, filters], 1, stride, 1.0);
        Self { first, second, short: changes.then(short) }
    }

    /// All layers, and the extent of the output.
    pub(crate) fn layers(&self, side: [usize; 2]) -> (Vec<Layer>, [usize; 2]) {
        let (first, between) = self.first.layers(side);
        let (second, after) = self.second.layers(between);
        let short = self.short.iter().flat_map(|short| short.layers(side).0);
        (first.into_iter().chain(second).chain(short).collect(), after)
    }

    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, filter, row, column]`
    pub(crate) fn forward(&self, pass: &Pass<'_>, planes: Tensor<4>) -> Tensor<4> {
        let around = match &self.short {
            Some(short) => short.forward(pass, planes.clone()),
            None => planes.clone(),
        };
        let through = self.second.forward(pass, relu(self.first.forward(pass, planes)));
        relu(through + around)
    }

    /// As [`Self::forward`].
    pub(crate) fn write_onnx(&self, graph: &mut NetworkGraph<'_>, planes: &Value) -> Value {
        let around = match &self.short {
            Some(short) => short.write_onnx(graph, planes),
            None => planes.clone(),
        };
        let first = self.first.write_onnx(graph, planes);
        let first = graph.relu(&first);
        let second = self.second.write_onnx(graph, &first);
        let sum = graph.node("Add", &[&second, &around], &[]);
        graph.relu(&sum)
    }
}
