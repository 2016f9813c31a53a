//! The pixels of a country that are drawn together, and where they lie.

/// Ground size of a pixel.
pub(crate) const PIXEL_METRES: f64 = 30.0;
/// Ground size of a cell.
pub(crate) const CELL_METRES: f64 = 1000.0;

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

    /// The rows and columns within `reach` metres of a place that lie in the frame.
    pub(crate) fn around(
        &self,
        x: f64,
        y: f64,
        reach: f64,
    ) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let range = |centre: f64, first: i32, length: usize| {
            let place =
                |metres: f64| (metres / PIXEL_METRES - f64::from(first)).clamp(0.0, length as f64);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "lies within 0..=length"
            )]
            let range =
                place(centre - reach).floor() as usize..place(centre + reach).ceil() as usize;
            range
        };
        (range(y, self.row, self.height), range(x, self.column, self.width))
    }
}
