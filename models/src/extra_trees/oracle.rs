//! The algorithm in its plainest form, against which the engine is held bit for bit.
//!
//! It takes the same draws in the same order and shares nothing else with the engine but its types, and the
//! choice of the rows of a tree, which has tests of its own.

use super::bag::{Bagging, Rows};
use super::draw::{Draws, NodeKey};
use super::forest::Forest;
use super::matrix::Matrix;
use super::parameters::{Criterion, Cut, Parameters};
use super::table::Sample;
use super::threshold::Threshold;
use super::tree::{Layout, Tree};

/// Labelled rows.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Vec<f32>>,
    pub(crate) labels: Vec<u16>,
    pub(crate) classes: usize,
    pub(crate) weights: Option<Vec<f64>>,
}

impl Table {
    /// The numbers, row by row.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        self.rows.concat()
    }

    /// The rows with these `numbers`.
    pub(crate) fn sample<'a>(&'a self, numbers: &'a [f32]) -> Sample<'a> {
        let matrix = Matrix::new(numbers, self.rows[0].len()).unwrap();
        let sample = Sample::new(matrix, &self.labels, self.classes).unwrap();
        match &self.weights {
            Some(weights) => sample.with_weights(weights).unwrap(),
            None => sample,
        }
    }
}

struct Oracle<'a> {
    table: &'a Table,
    parameters: &'a Parameters,
    /// How much each row counts, by number; none that is not in the tree.
    amounts: Vec<u64>,
    weights: Vec<f64>,
    counted: bool,
    layout: Layout,
    tree: Tree,
}

/// A split, and the rows on its left.
struct Split {
    column: usize,
    threshold: f32,
    missing_left: Option<bool>,
    left: Vec<usize>,
    score: f64,
}

/// Grows a forest.
pub(crate) fn grow(table: &Table, parameters: &Parameters, seed: u64) -> Forest {
    let columns = table.rows[0].len();
    let numbers = table.numbers();
    let bagging = Bagging::new(&table.sample(&numbers), parameters).unwrap();
    let layout = Layout::new(columns);
    let trees = (0..parameters.n_trees).map(|tree| {
        let (mut rows, mut weights) = (Rows::default(), Vec::new());
        bagging.fill(seed, tree, &table.labels, &mut rows, &mut weights);
        let mut amounts = vec![0; table.rows.len()];
        for (index, &id) in rows.ids.iter().enumerate() {
            amounts[id as usize] = rows.amount(index);
        }
        let mut oracle = Oracle {
            table,
            parameters,
            amounts,
            weights,
            counted: bagging.is_counted(),
            layout,
            tree: Tree { nodes: vec![layout.leaf(0, 0)], mixed: Vec::new() },
        };
        let rows: Vec<usize> = rows.ids.iter().map(|&id| id as usize).collect();
        oracle.node(0, &rows, 0, NodeKey::root(seed, tree), &vec![false; columns]);
        oracle.tree
    });
    let trees: Vec<Tree> = trees.collect();
    let weights = match bagging.is_counted() {
        true => bagging.class_weights().to_vec(),
        false => vec![1.0; table.classes],
    };
    Forest::new(columns, weights, &trees)
}

