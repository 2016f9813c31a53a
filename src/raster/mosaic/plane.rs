//! The numbers of one band.

use gdal::raster::GdalType;
use tesela_datasets::patch::Samples;

use crate::raster::Window;

/// A type of number that mosaics have.
pub trait MosaicNumber: GdalType + Copy + Default + PartialEq + Send + Sync + 'static {
    /// What stands where nothing is known, in files that have no number for it.
    const BLANK: Self;

    /// The number that is `value`, if the type has it.
    fn exactly(value: f64) -> Option<Self>;

    /// Whether it is a number, and not infinite; whole numbers always are.
    fn is_number(self) -> bool;

    /// As numbers of a type that is known only when the program runs.
    fn into_samples(numbers: Vec<Self>) -> Samples;

    /// The numbers inside, if they are of this type.
    fn from_samples(samples: Samples) -> Option<Vec<Self>>;
}

macro_rules! mosaic_number {
    ($number:ty, $variant:ident, $blank:expr, $is_number:expr) => {
        impl MosaicNumber for $number {
            const BLANK: Self = $blank;

            #[expect(clippy::cast_possible_truncation, reason = "what was lost is looked for")]
            #[allow(clippy::cast_sign_loss, reason = "what was lost is looked for")]
            fn exactly(value: f64) -> Option<Self> {
                let number = value as $number;
                (f64::from(number) == value).then_some(number)
            }

            fn is_number(self) -> bool {
                ($is_number)(self)
            }

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

mosaic_number!(u8, UInt8, 0, |_| true);
mosaic_number!(u16, UInt16, 0, |_| true);
mosaic_number!(i16, Int16, 0, |_| true);
mosaic_number!(f32, Float32, f32::NAN, f32::is_finite);

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

    /// Numbers from the beginning of a row to that of the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The numbers, row by row; what lies between the rows of the window is of no meaning.
    pub fn numbers(&self) -> &[T] {
        &self.numbers
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
    fn a_type_has_the_numbers_that_it_can_hold() {
        assert_eq!((i16::exactly(-9999.0), u16::exactly(-9999.0)), (Some(-9999), None));
        assert_eq!((u8::exactly(256.0), u8::exactly(7.5)), (None, None));
        assert_eq!((f32::exactly(-9999.0), f32::exactly(0.1)), (Some(-9999.0), None));
        assert!(!f32::NAN.is_number() && 3_u8.is_number());
    }

    #[test]
    fn gaps_behind_rows_are_left_out() {
        let window = Window { column: 4, row: 7, width: 2, height: 3 };
        let plane = Plane::new(window, 3, (0_u16..12).collect());
        assert_eq!((plane.stride(), plane.numbers().len()), (3, 12));
        assert_eq!(plane.into_numbers(), [0, 1, 3, 4, 6, 7]);
    }
}
