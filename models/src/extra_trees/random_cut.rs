//! The rule of Extra Trees: one cut in each column that is tried, uniformly between its extremes.

use super::bag::Rows;
use super::draw::Draws;
use super::grow::Ground;
use super::impurity::{is_perfect, proxy};
use super::kernels::{count_amounts, count_many, count_two, gather_extremes, partition};
use super::rule::{ColumnDraw, Node, Rule, Split};

/// A column whose numbers differ by no more in a node is constant there, as in scikit-learn.
pub(crate) const CONSTANT: f32 = 1e-7;

/// Finds a split by drawing cuts.
#[derive(Debug)]
pub(crate) struct RandomCut {
    trial: Trial,
    best: Trial,
    counts: Vec<u32>,
}

/// A split that is being tried, with the numbers of the node's rows in its column.
#[derive(Debug)]
struct Trial {
    values: Vec<f32>,
    split: Split,
    proxy: f64,
}

impl Rule for RandomCut {
    type Number = f32;

    fn new(ground: &Ground<'_, f32>) -> Self {
        let classes = ground.table.sample().classes();
        let trial = || Trial {
            values: vec![0.0; ground.table.rows()],
            split: Split { left: vec![0; classes], ..Split::default() },
            proxy: 0.0,
        };
        Self { trial: trial(), best: trial(), counts: vec![0; classes] }
    }

    fn begin(&mut self, _rows: &Rows) {}

    #[inline(always)]
    fn search(&mut self, node: &Node<'_, f32>, columns: &mut ColumnDraw, mut draws: Draws) -> bool {
        let mut has_best = false;
        columns.begin();
        while let Some(column) = columns.next(node.ground.tries, &mut draws) {
            let ids = node.rows.ids;
            let values = &mut self.trial.values[..ids.len()];
            let (low, high) = gather_extremes(node.view.column(column), ids, values);
            let missing = node.ground.table.may_miss(column) && values.iter().any(|v| v.is_nan());
            // Where all numbers are missing, the lowest is infinite and the highest the opposite.
            if high <= low + CONSTANT && !(missing && low <= high) {
                columns.remember_constant(column);
                continue;
            }
            columns.remember_varying();
            let split = &mut self.trial.split;
            split.column = column;
            split.threshold = if low < high {
                node.ground.parameters.threshold.draw(low, high, values, &mut draws)
            } else {
                low
            };
            split.missing_left = missing.then(|| draws.coin());
            if let Some(left) = split.missing_left {
                send_missing(values, left);
            }
            if self.weigh(node) && (!has_best || self.trial.proxy > self.best.proxy) {
                std::mem::swap(&mut self.trial, &mut self.best);
                has_best = true;
                if is_perfect(&self.best.split.left, node.counts) {
                    break;
                }
            }
        }
        columns.end();
        has_best
    }

    #[inline(always)]
    fn found(&self) -> &Split {
        &self.best.split
    }

    #[inline(always)]
    fn partition<T: Copy>(&self, items: &mut [T], spare: &mut [T]) -> usize {
        partition(&self.best.values[..items.len()], self.best.split.threshold, items, spare)
    }
}

impl RandomCut {
    /// Counts the classes left of the trial's threshold and weighs the split; `false` where a side has too
    /// few rows.
    #[inline(always)]
    fn weigh(&mut self, node: &Node<'_, f32>) -> bool {
        let Trial { values, split, proxy: result } = &mut self.trial;
        let (left, classes) = (&mut split.left, node.rows.classes);
        let values = &values[..classes.len()];
        let rows = if !node.rows.amounts.is_empty() {
            count_amounts(values, classes, node.rows.amounts, split.threshold, left)
        } else if left.len() == 2 {
            count_two(values, classes, split.threshold, left)
        } else {
            count_many(values, classes, split.threshold, &mut self.counts, left)
        };
        let parameters = node.ground.parameters;
        let least = parameters.min_samples_leaf;
        if rows < least || classes.len() - rows < least {
            return false;
        }
        *result = proxy(parameters.criterion, left, node.counts, node.weights);
        true
    }
}

/// Puts what is missing on one side of every threshold.
#[inline(always)]
fn send_missing(values: &mut [f32], left: bool) {
    let side = if left { f32::NEG_INFINITY } else { f32::INFINITY };
    for value in values {
        *value = if value.is_nan() { side } else { *value };
    }
}
