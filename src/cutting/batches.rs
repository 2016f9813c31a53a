//! Batches of patches while they are filled.

use std::collections::VecDeque;

use super::pool::PatchPool;
use super::slabs::CellWindow;
use crate::raster::MosaicNumber;

/// A batch that is filled or full.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch<T> {
    /// The cells, in the order of their patches.
    pub(super) cells: Vec<CellWindow>,
    /// Whether each may have pixels in the mosaic that carry no measurement.
    pub(super) may_have_gaps: Vec<bool>,
    /// `[cell, band, row, column]`.
    pub(super) samples: Vec<T>,
    /// Memory for a mask, of any content.
    pub(super) used: Vec<bool>,
}

/// The place of a patch among those that are not gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(usize);

/// Batches of one thread in the order in which they are filled.
#[derive(Debug)]
pub(super) struct Batches<T> {
    /// Numbers of a patch.
    patch: usize,
    /// Patches of a batch.
    length: usize,
    pool: PatchPool,
    open: VecDeque<Batch<T>>,
}

impl<T: MosaicNumber> Batches<T> {
    /// Batches of `length` patches of `patch` numbers each, in memory from `pool`.
    pub(super) fn new(patch: usize, length: usize, pool: PatchPool) -> Self {
        Self { patch, length: length.max(1), pool, open: VecDeque::new() }
    }

    /// Makes room for the patch of `cell`. Slots hold until a batch is taken.
    pub(super) fn push(&mut self, cell: CellWindow) -> Slot {
        if self.open.back().is_none_or(|batch| batch.cells.len() == self.length) {
            let (mut samples, used) = self.pool.take();
            samples.resize(self.length * self.patch, T::default());
            let (cells, may_have_gaps) =
                (Vec::with_capacity(self.length), Vec::with_capacity(self.length));
            self.open.push_back(Batch { cells, may_have_gaps, samples, used });
        }
        let full = (self.open.len() - 1) * self.length;
        let last = self.open.back_mut().expect("there is an open batch");
        last.cells.push(cell);
        last.may_have_gaps.push(true);
        Slot(full + last.cells.len() - 1)
    }

    /// How many patches are not gone.
    pub(super) fn len(&self) -> usize {
        self.open.iter().map(|batch| batch.cells.len()).sum()
    }

    /// Leaves out all but the first `len` of them.
    pub(super) fn truncate(&mut self, len: usize) {
        self.open.truncate(len.div_ceil(self.length));
        for (place, batch) in self.open.iter_mut().enumerate() {
            batch.cells.truncate(len - place * self.length);
            batch.may_have_gaps.truncate(batch.cells.len());
        }
    }

    /// The numbers of the patch at `slot`; any, before something is written there.
    pub(super) fn patch(&mut self, slot: Slot) -> &mut [T] {
        let (batch, index) = (slot.0 / self.length, slot.0 % self.length);
        &mut self.open[batch].samples[index * self.patch..(index + 1) * self.patch]
    }

    /// Says that the patch at `slot` is measured wherever it lies in the mosaic.
    pub(super) fn note_no_gaps(&mut self, slot: Slot) {
        self.open[slot.0 / self.length].may_have_gaps[slot.0 % self.length] = false;
    }

    /// The next batch that is full.
    pub(super) fn take_full(&mut self) -> Option<Batch<T>> {
        let is_full = self.open.front()?.cells.len() == self.length;
        is_full.then(|| self.take()).flatten()
    }

    /// The next batch as it is.
    pub(super) fn take(&mut self) -> Option<Batch<T>> {
        let mut batch = self.open.pop_front()?;
        batch.samples.truncate(batch.cells.len() * self.patch);
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutting::spool::SpoolPlace;

    #[test]
    fn batches_come_full_and_in_order_and_the_last_one_as_it_is() {
        let place = SpoolPlace { offset: 0, length: 0 };
        let cell = |cell| CellWindow { place, cell, column: 0, row: 0 };
        let mut batches = Batches::<i16>::new(2, 3, PatchPool::default());
        assert_eq!(batches.take_full(), None);
        let slots: Vec<Slot> = (0..8).map(|number| batches.push(cell(number))).collect();
        for (number, &slot) in (0..).zip(&slots) {
            batches.patch(slot).fill(number);
        }
        batches.note_no_gaps(slots[1]);
        let first = batches.take_full().unwrap();
        assert_eq!(first.samples, [0, 0, 1, 1, 2, 2]);
        assert_eq!(first.may_have_gaps, [true, false, true]);
        let second = batches.take_full().unwrap();
        assert_eq!(second.cells.iter().map(|cell| cell.cell).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(batches.take_full(), None);
        let slot = batches.push(cell(8));
        batches.patch(slot).fill(9);
        assert_eq!(batches.take_full().unwrap().samples, [6, 6, 7, 7, 9, 9]);
        for number in 9..14 {
            batches.push(cell(number));
        }
        assert_eq!(batches.len(), 5);
        batches.truncate(3);
        assert_eq!((batches.len(), batches.open.len()), (3, 1));
        batches.push(cell(14));
        batches.truncate(1);
        assert_eq!(batches.take().unwrap().cells, [cell(9)]);
        assert_eq!(batches.take(), None);
    }
}
