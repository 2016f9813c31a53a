//! Places of columns: a forest is grown on some columns and looks at rows that have others, too.

use super::forest::Forest;
use super::tree::{Layout, Tree};

/// Where some columns lie in wider rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// How many numbers the wider rows have.
    pub(crate) width: usize,
    /// For each of the columns its position there.
    pub(crate) positions: &'a [u32],
}

impl Place<'_> {
    /// A forest on wider rows of trees that were grown on these columns.
    pub(crate) fn forest(self, class_weights: Vec<f64>, trees: &[Tree]) -> Forest {
        let layout = Layout::new(self.width);
        let moved = trees.iter().map(|tree| tree.moved(layout, self.positions));
        Forest::new(self.width, class_weights, &moved.collect::<Vec<_>>())
    }
}
