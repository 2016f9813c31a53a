//! A model under construction: what goes in, what the classifier computes, what comes out.

use std::collections::BTreeMap;

use tesela_datasets::class::ClassMap;
use tesela_datasets::patch::PatchDefinition;

use super::OnnxError;
use super::attribute::Attribute;
use super::channels::Channels;
use super::graph::{CLASSICAL, Element, Graph, Value};
use super::operation::operate;
use super::wire::Message;
use crate::classifier::Classifier;
use crate::operating_point::OperatingPoint;

/// `ModelProto.ir_version` of ONNX 1.13, which brought version 18 of the operators.
const IR_VERSION: i64 = 8;
/// Version of the operators.
pub const OPSET: i64 = 18;
/// Version of the operators of `ai.onnx.ml`, which came with classical models.
pub const CLASSICAL_OPSET: i64 = 3;
/// The largest file that readers of protocol buffers take.
const MOST_BYTES: usize = i32::MAX as usize;

/// A model under construction, to which a [`Classifier`](crate::Classifier) adds what it computes.
#[derive(Debug, Clone, Default)]
pub struct OnnxModel {
    graph: Graph,
    channels: Option<Channels>,
    features: Option<Value>,
    /// `[batch, 1]`, whether anything is known of a cell.
    known: Option<Value>,
}

/// What a classifier says of cells.
#[derive(Debug, Clone)]
pub struct Scores {
    /// `[batch, class]`; of a network alone.
    pub(crate) logits: Option<Value>,
    /// `[batch, class]`, each row summing to one.
    pub(crate) probabilities: Value,
}

/// What is said of a model beside its numbers.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// The classes, in the order of the columns.
    pub classes: &'a ClassMap,
    /// What turns raw probabilities into those of the place of use.
    pub operating_point: Option<&'a OperatingPoint>,
    /// Further facts, by name; values are texts or JSON.
    pub facts: &'a BTreeMap<String, String>,
}

impl OnnxModel {
    /// The graph.
    pub(crate) fn graph(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// The channels of patches as `input` says; all that ask for them get the same.
    pub(crate) fn channels(&mut self, input: &PatchDefinition) -> Channels {
        if let Some(channels) = &self.channels {
            return channels.clone();
        }
        let (shape, graph) = (input.shape, &mut self.graph);
        let element = Element::of_samples(input.sample_type);
        let stored = graph.input("bands", element, &[shape.bands, shape.height, shape.width]);
        let used = graph.input("used", Element::Bool, &[shape.height, shape.width]);
        let channels = graph.at_top(|graph| {
            let number = graph.cast(&used, Element::Float);
            let axes = graph.ints("known_axes", &[1, 2]);
            let most = graph.node("ReduceMax", &[&number, &axes], &[("keepdims", 0_usize.into())]);
            let half = graph.number("known_half", 0.5);
            let known = graph.of_two("Greater", &most, &half); // [batch]
            let axis = graph.ints("known_axis", &[1]);
            self.known = Some(graph.of_two("Unsqueeze", &known, &axis));
            Channels::new(graph, input, &stored, &used)
        });
        self.channels.insert(channels).clone()
    }

    /// Rows of numbers, `[batch, column]`; all that ask for them get the same.
    pub(crate) fn features(&mut self, columns: usize) -> Value {
        if let Some(features) = &self.features {
            return features.clone();
        }
        let graph = &mut self.graph;
        let features = graph.input("features", Element::Float, &[columns]);
        self.known = Some(graph.at_top(|graph| {
            let missing = graph.of_one("IsNaN", &features);
            let missing = graph.cast(&missing, Element::Float);
            let axes = graph.ints("known_axes", &[1]);
            let all = graph.node("ReduceMin", &[&missing, &axes], &[]);
            let half = graph.number("known_half", 0.5);
            graph.of_two("Less", &all, &half)
        }));
        self.features.insert(features).clone()
    }

    /// What `members` add, one after the other under names of their own, and the mean of it.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub(crate) fn mean<'a>(
        &mut self,
        members: impl ExactSizeIterator<Item = (&'a str, &'a dyn Classifier)>,
    ) -> Result<Scores, OnnxError> {
        let mut all = Vec::with_capacity(members.len());
        for (name, member) in members {
            self.graph.enter(&format!("{name}/"));
            all.push(member.write_onnx(self)?.probabilities);
        }
        self.graph.enter("");
        let probabilities = self.graph.node("Mean", &all.iter().collect::<Vec<_>>(), &[]);
        Ok(Scores { logits: None, probabilities })
    }

