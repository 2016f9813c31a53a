//! Trees that are walked side by side by the same row, wherever their tables lie.

use super::tree::{Words, is_leaf, leaf_code, step};
use super::votes::Votes;

/// Trees that are walked side by side, so that the processor waits for several numbers at once. Ten positions
/// and what else a step needs just fit the registers: of 8, 10, 12, 16 and 20 this was the fastest.
pub(crate) const LANES: usize = 10;

/// Up to [`LANES`] trees, laid out for walking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GroupView<'a> {
    /// The [nodes](super::tree::Node) of all trees.
    pub(crate) nodes: &'a [Words],
    /// Where the trees begin; a leaf for lanes without a tree.
    pub(crate) roots: [u32; LANES],
    /// How many trees there are.
    pub(crate) trees: usize,
    /// The share of each class in each leaf that holds more than one: `[leaf, class]`.
    pub(crate) shares: &'a [f32],
}

impl GroupView<'_> {
    /// Adds what each tree says about a row of `keys` to the row's `sums`, in order. Without `SOME_MISSING` no
    /// key is missing.
    #[inline(always)]
    pub(crate) fn vote<const WIDTH: usize, const SOME_MISSING: bool, V: Votes>(
        &self,
        keys: &[u32; WIDTH],
        sums: &mut [f64],
    ) {
        let slots = self.walk::<WIDTH, SOME_MISSING>(keys);
        let classes = sums.len() / V::SUMS;
        for &slot in &slots[..self.trees] {
            let [threshold, _] = self.nodes[slot as usize];
            let code = leaf_code(threshold).expect("walks end in leaves") as usize;
            if code < classes {
                V::add_pure(sums, code);
            } else {
                let start = (code - classes) * classes;
                V::add_shares(sums, &self.shares[start..start + classes]);
            }
        }
    }

    /// The leaf in which the row falls in each tree.
    #[inline(always)]
    fn walk<const WIDTH: usize, const SOME_MISSING: bool>(
        &self,
        keys: &[u32; WIDTH],
    ) -> [u32; LANES] {
        let nodes = self.nodes;
        let mut slots = self.roots;
        loop {
            for slot in &mut slots {
                *slot = step::<WIDTH, SOME_MISSING>(&nodes[*slot as usize], keys).0;
            }
            let mut thresholds = u32::MAX;
            for slot in &mut slots {
                let (next, threshold) = step::<WIDTH, SOME_MISSING>(&nodes[*slot as usize], keys);
                *slot = next;
                thresholds &= threshold;
            }
            if is_leaf(thresholds) {
                return slots;
            }
        }
    }
}
