//! Plans: which numbers of one canvas the pixels of another are sums of.

use super::canvas::Canvas;
use crate::network::Convolution;

/// A convolution with square filters of at most 3 × 3 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

/// Where pixels are, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walk {
    /// Where the first pixel begins.
    pub(super) start: usize,
    /// Numbers from a pixel to the next of its row.
    pub(super) column: usize,
    /// Numbers from a row to the next.
    pub(super) row: usize,
}

/// Numbers side by side that go into every pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it begins, from the place of the pixel on.
    pub(super) offset: usize,
    /// How many numbers.
    pub(super) len: usize,
}

/// How the pixels of a canvas, or every other one, are made of those of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rows and columns of pixels that are made.
    pub(super) side: [usize; 2],
    pub(super) from: Walk,
    pub(super) to: Walk,
    pub(super) runs: Vec<Run>,
    /// The filter's row and column behind each pixel of the runs, in order.
    pub(super) taps: Vec<[usize; 2]>,
}

/// A pixel that goes into another: how far away it lies, and through which row or column of the filter.
type Source = (isize, usize);

impl Shape {
    /// That of a layer.
    pub(super) fn of(layer: &Convolution) -> Self {
        Self { kernel: layer.kernel, stride: layer.stride, padding: layer.padding }
    }

    /// Rows and columns of what it makes of `side`.
    pub(super) fn output(&self, side: [usize; 2]) -> [usize; 2] {
        side.map(|side| (side + 2 * self.padding - self.kernel) / self.stride + 1)
    }

    /// How `to` is made of `from`.
    pub(super) fn forward(&self, from: Canvas, to: Canvas) -> Plan {
        let padding = self.padding.cast_signed();
        let sources: Vec<Source> =
            (0..self.kernel).map(|tap| (tap.cast_signed() - padding, tap)).collect();
        let walk = Walk { start: to.bordered(1, 1), column: to.channels, row: to.row() };
        plan((from, self.stride), (walk, to.side), &sources, &sources)
    }

    /// How the gradient of `from` is made of that of `to`: a plan for the pixels that each see the same part of the
    /// filters. Pixels that nothing is made of are in no plan.
    pub(super) fn backward(&self, from: Canvas, to: Canvas) -> Vec<Plan> {
        let mut plans = Vec::new();
        for first_row in 0..self.stride.min(from.side[0]) {
            for first_column in 0..self.stride.min(from.side[1]) {
                let (rows, columns) = (self.sources(first_row), self.sources(first_column));
                if rows.is_empty() || columns.is_empty() {
                    continue;
                }
                let walk = Walk {
                    start: from.bordered(first_row + 1, first_column + 1),
                    column: self.stride * from.channels,
                    row: self.stride * from.row(),
                };
                let side = [
                    (from.side[0] - first_row).div_ceil(self.stride),
                    (from.side[1] - first_column).div_ceil(self.stride),
                ];
                plans.push(plan((to, 1), (walk, side), &rows, &columns));
            }
        }
        plans
    }

    /// The outputs that see input `first`, from the first on: input = stride · output + tap − padding.
    fn sources(&self, first: usize) -> Vec<Source> {
        let stride = self.stride.cast_signed();
        let taps = (0..self.kernel).rev().map(|tap| {
            let distance = (first + self.padding).cast_signed() - tap.cast_signed();
            (distance, tap)
        });
        taps.filter(|(distance, _)| distance.rem_euclid(stride) == 0)
            .map(|(distance, tap)| (distance.div_euclid(stride), tap))
            .collect()
    }
}

/// The plan for pixels on `walk` whose sources lie on every `step`-th pixel of `from`.
fn plan(
    (from, step): (Canvas, usize),
    (walk, side): (Walk, [usize; 2]),
    rows: &[Source],
    columns: &[Source],
) -> Plan {
    let bordered =
        |distance: isize| usize::try_from(distance + 1).expect("the border is one pixel");
    let len = columns.len() * from.channels;
    let run = |row: &Source| Run { offset: bordered(row.0) * from.row(), len };
    let start = bordered(columns[0].0) * from.channels;
    let taps = rows.iter().flat_map(|row| columns.iter().map(|column| [row.1, column.1]));
    Plan {
        side,
        from: Walk { start, column: step * from.channels, row: step * from.row() },
        to: walk,
        runs: rows.iter().map(run).collect(),
        taps: taps.collect(),
    }
}
