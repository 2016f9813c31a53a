//! Trees laid out to be walked side by side by the same row.
//!
//! Their nodes lie in one table, so that a walk needs nothing but a position in it. Half of the leaves of a
//! tree come in pairs; pairs that say the same are stored once, which makes the table a third smaller.

use std::collections::BTreeMap;

use super::group_view::{GroupView, LANES};
use super::tree::{Layout, Node, Tree, Words};

/// Up to [`LANES`] trees, laid out for walking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    nodes: Vec<Words>,
    /// Where the trees begin; a leaf for lanes without a tree.
    roots: [u32; LANES],
    trees: usize,
    /// Splits and leaves of the trees, each counted.
    count: usize,
    /// Where the counts of the leaves of each tree that hold more than one class begin, and the last ends.
    mixed_starts: Vec<usize>,
    /// The rows of each class in each of those leaves: `[leaf, class]`.
    mixed: Vec<u32>,
    /// The share of each class in each of those leaves: `[leaf, class]`.
    shares: Vec<f32>,
}

impl Group {
    /// Lays out `trees` in groups, in order.
    pub(crate) fn of_trees(trees: &[Tree], layout: Layout, class_weights: &[f64]) -> Vec<Self> {
        let mut groups = Vec::new();
        let mut rest = trees;
        while !rest.is_empty() {
            let mut nodes = 0;
            let fits = |tree: &&Tree| {
                nodes += tree.nodes.len();
                nodes <= layout.capacity()
            };
            // A single tree fits because it is no larger than the layout allows.
            let count = rest.iter().take(LANES).take_while(fits).count().max(1);
            let (these, others) = rest.split_at(count);
            groups.push(Self::new(these, layout, class_weights));
            rest = others;
        }
        groups
    }

    fn new(trees: &[Tree], layout: Layout, class_weights: &[f64]) -> Self {
        let mut builder = Builder::new(layout, class_weights.len());
        let mut group = Self {
            nodes: Vec::new(),
            roots: [0; LANES],
            trees: trees.len(),
            count: trees.iter().map(|tree| tree.nodes.len()).sum(),
            mixed_starts: vec![0],
            mixed: Vec::new(),
            shares: Vec::new(),
        };
        for (root, tree) in group.roots.iter_mut().zip(trees) {
            *root = builder.add(tree);
            group.mixed.extend_from_slice(&tree.mixed);
            group.mixed_starts.push(group.mixed.len());
        }
        let is_leaf = |node: &Node| node.leaf_code().is_some();
        let leaf = builder.nodes.iter().position(is_leaf).expect("a tree has a leaf");
        group.nodes = builder.nodes.into_iter().map(Words::from).collect();
        group.roots[trees.len()..].fill(position(leaf));
        group.shares = shares(&group.mixed, class_weights);
        group
    }

    /// How many trees there are.
    pub(crate) fn trees(&self) -> usize {
        self.trees
    }

    /// How many splits and leaves the trees have.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The node at position `slot`.
    pub(crate) fn node(&self, slot: u32) -> Node {
        self.nodes[slot as usize].into()
    }

    /// Where tree number `tree` of the group begins.
    pub(crate) fn root(&self, tree: usize) -> u32 {
        self.roots[tree]
    }

    /// The rows of each class in each leaf of tree number `tree` that holds more than one: `[leaf, class]`,
    /// the leaves from the left.
    pub(crate) fn mixed(&self, tree: usize) -> &[u32] {
        &self.mixed[self.mixed_starts[tree]..self.mixed_starts[tree + 1]]
    }

    /// The share of each of `classes` in a leaf of this code.
    pub(crate) fn shares_of(&self, code: u32, classes: usize) -> Vec<f32> {
        let code = code as usize;
        if code < classes {
            return (0..classes).map(|class| f32::from(u8::from(class == code))).collect();
        }
        self.shares[(code - classes) * classes..][..classes].to_vec()
    }

    /// The group as it is walked.
    pub(crate) fn view(&self) -> GroupView<'_> {
        GroupView { nodes: &self.nodes, roots: self.roots, trees: self.trees, shares: &self.shares }
    }
}

/// The share of each class in each leaf, from weighted counts of rows.
#[expect(clippy::cast_possible_truncation, reason = "shares are given in single precision")]
fn shares(counts: &[u32], weights: &[f64]) -> Vec<f32> {
    let mut shares = Vec::with_capacity(counts.len());
    for leaf in counts.chunks_exact(weights.len()) {
        let weighted =
            || leaf.iter().zip(weights).map(|(&count, &weight)| f64::from(count) * weight);
        let total: f64 = weighted().sum();
        shares.extend(weighted().map(|value| (value / total) as f32));
    }
    shares
}

fn position(slot: usize) -> u32 {
    u32::try_from(slot).expect("a group has no more nodes than the layout numbers")
}

/// Lays trees out one after the other.
struct Builder {
    layout: Layout,
    classes: u32,
    nodes: Vec<Node>,
    /// Leaves of more than one class in the trees before.
    mixed: u32,
    /// Where pairs of leaves are, by their codes.
    pairs: BTreeMap<[u32; 2], u32>,
}

impl Builder {
    fn new(layout: Layout, classes: usize) -> Self {
        let classes = u32::try_from(classes).expect("classes are numbered by u16");
        Self { layout, classes, nodes: Vec::new(), mixed: 0, pairs: BTreeMap::new() }
    }

    /// Appends `tree`, each left subtree before the right one, and gives the position of its root.
    fn add(&mut self, tree: &Tree) -> u32 {
        let root = self.nodes.len();
        self.nodes.push(self.leaf(tree.nodes[0], root));
        let mut waiting = vec![(0, root)];
        while let Some((from, to)) = waiting.pop() {
            let node = tree.nodes[from];
            if node.leaf_code().is_some() {
                continue;
            }
            let child = self.layout.child(node) as usize;
            let pair = [tree.nodes[child], tree.nodes[child + 1]];
            let place = self.pair(pair);
            self.nodes[to] = self.layout.with_child(node, position(place));
            waiting.extend([(child + 1, place + 1), (child, place)]);
        }
        self.mixed += position(tree.mixed.len()) / self.classes;
        position(root)
    }

    /// The position of two children, of which splits are still to be filled in.
    fn pair(&mut self, pair: [Node; 2]) -> usize {
        let place = self.nodes.len();
        let both = pair.map(|node| self.leaf(node, place).leaf_code());
        if let [Some(left), Some(right)] = both {
            let stored = *self.pairs.entry([left, right]).or_insert(position(place)) as usize;
            if stored < place {
                return stored;
            }
        }
        self.nodes.extend([self.leaf(pair[0], place), self.leaf(pair[1], place + 1)]);
        place
    }

    /// The leaf `node` at position `slot`; a split as it is.
    fn leaf(&self, node: Node, slot: usize) -> Node {
        match node.leaf_code() {
            None => node,
            Some(code) if code < self.classes => self.layout.leaf(position(slot), code),
            Some(code) => self.layout.leaf(position(slot), code + self.mixed),
        }
    }
}
