//! Patches made from a seed, and what a plain implementation says about them.

use proptest::prelude::*;
use tesela_datasets::features::{FeatureExtractor, FeatureScratch, HistogramMode};
use tesela_datasets::patch::PatchShape;
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Product};
use tesela_datasets::random::{below, generator, unit};

/// A patch of Collection 1, and which of its pixels are used.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    pub(crate) definition: PixelDefinition,
    pub(crate) shape: PatchShape,
    /// `[band, row, column]`.
    pub(crate) samples: Vec<f32>,
    pub(crate) used: Vec<bool>,
}

impl Patch {
    /// A patch in which `share` of the pixels are used; the numbers have `levels` different values.
    pub(crate) fn random(height: usize, width: usize, share: f64, levels: u64, seed: u64) -> Self {
        let mut draws = generator(seed, &[]);
        let shape = PatchShape { bands: 6, height, width };
        let level = 10_000 / levels;
        let samples =
            (0..shape.samples()).map(|_| (level * below(&mut draws, levels)) as f32).collect();
        let used = (0..shape.pixels()).map(|_| unit(&mut draws) < share).collect();
        Self { definition: PixelDefinition::of_product(Product::C1), shape, samples, used }
    }

    /// The same patch with the bands of `mask` only, one bit each.
    pub(crate) fn with_bands(&self, mask: u8) -> Self {
        let kept: Vec<Band> =
            Band::ALL.into_iter().filter(|band| mask >> band.index() & 1 == 1).collect();
        let pixels = self.shape.pixels();
        let planes = kept.iter().flat_map(|band| &self.samples[band.index() * pixels..][..pixels]);
        let bands = BandSet::new(kept.clone()).expect("the mask keeps a band");
        Self {
            definition: PixelDefinition { bands, ..self.definition.clone() },
            shape: PatchShape { bands: kept.len(), ..self.shape },
            samples: planes.copied().collect(),
            used: self.used.clone(),
        }
    }

    pub(crate) fn used_count(&self) -> usize {
        self.used.iter().filter(|&&used| used).count()
    }

    /// The names of the columns and the features.
    pub(crate) fn features(&self, mode: HistogramMode) -> (Vec<String>, Vec<f32>) {
        self.features_of(&FeatureExtractor::new(&self.definition, mode))
    }

    /// The names of the columns and the features that `extractor` computes.
    pub(crate) fn features_of(&self, extractor: &FeatureExtractor) -> (Vec<String>, Vec<f32>) {
        let mut row = vec![0.0; extractor.columns().len()];
        let mut scratch = FeatureScratch::default();
        let count =
            extractor.extract(&mut scratch, self.shape, &self.samples, &self.used, &mut row);
        assert_eq!(count, self.used_count());
        (extractor.columns().to_vec(), row)
    }
}

prop_compose! {
    /// Patches of any size, from full to nearly empty, from continuous to a few values.
    pub(crate) fn any_patch()(
        height in 1_usize..50,
        width in 1_usize..50,
        share in prop_oneof![Just(1.0), 0.0..1.0_f64, Just(0.02)],
        levels in prop_oneof![Just(10_000_u64), 1_u64..20],
        seed in any::<u64>(),
    ) -> Patch {
        Patch::random(height, width, share, levels, seed)
    }
}

/// Either place of the bins.
pub(crate) fn any_mode() -> impl Strategy<Value = HistogramMode> {
    prop_oneof![Just(HistogramMode::Fixed), Just(HistogramMode::Patch)]
}
