//! A fitted forest, and how it predicts many rows at a time.

use rayon::prelude::*;

use super::ForestError;
use super::matrix::Matrix;
use super::tree::{Layout, Node, Tree};

/// Rows that are predicted together: their numbers and one tree fit the second-level cache.
const BLOCK: usize = 256;
/// Rows that walk a tree side by side, so that the processor waits for several numbers at once.
const LANES: usize = 8;
/// Steps that the rows take before those that have arrived are sorted out.
const STEPS: usize = 4;

/// Trees that vote by the classes of the training rows in the leaf that a row falls into.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    columns: usize,
    layout: Layout,
    class_weights: Vec<f64>,
    trees: Vec<Tree>,
    /// The probabilities of the leaves of more than one class, tree by tree: `[leaf, class]`.
    mixed: Vec<Vec<f32>>,
}

impl Forest {
    /// The forest of `trees` over `columns`, whose rows weigh `class_weights`.
    pub(crate) fn new(columns: usize, class_weights: Vec<f64>, trees: Vec<Tree>) -> Self {
        let mixed = trees.iter().map(|tree| shares(&tree.mixed, &class_weights)).collect();
        Self { columns, layout: Layout::new(columns), class_weights, trees, mixed }
    }

    /// Number of columns of the rows that it predicts.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.class_weights.len()
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Number of splits and leaves of all trees.
    pub fn nodes(&self) -> usize {
        self.trees.iter().map(|tree| tree.nodes.len()).sum()
    }

    /// The probability of each class for each row of `matrix`, `[row, class]`: the mean over the trees of the
    /// class shares in the leaf. Rows are spread over the threads of rayon's current pool; the sum of a row
    /// is taken in the order of the trees, so it is the same at any number of threads.
    ///
    /// A number that is `NaN` goes left at every split.
    ///
    /// # Errors
    /// If the matrix has another number of columns.
    pub fn predict(&self, matrix: Matrix<'_>) -> Result<Vec<f32>, ForestError> {
        if matrix.columns() != self.columns {
            return Err(ForestError::Unusable(format!(
                "there are {} columns; the forest was grown on {}",
                matrix.columns(),
                self.columns
            )));
        }
        let classes = self.classes();
        let mut probabilities = vec![0.0; matrix.rows() * classes];
        let blocks = matrix.values().par_chunks(BLOCK * self.columns);
        blocks.zip(probabilities.par_chunks_mut(BLOCK * classes)).for_each_init(
            Walk::default,
            |walk, (rows, into)| {
                walk.start(rows.len() / self.columns, classes);
                for (tree, mixed) in self.trees.iter().zip(&self.mixed) {
                    walk.vote(self, tree, mixed, rows);
                }
                walk.finish(self.trees.len(), into);
            },
        );
        Ok(probabilities)
    }

    /// The layout of the nodes.
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// The weight of a row of each class.
    pub(crate) fn class_weights(&self) -> &[f64] {
        &self.class_weights
    }

    /// The trees, in order.
    pub(crate) fn all(&self) -> &[Tree] {
        &self.trees
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

/// A row on its way down a tree.
#[derive(Debug, Clone, Copy, Default)]
struct Walker {
    row: u32,
    slot: u32,
}

/// The working memory for one block of rows.
#[derive(Debug, Default)]
struct Walk {
    walkers: Vec<Walker>,
    votes: Vec<f64>,
    classes: usize,
    rows: usize,
}

impl Walk {
    fn start(&mut self, rows: usize, classes: usize) {
        self.rows = rows;
        self.classes = classes;
        self.votes.clear();
        self.votes.resize(rows * classes, 0.0);
    }

    /// Walks all rows down `tree` and adds what their leaves say.
    fn vote(&mut self, forest: &Forest, tree: &Tree, mixed: &[f32], rows: &[f32]) {
        self.walkers.clear();
        self.walkers.extend((0..).take(self.rows).map(|row| Walker { row, slot: 0 }));
        let mut active = self.rows;
        while active > 0 {
            let (lanes, rest) = self.walkers[..active].as_chunks_mut::<LANES>();
            for lanes in lanes {
                step(lanes, forest.layout, &tree.nodes, rows, forest.columns);
            }
            for walker in rest {
                step(
                    std::array::from_mut(walker),
                    forest.layout,
                    &tree.nodes,
                    rows,
                    forest.columns,
                );
            }
            active = self.collect(active, &tree.nodes, mixed);
        }
    }

    /// Adds the votes of the walkers that have arrived and keeps the others, in order.
    fn collect(&mut self, active: usize, nodes: &[Node], mixed: &[f32]) -> usize {
        let mut kept = 0;
        for index in 0..active {
            let walker = self.walkers[index];
            match nodes[walker.slot as usize].leaf_code() {
                None => {
                    self.walkers[kept] = walker;
                    kept += 1;
                }
                Some(code) => self.add(walker.row as usize, code as usize, mixed),
            }
        }
        kept
    }

    fn add(&mut self, row: usize, code: usize, mixed: &[f32]) {
        let votes = &mut self.votes[row * self.classes..(row + 1) * self.classes];
        if code < self.classes {
            votes[code] += 1.0;
        } else {
            let start = (code - self.classes) * self.classes;
            for (vote, &share) in votes.iter_mut().zip(&mixed[start..start + self.classes]) {
                *vote += f64::from(share);
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "probabilities are given in single precision"
    )]
    fn finish(&self, trees: usize, into: &mut [f32]) {
        for (probability, &votes) in into.iter_mut().zip(&self.votes) {
            *probability = (votes / trees as f64) as f32;
        }
    }
}

/// Takes each walker some steps down; those in a leaf stay there.
#[inline(always)]
fn step<const N: usize>(
    walkers: &mut [Walker; N],
    layout: Layout,
    nodes: &[Node],
    rows: &[f32],
    columns: usize,
) {
    for _ in 0..STEPS {
        for walker in walkers.iter_mut() {
            let node = nodes[walker.slot as usize];
            let value = rows[walker.row as usize * columns + layout.column(node)];
            walker.slot = layout.child(node) + u32::from(value > node.threshold());
        }
    }
}
