//! A fitted tree as it is walked: eight bytes a node, children side by side.
//!
//! Numbers are compared as [keys](key): unsigned integers in the same order.

use super::bits::width;

/// A table of more columns has no layout.
pub(crate) const MOST_COLUMNS: usize = 1 << 16;

/// Up to so many columns there is one layout.
const LEAST_COLUMN_BITS: u32 = 9;

/// How the 32 bits beside a threshold are shared between the position of the children, the side to which a
/// missing number goes, and the column: from the highest bit to the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    column_bits: u32,
}

impl Layout {
    /// The layout for a table of `columns`, at most [`MOST_COLUMNS`].
    pub(crate) fn new(columns: usize) -> Self {
        Self { column_bits: width(columns).max(LEAST_COLUMN_BITS) }
    }

    /// How many nodes a tree may have.
    pub(crate) fn capacity(self) -> usize {
        // The code of a leaf has 22 bits.
        1 << 31_u32.saturating_sub(self.column_bits).min(22)
    }

    /// How many numbers a row has room for: a power of two, so that no column lies beyond.
    pub(crate) fn row_width(self) -> usize {
        1 << self.column_bits
    }

    /// Goes left to `child` where the number in `column` is at most `threshold`, else to `child + 1`; where it
    /// is missing, to the side that `missing_left` says.
    pub(crate) fn split(self, column: u32, threshold: f32, missing_left: bool, child: u32) -> Node {
        let place = (child << 1 | u32::from(!missing_left)) << self.column_bits | column;
        Node { threshold: key(threshold), place }
    }

    /// The leaf at position `slot`. It is its own left child, and no key of a number exceeds its threshold: a
    /// walk that has reached it may go on for any number of steps.
    pub(crate) fn leaf(self, slot: u32, code: u32) -> Node {
        Node { threshold: LEAF | code, place: slot << (self.column_bits + 1) }
    }

    /// The column that `node` looks at.
    pub(crate) fn column(self, node: Node) -> usize {
        (node.place & ((1 << self.column_bits) - 1)) as usize
    }

    /// Whether a missing number goes left at `node`.
    pub(crate) fn missing_left(self, node: Node) -> bool {
        node.place >> self.column_bits & 1 == 0
    }

    /// The left child of `node`; the right one follows it.
    pub(crate) fn child(self, node: Node) -> u32 {
        node.place >> (self.column_bits + 1)
    }

    /// `node`, looking at another column.
    pub(crate) fn with_column(self, node: Node, column: u32) -> Node {
        let kept = node.place & !((1 << self.column_bits) - 1);
        Node { place: kept | column, ..node }
    }

    /// The same node with its children at `child`.
    pub(crate) fn with_child(self, node: Node, child: u32) -> Node {
        let kept = node.place & ((2 << self.column_bits) - 1);
        Node { place: child << (self.column_bits + 1) | kept, ..node }
    }
}

/// The lowest threshold of a leaf: no finite or infinite number has such a key, and 22 bits are left for the
/// code of the leaf.
const LEAF: u32 = 0xFFC0_0000;

/// The key of a number that is missing.
pub(crate) const MISSING: u32 = u32::MAX;

/// An unsigned integer for each number, in the order of the numbers; both zeros have the same.
#[inline(always)]
pub(crate) fn key(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    // Of negative numbers all bits are turned over, of others the sign.
    let turned = bits ^ (0_u32.wrapping_sub(bits >> 31) | 1 << 31);
    if value.is_nan() { MISSING } else { turned }
}

/// A [`Node`] as two plain words, threshold and place: as tables of nodes lie in memory and in files.
pub(crate) type Words = [u32; 2];

/// A split or a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    threshold: u32,
    place: u32,
}

impl From<Words> for Node {
    fn from([threshold, place]: Words) -> Self {
        Self { threshold, place }
    }
}

impl From<Node> for Words {
    fn from(node: Node) -> Self {
        [node.threshold, node.place]
    }
}

impl Node {
    /// The largest number that goes left; means nothing for a leaf.
    pub(crate) fn threshold(self) -> f32 {
        let sign = 1 << 31;
        f32::from_bits(if self.threshold & sign == 0 {
            !self.threshold
        } else {
            self.threshold ^ sign
        })
    }

    /// What the leaf holds: a class where below their number, else an index into [`Tree::mixed`] above it.
    pub(crate) fn leaf_code(self) -> Option<u32> {
        leaf_code(self.threshold)
    }
}

