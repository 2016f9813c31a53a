//! The numbers of one band.

use gdal::raster::GdalType;
use tesela_datasets::patch::Samples;

use crate::raster::Window;

/// A type of number that mosaics have.
pub trait MosaicNumber: GdalType + Copy + Default + PartialEq + Send + Sync + 'static {
    /// As numbers of a type that is known only when the program runs.
    fn into_samples(numbers: Vec<Self>) -> Samples;

    /// The numbers inside, if they are of this type.
    fn from_samples(samples: Samples) -> Option<Vec<Self>>;
}

macro_rules! mosaic_number {
    ($number:ty, $variant:ident) => {
        impl MosaicNumber for $number {
            fn into_samples(numbers: Vec<Self>) -> Samples {
                Samples::$variant(numbers)
            }

            fn from_samples(samples: Samples) -> Option<Vec<Self>> {
                match samples {
                    Samples::$variant(numbers) => Some(numbers),
                    _ => None,
                }
            }
        }
    };
}

mosaic_number!(u8, UInt8);
mosaic_number!(u16, UInt16);
mosaic_number!(i16, Int16);
mosaic_number!(f32, Float32);

/// The numbers of one band in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane<T> {
    window: Window,
    /// Numbers from the beginning of a row to that of the next.
    stride: usize,
    numbers: Vec<T>,
}

impl<T> Plane<T> {
    /// Of `numbers`, whose rows begin every `stride`.
    ///
    /// # Panics
    /// If there are too few.
    pub(crate) fn new(window: Window, stride: usize, numbers: Vec<T>) -> Self {
        assert!(window.width <= stride && stride * window.height <= numbers.len(), "whole rows");
        Self { window, stride, numbers }
    }

    /// Where it lies in the mosaic.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The rows of the window from its row `first` on.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn rows_from(&self, first: usize) -> impl Iterator<Item = &[T]> {
        let (start, end) = (first * self.stride, self.window.height * self.stride);
        let rows = self.numbers[start..end].chunks_exact(self.stride);
        rows.map(|row| &row[..self.window.width])
    }

    /// The numbers, row by row without gaps.
    pub(super) fn into_numbers(mut self) -> Vec<T>
    where
        T: Copy,
    {
        if self.stride != self.window.width {
            for row in 0..self.window.height {
                let start = row * self.stride;
                let (from, to) = (start..start + self.window.width, row * self.window.width);
                self.numbers.copy_within(from, to);
            }
        }
        self.numbers.truncate(self.window.width * self.window.height);
        self.numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_behind_rows_are_left_out() {
        let window = Window { column: 4, row: 7, width: 2, height: 3 };
        let plane = Plane::new(window, 3, (0_u16..12).collect());
        assert_eq!(plane.rows_from(0).collect::<Vec<_>>(), [[0, 1], [3, 4], [6, 7]]);
        assert_eq!(plane.rows_from(2).collect::<Vec<_>>(), [[6, 7]]);
        assert_eq!(plane.into_numbers(), [0, 1, 3, 4, 6, 7]);
    }
}
