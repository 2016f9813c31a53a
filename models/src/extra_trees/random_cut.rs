//! The rule of Extra Trees: one cut in each column that is tried, uniformly between its extremes.

use super::bag::Rows;
use super::draw::NodeKey;
use super::drawn_cut::DrawnCut;
use super::grow::Ground;
use super::impurity::{is_perfect, proxy};
use super::rule::{ColumnDraw, Node, Rule, Split};
use super::slate::Slate;
use super::tally::Tally;
use super::trial::Trial;

/// A column whose numbers differ by no more in a node is constant there, as in scikit-learn.
pub(crate) const CONSTANT: f32 = 1e-7;

/// By how much rounding can lift a split above another, relatively: ten thousand times what it does.
const ROUNDING: f64 = 1e-12;

/// Finds a split by drawing cuts.
#[derive(Debug)]
pub(crate) struct RandomCut {
    trial: Trial,
    best: Trial,
    slate: Slate,
    tally: Tally,
    /// The most that can be on the left of the trial.
    most: Vec<u64>,
}

impl Rule for RandomCut {
    type Number = u8;

    fn new(ground: &Ground<'_, u8>) -> Self {
        let (rows, classes) = (ground.table.rows(), ground.table.sample().classes());
        Self {
            trial: Trial::new(rows, classes),
            best: Trial::new(rows, classes),
            slate: Slate::new(classes),
            tally: Tally::new(rows, classes),
            most: vec![0; classes],
        }
    }

    fn begin(&mut self, _rows: &Rows) {}

    #[inline(always)]
    fn search(&mut self, node: &Node<'_, u8>, columns: &mut ColumnDraw, key: NodeKey) -> bool {
        self.best.proxy = f64::NEG_INFINITY;
        self.tally.begin(node);
        columns.begin();
        if Slate::suits(node) {
            self.try_slates(node, columns, key);
        } else {
            self.try_columns(node, columns, key);
        }
        columns.end();
        let found = self.best.proxy > f64::NEG_INFINITY;
        if found {
            self.best.settle(node);
        }
        found
    }

    #[inline(always)]
    fn found(&self) -> &Split {
        &self.best.split
    }

    #[inline(always)]
    fn sides(&self, rows: usize) -> (&[u8], u8) {
        // A cut is above the first bin.
        (&self.best.bins[..rows], self.best.cut.end - 1)
    }
}

impl RandomCut {
    /// Tries column after column.
    #[inline(always)]
    fn try_columns(&mut self, node: &Node<'_, u8>, columns: &mut ColumnDraw, key: NodeKey) {
        let mut picks = key.draws();
        while let Some(column) = columns.next(node.ground.tries, &mut picks) {
            if !self.trial.draw(node, column, key) {
                columns.remember_constant(column);
                continue;
            }
            columns.remember_varying();
            if self.weigh(node) && self.keep(node) {
                return;
            }
        }
    }

    /// Tries many columns side by side.
    #[inline(always)]
    fn try_slates(&mut self, node: &Node<'_, u8>, columns: &mut ColumnDraw, key: NodeKey) {
        let mut picks = key.draws();
        while self.slate.draw(node, columns, key, &mut picks, &mut self.trial) {
            for lane in 0..self.slate.len() {
                let Some(cut) = self.slate.cut_in(lane) else { continue };
                if self.weigh_lane(node, lane, cut) && self.keep(node) {
                    return;
                }
            }
        }
    }

    /// Makes the trial the best split, and says whether nothing can be better.
    #[inline(always)]
    fn keep(&mut self, node: &Node<'_, u8>) -> bool {
        std::mem::swap(&mut self.trial, &mut self.best);
        is_perfect(&self.best.split.left, node.counts)
    }

    /// Weighs the trial; `false` where it is not better than the best, or a side has too few rows.
    #[inline(always)]
    fn weigh(&mut self, node: &Node<'_, u8>) -> bool {
        let Trial { bins, cut, split, .. } = &mut self.trial;
        if cut.end == cut.beyond {
            let [rows] = self.tally.count(node, bins, [cut.end], [&mut split.left]);
            return self.judge(node, rows);
        }
        let (ends, both) = ([cut.end, cut.beyond], [&mut split.left[..], &mut self.most[..]]);
        let [rows, most] = self.tally.count(node, bins, ends, both);
        if rows == most { self.judge(node, rows) } else { self.divide(node) }
    }

    /// Weighs column `lane` of the slate as [`Self::weigh`] does, and makes it the trial where it is better.
    #[inline(always)]
    fn weigh_lane(&mut self, node: &Node<'_, u8>, lane: usize, cut: DrawnCut) -> bool {
        let [rows, most] = self.slate.left(lane, &mut self.trial.split.left, &mut self.most);
        if rows < most {
            if !self.could_win(node) {
                return false;
            }
            self.slate.lend(lane, cut, &mut self.trial);
            return self.divide(node);
        }
        let better = self.judge(node, rows);
        if better {
            self.slate.lend(lane, cut, &mut self.trial);
        }
        better
    }

    /// Weighs the trial where rows lie between the ends of its cut.
    fn divide(&mut self, node: &Node<'_, u8>) -> bool {
        if !self.could_win(node) {
            return false;
        }
        self.trial.divide(node);
        let Trial { bins, cut, split, .. } = &mut self.trial;
        let [rows] = self.tally.count(node, bins, [cut.end], [&mut split.left]);
        self.judge(node, rows)
    }

    /// Weighs the trial by what is on its left, among which are so many rows.
    #[inline(always)]
    fn judge(&mut self, node: &Node<'_, u8>, rows: usize) -> bool {
        let parameters = node.ground.parameters;
        let least = parameters.min_samples_leaf;
        if rows < least || node.rows.ids.len() - rows < least {
            return false;
        }
        let left = &self.trial.split.left;
        self.trial.proxy = proxy(parameters.criterion, left, node.counts, node.weights);
        self.trial.proxy > self.best.proxy
    }

    /// Whether the trial can be better than the best, with at least what is on its left and at most `self.most`.
    ///
    /// How good a split is is a convex function of what is on its left, so it is greatest where all open rows of a
    /// class are on one side.
    #[inline(always)]
    fn could_win(&self, node: &Node<'_, u8>) -> bool {
        let (&[first, second], &[most_first, most_second]) =
            (&self.trial.split.left[..], &self.most[..])
        else {
            return true;
        };
        let bar = self.best.proxy - ROUNDING * self.best.proxy.abs();
        let corners = [
            [first, second],
            [most_first, second],
            [first, most_second],
            [most_first, most_second],
        ];
        let criterion = node.ground.parameters.criterion;
        let scores = corners.map(|left| proxy(criterion, &left, node.counts, node.weights));
        // There is nothing to be better than before the first.
        bar == f64::NEG_INFINITY || bar.is_nan() || scores.iter().any(|&score| score >= bar)
    }
}
