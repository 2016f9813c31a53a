//! Protocol buffers, as far as ONNX needs them: the wire format of numbers, texts and messages within messages.
//!
//! See <https://protobuf.dev/programming-guides/encoding/>. Messages are only written, so there is no schema; fields are
//! those of `onnx.proto3`.

/// A number that stands alone: a varint.
const VARINT: u64 = 0;
/// Bytes after their length: texts, messages, packed numbers.
const LENGTH: u64 = 2;
/// Four bytes.
const FIXED: u64 = 5;

/// A message that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// The message as bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How long it is so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a whole number; negative ones take ten bytes.
    pub(super) fn int(&mut self, field: u64, value: i64) -> &mut Self {
        self.key(field, VARINT);
        varint(value.cast_unsigned(), &mut self.bytes);
        self
    }

    /// Adds a single-precision number.
    pub(super) fn float(&mut self, field: u64, value: f32) -> &mut Self {
        self.key(field, FIXED);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// Adds a text.
    pub(super) fn text(&mut self, field: u64, text: &str) -> &mut Self {
        self.bytes(field, text.as_bytes())
    }

    /// Adds bytes.
    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.key(field, LENGTH);
        varint(bytes.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Adds a message.
    pub(super) fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.bytes)
    }

    /// Adds whole numbers, packed.
    pub(super) fn ints(&mut self, field: u64, values: &[i64]) -> &mut Self {
        let mut packed = Vec::with_capacity(values.len());
        for &value in values {
            varint(value.cast_unsigned(), &mut packed);
        }
        self.bytes(field, &packed)
    }

    /// Adds single-precision numbers, packed.
    pub(super) fn floats(&mut self, field: u64, values: &[f32]) -> &mut Self {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &packed)
    }

    fn key(&mut self, field: u64, kind: u64) {
        varint(field << 3 | kind, &mut self.bytes);
    }
}

/// Seven bits a byte, lowest first, the highest bit set in all bytes but the last.
fn varint(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    into.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_come_out() {
        let mut message = Message::default();
        message.int(1, 150);
        assert_eq!(message.clone().into_bytes(), [0x08, 0x96, 0x01]);
        let mut around = Message::default();
        around.message(3, &message);
        assert_eq!(around.into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let mut text = Message::default();
        text.text(2, "testing");
        assert_eq!(text.into_bytes(), *b"\x12\x07testing");
        let mut packed = Message::default();
        packed.ints(6, &[3, 270, 86942]);
        assert_eq!(packed.into_bytes(), [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]);
    }

    #[test]
    fn negative_numbers_and_fractions_have_their_width() {
        let mut message = Message::default();
        message.int(1, -2);
        let ten = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(message.into_bytes(), ten);
        let mut message = Message::default();
        message.float(2, 1.0).floats(7, &[-0.5]);
        assert_eq!(message.len(), 11);
        let expected = [0x15, 0, 0, 0x80, 0x3f, 0x3a, 4, 0, 0, 0, 0xbf];
        assert_eq!(message.into_bytes(), expected);
    }
}
