//! What the growth of a tree leaves open: how a node's split is found.
//!
//! Extra Trees draw one cut at random in each column that they try ([`RandomCut`](super::random_cut)), random
//! forests look for the best one ([`BestCut`](super::best_cut)). Which columns are tried, and everything else,
//! is the same.

use bytemuck::Pod;

use super::bag::{Rows, RowsOf};
use super::draw::{Draws, NodeKey};
use super::grow::Ground;
use super::view::View;

/// A number as a rule looks at it.
pub(crate) trait Number: Pod + PartialOrd + Send + Sync + std::fmt::Debug {
    /// What the numbers of each column stand for.
    type Meaning: std::fmt::Debug + Sync;
}

/// How the split of a node is found.
pub(crate) trait Rule: Sized + Send {
    /// What the columns hold.
    type Number: Number;

    /// Working memory for trees on `ground`.
    fn new(ground: &Ground<'_, Self::Number>) -> Self;

    /// Prepares for a tree on `rows`.
    fn begin(&mut self, rows: &Rows);

    /// Looks for the first of the best splits of `node`; `false` where none is possible.
    fn search(
        &mut self,
        node: &Node<'_, Self::Number>,
        columns: &mut ColumnDraw,
        key: NodeKey,
    ) -> bool;

    /// The split that [`Self::search`] found.
    fn found(&self) -> &Split;

    /// What each of the `rows` of the node has in the column of the split, and the highest that is on its left.
    fn sides(&self, rows: usize) -> (&[Self::Number], Self::Number);
}

/// A node that is to be split.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'n, N: Number> {
    pub(crate) ground: Ground<'n, N>,
    pub(crate) view: View<'n, N>,
    pub(crate) rows: RowsOf<'n>,
    /// Amounts of each class, not weighed.
    pub(crate) counts: &'n [u64],
    /// The factors of the classes.
    pub(crate) weights: &'n [f64],
}

/// A split of a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Split {
    pub(crate) column: u32,
    /// Rows whose number is at most this go left.
    pub(crate) threshold: f32,
    /// Amounts of each class on the left, not weighed.
    pub(crate) left: Vec<u64>,
    /// Whether rows without a number go left; `None` where the node has no such rows.
    pub(crate) missing_left: Option<bool>,
}

/// The columns in the order of drawing, and those that are known to be constant.
#[derive(Debug)]
pub(crate) struct ColumnDraw {
    order: Vec<u32>,
    swaps: Vec<u32>,
    is_constant: Vec<bool>,
    constants: Vec<u32>,
    varying: usize,
    has_varying: bool,
}

impl ColumnDraw {
    /// A draw from so many columns.
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            order: (0..).take(columns).collect(),
            swaps: Vec::with_capacity(columns),
            is_constant: vec![false; columns],
            constants: Vec::new(),
            varying: columns,
            has_varying: false,
        }
    }

    /// Begins the draw of a node.
    #[inline(always)]
    pub(crate) fn begin(&mut self) {
        self.varying = self.order.len() - self.constants.len();
        self.has_varying = false;
    }

    /// Draws the next column to try, passing over those that are known to be constant; `None` when `tries`
    /// columns have been visited, constants included, and one at least was not constant, or none is left.
    #[inline(always)]
    pub(crate) fn next(&mut self, tries: usize, draws: &mut Draws) -> Option<u32> {
        let most = if self.has_varying { tries } else { self.order.len() };
        self.next_within(most.max(tries), draws)
    }

    /// Draws the next columns to try as [`Self::next`] would one by one, up to so many.
    #[inline(always)]
    pub(crate) fn next_many(
        &mut self,
        tries: usize,
        most: usize,
        draws: &mut Draws,
        into: &mut Vec<u32>,
    ) {
        into.clear();
        into.extend(self.next(tries, draws));
        // Beyond the tries only as many are drawn as it takes to find one that is not constant.
        while !into.is_empty() && into.len() < most {
            match self.next_within(tries, draws) {
                Some(column) => into.push(column),
                None => break,
            }
        }
    }

    /// Draws the next column that is not known to be constant among the first `most` columns.
    #[inline(always)]
    fn next_within(&mut self, most: usize, draws: &mut Draws) -> Option<u32> {
        while self.varying > 0 && self.swaps.len() < most {
            let visited = self.swaps.len();
            let left = u32::try_from(self.order.len() - visited).expect("columns are u32");
            let pick = draws.below(left);
            self.swaps.push(pick);
            self.order.swap(visited, visited + pick as usize);
            let column = self.order[visited];
            if !self.is_constant[column as usize] {
                self.varying -= 1;
                return Some(column);
            }
        }
        None
    }

    /// Notes that the column drawn last is not constant.
    #[inline(always)]
    pub(crate) fn remember_varying(&mut self) {
        self.has_varying = true;
    }

    /// Notes that `column` is constant in the node at hand and in all nodes below it.
    #[inline(always)]
    pub(crate) fn remember_constant(&mut self, column: u32) {
        self.is_constant[column as usize] = true;
        self.constants.push(column);
    }

    /// Ends the draw of a node: the next one begins with the same order.
    #[inline(always)]
    pub(crate) fn end(&mut self) {
        for place in (0..self.swaps.len()).rev() {
            self.order.swap(place, place + self.swaps[place] as usize);
        }
        self.swaps.clear();
    }

    /// How many columns are known to be constant.
    #[inline(always)]
    pub(crate) fn constants(&self) -> usize {
        self.constants.len()
    }

    /// Forgets all constants but the first `keep`.
    #[inline(always)]
    pub(crate) fn forget_constants(&mut self, keep: usize) {
        for column in self.constants.drain(keep..) {
            self.is_constant[column as usize] = false;
        }
    }
}

/// The largest `f32` not above the point at share `unit` of the way from `low` to `high`; below `high`.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "what is lost is put right after it")]
pub(crate) fn threshold(low: f32, high: f32, unit: f64) -> f32 {
    let exact = f64::from(low) + (f64::from(high) - f64::from(low)) * unit;
    let nearest = exact as f32;
    let below = if f64::from(nearest) > exact { nearest.next_down() } else { nearest };
    if below < high { below } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_threshold_separates_the_extremes(
            a in any::<f32>(), b in any::<f32>(), unit in 0.0..1.0_f64,
        ) {
            prop_assume!(a.is_finite() && b.is_finite() && a != b);
            let (low, high) = (a.min(b), a.max(b));
            let threshold = threshold(low, high, unit);
            prop_assert!(low <= threshold && threshold < high);
        }

        #[test]
        fn rounding_a_threshold_moves_no_row(a in -1e3_f32..1e3, step in 1_u8..9, unit in 0.0..1.0_f64) {
            // Neighbouring floats: the double threshold lies between two of them.
            let high = (0..step).fold(a, |value, _| value.next_up());
            let exact = f64::from(a) + (f64::from(high) - f64::from(a)) * unit;
            let rounded = threshold(a, high, unit);
            let mut value = a;
            while value < high {
                prop_assert_eq!(value <= rounded, f64::from(value) <= exact);
                value = value.next_up();
            }
        }
    }

    #[test]
    fn the_widest_range_does_not_overflow() {
        assert_eq!(threshold(f32::MIN, f32::MAX, 0.5), 0.0);
    }
}
