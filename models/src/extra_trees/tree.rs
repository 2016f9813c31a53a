//! A fitted tree as it is walked: eight bytes a node, children side by side.

/// How the 32 bits beside a threshold are shared between the column and the position of the children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    column_bits: u32,
}

impl Layout {
    /// The layout for a table of `columns`.
    pub(crate) fn new(columns: usize) -> Self {
        Self { column_bits: super::bits::width(columns) }
    }

    /// How many nodes a tree may have.
    pub(crate) fn capacity(self) -> usize {
        // The code of a leaf lies in the payload of a NaN, which has 22 bits.
        1 << (32_u32.saturating_sub(self.column_bits)).min(22)
    }

    /// Goes left to `child` where the number in `column` is at most `threshold`, else to `child + 1`.
    pub(crate) fn split(self, column: u32, threshold: f32, child: u32) -> Node {
        Node { threshold: threshold.to_bits(), place: child << self.column_bits | column }
    }

    /// The leaf at position `slot`. It is its own left child, and nothing exceeds its threshold: a walk
    /// that has reached it may go on for any number of steps.
    pub(crate) fn leaf(self, slot: u32, code: u32) -> Node {
        Node { threshold: LEAF | code, place: slot << self.column_bits }
    }

    /// The column that `node` looks at.
    #[inline(always)]
    pub(crate) fn column(self, node: Node) -> usize {
        (node.place & ((1 << self.column_bits) - 1)) as usize
    }

    /// The left child of `node`; the right one follows it.
    #[inline(always)]
    pub(crate) fn child(self, node: Node) -> u32 {
        node.place >> self.column_bits
    }
}

/// The bits of a quiet NaN: no number exceeds it, and its payload is the code of a leaf.
const LEAF: u32 = 0x7FC0_0000;

/// A split or a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    threshold: u32,
    place: u32,
}

impl Node {
    /// The largest number that goes left; `NaN` for a leaf.
    #[inline(always)]
    pub(crate) fn threshold(self) -> f32 {
        f32::from_bits(self.threshold)
    }

    /// What the leaf holds: a class where below their number, else an index into [`Tree::mixed`] above it.
    #[inline(always)]
    pub(crate) fn leaf_code(self) -> Option<u32> {
        (self.threshold & LEAF == LEAF).then_some(self.threshold & !LEAF)
    }
}

/// One fitted tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree {
    /// Splits and leaves; the root comes first, and children come after their parents.
    pub(crate) nodes: Vec<Node>,
    /// The rows of each class in each leaf of more than one: `[leaf, class]`.
    pub(crate) mixed: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_gives_back_what_it_was_made_of() {
        for columns in [1, 2, 3, 486, 512, 513, 65_536] {
            let layout = Layout::new(columns);
            let last = u32::try_from(columns - 1).unwrap();
            let child = u32::try_from(layout.capacity() - 2).unwrap();
            let node = layout.split(last, -1.5, child);
            assert_eq!(layout.column(node), columns - 1);
            assert_eq!((layout.child(node), node.threshold()), (child, -1.5));
            assert_eq!(node.leaf_code(), None);
        }
    }

    #[test]
    fn a_leaf_is_its_own_left_child_whatever_the_number() {
        let layout = Layout::new(486);
        let leaf = layout.leaf(77, 3);
        assert_eq!((leaf.leaf_code(), layout.child(leaf), layout.column(leaf)), (Some(3), 77, 0));
        for value in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0] {
            assert_eq!(u32::from(value > leaf.threshold()), 0);
        }
    }

    #[test]
    fn no_finite_threshold_looks_like_a_leaf() {
        let layout = Layout::new(4);
        for threshold in [f32::MAX, f32::MIN, -0.0, f32::MIN_POSITIVE, 1e-45] {
            assert_eq!(layout.split(0, threshold, 1).leaf_code(), None);
        }
    }
}
