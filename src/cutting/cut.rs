//! Cutting patches from a window that has been read.

use rayon::prelude::*;
use tesela_datasets::patch::{PatchShape, Samples};
use tesela_datasets::pixel::Scaling;

use super::footprint::Footprint;
use crate::raster::{MosaicWindow, Window};

/// A cell that is to be cut.
#[derive(Debug, Clone)]
pub(super) struct CellToCut {
    /// First column of its window in the mosaic; may lie outside.
    pub(super) column: i64,
    /// First row of its window in the mosaic; may lie outside.
    pub(super) row: i64,
    /// Which pixels are inside.
    pub(super) footprint: Footprint,
}

/// The pixels of some cells.
#[derive(Debug)]
pub(super) struct CutPixels {
    /// `[cell, band, row, column]`; "no data" (or 0, where nothing means that) outside the mosaic.
    pub(super) samples: Samples,
    /// `[cell, row, column]`: measured and inside the cell.
    pub(super) used: Vec<bool>,
    /// Pixels of the window inside each cell, measured or not.
    pub(super) inside_counts: Vec<u32>,
    /// Used pixels of each cell.
    pub(super) used_counts: Vec<u32>,
}

/// Cuts `cells` from `window`, which holds of their windows all that lies in the mosaic.
pub(super) fn cut(
    window: &MosaicWindow,
    cells: &[CellToCut],
    shape: PatchShape,
    scaling: &Scaling,
) -> CutPixels {
    let Window { column, row, width, height } = window.window;
    let cutting = Cutting { shape, column, row, width, height };
    let mut pixels = CutPixels {
        samples: Samples::with_capacity(window.samples.sample_type(), 0),
        used: vec![false; cells.len() * shape.pixels()],
        inside_counts: vec![0; cells.len()],
        used_counts: vec![0; cells.len()],
    };
    let nodata = scaling.nodata;
    #[expect(clippy::cast_possible_truncation, reason = "the mosaic's type holds its nodata value")]
    #[expect(clippy::cast_sign_loss, reason = "the mosaic's type holds its nodata value")]
    match &window.samples {
        Samples::UInt8(from) => {
            let gap = nodata.map(|value| value as u8);
            pixels.samples = Samples::UInt8(cutting.cut_whole(from, cells, gap, &mut pixels));
        }
        Samples::UInt16(from) => {
            let gap = nodata.map(|value| value as u16);
            pixels.samples = Samples::UInt16(cutting.cut_whole(from, cells, gap, &mut pixels));
        }
        Samples::Int16(from) => {
            let gap = nodata.map(|value| value as i16);
            pixels.samples = Samples::Int16(cutting.cut_whole(from, cells, gap, &mut pixels));
        }
        Samples::Float32(from) => {
            let (fill, scaling) = (nodata.map_or(f32::NAN, |value| value as f32), *scaling);
            let valid = move |value: f32| scaling.is_valid(value);
            pixels.samples = Samples::Float32(cutting.cut(from, cells, fill, valid, &mut pixels));
        }
    }
    pixels
}

/// Where the window lies, and what is cut from it.
#[derive(Debug, Clone, Copy)]
struct Cutting {
    shape: PatchShape,
    column: usize,
    row: usize,
    width: usize,
    height: usize,
}

impl Cutting {
    /// Of whole numbers, of which `gap`, if any, means that nothing was measured.
    fn cut_whole<T: Copy + Default + PartialEq + Send + Sync>(
        &self,
        from: &[T],
        cells: &[CellToCut],
        gap: Option<T>,
        pixels: &mut CutPixels,
    ) -> Vec<T> {
        match gap {
            Some(gap) => self.cut(from, cells, gap, move |value| value != gap, pixels),
            None => self.cut(from, cells, T::default(), |_| true, pixels),
        }
    }

    fn cut<T: Copy + Send + Sync>(
        &self,
        from: &[T],
        cells: &[CellToCut],
        fill: T,
        valid: impl Fn(T) -> bool + Copy + Send + Sync,
        pixels: &mut CutPixels,
    ) -> Vec<T> {
        let mut samples = vec![fill; cells.len() * self.shape.samples()];
        samples
            .par_chunks_mut(self.shape.samples())
            .zip(pixels.used.par_chunks_mut(self.shape.pixels()))
            .zip(&mut pixels.inside_counts)
            .zip(&mut pixels.used_counts)
            .zip(cells)
            .with_min_len(16)
            .for_each(|((((samples, used), inside_count), used_count), cell)| {
                *inside_count = cell.footprint.mark(cell.column, cell.row, self.shape.width, used);
                self.copy(from, cell, samples);
                self.forget_outside(cell, used);
                // A copy of this thread's own: what it compares with stays in a register.
                let is_measured = valid;
                for plane in samples.chunks_exact(self.shape.pixels()) {
                    for (used, &sample) in used.iter_mut().zip(plane) {
                        *used &= is_measured(sample);
                    }
                }
                let count = used.iter().filter(|&&used| used).count();
                *used_count = u32::try_from(count).expect("a patch has few pixels");
            });
        samples
    }

    /// Of the rows or columns `start..start + length` of a patch, those that begin at `from` and end before
    /// `from + extent`, counted within the patch.
    fn common(start: i64, length: usize, from: usize, extent: usize) -> std::ops::Range<usize> {
        let place = |value: usize| {
            let offset = i64::try_from(value).expect("a raster fits memory") - start;
            usize::try_from(offset).map_or(0, |offset| offset.min(length))
        };
        place(from)..place(from + extent)
    }

