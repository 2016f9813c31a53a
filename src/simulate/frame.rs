//! The pixels of a country that are drawn together, and where they lie.

use std::ops::Range;

/// Ground size of a pixel.
pub(crate) const PIXEL_METRES: f64 = 30.0;
/// Ground size of a cell.
pub(crate) const CELL_METRES: f64 = 1000.0;

/// An axis-parallel rectangle in metres: left, upper, right and lower edge.
pub(crate) type Extent = [f64; 4];

/// Rows and columns of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The rows, counted in the frame.
    pub(crate) rows: Range<usize>,
    /// The columns, counted in the frame.
    pub(crate) columns: Range<usize>,
}

/// A rectangle of pixels, counted from the upper left corner of the country; it may reach beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// First column.
    pub(crate) column: i32,
    /// First row.
    pub(crate) row: i32,
    /// Number of columns.
    pub(crate) width: usize,
    /// Number of rows.
    pub(crate) height: usize,
}

impl Frame {
    /// Number of pixels.
    pub(crate) fn len(&self) -> usize {
        self.width * self.height
    }

    /// Metres from the left edge of the country to the middle of column `column` of the frame.
    pub(crate) fn x(&self, column: usize) -> f64 {
        (f64::from(self.column) + column as f64 + 0.5) * PIXEL_METRES
    }

    /// Metres from the upper edge of the country down to the middle of row `row` of the frame.
    pub(crate) fn y(&self, row: usize) -> f64 {
        (f64::from(self.row) + row as f64 + 0.5) * PIXEL_METRES
    }

    /// The rows and columns of the pixels that touch `extent`.
    pub(crate) fn within(&self, [left, upper, right, lower]: Extent) -> Block {
        let range = |from: f64, to: f64, first: i32, length: usize| {
            let place =
                |metres: f64| (metres / PIXEL_METRES - f64::from(first)).clamp(0.0, length as f64);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "lies within 0..=length"
            )]
            let range = place(from).floor() as usize..place(to).ceil() as usize;
            range
        };
        Block {
            rows: range(upper, lower, self.row, self.height),
            columns: range(left, right, self.column, self.width),
        }
    }
}
