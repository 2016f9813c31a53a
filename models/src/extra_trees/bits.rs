//! Numbers of a few bits each, one after the other in bytes.

/// How many bits the numbers below `count` take; none where there is only one.
pub(crate) fn width(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

/// How many bytes `count` numbers of `width` bits take; `None` where that is beyond counting.
pub(crate) fn bytes(count: usize, width: u32) -> Option<usize> {
    Some(count.checked_mul(width as usize)?.div_ceil(8))
}

/// Appends numbers to bytes.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    pending: u64,
    held: u32,
}

impl BitWriter {
    /// Appends the lowest `width` bits of `value`, at most 32.
    pub(crate) fn write(&mut self, value: u32, width: u32, into: &mut Vec<u8>) {
        self.pending |= u64::from(value) << self.held;
        self.held += width;
        while self.held >= 8 {
            into.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.held -= 8;
        }
    }

    /// Fills the last byte with zeros.
    pub(crate) fn finish(self, into: &mut Vec<u8>) {
        if self.held > 0 {
            into.push(self.pending.to_le_bytes()[0]);
        }
    }
}

/// Takes numbers from bytes; beyond their end there are zeros.
#[derive(Debug)]
pub(crate) struct BitReader<'a> {
    bytes: std::slice::Iter<'a, u8>,
    pending: u64,
    held: u32,
}

impl<'a> BitReader<'a> {
    /// Reads `bytes` from the first.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter(), pending: 0, held: 0 }
    }

    /// The next `width` bits, at most 32.
    pub(crate) fn read(&mut self, width: u32) -> u32 {
        while self.held < width {
            self.pending |= u64::from(self.bytes.next().copied().unwrap_or(0)) << self.held;
            self.held += 8;
        }
        let value = self.pending & ((1 << width) - 1);
        self.pending >>= width;
        self.held -= width;
        u32::try_from(value).expect("at most 32 bits are read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(width in 0_u32..33, values in prop::collection::vec(any::<u32>(), 0..50)) {
            let values: Vec<u32> =
                values.iter().map(|&value| if width == 0 { 0 } else { value >> (32 - width) }).collect();
            let (mut writer, mut into) = (BitWriter::default(), Vec::new());
            for &value in &values {
                writer.write(value, width, &mut into);
            }
            writer.finish(&mut into);
            prop_assert_eq!(Some(into.len()), bytes(values.len(), width));
            let mut reader = BitReader::new(&into);
            prop_assert!(values.iter().all(|&value| reader.read(width) == value));
        }
    }

    #[test]
    fn widths_hold_the_largest_number() {
        for (count, expected) in [(1, 0), (2, 1), (3, 2), (4, 2), (486, 9), (513, 10)] {
            assert_eq!(width(count), expected);
        }
    }
}
