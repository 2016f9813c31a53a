//! A network as nodes of a graph: each layer writes itself, as it computes.

use tesela_datasets::patch::PatchDefinition;

use super::architecture::Network;
use super::augment::Symmetries;
use super::layers::{BatchNorm, Convolution, Dense, NORM_EPSILON};
use super::planes::InputPlanes;
use super::weights::{Weights, to_single};
use crate::onnx::{Attribute, Graph, OnnxModel, Scores, Value};

/// A graph with the tensors of a network.
#[derive(Debug)]
pub(crate) struct NetworkGraph<'a> {
    graph: &'a mut Graph,
    weights: &'a Weights,
}

/// Adds `network` with everything before and after it: channels, normalisation, the ways to look at a patch, probabilities.
pub(super) fn write(
    model: &mut OnnxModel,
    network: &dyn Network,
    weights: &Weights,
    planes: &InputPlanes,
    symmetries: &Symmetries,
) -> Scores {
    let channels = model.channels(planes.input());
    let graph = model.graph();
    let upright = channels.planes(graph, planes.normalisation());
    let turned = turn(graph, &upright, planes.input(), symmetries);
    let logits = network.write_onnx(&mut NetworkGraph { graph, weights }, &turned);
    let ways = symmetries.all().len();
    let softmax = [("axis", Attribute::Int(-1))];
    if ways == 1 {
        let probabilities = graph.node("Softmax", &[&logits], &softmax);
        return Scores { logits: Some(logits), probabilities };
    }
    let classes = network.input().classes();
    let shape = graph.ints("ways_shape", &[whole(ways), -1, whole(classes)]);
    let logits = graph.of_two("Reshape", &logits, &shape); // [way, batch, class]
    let each = graph.node("Softmax", &[&logits], &softmax);
    let axes = graph.ints("ways_axis", &[0]);
    let first = graph.ints("ways_first", &[0]);
    let keep = [("keepdims", Attribute::Int(0))];
    let probabilities = graph.node("ReduceMean", &[&each, &axes], &keep);
    let upright = graph.node("Gather", &[&logits, &first], &[("axis", Attribute::Int(0))]);
    let logits = graph.of_two("Squeeze", &upright, &axes);
    Scores { logits: Some(logits), probabilities }
}

/// The planes of all patches in each of `symmetries`, one symmetry after the other.
///
/// # Shapes
/// - `upright`: `[batch, plane, row, column]`
/// - output: `[way · batch, plane, row, column]`
fn turn(
    graph: &mut Graph,
    upright: &Value,
    input: &PatchDefinition,
    symmetries: &Symmetries,
) -> Value {
    let [_, others @ ..] = symmetries.all() else { return upright.clone() };
    if others.is_empty() {
        return upright.clone();
    }
    let planes = whole(InputPlanes::count(input));
    let (height, width) = (whole(input.shape.height), whole(input.shape.width));
    let flat = graph.ints("flat_shape", &[-1, planes, height * width]);
    let square = graph.ints("square_shape", &[-1, planes, height, width]);
    let pixels = graph.of_two("Reshape", upright, &flat);
    let mut ways = vec![upright.clone()];
    for (way, table) in others.iter().enumerate() {
        let places: Vec<i64> = table.iter().map(|&place| whole(place)).collect();
        let places = graph.ints(&format!("way_{way}"), &places);
        let turned = graph.node("Gather", &[&pixels, &places], &[("axis", Attribute::Int(2))]);
        ways.push(graph.of_two("Reshape", &turned, &square));
    }
    graph.concat(&ways.iter().collect::<Vec<_>>(), 0)
}

impl NetworkGraph<'_> {
    /// What `operator` makes of `inputs`.
    pub(crate) fn node(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
    ) -> Value {
        self.graph.node(operator, inputs, attributes)
    }

    /// The rectifier.
    pub(crate) fn relu(&mut self, value: &Value) -> Value {
        self.node("Relu", &[value], &[])
    }

    /// One row a patch: `[batch, number]`.
    pub(crate) fn flatten(&mut self, value: &Value) -> Value {
        self.node("Flatten", &[value], &[("axis", Attribute::Int(1))])
    }

    /// The tensor of this name.
    fn tensor(&mut self, layer: &str, part: &str) -> Value {
        let name = format!("{layer}.{part}");
        let mut tensors = self.weights.specs().iter().zip(self.weights.values());
        let (spec, values) = tensors
            .find(|(spec, _)| spec.name == name)
            .expect("a network asks for its own tensors");
        self.graph.floats(&name, &spec.shape, values)
    }
}

impl Convolution {
    /// As [`Self::forward`].
    pub(crate) fn write_onnx(&self, graph: &mut NetworkGraph<'_>, planes: &Value) -> Value {
        let weight = graph.tensor(&self.name, "weight");
        let bias = self.bias.then(|| graph.tensor(&self.name, "bias"));
        let inputs: Vec<&Value> = [planes, &weight].into_iter().chain(&bias).collect();
        let attributes = [
            ("kernel_shape", Attribute::Ints(vec![whole(self.kernel); 2])),
            ("strides", Attribute::Ints(vec![whole(self.stride); 2])),
            ("pads", Attribute::Ints(vec![whole(self.padding); 4])),
        ];
        graph.node("Conv", &inputs, &attributes)
    }
}

impl BatchNorm {
    /// As [`Self::forward`] of a pass that predicts.
    pub(crate) fn write_onnx(&self, graph: &mut NetworkGraph<'_>, numbers: &Value) -> Value {
        let parts = ["weight", "bias", "running_mean", "running_var"];
        let [scale, shift, mean, variance] = parts.map(|part| graph.tensor(&self.name, part));
        let epsilon = [("epsilon", Attribute::Float(to_single(NORM_EPSILON)))];
        graph.node("BatchNormalization", &[numbers, &scale, &shift, &mean, &variance], &epsilon)
    }
}

impl Dense {
    /// As [`Self::forward`].
    pub(crate) fn write_onnx(&self, graph: &mut NetworkGraph<'_>, numbers: &Value) -> Value {
        let (weight, bias) = (graph.tensor(&self.name, "weight"), graph.tensor(&self.name, "bias"));
        graph.node("Gemm", &[numbers, &weight, &bias], &[("transB", Attribute::Int(1))])
    }
}

fn whole(size: usize) -> i64 {
    i64::try_from(size).expect("sizes are small")
}
