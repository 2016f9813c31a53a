//! The algorithm in its plainest form, against which the engine is held bit for bit.
//!
//! It takes the same draws in the same order and shares nothing else with the engine but its types.

use super::draw::NodeKey;
use super::forest::Forest;
use super::parameters::{ClassWeight, Criterion, Parameters};
use super::tree::{Layout, Tree};

/// Labelled rows.
pub(crate) struct Table {
    pub(crate) rows: Vec<Vec<f32>>,
    pub(crate) labels: Vec<u16>,
    pub(crate) classes: usize,
}

struct Oracle<'a> {
    table: &'a Table,
    parameters: &'a Parameters,
    weights: Vec<f64>,
    layout: Layout,
    tree: Tree,
}

/// Grows a forest without bootstrap.
pub(crate) fn grow(table: &Table, parameters: &Parameters, seed: u64) -> Forest {
    let columns = table.rows[0].len();
    let counts = count(table, &(0..table.rows.len()).collect::<Vec<_>>());
    let total: u32 = counts.iter().sum();
    let weigh = |&count: &u32| match parameters.class_weight {
        ClassWeight::Balanced if count == 0 => 0.0,
        ClassWeight::Balanced => f64::from(total) / (table.classes as f64 * f64::from(count)),
        ClassWeight::None => 1.0,
    };
    let weights: Vec<f64> = counts.iter().map(weigh).collect();
    let layout = Layout::new(columns);
    let trees = (0..parameters.n_trees).map(|tree| {
        let tree_of = Tree { nodes: vec![layout.leaf(0, 0)], mixed: Vec::new() };
        let weights = weights.clone();
        let mut oracle = Oracle { table, parameters, weights, layout, tree: tree_of };
        let rows: Vec<usize> = (0..table.rows.len()).collect();
        oracle.node(0, &rows, 0, NodeKey::root(seed, tree), &vec![false; columns]);
        oracle.tree
    });
    Forest::new(columns, weights.clone(), &trees.collect::<Vec<Tree>>())
}

fn count(table: &Table, rows: &[usize]) -> Vec<u32> {
    let mut counts = vec![0; table.classes];
    for &row in rows {
        counts[usize::from(table.labels[row])] += 1;
    }
    counts
}

impl Oracle<'_> {
    fn node(&mut self, slot: u32, rows: &[usize], depth: usize, key: NodeKey, known: &[bool]) {
        let counts = count(self.table, rows);
        let pure = counts.iter().filter(|&&count| count > 0).count() == 1;
        let few = rows.len() < self.parameters.min_samples_split
            || rows.len() < 2 * self.parameters.min_samples_leaf;
        let deep = self.parameters.max_depth == Some(depth);
        let mut constant = known.to_vec();
        let best =
            if pure || few || deep { None } else { self.search(rows, key, known, &mut constant) };
        let Some((column, threshold)) = best else { return self.leaf(slot, &counts) };
        let child = u32::try_from(self.tree.nodes.len()).unwrap();
        let (left, right): (Vec<usize>, Vec<usize>) =
            rows.iter().partition(|&&row| self.table.rows[row][column] <= threshold);
        let missing_left = left.len() > right.len();
        let column = u32::try_from(column).unwrap();
        let split = self.layout.split(column, threshold, missing_left, child);
        self.tree.nodes[slot as usize] = split;
        self.tree.nodes.extend([split; 2]);
        let [left_key, right_key] = key.children();
        self.node(child, &left, depth + 1, left_key, &constant);
        self.node(child + 1, &right, depth + 1, right_key, &constant);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the threshold is lowered where it was rounded up"
    )]
    fn search(
        &self,
        rows: &[usize],
        key: NodeKey,
        known: &[bool],
        constant: &mut [bool],
    ) -> Option<(usize, f32)> {
        let tries = self.parameters.max_features.count(known.len()).unwrap();
        let mut draws = key.draws();
        let mut order: Vec<usize> = (0..known.len()).collect();
        let (mut best, mut highest, mut tried) = (None, f64::NEG_INFINITY, 0);
        for visited in 0..known.len() {
            let all_known = order[visited..].iter().all(|&column| known[column]);
            if all_known || visited >= tries && tried > 0 {
                break;
            }
            let left = u32::try_from(known.len() - visited).unwrap();
            order.swap(visited, visited + draws.below(left) as usize);
            let column = order[visited];
            if known[column] {
                continue;
            }
            let values = rows.iter().map(|&row| self.table.rows[row][column]);
            let (low, high) =
                (values.clone().fold(f32::MAX, f32::min), values.fold(f32::MIN, f32::max));
            if high <= low + 1e-7 {
                constant[column] = true;
                continue;
            }
            tried += 1;
            let exact = f64::from(low) + (f64::from(high) - f64::from(low)) * draws.unit();
            let mut threshold = exact as f32;
            while f64::from(threshold) > exact {
                threshold = threshold.next_down();
            }
            let threshold = if threshold >= high { low } else { threshold };
            let (left, right): (Vec<usize>, Vec<usize>) =
                rows.iter().partition(|&&row| self.table.rows[row][column] <= threshold);
            let least = self.parameters.min_samples_leaf;
            let proxy = self.purity(&left) + self.purity(&right);
            if left.len() >= least && right.len() >= least && proxy > highest {
                (best, highest) = (Some((column, threshold)), proxy);
            }
        }
        best
    }

    fn purity(&self, rows: &[usize]) -> f64 {
        let counts = count(self.table, rows);
        let weighted: Vec<f64> = counts
            .iter()
            .zip(&self.weights)
            .map(|(&count, &weight)| weight * f64::from(count))
            .collect();
        let total: f64 = weighted.iter().sum();
        match self.parameters.criterion {
            Criterion::Gini => weighted.iter().map(|weight| weight * weight).sum::<f64>() / total,
            Criterion::Entropy => weighted
                .iter()
                .map(|&weight| if weight > 0.0 { weight * (weight / total).ln() } else { 0.0 })
                .sum(),
        }
    }

    fn leaf(&mut self, slot: u32, counts: &[u32]) {
        let present: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] > 0).collect();
        let code = if let [class] = present[..] {
            class
        } else {
            self.tree.mixed.extend_from_slice(counts);
            self.tree.mixed.len() / counts.len() - 1 + counts.len()
        };
        self.tree.nodes[slot as usize] = self.layout.leaf(slot, u32::try_from(code).unwrap());
    }
}
