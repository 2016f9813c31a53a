//! The columns that are tried next, with the bins of a node's rows.

use super::bins::MISSING;
use super::draw::Draws;
use super::kernels::LANES;
use super::rule::{ColumnDraw, Node};
use super::view::TOGETHER;

/// Up to [`TOGETHER`] columns, whose rows are collected together.
#[derive(Debug)]
pub(crate) struct Ahead {
    pub(crate) columns: Vec<u32>,
    /// The bin of each row of the node in each of them, and room for whole lanes.
    pub(crate) bins: [Vec<u8>; TOGETHER],
}

impl Ahead {
    /// Working memory for nodes of up to so many rows.
    pub(crate) fn new(rows: usize) -> Self {
        let bins = std::array::from_fn(|_| vec![MISSING; rows + LANES]);
        Self { columns: Vec::with_capacity(TOGETHER), bins }
    }

    /// Draws the next columns to try and collects the rows of `node` in them; none where none is left.
    #[inline(always)]
    pub(crate) fn draw(
        &mut self,
        node: &Node<'_, u8>,
        columns: &mut ColumnDraw,
        picks: &mut Draws,
    ) {
        columns.next_many(node.ground.tries, TOGETHER, picks, &mut self.columns);
        if let Ok(columns) = <[u32; TOGETHER]>::try_from(&self.columns[..]) {
            node.view.gather_many(columns, node.rows.ids, &mut self.bins);
            return;
        }
        for (&column, bins) in self.columns.iter().zip(&mut self.bins) {
            node.view.gather(column, node.rows.ids, bins);
        }
    }
}