impl Oracle<'_> {
    fn count(&self, rows: &[usize]) -> Vec<u64> {
        let mut counts = vec![0; self.table.classes];
        for &row in rows {
            counts[usize::from(self.table.labels[row])] += self.amounts[row];
        }
        counts
    }

    fn weigh(&self, rows: &[usize]) -> Vec<f64> {
        let counts = self.count(rows).into_iter().zip(&self.weights);
        counts.map(|(count, weight)| weight * count as f64).collect()
    }

    fn node(&mut self, slot: u32, rows: &[usize], depth: usize, key: NodeKey, known: &[bool]) {
        let counts = self.count(rows);
        let pure = counts.iter().filter(|&&count| count > 0).count() == 1;
        let few = rows.len() < self.parameters.min_samples_split
            || rows.len() < 2 * self.parameters.min_samples_leaf;
        let deep = self.parameters.max_depth == Some(depth);
        let mut constant = known.to_vec();
        let best =
            if pure || few || deep { None } else { self.search(rows, key, known, &mut constant) };
        let best = best.filter(|split| self.lowers_enough(rows, &split.left));
        let Some(split) = best else { return self.leaf(slot, rows) };
        let child = u32::try_from(self.tree.nodes.len()).unwrap();
        let column = u32::try_from(split.column).unwrap();
        let right = others(rows, &split.left);
        let missing_left = split.missing_left.unwrap_or(split.left.len() > right.len());
        let node = self.layout.split(column, split.threshold, missing_left, child);
        self.tree.nodes[slot as usize] = node;
        self.tree.nodes.extend([node; 2]);
        let [left_key, right_key] = key.children();
        self.node(child, &split.left, depth + 1, left_key, &constant);
        self.node(child + 1, &right, depth + 1, right_key, &constant);
    }

    fn search(
        &self,
        rows: &[usize],
        key: NodeKey,
        known: &[bool],
        constant: &mut [bool],
    ) -> Option<Split> {
        let tries = self.parameters.max_features.count(known.len()).unwrap();
        let mut draws = key.draws();
        let mut order: Vec<usize> = (0..known.len()).collect();
        let mut best: Option<Split> = None;
        let mut tried = 0;
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
            let splits = match self.parameters.cut {
                Cut::Random => {
                    let mut draws = key.of_column(u32::try_from(column).unwrap());
                    self.random(rows, column, &mut draws)
                }
                Cut::Best => self.all(rows, column),
            };
            let Some(splits) = splits else {
                constant[column] = true;
                continue;
            };
            tried += 1;
            let least = self.parameters.min_samples_leaf;
            for split in splits {
                let enough = split.left.len() >= least && rows.len() - split.left.len() >= least;
                if enough && best.as_ref().is_none_or(|best| split.score > best.score) {
                    best = Some(split);
                }
            }
            // Nothing is better than two pure sides, though rounding may say so.
            let pure =
                |rows: &[usize]| self.count(rows).iter().filter(|&&count| count > 0).count() == 1;
            if best.as_ref().is_some_and(|best| pure(&best.left) && pure(&others(rows, &best.left)))
            {
                break;
            }
        }
        best
    }

    /// One split at random, or none where the column is constant.
    fn random(&self, rows: &[usize], column: usize, draws: &mut Draws) -> Option<Vec<Split>> {
        let number = |row: &usize| self.table.rows[*row][column];
        let present: Vec<f32> = rows.iter().map(number).filter(|value| !value.is_nan()).collect();
        let missing = present.len() < rows.len();
        let low = present.iter().copied().fold(f32::INFINITY, f32::min);
        let high = present.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if present.is_empty() || high <= low + 1e-7 && !missing {
            return None;
        }
        let mut threshold = low;
        if low < high {
            threshold = match self.parameters.threshold {
                Threshold::Uniform => uniform(low, high, draws),
                // Tested beside them; here it is their place among the draws that counts.
                law => {
                    let values: Vec<f32> = rows.iter().map(number).collect();
                    law.draw(low, high, &values, draws)
                }
            };
        }
        let missing_left = missing.then(|| draws.coin());
        let goes_left = |row: &usize| {
            if number(row).is_nan() { missing_left.unwrap() } else { number(row) <= threshold }
        };
        let left: Vec<usize> = rows.iter().copied().filter(goes_left).collect();
        let score = self.purity(&left) + self.purity(&others(rows, &left));
        Some(vec![Split { column, threshold, missing_left, left, score }])
    }

    /// All splits, or none where the column is constant.
    #[expect(clippy::cast_possible_truncation, reason = "halfway between two floats is a float")]
    fn all(&self, rows: &[usize], column: usize) -> Option<Vec<Split>> {
        let number = |row: usize| self.table.rows[row][column];
        let groups = self.groups(column);
        let group = |row: &usize| groups[*row];
        let mut present: Vec<usize> = rows.iter().filter_map(group).collect();
        present.sort_unstable();
        present.dedup();
        let missing: Vec<usize> = rows.iter().copied().filter(|row| group(row).is_none()).collect();
        if present.is_empty() || present.len() == 1 && missing.is_empty() {
            return None;
        }
        let mut splits = Vec::new();
        let sides = if missing.is_empty() { vec![None] } else { vec![Some(false), Some(true)] };
        for missing_left in sides {
            for &last in &present {
                let is_left = |row: &usize| group(row).is_some_and(|group| group <= last);
                let mut left: Vec<usize> = rows.iter().copied().filter(is_left).collect();
                let is_above = |row: &&usize| group(row).is_some_and(|group| group > last);
                let above = rows.iter().filter(is_above).map(|&row| number(row));
                let below = left.iter().map(|&row| number(row));
                let (below, above) =
                    (below.fold(f32::MIN, f32::max), above.fold(f32::INFINITY, f32::min));
                if above == f32::INFINITY && missing_left != Some(false) {
                    continue;
                }
                let mut threshold = f32::MAX;
                if above < f32::INFINITY {
                    let exact = f64::from(below) + (f64::from(above) - f64::from(below)) * 0.5;
                    threshold = exact as f32;
                    if f64::from(threshold) > exact {
                        threshold = threshold.next_down();
                    }
                    threshold = if threshold >= above { below } else { threshold };
                }
                if missing_left == Some(true) {
                    left = rows
                        .iter()
                        .copied()
                        .filter(|row| is_left(row) || missing.contains(row))
                        .collect();
                }
                let score = self.score(&left, rows);
                splits.push(Split { column, threshold, missing_left, left, score });
            }
        }
        Some(splits)
    }

    /// The group of numbers between which there is no cut, for each row; none where it is missing.
    fn groups(&self, column: usize) -> Vec<Option<usize>> {
        let numbers: Vec<f32> = self.table.rows.iter().map(|row| row[column]).collect();
        let mut sorted: Vec<f32> =
            numbers.iter().copied().filter(|value| !value.is_nan()).collect();
        sorted.sort_by(f32::total_cmp);
        let mut starts: Vec<f32> = Vec::new();
        for value in sorted {
            if starts.last().is_none_or(|start| value > start + 1e-7) {
                starts.push(value);
            }
        }
        let group = |value: &f32| starts.iter().rposition(|start| start <= value);
        numbers.iter().map(group).collect()
    }

    fn score(&self, left: &[usize], rows: &[usize]) -> f64 {
        if self.parameters.criterion == Criterion::Gini && self.table.classes == 2 {
            let (left, node) = (self.weigh(left), self.weigh(rows));
            let (side, whole) = (left[1] + left[0], node[0] + node[1]);
            let excess = left[1] * whole - side * node[1];
            return excess * excess / (side * (whole - side));
        }
        self.purity(left) + self.purity(&others(rows, left))
    }

    fn purity(&self, rows: &[usize]) -> f64 {
        let weighted = self.weigh(rows);
        let total: f64 = weighted.iter().sum();
        match self.parameters.criterion {
            Criterion::Gini => weighted.iter().map(|weight| weight * weight).sum::<f64>() / total,
            Criterion::Entropy => weighted
                .iter()
                .map(|&weight| if weight > 0.0 { weight * (weight / total).ln() } else { 0.0 })
                .sum(),
        }
    }

    fn lowers_enough(&self, rows: &[usize], left: &[usize]) -> bool {
        let impurity = |rows: &[usize]| {
            let weighted = self.weigh(rows);
            let total: f64 = weighted.iter().sum();
            let shares = weighted.iter().map(|weight| weight / total);
            let impurity = match self.parameters.criterion {
                Criterion::Gini => 1.0 - shares.map(|share| share * share).sum::<f64>(),
                Criterion::Entropy => {
                    shares.map(|share| if share > 0.0 { -share * share.log2() } else { 0.0 }).sum()
                }
            };
            total * impurity
        };
        let all: Vec<usize> =
            (0..self.amounts.len()).filter(|&row| self.amounts[row] > 0).collect();
        let whole: f64 = self.weigh(&all).iter().sum();
        let decrease = impurity(rows) - impurity(left) - impurity(&others(rows, left));
        decrease / whole + f64::EPSILON >= self.parameters.min_impurity_decrease
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share has at most 2²⁴ parts"
    )]
    fn leaf(&mut self, slot: u32, rows: &[usize]) {
        let counts = self.count(rows);
        let present: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] > 0).collect();
        let code = if let [class] = present[..] {
            class
        } else {
            if self.counted {
                self.tree.mixed.extend(counts.iter().map(|&count| u32::try_from(count).unwrap()));
            } else {
                let weighed = self.weigh(rows);
                let total: f64 = weighed.iter().sum();
                let parts = weighed.iter().map(|weight| (weight / total * 16_777_216.0).round());
                self.tree.mixed.extend(parts.map(|parts| parts as u32));
            }
            self.tree.mixed.len() / counts.len() - 1 + counts.len()
        };
        self.tree.nodes[slot as usize] = self.layout.leaf(slot, u32::try_from(code).unwrap());
    }
}

/// The rows that are not on the `left`.
fn others(rows: &[usize], left: &[usize]) -> Vec<usize> {
    rows.iter().copied().filter(|row| !left.contains(row)).collect()
}

/// The largest number not above a point drawn between `low` and `high`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the threshold is lowered where it was rounded up"
)]
fn uniform(low: f32, high: f32, draws: &mut Draws) -> f32 {
    let exact = f64::from(low) + (f64::from(high) - f64::from(low)) * draws.unit();
    let mut threshold = exact as f32;
    while f64::from(threshold) > exact {
        threshold = threshold.next_down();
    }
    if threshold >= high { low } else { threshold }
}
