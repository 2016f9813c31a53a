//! Many rows through many trees.
//!
//! Rows are taken in chunks, and turned into [keys](key) once. Within a chunk one group of trees after the
//! other sees all rows: the group stays in the second-level cache, and the rows, of which a walk needs one at
//! a time, stream past it. What a row gets is summed in the order of the trees, whatever the chunks.

use std::sync::{Mutex, PoisonError};

use super::group_view::GroupView;
use super::matrix::Matrix;
use super::tree::{MISSING, key};
use super::votes::Votes;

/// Most numbers in a chunk, eight megabytes: so the groups of a forest that is larger than all caches are
/// fetched rarely.
const MOST_KEYS: usize = 1 << 21;
/// Most rows in a chunk, and fewest where there are as many.
const ROWS: [usize; 2] = [32, 2048];

/// How many of `rows` rows make a chunk when `threads` share them.
pub(crate) fn chunk_rows(rows: usize, threads: usize, width: usize) -> usize {
    let most = (MOST_KEYS / width).min(ROWS[1]);
    // Four turns each even out what else the machine does.
    rows.div_ceil(4 * threads.max(1)).clamp(ROWS[0].min(most), most)
}

/// Working memory that is not in use. Threads come back to it for one chunk after the other: memory that is new
/// to a process has to be handed to it page by page.
#[derive(Debug, Default)]
pub(crate) struct Walks(Mutex<Vec<Walk>>);

impl Walks {
    /// Lets `work` use some of it.
    pub(crate) fn lend(&self, work: impl FnOnce(&mut Walk)) {
        let stack = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut walk = stack().pop().unwrap_or_default();
        work(&mut walk);
        stack().push(walk);
    }
}

/// The working memory for one chunk of rows.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    keys: Vec<u32>,
    /// Whether each row has a number that is missing.
    missing: Vec<bool>,
    sums: Vec<f64>,
}

impl Walk {
    /// Sums what each tree of `groups` says about each row of `matrix`: `[row, sum, class]`. `width` is the
    /// [row width](super::tree::Layout::row_width) of the layout.
    pub(crate) fn sum<V: Votes>(
        &mut self,
        groups: &[GroupView<'_>],
        width: usize,
        classes: usize,
        matrix: Matrix<'_>,
    ) -> &[f64] {
        self.fill(matrix, width);
        self.sums.clear();
        self.sums.resize(matrix.rows() * V::SUMS * classes, 0.0);
        let each = V::SUMS * classes;
        match width {
            0x200 => self.sum_all::<0x200, V>(groups, each),
            0x400 => self.sum_all::<0x400, V>(groups, each),
            0x800 => self.sum_all::<0x800, V>(groups, each),
            0x1000 => self.sum_all::<0x1000, V>(groups, each),
            0x2000 => self.sum_all::<0x2000, V>(groups, each),
            0x4000 => self.sum_all::<0x4000, V>(groups, each),
            0x8000 => self.sum_all::<0x8000, V>(groups, each),
            0x10000 => self.sum_all::<0x10000, V>(groups, each),
            _ => unreachable!("a layout has one of these widths"),
        }
        &self.sums
    }

    fn sum_all<const WIDTH: usize, V: Votes>(&mut self, groups: &[GroupView<'_>], each: usize) {
        let (rows, _) = self.keys.as_chunks::<WIDTH>();
        for group in groups {
            let sums = self.sums.chunks_exact_mut(each);
            for ((keys, &missing), sums) in rows.iter().zip(&self.missing).zip(sums) {
                if missing {
                    group.vote::<WIDTH, true, V>(keys, sums);
                } else {
                    group.vote::<WIDTH, false, V>(keys, sums);
                }
            }
        }
    }

    /// Turns rows of numbers into rows of `width` keys.
    fn fill(&mut self, matrix: Matrix<'_>, width: usize) {
        self.keys.resize(matrix.rows() * width, 0);
        self.missing.clear();
        let rows = matrix.values().chunks_exact(matrix.columns());
        for (keys, values) in self.keys.chunks_exact_mut(width).zip(rows) {
            let mut missing = false;
            for (to, &value) in keys.iter_mut().zip(values) {
                *to = key(value);
                missing |= *to == MISSING;
            }
            self.missing.push(missing);
        }
    }
}
