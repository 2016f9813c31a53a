//! A cut that is tried in one column of a node, with the bins of the node's rows.
//!
//! Where the bins do not tell on which side of the threshold a row is, its number is looked up. The threshold
//! of the best cut is computed at the end, from the numbers.

use super::bins::{LEFT, MISSING};
use super::draw::{Draws, NodeKey};
use super::drawn_cut::{Drawn, DrawnCut};
use super::kernels::{LANES, extremes_of, find};
use super::rule::{Node, Split};
use super::threshold::Threshold;

/// A cut that is being tried.
#[derive(Debug)]
pub(crate) struct Trial {
    /// The bin of each row of the node, then others; [`LEFT`] or [`MISSING`] where the bin does not tell the
    /// side.
    pub(crate) bins: Vec<u8>,
    pub(crate) cut: DrawnCut,
    /// The split; all but the amounts on its left are there after [`Self::settle`].
    pub(crate) split: Split,
    /// How good the split is.
    pub(crate) proxy: f64,
    /// Rows of the node whose numbers were looked up, and those.
    places: Vec<u32>,
    numbers: Vec<f32>,
}

impl Trial {
    /// Working memory for nodes of up to so many rows.
    pub(crate) fn new(rows: usize, classes: usize) -> Self {
        Self {
            bins: vec![MISSING; rows + LANES],
            cut: DrawnCut::default(),
            split: Split { left: vec![0; classes], ..Split::default() },
            proxy: 0.0,
            places: Vec::new(),
            numbers: Vec::new(),
        }
    }

    /// Draws a cut in `column`, whose rows in `node` are in [`Self::bins`]; `false` where the column is constant.
    #[inline(always)]
    pub(crate) fn draw(&mut self, node: &Node<'_, u8>, column: u32, key: NodeKey) -> bool {
        let extremes = extremes_of(&mut self.bins, node.rows.ids.len());
        if extremes[0] == MISSING {
            return false;
        }
        let meaning = node.ground.table.meaning();
        self.cut = DrawnCut::between(meaning, column, extremes);
        self.complete(node, key)
    }

    /// Draws the threshold of the cut at hand, and the side of what is missing, and finds where the bins are cut;
    /// `false` where the column is constant.
    #[inline(always)]
    pub(crate) fn complete(&mut self, node: &Node<'_, u8>, key: NodeKey) -> bool {
        let (rows, column) = (node.rows.ids.len(), self.cut.column);
        let any_missing =
            node.ground.table.meaning().may_miss(column) && self.bins[..rows].contains(&MISSING);
        let mut draws = key.of_column(column);
        if !self.cut.range.is_wide() {
            if !self.cut.range.is_known() {
                self.look_up(node, 0..0);
            }
            if !self.cut.range.is_wide() && !any_missing {
                return false;
            }
        }
        let law = node.ground.parameters.threshold;
        self.cut.drawn = if !self.cut.range.has_inside() {
            // All numbers are the same, and others are missing.
            Drawn::Number(self.cut.range.extremes()[0])
        } else if law == Threshold::Uniform {
            Drawn::Share(draws.unit())
        } else {
            Drawn::Number(self.draw_number(node, law, &mut draws))
        };
        self.cut.missing_left = any_missing.then(|| draws.coin());
        if self.cut.missing_left == Some(true) {
            for bin in &mut self.bins[..rows] {
                *bin = if *bin == MISSING { LEFT } else { *bin };
            }
        }
        self.cut.find_ends(node.ground.table.meaning());
        true
    }

    /// Moves the rows that may lie on either side of the cut to theirs.
    pub(crate) fn divide(&mut self, node: &Node<'_, u8>) {
        let between = self.cut.end..self.cut.beyond;
        self.look_up(node, between.clone());
        let threshold = self.cut.threshold();
        self.cut.drawn = Drawn::Number(threshold);
        for (&place, &number) in self.places.iter().zip(&self.numbers) {
            let bin = &mut self.bins[place as usize];
            if between.contains(bin) {
                *bin = if number <= threshold { LEFT } else { MISSING };
            }
        }
        self.cut.beyond = self.cut.end;
    }

    /// Completes the split.
    pub(crate) fn settle(&mut self, node: &Node<'_, u8>) {
        if matches!(self.cut.drawn, Drawn::Share(_)) && !self.cut.range.is_known() {
            self.look_up(node, 0..0);
        }
        self.split.column = self.cut.column;
        self.split.threshold = self.cut.threshold();
        self.split.missing_left = self.cut.missing_left;
    }

    /// Draws by a law that looks at numbers.
    #[cold]
    fn draw_number(&mut self, node: &Node<'_, u8>, law: Threshold, draws: &mut Draws) -> f32 {
        self.look_up(node, 0..0);
        let (table, column) = (node.ground.table, self.cut.column);
        self.numbers.clear();
        self.numbers.extend(node.rows.ids.iter().map(|&id| table.number(id, column)));
        let [low, high] = self.cut.range.extremes();
        law.draw(low, high, &self.numbers, draws)
    }

    /// Looks up the numbers of the rows in the bins of the lowest and the highest number, which are known then,
    /// and of those `between`. All are read before any is used, so that the processor waits for them together.
    fn look_up(&mut self, node: &Node<'_, u8>, between: std::ops::Range<u8>) {
        let (table, column) = (node.ground.table, self.cut.column);
        let ids = node.rows.ids;
        find(&self.bins[..ids.len()], self.cut.range.bins, between, &mut self.places);
        self.numbers.clear();
        let numbers = self.places.iter().map(|&place| table.number(ids[place as usize], column));
        self.numbers.extend(numbers);
        let lowest = self.numbers.iter().copied().fold(f32::INFINITY, f32::min);
        let highest = self.numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        self.cut.range.settle(lowest, highest);
    }
}
