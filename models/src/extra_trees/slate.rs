//! Columns that are tried side by side in a node of few rows.
//!
//! Most nodes have few rows, and there the time goes into what is done once for each column. So the bins of up to
//! [`LANES`] columns are laid out row by row, and all columns go through each step together.

use super::bins::MISSING;
use super::draw::{Draws, NodeKey};
use super::drawn_cut::{Drawn, DrawnCut};
use super::kernels::{FULL, LANES};
use super::rule::{ColumnDraw, Node, View};
use super::threshold::Threshold;
use super::trial::Trial;

/// Nodes of more rows try column after column: they spend their time in loops over rows.
const MOST_ROWS: usize = 512;
/// So do nodes of fewer rows: there the first column is likely to part the classes.
const LEAST_ROWS: usize = 5;
/// And where there are more classes, for each has sums of its own.
const MOST_CLASSES: usize = 32;

/// Up to [`LANES`] columns of one node.
#[derive(Debug)]
pub(crate) struct Slate {
    columns: Vec<u32>,
    /// The cut in each column; none where it is constant.
    cuts: Vec<Option<DrawnCut>>,
    /// The bin of each row in each column.
    rows: Vec<[u8; LANES]>,
    /// How many rows of each class are in bins below the end of each cut, and below what is beyond it.
    below: Vec<[[u32; LANES]; 2]>,
    /// The same of some rows.
    sums: Vec<[[u8; LANES]; 2]>,
}