    fn common_rows(&self, cell: &CellToCut) -> std::ops::Range<usize> {
        Self::common(cell.row, self.shape.height, self.row, self.height)
    }

    fn common_columns(&self, cell: &CellToCut) -> std::ops::Range<usize> {
        Self::common(cell.column, self.shape.width, self.column, self.width)
    }

    /// Copies what lies in the window.
    fn copy<T: Copy>(&self, from: &[T], cell: &CellToCut, samples: &mut [T]) {
        let (rows, columns) = (self.common_rows(cell), self.common_columns(cell));
        let offset = |start: i64, place: usize, from: usize| {
            let place = start + i64::try_from(place).expect("a patch is small");
            usize::try_from(place).map_or(0, |place| place - from)
        };
        let first = offset(cell.column, columns.start, self.column);
        let planes = from.chunks_exact((self.width * self.height).max(1));
        for (plane, patch) in planes.zip(samples.chunks_exact_mut(self.shape.pixels())) {
            for row in rows.clone() {
                let begin = offset(cell.row, row, self.row) * self.width + first;
                let target = row * self.shape.width;
                patch[target + columns.start..target + columns.end]
                    .copy_from_slice(&plane[begin..begin + columns.len()]);
            }
        }
    }

    /// What lies outside the mosaic is not measured, whatever number stands for it.
    fn forget_outside(&self, cell: &CellToCut, used: &mut [bool]) {
        let (rows, columns) = (self.common_rows(cell), self.common_columns(cell));
        if rows.len() == self.shape.height && columns.len() == self.shape.width {
            return;
        }
        for (row, marks) in used.chunks_exact_mut(self.shape.width).enumerate() {
            if rows.contains(&row) {
                marks[..columns.start].fill(false);
                marks[columns.end..].fill(false);
            } else {
                marks.fill(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::PixelPlacement;
    use proptest::prelude::*;
    use tesela_datasets::cell::Outline;
    use tesela_datasets::pixel::Product;

    /// The number at a place of a made-up mosaic of two bands, 20 columns and 15 rows, with some gaps.
    fn number(band: i64, row: i64, column: i64) -> i16 {
        let outside = !(0..15).contains(&row) || !(0..20).contains(&column);
        let gap = (row * 7 + column * 3) % 11 == 0 && band == 1;
        if outside || gap { -9999 } else { i16::try_from(band * 1000 + row * 20 + column).unwrap() }
    }

    fn window(window: Window) -> MosaicWindow {
        let at = |value: usize| i64::try_from(value).unwrap();
        let mut samples = Vec::new();
        for band in 0..2 {
            for row in at(window.row)..at(window.row + window.height) {
                let columns = at(window.column)..at(window.column + window.width);
                samples.extend(columns.map(|column| number(band, row, column)));
            }
        }
        MosaicWindow { window, samples: Samples::Int16(samples) }
    }

    fn everything() -> Footprint {
        let placement = PixelPlacement::new([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]).unwrap();
        Footprint::new(&placement, Outline::square(-100.0, -100.0, 200.0).corners)
    }

    proptest! {
        #[test]
        fn patches_hold_the_mosaic_inside_and_nodata_beyond_its_edges(
            column in -4_i64..20,
            row in -4_i64..15,
        ) {
            let shape = PatchShape { bands: 2, height: 5, width: 5 };
            let whole = window(Window { column: 0, row: 0, width: 20, height: 15 });
            let cells = vec![CellToCut { column, row, footprint: everything() }; 2];
            let pixels = cut(&whole, &cells, shape, &Product::C1.scaling());
            let Samples::Int16(samples) = &pixels.samples else { unreachable!() };
            for (index, &sample) in samples.iter().enumerate() {
                let place = i64::try_from(index % 50).unwrap();
                let (band, r, c) = (place / 25, place / 5 % 5, place % 5);
                prop_assert_eq!(sample, number(band, row + r, column + c));
            }
            for (index, &used) in pixels.used.iter().enumerate() {
                let place = i64::try_from(index % 25).unwrap();
                let both = |band| number(band, row + place / 5, column + place % 5) != -9999;
                prop_assert_eq!(used, both(0) && both(1));
            }
            prop_assert_eq!(&pixels.inside_counts, &vec![25, 25]);
            let count = pixels.used.iter().take(25).filter(|&&used| used).count();
            prop_assert_eq!(pixels.used_counts[0] as usize, count);
        }
    }

    #[test]
    fn a_window_within_the_mosaic_is_enough_for_the_cells_within_it() {
        let shape = PatchShape { bands: 2, height: 3, width: 3 };
        let part = window(Window { column: 4, row: 6, width: 7, height: 5 });
        let cell = CellToCut { column: 8, row: 8, footprint: everything() };
        let pixels = cut(&part, &[cell], shape, &Product::C1.scaling());
        let Samples::Int16(samples) = pixels.samples else { unreachable!() };
        assert_eq!(samples[0], number(0, 8, 8));
        assert_eq!(samples[17], number(1, 10, 10));
    }

    #[test]
    fn without_a_nodata_value_only_the_outside_is_unused() {
        let samples = Samples::UInt8(vec![0; 12]);
        let window =
            MosaicWindow { window: Window { column: 0, row: 0, width: 4, height: 3 }, samples };
        let shape = PatchShape { bands: 1, height: 3, width: 3 };
        let cell = CellToCut { column: -1, row: 0, footprint: everything() };
        let pixels = cut(&window, &[cell], shape, &Scaling::declared(1.0, 0.0, None));
        assert_eq!(pixels.used, [false, true, true].repeat(3));
        assert_eq!((pixels.used_counts[0], pixels.inside_counts[0]), (6, 9));
    }
}
