//! A graph under construction: nodes, constants, inputs and outputs.

use super::attribute::Attribute;
use super::wire::Message;

/// The domain of operators that came with classical models.
pub(crate) const CLASSICAL: &str = "ai.onnx.ml";
/// The name of the first dimension of all inputs and outputs, which may be anything.
const BATCH: &str = "batch";

/// Something that is computed, given or constant: its name in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value(String);

/// Types of numbers, as `TensorProto.DataType` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Float = 1,
    UInt8 = 2,
    UInt16 = 4,
    Int16 = 5,
    Int64 = 7,
    Text = 8,
    Bool = 9,
    Double = 11,
}

/// A graph under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    /// What names of values begin with: the member of an ensemble that is being drawn.
    scope: String,
    count: usize,
}

impl Element {
    /// As attributes and tensors name it.
    fn code(self) -> i64 {
        self as i64
    }
}

impl Graph {
    /// Lets names begin with `scope` from now on.
    pub(crate) fn enter(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    /// Lets names begin with nothing; gives what they began with.
    pub(super) fn leave(&mut self) -> String {
        std::mem::take(&mut self.scope)
    }

    /// A given tensor, whose first dimension is the batch.
    pub(crate) fn input(&mut self, name: &str, element: Element, rest: &[usize]) -> Value {
        self.inputs.push(value_info(name, element, rest));
        Value(name.to_owned())
    }

    /// Makes `value` an output of this name, whose first dimension is the batch.
    pub(crate) fn output(&mut self, name: &str, value: &Value, element: Element, rest: &[usize]) {
        self.add("", "Identity", &[value], &[], &[name]);
        self.outputs.push(value_info(name, element, rest));
    }

    /// A constant tensor of single-precision numbers.
    pub(crate) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, Element::Float, shape, |tensor| {
            tensor.bytes(9, &raw);
        })
    }

    /// A constant tensor of double-precision numbers.
    pub(crate) fn doubles(&mut self, name: &str, shape: &[usize], values: &[f64]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, Element::Double, shape, |tensor| {
            tensor.bytes(9, &raw);
        })
    }

    /// A constant list of whole numbers.
    pub(crate) fn ints(&mut self, name: &str, values: &[i64]) -> Value {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, Element::Int64, &[values.len()], |tensor| {
            tensor.bytes(9, &raw);
        })
    }

    /// A constant list of texts.
    pub(crate) fn texts(&mut self, name: &str, values: &[impl AsRef<str>]) -> Value {
        self.constant(name, Element::Text, &[values.len()], |tensor| {
            for value in values {
                tensor.text(6, value.as_ref());
            }
        })
    }

    /// A single-precision number.
    pub(crate) fn number(&mut self, name: &str, value: f32) -> Value {
        self.floats(name, &[], &[value])
    }

    /// What `operator` makes of `inputs`.
    pub(crate) fn node(
        &mut self,
        operator: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
    ) -> Value {
        let [value] = self.nodes("", operator, inputs, attributes);
        value
    }

    /// As [`Self::node`], for an operator of `domain` that makes several values.
    pub(crate) fn nodes<const N: usize>(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
    ) -> [Value; N] {
        let names = self.several(domain, operator, inputs, attributes, N);
        names.try_into().expect("so many were asked for")
    }

    /// As [`Self::nodes`], for a number of values that is known later.
    pub(crate) fn several(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
        outputs: usize,
    ) -> Vec<Value> {
        let lower = operator.to_lowercase();
        let values: Vec<Value> = (0..outputs).map(|_| self.fresh(&lower)).collect();
        let names: Vec<&str> = values.iter().map(|value| value.0.as_str()).collect();
        self.add(domain, operator, inputs, attributes, &names);
        values
    }

    /// What `operator` makes of two values.
    pub(crate) fn of_two(&mut self, operator: &str, left: &Value, right: &Value) -> Value {
        self.node(operator, &[left, right], &[])
    }

    /// What `operator` makes of one value.
    pub(crate) fn of_one(&mut self, operator: &str, value: &Value) -> Value {
        self.node(operator, &[value], &[])
    }

    /// `value` as numbers of another type.
    pub(crate) fn cast(&mut self, value: &Value, to: Element) -> Value {
        self.node("Cast", &[value], &[("to", Attribute::Int(to.code()))])
    }

    /// `values` side by side along a dimension.
    pub(crate) fn concat(&mut self, values: &[&Value], axis: i64) -> Value {
        if let [only] = values {
            return (*only).clone();
        }
        self.node("Concat", values, &[("axis", Attribute::Int(axis))])
    }

    /// The sizes of the messages, about what the file takes.
    pub(super) fn len(&self) -> usize {
        self.nodes.iter().chain(&self.constants).map(|message| message.len() + 16).sum()
    }

    /// The `GraphProto` of this name.
    pub(super) fn message(&self, name: &str) -> Message {
        let mut graph = Message::default();
        for node in &self.nodes {
            graph.message(1, node);
        }
        graph.text(2, name);
        for (field, messages) in [(5, &self.constants), (11, &self.inputs), (12, &self.outputs)] {
            for message in messages {
                graph.message(field, message);
            }
        }
        graph
    }

    fn fresh(&mut self, word: &str) -> Value {
        self.count += 1;
        Value(format!("{}{word}_{}", self.scope, self.count))
    }

    fn constant(
        &mut self,
        name: &str,
        element: Element,
        shape: &[usize],
        fill: impl FnOnce(&mut Message),
    ) -> Value {
        let value = Value(format!("{}{name}", self.scope));
        let mut tensor = Message::default();
        for &size in shape {
            tensor.int(1, i64::try_from(size).expect("sizes are small"));
        }
        tensor.int(2, element.code());
        fill(&mut tensor);
        tensor.text(8, &value.0);
        self.constants.push(tensor);
        value
    }

    fn add(
        &mut self,
        domain: &str,
        operator: &str,
        inputs: &[&Value],
        attributes: &[(&str, Attribute)],
        outputs: &[&str],
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, &input.0);
        }
        for output in outputs {
            node.text(2, output);
        }
        node.text(3, &format!("make_{}", outputs[0])).text(4, operator);
        for (name, attribute) in attributes {
            node.message(5, &attribute.message(name));
        }
        if !domain.is_empty() {
            node.text(7, domain);
        }
        self.nodes.push(node);
    }
}

/// The `ValueInfoProto` of a tensor whose first dimension is the batch.
fn value_info(name: &str, element: Element, rest: &[usize]) -> Message {
    let mut shape = Message::default();
    let mut batch = Message::default();
    batch.text(2, BATCH);
    shape.message(1, &batch);
    for &size in rest {
        let mut dimension = Message::default();
        dimension.int(1, i64::try_from(size).expect("sizes are small"));
        shape.message(1, &dimension);
    }
    let (mut tensor, mut kind, mut info) =
        (Message::default(), Message::default(), Message::default());
    tensor.int(1, element.code()).message(2, &shape);
    kind.message(1, &tensor);
    info.text(1, name).message(2, &kind);
    info
}
