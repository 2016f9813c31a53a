//! Plausibility: whether numbers that are declared to be reflectance look like it.
//!
//! Mixing up two products is the most damaging error available, and nothing later would notice. Over land the
//! median near-infrared reflectance lies between 0.15 and 0.35 under the right product only. What is prepared is looked at, and
//! what is predicted.

use tesela_datasets::patch::PatchBatch;
use tesela_datasets::pixel::{Band, PixelDefinition, Product, Scaling};

/// The range of the median over land.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.15..=0.35;
/// One pixel in so many is looked at.
const THINNING: usize = 16;
/// One cell in so many stands for all of them.
const FEW: u32 = 16;
/// Reflectance between two bins.
const STEP: f64 = 0.001;
/// Reflectance at the beginning of the first bin; lower values count there.
const LOWEST: f64 = -0.5;
/// How many bins there are; higher values count in the last.
const BINS: usize = 10_000;

/// Gathers the median near-infrared reflectance of a collection.
#[derive(Debug)]
pub(crate) struct NirMedian {
    band: usize,
    scaling: Scaling,
    counts: Vec<u64>,
    row: Vec<f32>,
}

impl NirMedian {
    /// For a collection with a product and a near-infrared band; others have nothing to check.
    pub(crate) fn of(pixel: &PixelDefinition) -> Option<Self> {
        let band = pixel.bands.position(Band::Nir)?;
        let scaling = pixel.scaling;
        scaling.is_calibrated().then(|| Self {
            band,
            scaling,
            counts: vec![0; BINS],
            row: Vec::new(),
        })
    }

    /// Takes in the used pixels of `patches`.
    pub(crate) fn note(&mut self, patches: &PatchBatch) {
        (0..patches.len()).for_each(|index| self.note_patch(patches, index));
    }

    /// Takes in those of a few of `patches`: those of the same cells in whichever batches they come.
    pub(crate) fn note_few(&mut self, patches: &PatchBatch) {
        for (index, cell) in patches.positions.iter().enumerate() {
            if cell.is_multiple_of(FEW) {
                self.note_patch(patches, index);
            }
        }
    }

    fn note_patch(&mut self, patches: &PatchBatch, index: usize) {
        let shape = patches.shape;
        self.row.resize(shape.pixels(), 0.0);
        let start = index * shape.samples() + self.band * shape.pixels();
        patches.samples.copy_to_f32(start, &mut self.row);
        let pixels = self.row.iter().zip(patches.used_of(index));
        for (&stored, _) in pixels.step_by(THINNING).filter(|(_, used)| **used) {
            let value = reflectance(&self.scaling, f64::from(stored));
            self.counts[bin(value)] += 1;
        }
    }

    /// The median; `None` without used pixels.
    pub(crate) fn median(&self) -> Option<f64> {
        let total: u64 = self.counts.iter().sum();
        let mut below = 0;
        let median = self.counts.iter().position(|count| {
            below += count;
            total > 0 && below * 2 >= total
        })?;
        Some(LOWEST + (median as f64 + 0.5) * STEP)
    }

    /// What the user should know, if anything.
    pub(crate) fn warning(&self) -> Option<String> {
        let median = self.median().filter(|median| !PLAUSIBLE.contains(median))?;
        let product = self.scaling.product?;
        let highest = median > LOWEST + (BINS as f64 - 1.0) * STEP;
        let found = if highest { "9.5 or more".to_owned() } else { format!("{median:.3}") };
        let stored = (median * self.scaling.divide - self.scaling.add) / self.scaling.multiply;
        let others = [Product::C1, Product::C2, Product::S2Baseline0400];
        let better = others.into_iter().find(|&other| {
            other != product
                && !highest
                && PLAUSIBLE.contains(&reflectance(&other.scaling(), stored))
        });
        let advice = match better {
            Some(other) => format!(
                "under product `{}` it would be {:.3}",
                other.name(),
                reflectance(&other.scaling(), stored)
            ),
            None => "are these digital numbers, or mostly water, snow or cloud?".to_owned(),
        };
        Some(format!(
            "the median near-infrared reflectance is {found} under product `{}`, and over land it lies between \
             0.15 and 0.35. Landsat Collection 1 is `c1`, Collection 2 is `c2`: {advice}",
            product.name()
        ))
    }
}

/// The value before clamping.
fn reflectance(scaling: &Scaling, stored: f64) -> f64 {
    (scaling.multiply * stored + scaling.add) / scaling.divide
}

fn bin(value: f64) -> usize {
    let place = ((value - LOWEST) / STEP).clamp(0.0, (BINS - 1) as f64);
    #[expect(clippy::cast_possible_truncation, reason = "limited to the bins")]
    #[expect(clippy::cast_sign_loss, reason = "limited to the bins")]
    let bin = place as usize;
    bin
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::class::Label;
    use tesela_datasets::patch::{PatchShape, Samples};

    fn warning(product: Product, stored: u16) -> Option<String> {
        let shape = PatchShape { bands: 6, height: 8, width: 8 };
        let mut median = NirMedian::of(&PixelDefinition::of_product(product)).unwrap();
        median.note(&PatchBatch {
            shape,
            samples: Samples::UInt16(vec![stored; shape.samples()]),
            used: vec![true; 64],
            labels: vec![Label::Undefined],
            positions: vec![0],
        });
        median.warning()
    }

    #[test]
    fn the_same_few_cells_stand_for_all_in_any_batches() {
        let shape = PatchShape { bands: 6, height: 8, width: 8 };
        let pixel = PixelDefinition::of_product(Product::C1);
        let counts = |batches: &[&[u32]]| {
            let mut median = NirMedian::of(&pixel).unwrap();
            for &cells in batches {
                let stored = cells
                    .iter()
                    .flat_map(|&cell| vec![u16::try_from(2000 + cell).unwrap(); shape.samples()]);
                median.note_few(&PatchBatch {
                    shape,
                    samples: Samples::UInt16(stored.collect()),
                    used: vec![true; cells.len() * 64],
                    labels: vec![Label::Undefined; cells.len()],
                    positions: cells.to_vec(),
                });
            }
            median.counts
        };
        let all: Vec<u32> = (0..100).collect();
        let found = counts(&[&all]);
        assert_eq!(found, counts(&[&all[40..], &all[..7], &all[7..40]]));
        let cells = usize::try_from(found.iter().sum::<u64>()).unwrap() * THINNING / 64;
        assert_eq!(cells, 7);
    }

    #[test]
    fn plausible_reflectance_is_not_worth_a_word() {
        assert_eq!(warning(Product::C1, 2500), None);
        assert_eq!(warning(Product::C2, 16_000), None);
    }

    #[test]
    fn mixed_up_products_are_named() {
        let text = warning(Product::C1, 16_000).unwrap();
        assert!(
            text.contains("1.60") && text.contains("under product `c2` it would be 0.24"),
            "{text}"
        );
        let text = warning(Product::C2, 2500).unwrap();
        assert!(text.contains("under product `c1` it would be 0.249"), "{text}");
    }

    #[test]
    fn digital_numbers_are_suspected_where_no_product_fits() {
        let text = warning(Product::C1, 80).unwrap();
        assert!(text.contains("digital numbers") && text.contains("`c1`"), "{text}");
    }

    #[test]
    fn uncalibrated_and_unused_pixels_say_nothing() {
        let mut pixel = PixelDefinition::of_product(Product::C1);
        assert_eq!(NirMedian::of(&pixel).unwrap().warning(), None);
        pixel.scaling = Scaling::declared(1.0, 0.0, None);
        assert!(NirMedian::of(&pixel).is_none());
    }
}
