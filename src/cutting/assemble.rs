//! Assembling patches from the blocks of a mosaic, step by step, as each thread of a crew does it.

use super::CuttingError;
use super::batches::{Batches, Slot};
use super::copy::{Origin, Target, copy};
use super::mask::Judge;
use super::pieces::{Piece, Waiting};
use super::slabs::{CellWindow, Slabs};
use super::steps::Step;
use crate::raster::{Mosaic, MosaicNumber};
use tesela_datasets::patch::PatchShape;

/// What all threads of a crew know when they assemble patches.
#[derive(Debug)]
pub(super) struct Assembler<T> {
    pub(super) shape: PatchShape,
    /// What patches hold outside the mosaic.
    pub(super) fill: T,
    pub(super) judge: Judge<T>,
    pub(super) slabs: Slabs,
    /// What was read of cells that lie in several slabs.
    pub(super) waiting: Waiting<T>,
}

/// Where the pixels of a cell go.
enum Place<T> {
    /// Into a batch: all of the cell lies in the slab.
    Patch(Slot),
    /// Along with the cell, until the rest of it is read.
    Piece(Piece<T>),
}

impl<T: MosaicNumber> Assembler<T> {
    /// Reads `step` from `mosaic`, and puts the patches of cells that are complete with it into `batches`.
    pub(super) fn read(
        &self,
        step: &Step,
        mosaic: &Mosaic,
        batches: &mut Batches<T>,
    ) -> Result<(), CuttingError> {
        let mut places: Vec<Place<T>> =
            step.cells.iter().map(|cell| self.place(cell, step, batches)).collect();
        let mut may_have_gaps = false;
        for &window in &step.windows {
            for band in 0..self.shape.bands {
                let plane = mosaic.read_plane::<T>(band, window)?;
                // From one end to the other, which also brings it into the cache.
                may_have_gaps = may_have_gaps || self.judge.has_gap(plane.numbers());
                for (cell, place) in step.cells.iter().zip(&mut places) {
                    let target = match place {
                        Place::Patch(slot) => self.target(cell, band, batches.patch(*slot)),
                        Place::Piece(piece) => piece.target(band),
                    };
                    copy(Origin::from(&plane), target);
                }
            }
        }
        for (cell, place) in step.cells.iter().zip(places) {
            match place {
                Place::Patch(slot) if !may_have_gaps => batches.note_no_gaps(slot),
                Place::Patch(_) => {}
                Place::Piece(mut piece) => {
                    piece.may_have_gaps = may_have_gaps;
                    self.join(cell, piece, batches);
                }
            }
        }
        Ok(())
    }

    /// Where the pixels go that `step` has of `cell`.
    fn place(&self, cell: &CellWindow, step: &Step, batches: &mut Batches<T>) -> Place<T> {
        if self.slabs.pieces(cell) > 1 {
            return Place::Piece(Piece::new(self.slabs.within(cell, step.place), self.shape.bands));
        }
        Place::Patch(self.begin(cell, batches))
    }

    /// Makes room for the patch of `cell`: all that will not be written is what it has to be.
    fn begin(&self, cell: &CellWindow, batches: &mut Batches<T>) -> Slot {
        let slot = batches.push(*cell);
        if !self.slabs.is_inside(cell) {
            batches.patch(slot).fill(self.fill);
        }
        slot
    }

    /// Where the numbers of `band` go in the patch of `cell`.
    fn target<'a>(&self, cell: &CellWindow, band: usize, patch: &'a mut [T]) -> Target<'a, T> {
        let pixels = self.shape.pixels();
        let numbers = &mut patch[band * pixels..(band + 1) * pixels];
        let (column, row) = (cell.column.into(), cell.row.into());
        Target { column, row, width: self.shape.width, numbers }
    }

    /// Puts `cell` into `batches` if `piece` is the last that was missing.
    fn join(&self, cell: &CellWindow, piece: Piece<T>, batches: &mut Batches<T>) {
        let of = self.slabs.pieces(cell);
        let Some(pieces) = self.waiting.add(cell.cell, of, piece) else { return };
        let slot = self.begin(cell, batches);
        if pieces.iter().all(|piece| !piece.may_have_gaps) {
            batches.note_no_gaps(slot);
        }
        for piece in pieces {
            for band in 0..self.shape.bands {
                piece.copy_to(band, self.target(cell, band, batches.patch(slot)));
            }
        }
    }
}
