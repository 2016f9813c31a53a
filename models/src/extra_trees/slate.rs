//! Columns that are tried side by side in a node of few rows.
//!
//! Most nodes have few rows, and there the time goes into what is done once for each column. So the bins of up to
//! [`LANES`] columns are laid out row by row, and all columns go through each step together.

use super::bins::MISSING;
use super::draw::{Draws, NodeKey};
use super::drawn_cut::DrawnCut;
use super::impurity::{gini_of_lanes, proxy};
use super::kernels::{FULL, LANES};
use super::lane_cuts::{LaneCut, LaneCuts};
use super::lanes::Row;
use super::open_cut::CORNERS;
use super::parameters::Criterion;
use super::row_picks::RowPicks;
use super::rule::{ColumnDraw, Node};
use super::threshold::Threshold;
use super::trial::Trial;
use super::vectors::Vectors;

/// Nodes of more rows try column after column: they spend their time in loops over rows.
const MOST_ROWS: usize = 4096;
/// So do nodes of fewer rows: there the first column is likely to part the classes.
const LEAST_ROWS: usize = 5;
/// And where there are more classes, for each has sums of its own.
const MOST_CLASSES: usize = 32;

/// Up to [`LANES`] columns of one node.
#[derive(Debug)]
pub(crate) struct Slate {
    columns: Vec<u32>,
    cuts: LaneCuts,
    /// The bin of each row in each column.
    rows: Vec<Row>,
    picks: RowPicks,
    vectors: Vectors,
    /// How many rows of each class are in bins below the first end of each cut, and below the second.
    below: Vec<[[u32; LANES]; 2]>,
    /// The same of some rows.
    sums: Vec<[Row; 2]>,
}

