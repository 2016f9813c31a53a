//! The file `forest.bin`, as specified in `models/README.md`.
//!
//! A tree is written from the root, left subtree first: one bit a node for its kind, the columns and the
//! leaves in as many bits as they need, the thresholds as they are. Reading treats every byte as
//! untrusted: no more is allocated than a small multiple of the file's own size, and nothing panics.

use sha2::{Digest, Sha256};

use super::bits::{self, BitReader, BitWriter};
use super::forest::Forest;
use super::group::Group;
use super::parameters::MAX_TREES;
use super::tree::{Layout, MOST_COLUMNS, Node, Tree};

/// The version that this build writes and reads.
pub const FORMAT_VERSION: u32 = 2;
const MAGIC: &[u8; 8] = b"TESFORST";
const DIGEST_BYTES: usize = 32;

/// Why bytes are not a forest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The first bytes are others.
    #[error("the file does not begin as a forest does")]
    Foreign,
    /// The file is of another version.
    #[error("the forest has format {found}; this build reads {expected}")]
    Version {
        /// The version that it names.
        found: u32,
        /// The version that this build reads.
        expected: u32,
    },
    /// The checksum at the end is not that of the bytes before it.
    #[error("the checksum does not match: the file is truncated or altered")]
    Checksum,
    /// The bytes cannot be read where they lie.
    #[error("{0}")]
    Place(&'static str),
    /// The content contradicts itself.
    #[error("{0}")]
    Content(&'static str),
}

impl Forest {
    /// The forest as bytes; the same forest gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let classes = self.classes();
        for count in [self.columns(), classes, self.trees()] {
            bytes.extend(u32::try_from(count).expect("a forest counts in u32").to_le_bytes());
        }
        let version = FORMAT_VERSION.to_le_bytes();
        bytes.splice(MAGIC.len()..MAGIC.len(), version);
        for weight in self.class_weights() {
            bytes.extend(weight.to_le_bytes());
        }
        for group in self.groups() {
            for tree in 0..group.trees() {
                TreeWriter { forest: self, group, tree }.write(&mut bytes);
            }
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        bytes
    }

    /// The forest that `bytes` hold.
    ///
    /// # Errors
    /// If they are not what [`Self::to_bytes`] gives.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        if !bytes.starts_with(MAGIC) {
            return Err(FormatError::Foreign);
        }
        let mut reader = Reader { bytes: &bytes[MAGIC.len()..] };
        let version = reader.number()?;
        if version != FORMAT_VERSION {
            return Err(FormatError::Version { found: version, expected: FORMAT_VERSION });
        }
        let (content, digest) =
            bytes.split_last_chunk::<DIGEST_BYTES>().ok_or(FormatError::Checksum)?;
        if *digest != *Sha256::digest(content) {
            return Err(FormatError::Checksum);
        }
        let start = MAGIC.len() + size_of::<u32>();
        let rest = content.get(start..).ok_or(FormatError::Checksum)?;
        Reader { bytes: rest }.forest()
    }
}

/// Writes one tree.
struct TreeWriter<'a> {
    forest: &'a Forest,
    group: &'a Group,
    /// Its number in the group.
    tree: usize,
}

impl TreeWriter<'_> {
    fn write(&self, into: &mut Vec<u8>) {
        let (layout, classes) = (self.forest.layout(), self.forest.classes());
        let (order, counts) = (self.order(), self.group.mixed(self.tree));
        let mixed = counts.len() / classes;
        for count in [order.len() / 2, mixed] {
            into.extend(u32::try_from(count).expect("a tree counts in u32").to_le_bytes());
        }
        pack(order.iter().map(|node| u32::from(node.leaf_code().is_none())), 1, into);
        let splits = || order.iter().filter(|node| node.leaf_code().is_none());
        let column_of =
            |node: &Node| u32::try_from(layout.column(*node)).expect("columns are numbered by u32");
        pack(splits().map(column_of), bits::width(self.forest.columns()), into);
        for node in splits() {
            into.extend(node.threshold().to_le_bytes());
        }
        pack(splits().map(|node| u32::from(layout.missing_left(*node))), 1, into);
        // All leaves of more than one class share a code: their counts follow in the same order.
        let most = u32::try_from(classes).expect("classes are numbered by u16");
        let codes = order.iter().filter_map(|node| node.leaf_code()).map(|code| code.min(most));
        pack(codes, leaf_width(classes, mixed), into);
        for &count in counts {
            write_varint(count, into);
        }
    }

    /// The nodes from the root, left subtree first.
    fn order(&self) -> Vec<Node> {
        let mut order = Vec::new();
        let mut waiting = vec![self.group.root(self.tree)];
        while let Some(slot) = waiting.pop() {
            let node = self.group.node(slot);
            order.push(node);
            if node.leaf_code().is_none() {
                let child = self.forest.layout().child(node);
                waiting.extend([child + 1, child]);
            }
        }
        order
    }
}

