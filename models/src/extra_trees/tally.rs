//! Counts what lies on the left of a cut.

use super::kernels::{LANES, count_amounts, count_many, count_two};
use super::rule::Node;

/// Counts the classes left of the cuts of one node after the other.
#[derive(Debug)]
pub(crate) struct Tally {
    /// One for each row of the second class, where there are two and each row counts once; then zeros.
    ones: Vec<u8>,
    /// How many rows are left, of each class.
    rows: Vec<u32>,
}

impl Tally {
    /// Working memory for nodes of up to so many rows.
    pub(crate) fn new(rows: usize, classes: usize) -> Self {
        let ones = if classes == 2 { rows + LANES } else { 0 };
        Self { ones: vec![0; ones], rows: vec![0; classes] }
    }

    /// Prepares for the cuts of `node`.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "there are two classes")]
    pub(crate) fn begin(&mut self, node: &Node<'_, u8>) {
        if self.is_plain(node) {
            for (one, &class) in self.ones.iter_mut().zip(node.rows.classes) {
                *one = class as u8;
            }
        }
    }

    fn is_plain(&self, node: &Node<'_, u8>) -> bool {
        self.rows.len() == 2 && node.rows.amounts.is_empty()
    }

    /// Sums the amounts of each class whose bin is below each of `ends` into `left`, and gives how many rows
    /// they are. Behind the bins of the rows there are others that are below none of the ends.
    #[inline(always)]
    pub(crate) fn count<const ENDS: usize>(
        &mut self,
        node: &Node<'_, u8>,
        bins: &[u8],
        ends: [u8; ENDS],
        left: [&mut [u64]; ENDS],
    ) -> [usize; ENDS] {
        let classes = node.rows.classes;
        let mut rows = [0; ENDS];
        if self.is_plain(node) {
            let lanes = classes.len().next_multiple_of(LANES);
            let counts = count_two(&bins[..lanes], &self.ones[..lanes], ends);
            for ((left, rows), counts) in left.into_iter().zip(&mut rows).zip(counts) {
                left.copy_from_slice(&counts.map(u64::from));
                *rows = (counts[0] + counts[1]) as usize;
            }
            return rows;
        }
        let bins = &bins[..classes.len()];
        for ((left, rows), end) in left.into_iter().zip(&mut rows).zip(ends) {
            *rows = if node.rows.amounts.is_empty() {
                count_many(bins, classes, end, &mut self.rows, left)
            } else {
                count_amounts(bins, classes, node.rows.amounts, end, left)
            };
        }
        rows
    }
}