impl Slate {
    /// Working memory for some classes.
    pub(crate) fn new(classes: usize) -> Self {
        Self {
            columns: Vec::with_capacity(LANES),
            cuts: LaneCuts::new(),
            rows: Vec::with_capacity(MOST_ROWS),
            picks: RowPicks::new(),
            vectors: Vectors::detect(),
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
            && node.view.rows().is_some()
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
        for (lane, &column) in self.columns.iter().enumerate() {
            match self.cuts.kind(lane) {
                LaneCut::Constant => columns.remember_constant(column),
                LaneCut::Plain | LaneCut::Other => columns.remember_varying(),
            }
        }
        self.count(node);
        true
    }

    /// The cut in column `lane`.
    #[inline(always)]
    pub(crate) fn cut_in(&self, lane: usize) -> DrawnCut {
        self.cuts.cut(lane, self.columns[lane])
    }

    /// How good the cut in each lane is; negative infinity where it is open or a side has too few rows.
    #[inline(always)]
    pub(crate) fn scores(&self, node: &Node<'_, u8>, open: &[bool; LANES]) -> [f64; LANES] {
        let mut scores = self.score(node, [0, 0]);
        let rows = self.rows_below(0);
        let all = u32::try_from(node.rows.ids.len()).unwrap_or(u32::MAX);
        let least = u32::try_from(node.ground.parameters.min_samples_leaf).unwrap_or(u32::MAX);
        for lane in 0..LANES {
            let fits = rows[lane] >= least && all - rows[lane] >= least;
            scores[lane] = if fits && !open[lane] { scores[lane] } else { f64::NEG_INFINITY };
        }
        scores
    }

    /// Whether the cut in each lane is open: rows lie between its ends.
    #[inline(always)]
    pub(crate) fn open(&self) -> [bool; LANES] {
        let (least, most) = (self.rows_below(0), self.rows_below(1));
        let mut open = [false; LANES];
        for lane in 0..LANES {
            open[lane] = least[lane] < most[lane];
        }
        open
    }

    /// How good each of the `open` cuts can be at most, as [`limit`](super::open_cut::limit) has it; negative infinity
    /// in the other lanes.
    #[inline(always)]
    pub(crate) fn limits(&self, node: &Node<'_, u8>, open: &[bool; LANES]) -> [f64; LANES] {
        let mut limits = [f64::NEG_INFINITY; LANES];
        for corner in CORNERS {
            let of_two = node.counts.len() == 2;
            let scores = if of_two { self.score(node, corner) } else { [f64::INFINITY; LANES] };
            for lane in 0..LANES {
                let larger = open[lane] && scores[lane] > limits[lane];
                limits[lane] = if larger { scores[lane] } else { limits[lane] };
            }
        }
        limits
    }

    /// How many rows are below the first or the second end of each cut.
    #[inline(always)]
    fn rows_below(&self, end: usize) -> [u32; LANES] {
        let mut rows = [0; LANES];
        for below in &self.below {
            for lane in 0..LANES {
                rows[lane] += below[end][lane];
            }
        }
        rows
    }

    /// How good the cut in each lane is where the rows of the first two classes end at the `chosen` ends.
    #[inline(always)]
    fn score(&self, node: &Node<'_, u8>, chosen: [usize; 2]) -> [f64; LANES] {
        match node.ground.parameters.criterion {
            Criterion::Gini => gini_of_lanes(&self.below, chosen, node.counts, node.weights),
            Criterion::Entropy => self.entropies(node, chosen),
        }
    }

    /// The same by entropy.
    fn entropies(&self, node: &Node<'_, u8>, chosen: [usize; 2]) -> [f64; LANES] {
        let (mut left, mut scores) = (vec![0; self.below.len()], [0.0; LANES]);
        for (lane, score) in scores.iter_mut().enumerate().take(self.columns.len()) {
            for (class, (left, below)) in left.iter_mut().zip(&self.below).enumerate() {
                *left = u64::from(below[chosen.get(class).copied().unwrap_or(0)][lane]);
            }
            *score = proxy(Criterion::Entropy, &left, node.counts, node.weights);
        }
        scores
    }

    /// Puts how many rows of each class are for certain left of the cut in column `lane` into `left`.
    #[inline(always)]
    pub(crate) fn left(&self, lane: usize, left: &mut [u64]) {
        for (below, left) in self.below.iter().zip(left) {
            *left = u64::from(below[0][lane]);
        }
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
        let values = node.view.rows().expect("such nodes are read row by row");
        self.picks.copy(self.vectors, values, node.rows.ids, &self.columns, &mut self.rows);
    }

    /// Draws the cut in each column.
    #[inline(always)]
    fn cut(&mut self, node: &Node<'_, u8>, key: NodeKey, trial: &mut Trial) {
        self.cuts.draw(
            node.ground.table.meaning(),
            &self.columns,
            self.vectors.extremes(&self.rows),
            key,
        );
        let is_uniform = node.ground.parameters.threshold == Threshold::Uniform;
        for lane in 0..self.columns.len() {
            let kind = self.cuts.kind(lane);
            if kind == LaneCut::Other || kind == LaneCut::Plain && !is_uniform {
                self.cut_with_care(node, lane, key, trial);
            }
        }
    }

    /// Draws the cut in column `lane` as [`Trial::complete`] does.
    #[cold]
    fn cut_with_care(&mut self, node: &Node<'_, u8>, lane: usize, key: NodeKey, trial: &mut Trial) {
        let undrawn = self.cut_in(lane);
        self.lend(lane, undrawn, trial);
        let drawn = trial.complete(node, key).then_some(trial.cut);
        if drawn.is_some_and(|cut| cut.missing_left == Some(true)) {
            for (row, &bin) in self.rows.iter_mut().zip(&trial.bins) {
                row[lane] = bin;
            }
        }
        self.cuts.put(lane, drawn);
    }

    /// Counts the rows of each class below the ends of the cuts.
    #[inline(always)]
    fn count(&mut self, node: &Node<'_, u8>) {
        self.below.fill([[0; LANES]; 2]);
        let rows = self.rows.chunks(FULL).zip(node.rows.classes.chunks(FULL));
        for (rows, classes) in rows {
            let ends = &self.cuts.ends;
            count_some(self.vectors, rows, classes, ends, &mut self.sums);
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

/// Counts the rows of each class below `ends`; at most [`FULL`] rows.
#[inline(always)]
fn count_some(
    vectors: Vectors,
    rows: &[Row],
    classes: &[u16],
    ends: &[Row; 2],
    sums: &mut [[Row; 2]],
) {
    if let [first, second] = sums {
        let [all, ones] = vectors.count_of_two(rows, classes, ends);
        for end in 0..2 {
            for lane in 0..LANES {
                first[end][lane] = all[end][lane] - ones[end][lane];
            }
        }
        *second = ones;
        return;
    }
    sums.fill([[0; LANES]; 2]);
    for (row, &class) in rows.iter().zip(classes) {
        for (sums, ends) in sums[usize::from(class)].iter_mut().zip(ends) {
            for lane in 0..LANES {
                sums[lane] += u8::from(row[lane] < ends[lane]);
            }
        }
    }
}