fn leaf_width(classes: usize, mixed: usize) -> u32 {
    bits::width(classes + usize::from(mixed > 0))
}

fn pack(values: impl Iterator<Item = u32>, width: u32, into: &mut Vec<u8>) {
    let mut writer = BitWriter::default();
    for value in values {
        writer.write(value, width, into);
    }
    writer.finish(into);
}

fn write_varint(mut value: u32, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    into.push(value.to_le_bytes()[0]);
}

/// Takes numbers from bytes that may end at any place.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: Option<usize>) -> Result<&'a [u8], FormatError> {
        let (taken, rest) = count
            .and_then(|count| self.bytes.split_at_checked(count))
            .ok_or(FormatError::Content("the file announces more than it holds"))?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u32, FormatError> {
        let taken = self.take(Some(4))?;
        Ok(u32::from_le_bytes(taken.try_into().expect("four bytes were taken")))
    }

    pub(super) fn count(&mut self) -> Result<usize, FormatError> {
        usize::try_from(self.number()?).map_err(|_| FormatError::Content("a count is too large"))
    }

    fn varint(&mut self) -> Result<u32, FormatError> {
        let mut value = 0_u64;
        for place in 0..5 {
            let byte = self.take(Some(1))?[0];
            value |= u64::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return u32::try_from(value)
                    .map_err(|_| FormatError::Content("a count is too large"));
            }
        }
        Err(FormatError::Content("a count does not end"))
    }

    fn forest(mut self) -> Result<Forest, FormatError> {
        let (columns, classes, trees) = (self.count()?, self.count()?, self.count()?);
        if columns == 0 || columns > MOST_COLUMNS || trees == 0 || trees as u64 > MAX_TREES {
            return Err(FormatError::Content("the forest has no columns, no trees, or too many"));
        }
        if classes == 0 || classes > usize::from(u16::MAX) {
            return Err(FormatError::Content("the forest has no classes, or too many"));
        }
        let weights: Vec<f64> = self
            .take(classes.checked_mul(8))?
            .as_chunks::<8>()
            .0
            .iter()
            .map(|&word| f64::from_le_bytes(word))
            .collect();
        if !weights.iter().all(|weight| (0.0..=1e12).contains(weight)) {
            return Err(FormatError::Content("a class weight is out of range"));
        }
        let layout = Layout::new(columns);
        let trees: Result<Vec<Tree>, FormatError> =
            (0..trees).map(|_| self.tree(layout, columns, &weights)).collect();
        if !self.bytes.is_empty() {
            return Err(FormatError::Content("bytes are left behind the last tree"));
        }
        Ok(Forest::new(columns, weights, &trees?))
    }

    fn tree(
        &mut self,
        layout: Layout,
        columns: usize,
        weights: &[f64],
    ) -> Result<Tree, FormatError> {
        let classes = weights.len();
        let (splits, mixed) = (self.count()?, self.count()?);
        let nodes = splits.checked_mul(2).and_then(|nodes| nodes.checked_add(1));
        let nodes = nodes.filter(|&nodes| nodes <= layout.capacity() && mixed <= splits + 1);
        let nodes = nodes.ok_or(FormatError::Content("a tree has too many nodes"))?;
        let width = bits::width(columns);
        let mut parts = Parts {
            kinds: BitReader::new(self.take(bits::bytes(nodes, 1))?),
            columns: BitReader::new(self.take(bits::bytes(splits, width))?),
            thresholds: self.take(splits.checked_mul(4))?.as_chunks::<4>().0.iter(),
            missing_left: BitReader::new(self.take(bits::bytes(splits, 1))?),
            leaves: BitReader::new(self.take(bits::bytes(splits + 1, leaf_width(classes, mixed)))?),
            widths: [width, leaf_width(classes, mixed)],
        };
        let nodes = parts.nodes(nodes, layout, columns, [classes, mixed])?;
        // Each count takes a byte at least, so their number is bounded by what is there.
        let counts = mixed.checked_mul(classes).filter(|&counts| counts <= self.bytes.len());
        let counts = counts.ok_or(FormatError::Content("the file announces more than it holds"))?;
        let mixed: Vec<u32> = (0..counts).map(|_| self.varint()).collect::<Result<_, _>>()?;
        for leaf in mixed.chunks_exact(classes) {
            let weigh = |(&count, weight): (&u32, &f64)| f64::from(count) * weight;
            if leaf.iter().zip(weights).map(weigh).sum::<f64>() <= 0.0 {
                return Err(FormatError::Content("a leaf holds no rows"));
            }
        }
        Ok(Tree { nodes, mixed })
    }
}

/// The parts of one tree, each read from its first number.
struct Parts<'a> {
    kinds: BitReader<'a>,
    columns: BitReader<'a>,
    thresholds: std::slice::Iter<'a, [u8; 4]>,
    missing_left: BitReader<'a>,
    leaves: BitReader<'a>,
    /// Bits of a column and of a leaf.
    widths: [u32; 2],
}

