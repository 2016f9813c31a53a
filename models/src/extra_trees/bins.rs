//! Numbers as bins of their column: one byte each.
//!
//! Extra Trees look at each number for two things: which is the lowest and the highest in a node, and on which
//! side of a threshold it lies. A bin of the column answers both nearly always, at a quarter of the memory;
//! where it does not, the number itself is looked up. So nothing is rounded: a forest is the one that the numbers
//! themselves would give.
//!
//! Which edges the bins have is chosen in [`binning`](super::binning).

use super::rule::Number;
use super::vectors::{Vectors, WIDTH};

impl Number for u8 {
    type Meaning = Bins;
}

/// The bin of a row that goes left whatever the threshold is; no number is in it.
pub(crate) const LEFT: u8 = 0;
/// The bin of a number that is missing; a row in it goes right whatever the threshold is.
pub(crate) const MISSING: u8 = u8::MAX;

/// The most edges between the lowest number of a column and the highest.
pub(crate) const MOST_EDGES: usize = 253;
/// Bins, with the two that hold no numbers.
pub(crate) const BINS: usize = 256;
/// Edges that are compared with a number together.
pub(crate) const STEP: usize = WIDTH;

/// What the bins of every column stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bins {
    edges: Vec<Edges>,
    /// Columns of which a number may be missing.
    may_miss: Vec<bool>,
    vectors: Vectors,
}

impl Bins {
    /// Bins between these edges of each column.
    pub(crate) fn new(edges: Vec<Edges>, may_miss: Vec<bool>) -> Self {
        Self { edges, may_miss, vectors: Vectors::detect() }
    }

    /// Whether a number of `column` is missing in any row.
    #[inline(always)]
    pub(crate) fn may_miss(&self, column: u32) -> bool {
        self.may_miss[column as usize]
    }

    /// The least and the most that the numbers in a bin of `column` can be; the same where all are one number.
    #[inline(always)]
    pub(crate) fn bounds(&self, column: u32, bin: u8) -> [f32; 2] {
        let edges = &self.edges[column as usize].all;
        let [least, end] = [edges[usize::from(bin)], edges[(usize::from(bin) + 1) % BINS]];
        // Between neighbouring numbers there is but the lower one.
        let distance = end.to_bits().wrapping_sub(least.to_bits()).cast_signed();
        [least, if distance.unsigned_abs() == 1 { least } else { end }]
    }

    /// How many bins of `column` begin at most at `number`.
    #[inline(always)]
    pub(crate) fn begun(&self, column: u32, number: f32) -> usize {
        self.edges[column as usize].begun(self.vectors, number)
    }
}

/// Where the bins of a column begin. Edges that are compared together lie in one line of cache.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct Edges {
    /// Infinite behind the bins that are used. The lowest number begins bin 1.
    all: [f32; BINS],
    /// Every sixteenth edge.
    steps: [f32; STEP],
}

impl Edges {
    /// Bins that begin here, in order.
    pub(crate) fn new(all: &[f32; BINS]) -> Self {
        let steps = std::array::from_fn(|step| all[step * STEP + STEP - 1]);
        Self { all: *all, steps }
    }

    /// How many bins begin at most at `number`; a few steps without a branch.
    #[inline(always)]
    pub(crate) fn begun(&self, vectors: Vectors, number: f32) -> usize {
        let step = (vectors.count_at_most(&self.steps, number) as usize).min(STEP - 1);
        let edges = &self.all.as_chunks::<STEP>().0[step];
        step * STEP + vectors.count_at_most(edges, number) as usize
    }
}

/// The first bin, from 1 on, that ends above the first of two bounds, and the first from there on that begins above the
/// second or is beyond bin `last`, where so many bins have begun at either bound. Bins before the former hold only
/// numbers below the first bound, and bins from the latter on only numbers above the second.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "bins are counted by a byte")]
pub(crate) fn ends(begun: [usize; 2], last: u8) -> [u8; 2] {
    // No number is in the first bin.
    let end = begun[0].max(2) - 1;
    let beyond = begun[1].min(usize::from(last) + 1).max(end);
    [end as u8, beyond as u8]
}
