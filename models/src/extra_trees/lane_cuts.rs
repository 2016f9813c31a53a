//! Cuts in several columns of a node, drawn side by side.
//!
//! What is drawn is what [`DrawnCut`] draws in one column. Each step is done for all columns before the next, so
//! that the processor waits for their edges together, and the arithmetic is done many columns at a time.

use super::bins::{Bins, MISSING, ends};
use super::draw::NodeKey;
use super::drawn_cut::{Drawn, DrawnCut, Range, bounds_of_share};
use super::kernels::LANES;

/// The cut in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneCut {
    /// There is none: the column is constant, or there is no column.
    Constant,
    /// Its threshold is a share of a range that is wide, and no number is missing.
    Plain,
    /// It is to be drawn by itself.
    Other,
}

/// The cuts of up to [`LANES`] columns.
#[derive(Debug)]
pub(crate) struct LaneCuts {
    kinds: [LaneCut; LANES],
    /// The bins of the lowest and of the highest number in each column.
    bins: [[u8; LANES]; 2],
    /// The least and the most that the lowest number can be, and the same of the highest.
    low: [[f32; LANES]; 2],
    high: [[f32; LANES]; 2],
    shares: [f64; LANES],
    /// Rows in bins below the first end go left, those from the second on go right.
    pub(crate) ends: [[u8; LANES]; 2],
    /// Cuts that were drawn by themselves.
    others: Vec<(usize, DrawnCut)>,
}

impl LaneCuts {
    /// No cuts.
    pub(crate) fn new() -> Self {
        Self {
            kinds: [LaneCut::Constant; LANES],
            bins: [[0; LANES]; 2],
            low: [[0.0; LANES]; 2],
            high: [[0.0; LANES]; 2],
            shares: [0.0; LANES],
            ends: [[0; LANES]; 2],
            others: Vec::new(),
        }
    }

    /// Draws a cut in each of `columns` between the numbers in these bins, where it can be [`LaneCut::Plain`].
    #[inline(always)]
    pub(crate) fn draw(
        &mut self,
        meaning: &Bins,
        columns: &[u32],
        bins: [[u8; LANES]; 2],
        key: NodeKey,
    ) {
        self.bins = bins;
        self.others.clear();
        self.kinds = [LaneCut::Constant; LANES];
        self.ends = [[0; LANES]; 2];
        for (lane, &column) in columns.iter().enumerate().take(LANES) {
            let [lowest, highest] = [self.bins[0][lane], self.bins[1][lane]];
            // A closure would not be inlined here.
            let (low, high) = (meaning.bounds(column, lowest), meaning.bounds(column, highest));
            for side in 0..2 {
                self.low[side][lane] = low[side];
                self.high[side][lane] = high[side];
            }
            self.shares[lane] = key.of_column(column).unit();
            self.kinds[lane] = if lowest == MISSING {
                LaneCut::Constant
            } else if Range::new([lowest, highest], low, high).is_wide()
                && !meaning.may_miss(column)
            {
                LaneCut::Plain
            } else {
                LaneCut::Other
            };
        }
        self.find_ends(meaning, columns);
    }

    /// Finds the bins between which the rows are cut, in each column as if its cut were plain.
    #[inline(always)]
    fn find_ends(&mut self, meaning: &Bins, columns: &[u32]) {
        let (mut least, mut most) = ([0.0; LANES], [0.0; LANES]);
        for (lane, (least, most)) in least.iter_mut().zip(&mut most).enumerate() {
            let low = [self.low[0][lane], self.low[1][lane]];
            let high = [self.high[0][lane], self.high[1][lane]];
            [*least, *most] = bounds_of_share(low, high, self.shares[lane]);
        }
        for (lane, &column) in columns.iter().enumerate().take(LANES) {
            let begun = [meaning.begun(column, least[lane]), meaning.begun(column, most[lane])];
            [self.ends[0][lane], self.ends[1][lane]] = ends(begun, self.bins[1][lane]);
        }
        for lane in 0..LANES {
            // Where there is no cut, no row is below it.
            let is_plain = self.kinds[lane] == LaneCut::Plain;
            for ends in &mut self.ends {
                ends[lane] = if is_plain { ends[lane] } else { 0 };
            }
        }
    }

    /// What the cut in `lane` is.
    #[inline(always)]
    pub(crate) fn kind(&self, lane: usize) -> LaneCut {
        self.kinds[lane]
    }

    /// Puts a cut that was drawn by itself into `lane`; none where the column turned out to be constant.
    #[cold]
    pub(crate) fn put(&mut self, lane: usize, cut: Option<DrawnCut>) {
        let [end, beyond] = cut.map_or([0; 2], |cut| [cut.end, cut.beyond]);
        (self.ends[0][lane], self.ends[1][lane]) = (end, beyond);
        self.kinds[lane] = if cut.is_some() { LaneCut::Other } else { LaneCut::Constant };
        self.others.extend(cut.map(|cut| (lane, cut)));
    }

    /// The cut in `lane`, which is that of `column`.
    #[inline(always)]
    pub(crate) fn cut(&self, lane: usize, column: u32) -> DrawnCut {
        if self.kinds[lane] == LaneCut::Other {
            let found = self.others.iter().find(|(other, _)| *other == lane);
            return found.map_or_else(|| self.undrawn(lane, column), |(_, cut)| *cut);
        }
        let undrawn = self.undrawn(lane, column);
        let [end, beyond] = [self.ends[0][lane], self.ends[1][lane]];
        DrawnCut { drawn: Drawn::Share(self.shares[lane]), end, beyond, ..undrawn }
    }

    /// A cut in `lane` that is still to be drawn.
    fn undrawn(&self, lane: usize, column: u32) -> DrawnCut {
        let range = Range::new(
            [self.bins[0][lane], self.bins[1][lane]],
            [self.low[0][lane], self.low[1][lane]],
            [self.high[0][lane], self.high[1][lane]],
        );
        DrawnCut { column, range, ..DrawnCut::default() }
    }
}
