//! Pieces of patches that lie in several slabs: they wait until the last of them is read, by whichever thread.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::copy::{Origin, Target, copy};
use crate::raster::{MosaicNumber, Window};

/// What one slab has of a patch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece<T> {
    /// Where it lies in the mosaic.
    window: Window,
    /// `[band, row, column]`.
    numbers: Vec<T>,
    /// Whether there may be pixels that carry no measurement.
    pub(super) may_have_gaps: bool,
}

impl<T: MosaicNumber> Piece<T> {
    /// Room for what lies in `window`, in `bands` bands.
    pub(super) fn new(window: Window, bands: usize) -> Self {
        let numbers = vec![T::default(); bands * window.width * window.height];
        Self { window, numbers, may_have_gaps: true }
    }

    /// Where the numbers of `band` go.
    pub(super) fn target(&mut self, band: usize) -> Target<'_, T> {
        let Window { column, row, width, height } = self.window;
        let place = |start: usize| i64::try_from(start).expect("a raster fits the memory map");
        let pixels = width * height;
        let numbers = &mut self.numbers[band * pixels..(band + 1) * pixels];
        Target { column: place(column), row: place(row), width, numbers }
    }

    /// Copies the numbers of `band` to `target`.
    pub(super) fn copy_to(&self, band: usize, target: Target<'_, T>) {
        let pixels = self.window.width * self.window.height;
        let numbers = &self.numbers[band * pixels..(band + 1) * pixels];
        copy(Origin { window: self.window, stride: self.window.width, numbers }, target);
    }
}

/// Pieces by the cell that they are of.
#[derive(Debug)]
pub(super) struct Waiting<T>(Mutex<HashMap<u32, Vec<Piece<T>>>>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Waiting<T> {
    /// Takes a piece of `cell`, which has `of` pieces, more than one; gives all of them when it is the last one.
    pub(super) fn add(&self, cell: u32, of: usize, piece: Piece<T>) -> Option<Vec<Piece<T>>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pieces = waiting.entry(cell).or_default();
        pieces.push(piece);
        if pieces.len() < of { None } else { waiting.remove(&cell) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_given_when_the_last_has_come_and_make_the_whole() {
        let waiting = Waiting::default();
        let window = |column| Window { column, row: 7, width: 2, height: 1 };
        let piece = |column, numbers: [u16; 2]| {
            let mut piece = Piece::new(window(column), 1);
            piece.target(0).numbers.copy_from_slice(&numbers);
            piece
        };
        assert_eq!(waiting.add(5, 2, piece(3, [30, 31])), None);
        assert_eq!(waiting.add(6, 3, piece(9, [1, 1])), None);
        let pieces = waiting.add(5, 2, piece(1, [10, 11])).unwrap();
        let mut whole = [0; 6];
        for piece in &pieces {
            piece.copy_to(0, Target { column: 0, row: 7, width: 6, numbers: &mut whole });
        }
        assert_eq!(whole, [0, 10, 11, 30, 31, 0]);
        // Nothing is left of the cell.
        assert_eq!(waiting.add(5, 2, piece(1, [10, 11])), None);
    }
}