impl Slate {
    /// Working memory for some classes.
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            columns: Vec::with_capacity(LANES),
            cuts: Vec::with_capacity(LANES),
            rows: Vec::with_capacity(MOST_ROWS),
            below: vec![[[0; LANES]; 2]; classes],
            sums: vec![[[0; LANES]; 2]; classes],
        }
    }

    /// Whether the columns of `node` are tried side by side.
    #[inline(always)]
    pub(crate) fn suits(node: &Node<'_, u8>) -> bool {
        (LEAST_ROWS..=MOST_ROWS).contains(&node.rows.ids.len())
            && node.counts.len() <= MOST_CLASSES
            && node.rows.amounts.is_empty()
            && matches!(node.view, View::ByRow(..))
    }

    /// Draws the next columns to try and a cut in each, with `trial` for working memory; `false` where none is
    /// left.
    #[inline(always)]
    pub(crate) fn draw(
        &mut self,
        node: &Node<'_, u8>,
        columns: &mut ColumnDraw,
        key: NodeKey,
        picks: &mut Draws,
        trial: &mut Trial,
    ) -> bool {
        columns.next_many(node.ground.tries, LANES, picks, &mut self.columns);
        if self.columns.is_empty() {
            return false;
        }
        self.gather(node);
        self.cut(node, key, trial);
        for (&column, cut) in self.columns.iter().zip(&self.cuts) {
            match cut {
                None => columns.remember_constant(column),
                Some(_) => columns.remember_varying(),
            }
        }
        self.count(node);
        true
    }

    /// How many columns there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// The cut in column `lane`; `None` where it is constant.
    #[inline(always)]
    pub(crate) fn cut_in(&self, lane: usize) -> Option<DrawnCut> {
        self.cuts[lane]
    }

    /// Puts how many rows of each class are for certain left of the cut in column `lane` into `least`, and how many
    /// may be into `most`, and gives the sums of both.
    #[inline(always)]
    pub(crate) fn left(&self, lane: usize, least: &mut [u64], most: &mut [u64]) -> [usize; 2] {
        let mut rows = [0; 2];
        for ((below, least), most) in self.below.iter().zip(least).zip(most) {
            let [few, many] = [below[0][lane], below[1][lane]];
            (*least, *most) = (u64::from(few), u64::from(many));
            rows = [rows[0] + few as usize, rows[1] + many as usize];
        }
        rows
    }

    /// Hands column `lane` and its `cut` to `trial`.
    #[inline(always)]
    pub(crate) fn lend(&self, lane: usize, cut: DrawnCut, trial: &mut Trial) {
        trial.cut = cut;
        let rows = self.rows.len();
        for (bin, row) in trial.bins.iter_mut().zip(&self.rows) {
            *bin = row[lane];
        }
        trial.bins[rows..rows + LANES].fill(MISSING);
    }

    /// Lays out the rows of `node`.
    #[inline(always)]
    fn gather(&mut self, node: &Node<'_, u8>) {
        self.rows.clear();
        // The lanes of no column must not be written after those of the columns: vectors that are read soon after
        // single bytes were written have to wait for them.
        self.rows.resize(node.rows.ids.len(), [MISSING; LANES]);
        for (row, &id) in self.rows.iter_mut().zip(node.rows.ids) {
            let from = node.view.row(id);
            for (to, &column) in row.iter_mut().zip(&self.columns) {
                *to = from[column as usize];
            }
        }
    }

    /// Draws the cut in each column.
    #[inline(always)]
    fn cut(&mut self, node: &Node<'_, u8>, key: NodeKey, trial: &mut Trial) {
        let (low, high) = self.extremes();
        let meaning = node.ground.table.meaning();
        let is_uniform = node.ground.parameters.threshold == Threshold::Uniform;
        self.cuts.clear();
        for lane in 0..self.columns.len() {
            let column = self.columns[lane];
            if low[lane] == MISSING {
                self.cuts.push(None);
                continue;
            }
            let mut cut = DrawnCut::between(meaning, column, [low[lane], high[lane]]);
            let cut = if is_uniform && cut.range.is_wide() && !meaning.may_miss(column) {
                cut.drawn = Drawn::Share(key.of_column(column).unit());
                cut.find_ends(meaning);
                Some(cut)
            } else {
                self.cut_with_care(node, lane, cut, key, trial)
            };
            self.cuts.push(cut);
        }
    }

    /// Draws the cut in column `lane` as [`Trial::complete`] does.
    #[cold]
    fn cut_with_care(
        &mut self,
        node: &Node<'_, u8>,
        lane: usize,
        cut: DrawnCut,
        key: NodeKey,
        trial: &mut Trial,
    ) -> Option<DrawnCut> {
        self.lend(lane, cut, trial);
        if !trial.complete(node, key) {
            return None;
        }
        if trial.cut.missing_left == Some(true) {
            for (row, &bin) in self.rows.iter_mut().zip(&trial.bins) {
                row[lane] = bin;
            }
        }
        Some(trial.cut)
    }

    /// The lowest and the highest bin in each column.
    #[inline(always)]
    fn extremes(&self) -> ([u8; LANES], [u8; LANES]) {
        let (mut low, mut high) = ([MISSING; LANES], [0; LANES]);
        for row in &self.rows {
            for lane in 0..LANES {
                low[lane] = row[lane].min(low[lane]);
                // What is missing is the highest bin, and none when one is added.
                high[lane] = row[lane].wrapping_add(1).max(high[lane]);
            }
        }
        (low, high.map(|bin| bin.wrapping_sub(1)))
    }

    /// Counts the rows of each class below the ends of the cuts.
    #[inline(always)]
    fn count(&mut self, node: &Node<'_, u8>) {
        let mut ends = [[0; LANES]; 2];
        for (lane, cut) in self.cuts.iter().enumerate() {
            if let Some(cut) = cut {
                (ends[0][lane], ends[1][lane]) = (cut.end, cut.beyond);
            }
        }
        self.below.fill([[0; LANES]; 2]);
        let rows = self.rows.chunks(FULL).zip(node.rows.classes.chunks(FULL));
        for (rows, classes) in rows {
            self.sums.fill([[0; LANES]; 2]);
            for (row, &class) in rows.iter().zip(classes) {
                let sums = &mut self.sums[usize::from(class)];
                *sums = [add_below(sums[0], *row, ends[0]), add_below(sums[1], *row, ends[1])];
            }
            for (below, sums) in
                self.below.as_flattened_mut().iter_mut().zip(self.sums.as_flattened())
            {
                for lane in 0..LANES {
                    below[lane] += u32::from(sums[lane]);
                }
            }
        }
    }
}

/// Adds one to each lane of `sums` whose bin is below its end.
#[inline(always)]
fn add_below(sums: [u8; LANES], bins: [u8; LANES], ends: [u8; LANES]) -> [u8; LANES] {
    std::array::from_fn(|lane| sums[lane] + u8::from(bins[lane] < ends[lane]))
}
