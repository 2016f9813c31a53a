//! What a network is to everything around it: the one trait that a new network implements.

use std::fmt;

use burn::tensor::Tensor;

use super::input_shape::{InputShape, ShapeError};
use super::onnx::NetworkGraph;
use super::pass::Pass;
use super::settings::Training;
use super::tensor_spec::TensorSpec;
use super::trunk::Trunk;
use crate::onnx::Value;

/// A network for one extent of input.
///
/// It holds no weights: those are named tensors that come with a [`Pass`], so that training, averaging, checkpoints
/// and files treat every network alike.
pub(crate) trait Network: fmt::Debug + Send + Sync {
    /// What it takes, and how many classes it tells apart.
    fn input(&self) -> InputShape;

    /// Its layers, in order, with their tensors.
    fn layers(&self) -> Vec<Layer>;

    /// The logits of some patches. Each layer shows what it makes, see [`Pass::show`].
    ///
    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, class]`
    fn forward(&self, pass: &Pass<'_>, planes: Tensor<4>) -> Tensor<2>;

    /// The same way forward as nodes of a graph.
    ///
    /// # Shapes
    /// - `planes`: `[batch, plane, row, column]`
    /// - output: `[batch, class]`
    fn write_onnx(&self, graph: &mut NetworkGraph<'_>, planes: &Value) -> Value;

    /// The same network in Python: a class `Network` that PyTorch knows as a module, made of what `bundle.json` says.
    fn torch_twin(&self) -> &'static str;

    /// A faster way through its first layers on the processor, where it has one.
    fn trunk(&self) -> Option<&dyn Trunk> {
        None
    }

    /// All tensors, in the order in which everything holds them.
    fn tensors(&self) -> Vec<TensorSpec> {
        self.layers().into_iter().flat_map(|layer| layer.tensors).collect()
    }
}

/// Settings that lead to a network: what a variant of `ModelConfig` for a network holds.
pub(crate) trait NetworkConfig: fmt::Debug + Send + Sync {
    /// The name of the model in files, as in `[model.lenet]`.
    fn kind(&self) -> &'static str;

    /// How it is trained.
    fn training(&self) -> &Training;

    /// All settings as written, defaults included: two trainings with other settings are not the same.
    fn written(&self) -> String;

    /// The network for `input`.
    fn network(&self, input: InputShape) -> Result<Box<dyn Network>, ShapeError>;
}

/// One layer of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    /// The name, which begins the names of its tensors.
    pub(crate) name: String,
    /// What it does, in a few words.
    pub(crate) what: String,
    /// The extent of its output for one patch, such as `[20, 29, 29]`.
    pub(crate) output: Vec<usize>,
    /// Its tensors.
    pub(crate) tensors: Vec<TensorSpec>,
    /// Multiplications with addition that one patch takes; those of norms, pools and rectifiers are not counted.
    pub(crate) multiply_adds: usize,
}

impl Layer {
    /// How many numbers it learns.
    pub(crate) fn parameters(&self) -> usize {
        self.tensors.iter().filter(|tensor| tensor.is_learned()).map(TensorSpec::len).sum()
    }
}
