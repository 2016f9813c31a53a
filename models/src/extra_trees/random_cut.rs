//! The rule of Extra Trees: one cut in each column that is tried, uniformly between its extremes.

use super::ahead::Ahead;
use super::bag::Rows;
use super::draw::NodeKey;
use super::grow::Ground;
use super::impurity::{is_perfect, proxy};
use super::kernels::LANES;
use super::open_cut::{could_win, highest, limit};
use super::rule::{ColumnDraw, Node, Rule, Split};
use super::slate::Slate;
use super::tally::Tally;
use super::trial::Trial;

/// A column whose numbers differ by no more in a node is constant there, as in scikit-learn.
pub(crate) const CONSTANT: f32 = 1e-7;

/// Finds a split by drawing cuts.
#[derive(Debug)]
pub(crate) struct RandomCut {
    ahead: Ahead,
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
            ahead: Ahead::new(rows),
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
        loop {
            self.ahead.draw(node, columns, &mut picks);
            if self.ahead.columns.is_empty() {
                return;
            }
            for place in 0..self.ahead.columns.len() {
                let column = self.ahead.columns[place];
                std::mem::swap(&mut self.trial.bins, &mut self.ahead.bins[place]);
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
    }

    /// Tries many columns side by side.
    #[inline(always)]
    fn try_slates(&mut self, node: &Node<'_, u8>, columns: &mut ColumnDraw, key: NodeKey) {
        let mut picks = key.draws();
        while self.slate.draw(node, columns, key, &mut picks, &mut self.trial) {
            if self.weigh_slate(node) && is_perfect(&self.best.split.left, node.counts) {
                return;
            }
        }
    }

    /// Makes the first of the best cuts of the slate the best split where it is better; `false` where none is.
    ///
    /// Cuts between whose ends no row lies are weighed first: few of the others can be better than the best of them, and
    /// only those are divided, the most promising first.
    #[inline(always)]
    fn weigh_slate(&mut self, node: &Node<'_, u8>) -> bool {
        let open = self.slate.open();
        let (lane, score) = highest(&self.slate.scores(node, &open));
        let mut found = (score > self.best.proxy).then_some((lane, score));
        if open.contains(&true) && self.divide_slate(node, &open, &mut found) {
            return true;
        }
        if let Some((lane, score)) = found {
            self.slate.left(lane, &mut self.trial.split.left);
            self.slate.lend(lane, self.slate.cut_in(lane), &mut self.trial);
            self.trial.proxy = score;
            std::mem::swap(&mut self.trial, &mut self.best);
        }
        found.is_some()
    }

    /// Makes the first of the best of the `open` cuts the best split where it is better than the cut that was `found`,
    /// or as good and before it; `false` where none is.
    #[inline(always)]
    fn divide_slate(
        &mut self,
        node: &Node<'_, u8>,
        open: &[bool; LANES],
        found: &mut Option<(usize, f64)>,
    ) -> bool {
        let mut limits = self.slate.limits(node, open);
        let mut any = false;
        loop {
            let best = found.map_or(self.best.proxy, |(_, score)| score);
            let (lane, limit) = highest(&limits);
            if limit == f64::NEG_INFINITY || !could_win(limit, best) {
                return any;
            }
            limits[lane] = f64::NEG_INFINITY;
            self.slate.lend(lane, self.slate.cut_in(lane), &mut self.trial);
            self.divide(node);
            let score = self.trial.proxy;
            if score > best || score == best && found.is_some_and(|(found, _)| lane < found) {
                (*found, any) = (Some((lane, score)), true);
                std::mem::swap(&mut self.trial, &mut self.best);
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
        let (ends, both) = ([cut.end, cut.beyond], [&mut split.left[..], &mut self.most[..]]);
        let [rows, most] = self.tally.count(node, bins, ends, both);
        if rows == most {
            self.judge(node, rows);
        } else if self.could_win(node) {
            self.divide(node);
        } else {
            return false;
        }
        self.trial.proxy > self.best.proxy
    }

    /// Weighs the trial where rows lie between the ends of its cut.
    fn divide(&mut self, node: &Node<'_, u8>) {
        self.trial.divide(node);
        let Trial { bins, cut, split, .. } = &mut self.trial;
        let [rows] = self.tally.count(node, bins, [cut.end], [&mut split.left]);
        self.judge(node, rows);
    }

    /// Weighs the trial by what is on its left, among which are so many rows.
    #[inline(always)]
    fn judge(&mut self, node: &Node<'_, u8>, rows: usize) {
        let parameters = node.ground.parameters;
        let least = parameters.min_samples_leaf;
        let fits = rows >= least && node.rows.ids.len() - rows >= least;
        let left = &self.trial.split.left;
        self.trial.proxy = if fits {
            proxy(parameters.criterion, left, node.counts, node.weights)
        } else {
            f64::NEG_INFINITY
        };
    }

    /// Whether the trial can be as good as the best, with at least what is on its left and at most [`Self::most`].
    #[inline(always)]
    fn could_win(&self, node: &Node<'_, u8>) -> bool {
        let (criterion, ends) =
            (node.ground.parameters.criterion, [&self.trial.split.left[..], &self.most]);
        could_win(limit(criterion, ends, node.counts, node.weights), self.best.proxy)
    }
}
