//! The random draws of a node, addressed by where the node is and not by when it is visited.
//!
//! Each node has a [`NodeKey`] that follows from the seed, the number of its tree and its path from the root.
//! Its draws are numbered. So a tree is the same whatever the order in which its nodes are grown, the number
//! of threads, and the number of draws that its neighbours took.

use tesela_datasets::random::{derive, mix};

/// Separates the draws of split search from every other use of the same seed.
const GROWTH: u64 = 0x6772_6f77;
/// Separates the draws of the bootstrap from every other use of the same seed.
const BOOTSTRAP: u64 = 0x626f_6f74;
/// The step of SplitMix64 between numbered draws.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Addresses the draws of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeKey(u64);

impl NodeKey {
    /// The key of the root of tree number `tree`.
    pub(crate) fn root(seed: u64, tree: usize) -> Self {
        Self(derive(seed, &[GROWTH, tree as u64]))
    }

    /// The keys of the two children.
    pub(crate) fn children(self) -> [Self; 2] {
        [Self(derive(self.0, &[0])), Self(derive(self.0, &[1]))]
    }

    /// The draws that a column is cut by in the node, whichever columns are tried before it.
    #[inline(always)]
    pub(crate) fn of_column(self, column: u32) -> Draws {
        Draws { state: derive(self.0, &[2 + u64::from(column)]) }
    }

    /// The draws that choose columns in the node, from the first.
    pub(crate) fn draws(self) -> Draws {
        Draws { state: self.0 }
    }
}

/// The numbered draws of one node, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    state: u64,
}

impl Draws {
    /// The draws that choose the rows of tree number `tree` where trees are grown on bootstrap samples.
    pub(crate) fn bootstrap(seed: u64, tree: usize) -> Self {
        Self { state: derive(seed, &[BOOTSTRAP, tree as u64]) }
    }

    #[inline(always)]
    fn next(&mut self) -> u64 {
        let value = mix(self.state);
        self.state = self.state.wrapping_add(GOLDEN);
        value
    }

    /// A uniform draw from `0..bound`. The bias is below `bound / 2⁶⁴`, far beyond what any test can see.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the product's upper half is below the bound"
    )]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    /// A uniform draw from `0..bound` for large bounds, with a bias below `bound / 2⁶⁴`.
    #[inline(always)]
    pub(crate) fn below_wide(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Whether a fair coin shows heads.
    #[inline(always)]
    pub(crate) fn coin(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    /// A uniform draw from `[0, 1)` on 53 bits.
    #[inline(always)]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_draws_of_their_own() {
        let root = NodeKey::root(7, 0);
        let [left, right] = root.children();
        // Cousins that meet when seeds are added instead of mixed.
        let keys =
            [root, left, right, left.children()[1], right.children()[0], NodeKey::root(7, 1)];
        for (index, key) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|other| other != key));
        }
        assert_eq!(root.draws().below(1000), NodeKey::root(7, 0).draws().below(1000));
    }

    #[test]
    fn draws_are_uniform() {
        let mut counts = [0_u32; 10];
        for tree in 0..100 {
            let mut draws = NodeKey::root(3, tree).draws();
            for _ in 0..100 {
                counts[draws.below(10) as usize] += 1;
            }
        }
        // Chi-square with 9 degrees of freedom: 33.7 is passed once in ten thousand seeds.
        let chi: f64 =
            counts.iter().map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi < 33.7, "{counts:?}");
    }
}