/// Where a row of `keys` goes from a node, and the threshold on the way; `WIDTH` is the layout's
/// [row width](Layout::row_width). Without `SOME_MISSING` no key is [`MISSING`].
#[inline(always)]
pub(crate) fn step<const WIDTH: usize, const SOME_MISSING: bool>(
    [threshold, place]: &Words,
    keys: &[u32; WIDTH],
) -> (u32, u32) {
    let value = keys[*place as usize & (WIDTH - 1)];
    let child = place >> (WIDTH.trailing_zeros() + 1);
    let goes_right = if SOME_MISSING && value == MISSING {
        place >> WIDTH.trailing_zeros() & 1 == 1
    } else {
        *threshold < value
    };
    (child + u32::from(goes_right), *threshold)
}

/// What a leaf of this threshold holds; `None` for a split's.
#[inline(always)]
pub(crate) fn leaf_code(threshold: u32) -> Option<u32> {
    is_leaf(threshold).then_some(threshold & !LEAF)
}

/// Whether these are the bits of a leaf's threshold, or of the thresholds of leaves only, joined by `&`.
#[inline(always)]
pub(crate) fn is_leaf(threshold: u32) -> bool {
    threshold >= LEAF
}

/// One fitted tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree {
    /// Splits and leaves; the root comes first, and children come after their parents.
    pub(crate) nodes: Vec<Node>,
    /// The rows of each class in each leaf of more than one: `[leaf, class]`.
    pub(crate) mixed: Vec<u32>,
}

impl Tree {
    /// The same tree over wider rows of the same layout, in which column `c` lies at `positions[c]`.
    pub(crate) fn moved(&self, layout: Layout, positions: &[u32]) -> Self {
        let moved = |&node: &Node| match node.leaf_code() {
            Some(_) => node,
            None => layout.with_column(node, positions[layout.column(node)]),
        };
        Self { nodes: self.nodes.iter().map(moved).collect(), mixed: self.mixed.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_numbers(a in any::<f32>(), b in any::<f32>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(key(a) < key(b), a < b);
            prop_assert_eq!(key(a) == key(b), a == b);
            prop_assert!(key(a) < LEAF);
        }

        #[test]
        fn a_split_sends_numbers_where_it_should(
            value in any::<f32>(), threshold in -1e30_f32..1e30, missing_left in any::<bool>(),
        ) {
            let node = Layout::new(512).split(3, threshold, missing_left, 8);
            let keys = [key(value); 512];
            let left = if value.is_nan() { missing_left } else { value <= threshold };
            let words = node.into();
            prop_assert_eq!(Node::from(words), node);
            prop_assert_eq!(step::<512, true>(&words, &keys).0, 9 - u32::from(left));
            if !value.is_nan() {
                prop_assert_eq!(step::<512, false>(&words, &keys).0, 9 - u32::from(left));
            }
        }
    }

    #[test]
    fn a_node_gives_back_what_it_was_made_of() {
        for columns in [1, 2, 3, 486, 512, 513, MOST_COLUMNS] {
            let layout = Layout::new(columns);
            let last = u32::try_from(columns - 1).unwrap();
            let child = u32::try_from(layout.capacity() - 2).unwrap();
            for missing_left in [false, true] {
                let node = layout.split(last, -1.5, missing_left, child);
                assert_eq!(layout.column(node), columns - 1);
                assert_eq!((layout.child(node), node.threshold()), (child, -1.5));
                assert_eq!((layout.missing_left(node), node.leaf_code()), (missing_left, None));
                let moved = layout.with_child(node, 6);
                assert_eq!(moved, layout.split(last, -1.5, missing_left, 6));
                let other = layout.with_column(node, 0);
                assert_eq!(other, layout.split(0, -1.5, missing_left, child));
            }
        }
    }

    #[test]
    fn a_leaf_is_its_own_left_child_whatever_the_number() {
        let layout = Layout::new(486);
        let leaf = layout.leaf(77, 3);
        assert_eq!((leaf.leaf_code(), layout.child(leaf), layout.column(leaf)), (Some(3), 77, 0));
        for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0] {
            assert_eq!(step::<512, true>(&leaf.into(), &[key(value); 512]).0, 77);
        }
        assert_eq!(step::<512, false>(&leaf.into(), &[key(f32::INFINITY); 512]).0, 77);
    }

    #[test]
    fn no_finite_threshold_looks_like_a_leaf() {
        let layout = Layout::new(4);
        for threshold in [f32::MAX, f32::MIN, -0.0, f32::MIN_POSITIVE, 1e-45] {
            assert_eq!(layout.split(0, threshold, true, 1).leaf_code(), None);
        }
    }
}
