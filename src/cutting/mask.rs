//! Which pixels of patches are used: inside the cell, within the mosaic, and measured in all bands.

use tesela_datasets::patch::PatchShape;

use super::copy::common;
use super::footprint::Footprint;
use crate::raster::MosaicNumber;

/// Numbers of a plane that are looked at before anything is decided.
const TOGETHER: usize = 1024;

/// A patch whose pixels are to be judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// First column of its window in the mosaic; may lie outside.
    pub(super) column: i64,
    /// First row of its window in the mosaic; may lie outside.
    pub(super) row: i64,
    /// Which pixels are inside.
    pub(super) footprint: Footprint,
    /// Whether there may be pixels in the mosaic that carry no measurement.
    pub(super) may_have_gaps: bool,
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
pub(super) struct Judge<T> {
    /// Extent of the patches.
    pub(super) shape: PatchShape,
    /// The number, if any, that means that nothing was measured.
    pub(super) gap: Option<T>,
    /// Columns and rows of the mosaic.
    pub(super) extent: (usize, usize),
}

impl<T: MosaicNumber> Judge<T> {
    /// The mask of `patches`, whose numbers are `samples`, `[cell, band, row, column]`; in the memory of `used`.
    pub(super) fn mask(&self, patches: &[Judged], samples: &[T], mut used: Vec<bool>) -> Mask {
        let (shape, gap, arch) = (self.shape, self.gap, pulp::Arch::new());
        used.resize(patches.len() * shape.pixels(), false);
        let (mut inside_counts, mut used_counts) = (Vec::new(), Vec::new());
        let samples = samples.chunks_exact(shape.samples());
        for ((patch, used), samples) in
            patches.iter().zip(used.chunks_exact_mut(shape.pixels())).zip(samples)
        {
            inside_counts.push(patch.footprint.mark(patch.column, patch.row, shape.width, used));
            self.forget_outside(patch, used);
            if patch.may_have_gaps {
                arch.dispatch(Measured { samples, used, gap });
            }
            let count = used.iter().filter(|&&used| used).count();
            used_counts.push(u32::try_from(count).expect("a patch has few pixels"));
        }
        Mask { used, inside_counts, used_counts }
    }

    /// Whether there is a gap among `numbers`.
    pub(super) fn has_gap(&self, numbers: &[T]) -> bool {
        pulp::Arch::new().dispatch(Gap { numbers, gap: self.gap })
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

/// Leaves of the pixels `used` of a patch those that are measured in each band of `samples`; compiled for each kind of processor.
struct Measured<'a, T> {
    samples: &'a [T],
    used: &'a mut [bool],
    gap: Option<T>,
}

impl<T: MosaicNumber> pulp::WithSimd for Measured<'_, T> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { samples, used, gap } = self;
        for plane in samples.chunks_exact(used.len()) {
            match gap {
                Some(gap) => {
                    for (used, &sample) in used.iter_mut().zip(plane) {
                        *used &= sample.is_number() && sample != gap;
                    }
                }
                None => {
                    for (used, &sample) in used.iter_mut().zip(plane) {
                        *used &= sample.is_number();
                    }
                }
            }
        }
    }
}

/// Looks for a number that is no measurement; compiled for each kind of processor.
struct Gap<'a, T> {
    numbers: &'a [T],
    gap: Option<T>,
}

impl<T: MosaicNumber> pulp::WithSimd for Gap<'_, T> {
    type Output = bool;

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> bool {
        let Self { numbers, gap } = self;
        let Some(gap) = gap else { return numbers.iter().any(|number| !number.is_number()) };
        let is_gap = |number: T| !number.is_number() || number == gap;
        numbers
            .chunks(TOGETHER)
            .any(|numbers| numbers.iter().fold(false, |found, &number| found | is_gap(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::PixelPlacement;
    use proptest::prelude::*;
    use tesela_datasets::cell::Outline;

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
            let judge = Judge { shape, gap: Some(-9999_i16), extent: (20, 15) };
            let samples: Vec<i16> = gaps.iter().map(|&gap| if gap { -9999 } else { 7 }).collect();
            let patches = vec![Judged { column, row, footprint: everything(), may_have_gaps: true }; 2];
            // Memory with something in it.
            let mask = judge.mask(&patches, &samples, vec![true; 60]);
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
    fn gaps_are_found_wherever_they_are() {
        let shape = PatchShape { bands: 1, height: 1, width: 1 };
        let judge = Judge { shape, gap: Some(7_u16), extent: (1, 1) };
        let mut numbers = vec![1; 3000];
        assert!(!judge.has_gap(&numbers) && !judge.has_gap(&[]));
        for place in [0, 1023, 1024, 2999] {
            numbers[place] = 7;
            assert!(judge.has_gap(&numbers));
            assert!(!Judge { gap: None, ..judge }.has_gap(&numbers));
            numbers[place] = 1;
        }
        let floats = Judge { shape, gap: None, extent: (1, 1) };
        assert!(floats.has_gap(&[1.0, f32::NAN]) && !floats.has_gap(&[1.0_f32]));
    }

    #[test]
    fn what_is_no_number_is_not_measured() {
        let shape = PatchShape { bands: 1, height: 1, width: 4 };
        let judge = |gap| Judge { shape, gap, extent: (4, 1) };
        let patch = Judged { column: 0, row: 0, footprint: everything(), may_have_gaps: true };
        let patch = [patch];
        let samples = [f32::NAN, -1.0, f32::INFINITY, 2.0];
        assert_eq!(judge(None).mask(&patch, &samples, Vec::new()).used, [false, true, false, true]);
        let mask = judge(Some(-1.0)).mask(&patch, &samples, Vec::new());
        assert_eq!((mask.used_counts, mask.used), (vec![1], vec![false, false, false, true]));
    }

    #[test]
    fn without_a_nodata_value_only_the_outside_is_unused() {
        let shape = PatchShape { bands: 1, height: 3, width: 3 };
        let judge = Judge { shape, gap: None, extent: (4, 3) };
        let patch = Judged { column: -1, row: 0, footprint: everything(), may_have_gaps: false };
        let mask = judge.mask(&[patch], &[0_u8; 9], Vec::new());
        assert_eq!(mask.used, [false, true, true].repeat(3));
        assert_eq!((mask.used_counts[0], mask.inside_counts[0]), (6, 9));
    }
}
