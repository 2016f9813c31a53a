//! A cut as far as the bins of a column tell it.
//!
//! The bins of the lowest and of the highest number bound both, and so the threshold that is drawn between them.
//! Rows in bins beyond those bounds are on one side whatever the numbers are.

use super::bins::{Bins, ends};
use super::random_cut::CONSTANT;
use super::rule::threshold;

/// Above this share of a range rounding may lift a threshold to the highest number, which is then replaced by
/// the lowest: such a threshold has no bounds.
const NEARLY_ONE: f64 = 1.0 - 1.0 / 1_048_576.0;

/// A cut in one column of a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DrawnCut {
    pub(crate) column: u32,
    pub(crate) range: Range,
    pub(crate) drawn: Drawn,
    /// Whether what is missing goes left; `None` where nothing is.
    pub(crate) missing_left: Option<bool>,
    /// Rows in bins below this one go left.
    pub(crate) end: u8,
    /// Rows in bins from this one on go right; those in between may go either way.
    pub(crate) beyond: u8,
}

/// Where the numbers of a column lie in a node.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    /// The bins of the lowest and of the highest number.
    pub(crate) bins: [u8; 2],
    /// The least and the most that the lowest number can be, and the same of the highest.
    low: [f32; 2],
    high: [f32; 2],
}

/// A threshold that was drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Drawn {
    /// As a share of the range.
    Share(f64),
    /// As a number.
    Number(f32),
}

impl Default for Drawn {
    fn default() -> Self {
        Self::Share(0.0)
    }
}

impl DrawnCut {
    /// A cut that is still to be drawn, between the numbers in these bins.
    #[inline(always)]
    pub(crate) fn between(meaning: &Bins, column: u32, bins: [u8; 2]) -> Self {
        let (low, high) = (meaning.bounds(column, bins[0]), meaning.bounds(column, bins[1]));
        let range = Range::new(bins, low, high);
        Self { column, range, ..Self::default() }
    }

    /// Finds the bins between which the rows are cut.
    #[inline(always)]
    pub(crate) fn find_ends(&mut self, meaning: &Bins) {
        let [least, most] = self.bounds();
        let begun = [meaning.begun(self.column, least), meaning.begun(self.column, most)];
        [self.end, self.beyond] = ends(begun, self.range.bins[1]);
    }

    /// A number that rows must stay below to be left of the threshold for certain, and the most that the
    /// threshold can be.
    #[inline(always)]
    fn bounds(&self) -> [f32; 2] {
        let Range { low, high, .. } = self.range;
        match self.drawn {
            Drawn::Number(number) => [number.next_up(), number],
            Drawn::Share(share) => bounds_of_share(low, high, share),
        }
    }

    /// The threshold as a number, where the range is known.
    #[inline(always)]
    pub(crate) fn threshold(&self) -> f32 {
        match self.drawn {
            Drawn::Number(number) => number,
            Drawn::Share(share) => threshold(self.range.low[0], self.range.high[0], share),
        }
    }
}

impl Range {
    /// The range between the numbers in two bins, with the least and the most that each can be.
    #[inline(always)]
    pub(crate) fn new(bins: [u8; 2], low: [f32; 2], high: [f32; 2]) -> Self {
        Self { bins, low, high }
    }

    /// Notes what the lowest and the highest number are.
    pub(crate) fn settle(&mut self, low: f32, high: f32) {
        (self.low, self.high) = ([low; 2], [high; 2]);
    }

    /// Whether both extremes are known.
    #[inline(always)]
    pub(crate) fn is_known(&self) -> bool {
        self.low[0] >= self.low[1] && self.high[0] >= self.high[1]
    }

    /// Whether the extremes are so far apart that the column is not constant; where this is not so, they may be
    /// as long as they are not known.
    #[inline(always)]
    pub(crate) fn is_wide(&self) -> bool {
        self.high[0] > self.low[1] + CONSTANT
    }

    /// Whether there are different numbers; asked of a range that is wide or known.
    #[inline(always)]
    pub(crate) fn has_inside(&self) -> bool {
        self.low[1] < self.high[0]
    }

    /// The lowest and the highest number, where they are known.
    pub(crate) fn extremes(&self) -> [f32; 2] {
        [self.low[0], self.high[0]]
    }
}

/// What a threshold at this share of a range lies between, of which the least and the most of both ends are known: a
/// number that rows must stay below to be left of it for certain, and the most that it can be.
#[inline(always)]
pub(crate) fn bounds_of_share(low: [f32; 2], high: [f32; 2], share: f64) -> [f32; 2] {
    // Rounding moves a threshold by less than the distance to the next number; this is more.
    let slack = |number: f32| number.abs() * 1.2e-7 + f32::MIN_POSITIVE;
    let least = between(low[0], high[0], share);
    let most = between(low[1], high[1], share);
    if share > NEARLY_ONE { [low[0], high[1]] } else { [least - slack(least), most + slack(most)] }
}

/// About the point at this share of the way from `low` to `high`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is lost is allowed for")]
fn between(low: f32, high: f32, share: f64) -> f32 {
    (f64::from(low) + (f64::from(high) - f64::from(low)) * share) as f32
}
