//! Attributes of nodes.

use super::wire::Message;

/// What a node is told beside its inputs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    /// A whole number.
    Int(i64),
    /// A single-precision number.
    Float(f32),
    /// A text.
    Text(&'static str),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Single-precision numbers.
    Floats(Vec<f32>),
    /// Texts.
    Texts(Vec<String>),
}

impl Attribute {
    /// The `AttributeProto` of this name.
    pub(super) fn message(&self, name: &str) -> Message {
        let mut message = Message::default();
        message.text(1, name);
        // Field of the value, and its kind (`AttributeProto.AttributeType`).
        let kind = match self {
            Self::Float(value) => {
                message.float(2, *value);
                1
            }
            Self::Int(value) => {
                message.int(3, *value);
                2
            }
            Self::Text(value) => {
                message.text(4, value);
                3
            }
            Self::Floats(values) => {
                message.floats(7, values);
                6
            }
            Self::Ints(values) => {
                message.ints(8, values);
                7
            }
            Self::Texts(values) => {
                for value in values {
                    message.text(9, value);
                }
                8
            }
        };
        message.int(20, kind);
        message
    }
}

impl From<usize> for Attribute {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).expect("sizes are small"))
    }
}