    /// The model as a file. Its outputs are `label`, `probabilities`, of a single network `logits`, and with an operating point
    /// `calibrated` and `decided`.
    ///
    /// # Errors
    /// If it is larger than the format allows.
    pub fn finish(mut self, scores: &Scores, naming: Naming<'_>) -> Result<Vec<u8>, OnnxError> {
        let classes = naming.classes.len();
        let known = self.known.take().ok_or(OnnxError::NoInput)?;
        let outputs = Outputs { graph: &mut self.graph, known, classes: naming.classes };
        outputs.write(scores, naming.operating_point, classes);
        let bytes = self.graph.len();
        if bytes > MOST_BYTES {
            return Err(OnnxError::TooLarge { bytes, limit: MOST_BYTES });
        }
        let mut model = Message::default();
        model.int(1, IR_VERSION).text(2, "tesela").text(3, env!("CARGO_PKG_VERSION"));
        model.message(7, &self.graph.message("tesela"));
        for (domain, version) in [("", OPSET), (CLASSICAL, CLASSICAL_OPSET)] {
            let mut opset = Message::default();
            opset.text(1, domain).int(2, version);
            model.message(8, &opset);
        }
        for (name, value) in naming.facts {
            let mut fact = Message::default();
            fact.text(1, name).text(2, value);
            model.message(14, &fact);
        }
        Ok(model.into_bytes())
    }
}

/// Writes the outputs of a model.
struct Outputs<'a> {
    graph: &'a mut Graph,
    /// `[batch, 1]`
    known: Value,
    classes: &'a ClassMap,
}

impl Outputs<'_> {
    fn write(mut self, scores: &Scores, point: Option<&OperatingPoint>, classes: usize) {
        let attributes = [("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(0))];
        let best = self.graph.node("ArgMax", &[&scores.probabilities], &attributes);
        self.class("label", &best);
        self.numbers("probabilities", &scores.probabilities, classes);
        if let Some(logits) = &scores.logits {
            self.graph.output("logits", logits, Element::Float, &[classes]);
        }
        if let Some(point) = point {
            let operated = operate(self.graph, point, &scores.probabilities);
            self.numbers("calibrated", &operated.probabilities, classes);
            self.class("decided", &operated.class);
        }
    }

    /// Probabilities, `NaN` for cells of which nothing is known.
    fn numbers(&mut self, name: &str, value: &Value, classes: usize) {
        let nothing = self.graph.number(&format!("{name}_nothing"), f32::NAN);
        let value = self.graph.node("Where", &[&self.known, value, &nothing], &[]);
        self.graph.output(name, &value, Element::Float, &[classes]);
    }

    /// The names of classes, empty for cells of which nothing is known.
    fn class(&mut self, name: &str, class: &Value) {
        let names = self.graph.texts(&format!("{name}_names"), self.classes.names());
        let nothing = self.graph.texts(&format!("{name}_nothing"), &[""]);
        let axis = self.graph.ints(&format!("{name}_axis"), &[1]);
        let known = self.graph.of_two("Squeeze", &self.known, &axis);
        let named = self.graph.of_two("Gather", &names, class);
        let value = self.graph.node("Where", &[&known, &named, &nothing], &[]);
        self.graph.output(name, &value, Element::Text, &[]);
    }
}

impl Graph {
    /// Lets names begin with nothing in `write`.
    fn at_top<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let scope = self.leave();
        let result = write(self);
        self.enter(&scope);
        result
    }
}
