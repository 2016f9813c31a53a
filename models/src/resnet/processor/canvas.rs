//! Canvases: planes with a border of zeros, the channels of a pixel side by side.

use std::ops::Range;

/// Channels come in whole vectors of every processor; those beyond the network's are zero.
const WHOLE: usize = 16;

/// How the numbers of an image lie in memory: `[row, column, channel]`, with a border of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Canvas {
    /// Rows and columns within the border.
    pub(super) side: [usize; 2],
    /// Numbers of a pixel.
    pub(super) channels: usize,
}

impl Canvas {
    /// The canvas of `planes` planes that a convolution makes.
    pub(super) fn of_planes(planes: usize, side: [usize; 2]) -> Self {
        Self { side, channels: planes.next_multiple_of(WHOLE) }
    }

    /// Numbers from a row to the next.
    pub(super) fn row(&self) -> usize {
        (self.side[1] + 2) * self.channels
    }

    /// Where the pixel begins that lies `row` rows and `column` columns from the corner of the border.
    pub(super) fn bordered(&self, row: usize, column: usize) -> usize {
        row * self.row() + column * self.channels
    }

    /// All numbers, those of the border included.
    pub(super) fn len(&self) -> usize {
        (self.side[0] + 2) * self.row()
    }

    /// Pixels within the border.
    pub(super) fn pixels(&self) -> usize {
        self.side[0] * self.side[1]
    }

    /// Where the numbers of each row within the border are.
    pub(super) fn rows(self) -> impl Iterator<Item = Range<usize>> {
        let len = self.side[1] * self.channels;
        (1..=self.side[0]).map(move |row| {
            let start = self.bordered(row, 1);
            start..start + len
        })
    }

    /// A canvas of zeros.
    pub(super) fn blank(&self) -> Vec<f32> {
        vec![0.0; self.len()]
    }
}
