//! Finds what lies near a frame without looking at the whole country.

use super::frame::{Extent, Frame, PIXEL_METRES};

/// Edge of a bin.
const BIN_METRES: f64 = 8000.0;

/// Numbered things with an extent, in a coarse grid over the country.
#[derive(Debug, Clone)]
pub(crate) struct Bins {
    columns: usize,
    rows: usize,
    members: Vec<Vec<u32>>,
}

impl Bins {
    /// Sorts things into bins by their extents; `size` is that of the country, in metres.
    pub(crate) fn new(size: [f64; 2], extents: impl Iterator<Item = Extent>) -> Self {
        let [columns, rows] = size.map(|metres| bin(metres).saturating_add(1));
        let mut bins = Self { columns, rows, members: vec![Vec::new(); columns * rows] };
        for (index, extent) in (0_u32..).zip(extents) {
            for place in bins.places(extent) {
                bins.members[place].push(index);
            }
        }
        bins
    }

    /// What may touch `frame`, in rising order.
    pub(crate) fn near(&self, frame: &Frame) -> Vec<u32> {
        let [left, upper] =
            [f64::from(frame.column), f64::from(frame.row)].map(|place| place * PIXEL_METRES);
        let [width, height] =
            [frame.width, frame.height].map(|pixels| pixels as f64 * PIXEL_METRES);
        let places = self.places([left, upper, left + width, upper + height]);
        let mut found: Vec<u32> =
            places.flat_map(|place| self.members[place].iter().copied()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn places(&self, [left, upper, right, lower]: Extent) -> impl Iterator<Item = usize> + use<> {
        let columns = bin(left).min(self.columns - 1)..=bin(right).min(self.columns - 1);
        let rows = bin(upper).min(self.rows - 1)..=bin(lower).min(self.rows - 1);
        let stride = self.columns;
        rows.flat_map(move |row| columns.clone().map(move |column| row * stride + column))
    }
}

fn bin(metres: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, as wanted"
    )]
    let bin = (metres / BIN_METRES).max(0.0) as usize;
    bin
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_touches_a_frame_is_found(
            things in prop::collection::vec((0.0..50_000_f64, 0.0..50_000_f64, 10.0..9000_f64), 1..30),
            column in 0_i32..1500, row in 0_i32..1500,
        ) {
            let frame = Frame { column, row, width: 100, height: 60 };
            let extents = || things.iter().map(|&(x, y, reach)| [x - reach, y - reach, x + reach, y + reach]);
            let found = Bins::new([50_000.0, 50_000.0], extents()).near(&frame);
            let (left, upper) = (f64::from(column) * 30.0, f64::from(row) * 30.0);
            for (index, [x0, y0, x1, y1]) in (0_u32..).zip(extents()) {
                if x0 < left + 3000.0 && x1 > left && y0 < upper + 1800.0 && y1 > upper {
                    prop_assert!(found.contains(&index));
                }
            }
        }
    }
}
