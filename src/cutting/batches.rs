//! Batches of patches while they are filled.

use std::collections::VecDeque;

use super::plan::CellWindow;
use super::pool::PatchPool;
use crate::raster::MosaicNumber;

/// A batch that is filled or full.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch<T> {
    /// The cells, in the order of their patches.
    pub(super) cells: Vec<CellWindow>,
    /// `[cell, band, row, column]`.
    pub(super) samples: Vec<T>,
    /// Memory for a mask, of any content.
    pub(super) used: Vec<bool>,
}

/// The place of a patch among all that there will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u64);

/// Batches in the order in which their patches are complete.
#[derive(Debug)]
pub(super) struct BatchQueue<T> {
    /// Numbers of a patch.
    patch: usize,
    /// Patches of a batch.
    length: usize,
    pool: PatchPool,
    /// The cells of patches that are not gone.
    cells: VecDeque<CellWindow>,
    /// Memory of the first of these; it is taken when a patch is begun.
    open: VecDeque<(Vec<T>, Vec<bool>)>,
    /// Patches in batches that are gone.
    gone: u64,
    /// Patches that are complete.
    complete: u64,
}

impl<T: MosaicNumber> BatchQueue<T> {
    /// Batches of `length` patches of `patch` numbers each, in memory from `pool`.
    pub(super) fn new(patch: usize, length: usize, pool: PatchPool) -> Self {
        let (cells, open) = (VecDeque::new(), VecDeque::new());
        Self { patch, length, pool, cells, open, gone: 0, complete: 0 }
    }

    /// Keeps a place for the patch of `cell`, which will be complete after those that were announced before.
    pub(super) fn announce(&mut self, cell: CellWindow) -> Slot {
        self.cells.push_back(cell);
        Slot(self.gone + self.cells.len() as u64 - 1)
    }

    /// The numbers of a patch that is not gone; any, before something is written there.
    pub(super) fn patch(&mut self, slot: Slot) -> &mut [T] {
        let index = usize::try_from(slot.0 - self.gone).expect("batches fit memory");
        let (batch, index) = (index / self.length, index % self.length);
        while self.open.len() <= batch {
            let (mut samples, used) = self.pool.take();
            samples.resize(self.length * self.patch, T::default());
            self.open.push_back((samples, used));
        }
        &mut self.open[batch].0[index * self.patch..(index + 1) * self.patch]
    }

    /// Says that the next `count` patches are complete.
    pub(super) fn complete(&mut self, count: usize) {
        self.complete += count as u64;
    }

    /// The next batch that is full, and whose patches are all complete.
    pub(super) fn next_full(&mut self) -> Option<Batch<T>> {
        let is_full = self.complete >= self.gone + self.length as u64;
        is_full.then(|| self.take(self.length)).flatten()
    }

    /// What is left when there are no more cells.
    pub(super) fn finish(mut self) -> Option<Batch<T>> {
        debug_assert!(self.cells.len() < self.length, "full batches are taken before");
        self.take(self.cells.len())
    }

    /// The first batch, with `length` patches.
    fn take(&mut self, length: usize) -> Option<Batch<T>> {
        let (mut samples, used) = self.open.pop_front()?;
        samples.truncate(length * self.patch);
        self.gone += length as u64;
        Some(Batch { cells: self.cells.drain(..length).collect(), samples, used })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutting::spool::SpoolPlace;

    #[test]
    fn batches_come_full_and_in_order_and_the_last_one_as_it_is() {
        let cell = |cell| CellWindow {
            place: SpoolPlace { offset: 0, length: 0 },
            cell,
            column: 0,
            row: 0,
        };
        let mut queue = BatchQueue::<i16>::new(2, 3, PatchPool::default());
        let slots: Vec<Slot> = (0..8).map(|number| queue.announce(cell(number))).collect();
        assert_eq!(queue.open.len(), 0);
        for (number, &slot) in (0..).zip(&slots) {
            queue.patch(slot).fill(number);
        }
        queue.complete(2);
        assert_eq!(queue.next_full(), None);
        queue.complete(4);
        let first = queue.next_full().unwrap();
        assert_eq!(first.samples, [0, 0, 1, 1, 2, 2]);
        queue.patch(slots[7]).fill(9);
        let second = queue.next_full().unwrap();
        assert_eq!(second.cells.iter().map(|cell| cell.cell).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(queue.next_full(), None);
        queue.complete(2);
        assert_eq!(queue.finish().unwrap().samples, [6, 6, 9, 9]);
    }
}
