//! The numbers of a table as the nodes of a tree read them.

use bytemuck::Pod;

/// The numbers of a table, in the order in which a node reads them best.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a, N> {
    /// `[column, row]`, and how many rows there are: for nodes of many rows.
    ByColumn(&'a [N], usize),
    /// `[row, column]`, and how far rows are apart: for nodes of few rows.
    ByRow(&'a [N], usize),
}

impl<'a, N: Copy> View<'a, N> {
    /// The numbers of row `id` in a view row by row.
    #[inline(always)]
    pub(crate) fn row(self, id: u32) -> &'a [N] {
        match self {
            Self::ByRow(values, width) => &values[id as usize * width..][..width],
            Self::ByColumn(..) => &[],
        }
    }

    /// All rows and how far they are apart in a view row by row.
    #[inline(always)]
    pub(crate) fn rows(self) -> Option<(&'a [N], usize)> {
        match self {
            Self::ByRow(values, width) => Some((values, width)),
            Self::ByColumn(..) => None,
        }
    }

    /// Copies the numbers of the rows `ids` in `column`, in order.
    #[inline(always)]
    pub(crate) fn gather(self, column: u32, ids: &[u32], out: &mut [N]) {
        match self {
            Self::ByColumn(values, rows) => {
                let values = &values[column as usize * rows..][..rows];
                each(ids, out, |id| values[id as usize]);
            }
            Self::ByRow(values, width) => {
                let values = &values[column as usize..];
                each(ids, out, |id| values[id as usize * width]);
            }
        }
    }
}

impl<N: Pod> View<'_, N> {
    /// Copies the numbers of the rows `ids` in several `columns`, in order: the processor waits for them together.
    /// The rows ascend, so where there are as many as in the table they are its rows.
    #[inline(always)]
    pub(crate) fn gather_many(
        self,
        columns: [u32; TOGETHER],
        ids: &[u32],
        out: &mut [Vec<N>; TOGETHER],
    ) {
        let columns = columns.map(|column| column as usize);
        match self {
            Self::ByColumn(values, rows) if ids.len() == rows => {
                for (out, column) in out.iter_mut().zip(columns) {
                    out[..rows].copy_from_slice(&values[column * rows..][..rows]);
                }
            }
            Self::ByColumn(values, rows) => {
                let from = columns.map(|column| &values[column * rows..][..rows]);
                each_of_many(ids, out, |id, place| from[place][id as usize]);
            }
            Self::ByRow(..) => {
                each_of_many(ids, out, |id, place| self.row(id)[columns[place]]);
            }
        }
    }
}

/// Copies the numbers of each of the rows `ids` in several columns.
#[inline(always)]
fn each_of_many<N: Pod>(
    ids: &[u32],
    out: &mut [Vec<N>; TOGETHER],
    number: impl Fn(u32, usize) -> N,
) {
    let mut block = [[N::zeroed(); BLOCK]; TOGETHER];
    for (start, ids) in (0..).step_by(BLOCK).zip(ids.chunks(BLOCK)) {
        for (row, &id) in ids.iter().enumerate().take(BLOCK) {
            for (place, block) in block.iter_mut().enumerate() {
                block[row] = number(id, place);
            }
        }
        for (out, block) in out.iter_mut().zip(&block) {
            out[start..][..ids.len()].copy_from_slice(&block[..ids.len()]);
        }
    }
}

/// Rows that are copied at a time.
const BLOCK: usize = 64;

/// Columns that are copied at a time.
pub(crate) const TOGETHER: usize = 4;

/// Numbers that are copied in one step of the loop.
const STEP: usize = 8;

/// Copies the number of each of the rows `ids`.
#[inline(always)]
fn each<N>(ids: &[u32], out: &mut [N], number: impl Fn(u32) -> N) {
    let out = &mut out[..ids.len()];
    let ((ids, last_ids), (out, last)) = (ids.as_chunks::<STEP>(), out.as_chunks_mut::<STEP>());
    for (out, ids) in out.iter_mut().zip(ids) {
        for (out, &id) in out.iter_mut().zip(ids) {
            *out = number(id);
        }
    }
    for (out, &id) in last.iter_mut().zip(last_ids) {
        *out = number(id);
    }
}
