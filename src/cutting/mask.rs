//! Which pixels of patches are used: inside the cell, within the mosaic, and measured in all bands.

use rayon::prelude::*;
use tesela_datasets::patch::{PatchShape, Samples};
use tesela_datasets::pixel::Scaling;

use super::copy::common;
use super::footprint::Footprint;

/// Patches that a thread takes at a time.
const TOGETHER: usize = 16;

/// A patch whose pixels are to be judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// First column of its window in the mosaic; may lie outside.
    pub(super) column: i64,
    /// First row of its window in the mosaic; may lie outside.
    pub(super) row: i64,
    /// Which pixels are inside.
    pub(super) footprint: Footprint,
}

/// What is known of the pixels of some patches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mask {
    /// `[cell, row, column]`.
    pub(super) used: Vec<bool>,
    /// Pixels of the window inside each cell, measured or not.
    pub(super) inside_counts: Vec<u32>,
    /// Used pixels of each cell.
    pub(super) used_counts: Vec<u32>,
}

/// What decides which pixels are used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge {
    /// Extent of the patches.
    pub(super) shape: PatchShape,
    /// What the numbers mean.
    pub(super) scaling: Scaling,
    /// Columns and rows of the mosaic.
    pub(super) extent: (usize, usize),
}

impl Judge {
    /// The mask of `patches`, whose numbers are `samples`, `[cell, band, row, column]`; in the memory of `used`.
    #[expect(clippy::cast_possible_truncation, reason = "the mosaic's type holds its nodata value")]
    #[expect(clippy::cast_sign_loss, reason = "the mosaic's type holds its nodata value")]
    pub(super) fn mask(&self, patches: &[Judged], samples: &Samples, used: Vec<bool>) -> Mask {
        let (scaling, nodata) = (self.scaling, self.scaling.nodata);
        match samples {
            Samples::UInt8(samples) => {
                self.mask_whole(patches, samples, nodata.map(|value| value as u8), used)
            }
            Samples::UInt16(samples) => {
                self.mask_whole(patches, samples, nodata.map(|value| value as u16), used)
            }
            Samples::Int16(samples) => {
                self.mask_whole(patches, samples, nodata.map(|value| value as i16), used)
            }
            Samples::Float32(samples) => {
                let valid = move |value: f32| scaling.is_valid(value);
                self.mask_valid(patches, samples, valid, used)
            }
        }
    }

    /// Of whole numbers, of which `gap`, if any, means that nothing was measured.
    fn mask_whole<T: Copy + PartialEq + Send + Sync>(
        &self,
        patches: &[Judged],
        samples: &[T],
        gap: Option<T>,
        used: Vec<bool>,
    ) -> Mask {
        match gap {
            Some(gap) => self.mask_valid(patches, samples, move |value| value != gap, used),
            None => self.mask_valid(patches, samples, |_| true, used),
        }
    }

    fn mask_valid<T: Copy + Send + Sync>(
        &self,
        patches: &[Judged],
        samples: &[T],
        valid: impl Fn(T) -> bool + Copy + Send + Sync,
        mut used: Vec<bool>,
    ) -> Mask {
        let (shape, arch) = (self.shape, pulp::Arch::new());
        used.resize(patches.len() * shape.pixels(), false);
        let mut inside_counts = vec![0; patches.len()];
        let mut used_counts = vec![0; patches.len()];
        samples
            .par_chunks_exact(shape.samples())
            .zip(used.par_chunks_exact_mut(shape.pixels()))
            .zip(&mut inside_counts)
            .zip(&mut used_counts)
            .zip(patches)
            .with_min_len(TOGETHER)
            .for_each(|((((samples, used), inside_count), used_count), patch)| {
                *inside_count = patch.footprint.mark(patch.column, patch.row, shape.width, used);
                self.forget_outside(patch, used);
                let count = arch.dispatch(Measured { samples, used, valid });
                *used_count = u32::try_from(count).expect("a patch has few pixels");
            });
        Mask { used, inside_counts, used_counts }
    }

    /// What lies outside the mosaic is not measured, whatever number stands for it.
    fn forget_outside(&self, patch: &Judged, used: &mut [bool]) {
        let (columns, rows) = self.extent;
        let within = |start: i64, size: usize, extent: usize| {
            common(start, size, 0, extent).map_or(0..0, |(_, within)| within)
        };
        let columns = within(patch.column, self.shape.width, columns);
        let rows = within(patch.row, self.shape.height, rows);
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

/// Leaves of the pixels `used` of a patch those that are `valid` in each band of `samples`, and counts them; compiled for each
/// kind of processor.
struct Measured<'a, T, V> {
    samples: &'a [T],
    used: &'a mut [bool],
    valid: V,
}

impl<T: Copy, V: Fn(T) -> bool> pulp::WithSimd for Measured<'_, T, V> {
    type Output = usize;

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
        let Self { samples, used, valid } = self;
        for plane in samples.chunks_exact(used.len()) {
            for (used, &sample) in used.iter_mut().zip(plane) {
                *used &= valid(sample);
            }
        }
        used.iter().filter(|&&used| used).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::PixelPlacement;
    use proptest::prelude::*;
    use tesela_datasets::cell::Outline;
    use tesela_datasets::pixel::Product;

    fn everything() -> Footprint {
        let placement = PixelPlacement::new([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]).unwrap();
        Footprint::new(&placement, Outline::square(-100.0, -100.0, 200.0).corners)
    }

    proptest! {
        #[test]
        fn pixels_are_used_where_all_bands_are_measured_within_the_mosaic(
            column in -8_i64..24,
            row in -8_i64..19,
            gaps in prop::collection::vec(any::<bool>(), 100),
        ) {
            let shape = PatchShape { bands: 2, height: 5, width: 5 };
            let scaling = Product::C1.scaling();
            let judge = Judge { shape, scaling, extent: (20, 15) };
            let samples = gaps.iter().map(|&gap| if gap { -9999 } else { 7 }).collect();
            let patches = vec![Judged { column, row, footprint: everything() }; 2];
            // Memory with something in it.
            let mask = judge.mask(&patches, &Samples::Int16(samples), vec![true; 60]);
            prop_assert_eq!(mask.used.len(), 50);
            for (index, &used) in mask.used.iter().enumerate() {
                let (patch, pixel) = (index / 25, index % 25);
                let place = i64::try_from(pixel).unwrap();
                let inside = (0..20).contains(&(column + place % 5)) && (0..15).contains(&(row + place / 5));
                let gap = gaps[patch * 50 + pixel] || gaps[patch * 50 + 25 + pixel];
                prop_assert_eq!(used, inside && !gap);
            }
            prop_assert_eq!(&mask.inside_counts, &vec![25, 25]);
            for (patch, &count) in mask.used_counts.iter().enumerate() {
                let used = mask.used[patch * 25..(patch + 1) * 25].iter().filter(|&&used| used);
                prop_assert_eq!(count as usize, used.count());
            }
        }
    }

    #[test]
    fn without_a_nodata_value_only_the_outside_is_unused() {
        let shape = PatchShape { bands: 1, height: 3, width: 3 };
        let judge = Judge { shape, scaling: Scaling::declared(1.0, 0.0, None), extent: (4, 3) };
        let patch = Judged { column: -1, row: 0, footprint: everything() };
        let mask = judge.mask(&[patch], &Samples::UInt8(vec![0; 9]), Vec::new());
        assert_eq!(mask.used, [false, true, true].repeat(3));
        assert_eq!((mask.used_counts[0], mask.inside_counts[0]), (6, 9));
    }
}