impl Parts<'_> {
    fn nodes(
        &mut self,
        count: usize,
        layout: Layout,
        columns: usize,
        [classes, mixed]: [usize; 2],
    ) -> Result<Vec<Node>, FormatError> {
        let mut nodes = Vec::with_capacity(count);
        nodes.push(layout.leaf(0, 0));
        let mut waiting = vec![0];
        let mut found = 0;
        while let Some(slot) = waiting.pop() {
            nodes[slot as usize] = if self.kinds.read(1) == 1 {
                let child = u32::try_from(nodes.len()).expect("the capacity is below 2³²");
                let node = self.split(layout, columns, child)?;
                nodes.extend([node; 2]);
                waiting.extend([child + 1, child]);
                node
            } else {
                let mut code = self.leaves.read(self.widths[1]);
                if code as usize >= classes {
                    // The widest code stands for "the next leaf of more than one class".
                    code = u32::try_from(classes + found).expect("there are less than the nodes");
                    found += 1;
                }
                layout.leaf(slot, code)
            };
        }
        if nodes.len() != count || found != mixed {
            return Err(FormatError::Content("the nodes of a tree are not as many as announced"));
        }
        Ok(nodes)
    }

    fn split(&mut self, layout: Layout, columns: usize, child: u32) -> Result<Node, FormatError> {
        let column = self.columns.read(self.widths[0]);
        // A tree whose kinds announce more splits than were counted ends here.
        let threshold = self.thresholds.next().map(|&word| f32::from_le_bytes(word));
        match threshold {
            Some(threshold) if threshold.is_finite() && (column as usize) < columns => {
                let missing_left = self.missing_left.read(1) == 1;
                Ok(layout.split(column, threshold, missing_left, child))
            }
            _ => Err(FormatError::Content("a split has no such column or threshold")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::class_weight::ClassWeight;
    use super::super::fit::tests::{grow, table};
    use super::super::parameters::Parameters;
    use super::*;
    use proptest::prelude::*;

    fn forest(seed: u64, classes: u16, leaf: usize) -> Forest {
        let parameters = Parameters {
            n_trees: 3,
            min_samples_leaf: leaf,
            class_weight: ClassWeight::Balanced,
            ..Parameters::default()
        };
        grow(&table(120, 9, classes, seed), &parameters, 1)
    }

    /// As [`Forest::from_bytes`], with a checksum that matches: what an attacker would send.
    fn read_resealed(mut bytes: Vec<u8>) -> Result<Forest, FormatError> {
        let end = bytes.len().saturating_sub(DIGEST_BYTES);
        bytes.truncate(end);
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        Forest::from_bytes(&bytes)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_forest_comes_back_bit_for_bit(seed in any::<u64>(), classes in 2_u16..9, leaf in 1_usize..9) {
            let forest = forest(seed, classes, leaf);
            let bytes = forest.to_bytes();
            let back = Forest::from_bytes(&bytes).unwrap();
            prop_assert!(back == forest);
            prop_assert_eq!(back.to_bytes(), bytes);
        }

        #[test]
        fn altered_bytes_are_refused(place in any::<prop::sample::Index>(), flip in 1_u8..) {
            let mut bytes = forest(1, 3, 5).to_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            prop_assert!(Forest::from_bytes(&bytes).is_err());
        }

        #[test]
        fn altered_bytes_with_a_right_checksum_do_no_harm(
            place in any::<prop::sample::Index>(), flip in 1_u8.., leaf in 1_usize..9,
        ) {
            let mut bytes = forest(2, 3, leaf).to_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            if let Ok(forest) = read_resealed(bytes) {
                let numbers = vec![0.5; forest.columns().min(1000) * 3];
                let matrix = super::super::Matrix::new(&numbers, forest.columns().min(1000)).unwrap();
                if let Ok(probabilities) = forest.predict(matrix) {
                    prop_assert!(probabilities.iter().all(|value| (0.0..=1.0).contains(value)));
                }
            }
        }

        #[test]
        fn truncated_bytes_are_refused(place in any::<prop::sample::Index>()) {
            let bytes = forest(3, 4, 3).to_bytes();
            let bytes = &bytes[..place.index(bytes.len())];
            prop_assert!(Forest::from_bytes(bytes).is_err());
            prop_assert!(read_resealed(bytes.to_vec()).is_err());
        }

        #[test]
        fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(FORMAT_VERSION.to_le_bytes());
            bytes.extend(&noise);
            prop_assert!(Forest::from_bytes(&noise).is_err());
            // A forest of one leaf needs exactly its announced bytes; noise does not hit that.
            prop_assert!(read_resealed(bytes).is_err());
        }
    }

    #[test]
    fn another_version_is_refused_with_both_named() {
        let mut bytes = forest(4, 2, 1).to_bytes();
        bytes[MAGIC.len()] = 9;
        let error = Forest::from_bytes(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "the forest has format 9; this build reads 2");
        assert_eq!(Forest::from_bytes(b"PK").unwrap_err(), FormatError::Foreign);
    }
}
