//! The statistics behind a normalisation, from a sample of pixels.

use rayon::prelude::*;

use super::scale::{ChannelScale, DEVIATION_MIN, Logarithm, Normalisation, NormalisationError};
use crate::channels::ChannelKernel;
use crate::patch::PatchBatch;
use crate::random::{below, derive, generator, shuffle};
use crate::source::PatchSource;

/// The most patches that are looked at.
const PATCHES: usize = 16_384;
/// The most pixels that are kept, over all patches: 4 MiB a channel.
const PIXELS: usize = 1 << 20;
/// Patches that are read at a time.
const BATCH: usize = 256;
/// The shares between which values are kept.
const SHARES: [f64; 2] = [0.005, 0.995];

impl Normalisation {
    /// Takes the statistics of the used pixels of `source`: of up to a million of them, spread evenly over
    /// up to 16,384 patches drawn with `seed`.
    ///
    /// Memory is bounded, and the result depends on the patches and the seed alone. The percentiles are those
    /// of the sample; were all pixels of a patch alike, the worst case, the 0.5 percentile would lie between
    /// the 0.39 and the 0.61 percentile of all pixels nineteen times out of twenty.
    ///
    /// # Errors
    /// If patches cannot be read, or none of them has a used pixel.
    pub fn fit(source: PatchSource<'_>, seed: u64) -> Result<Self, NormalisationError> {
        let kernel = ChannelKernel::new(&source.definition().pixel);
        let order = draw_patches(source.len(), seed);
        let pixels = (PIXELS / order.len().max(1)).max(1);
        let width = kernel.channels().len();
        let mut sample: Vec<Vec<f32>> = vec![Vec::new(); width];
        for batch in source.stream(&order, BATCH)? {
            for patch in draw_pixels(&kernel, &batch?, pixels, seed) {
                for (all, own) in sample.iter_mut().zip(patch) {
                    all.extend(own);
                }
            }
        }
        if sample.first().is_none_or(Vec::is_empty) {
            return Err(NormalisationError::NoPixels { patches: order.len() });
        }
        let channels = kernel.channels().channels();
        let scales = sample.par_iter_mut().zip(channels).map(|(values, &channel)| {
            let logarithm = Logarithm::of(channel);
            for value in values.iter_mut() {
                *value = logarithm.apply(*value);
            }
            scale_of(channel.name(), values)
        });
        Self::new(scales.collect())
    }
}

/// The positions of the patches to look at, in order.
fn draw_patches(len: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..).take(len).collect();
    if len > PATCHES {
        shuffle(&mut generator(seed, &[0]), &mut order);
        order.truncate(PATCHES);
        order.sort_unstable();
    }
    order
}

/// Up to `pixels` used pixels of each patch, evenly spread: `[patch][channel][pixel]`.
fn draw_pixels(
    kernel: &ChannelKernel,
    batch: &PatchBatch,
    pixels: usize,
    seed: u64,
) -> Vec<Vec<Vec<f32>>> {
    let shape = batch.shape;
    let buffers =
        || (vec![0.0; shape.samples()], vec![0.0; kernel.channels().len() * shape.pixels()]);
    let draw = |(samples, channels): &mut (Vec<f32>, Vec<f32>), index: usize| {
        let used = batch.used_of(index);
        batch.copy_patch(index, samples);
        kernel.compute(shape, samples, used, channels);
        let all: Vec<usize> = (0..used.len()).filter(|&pixel| used[pixel]).collect();
        let place = derive(seed, &[1, u64::from(batch.positions[index])]);
        let picked = spread(&all, pixels, place);
        let planes = channels.chunks_exact(shape.pixels());
        planes.map(|plane| picked.iter().map(|&pixel| plane[pixel]).collect()).collect()
    };
    (0..batch.len()).into_par_iter().map_init(buffers, draw).collect()
}

/// `count` of `all`, evenly spaced from a random start; all of them where there are no more.
fn spread(all: &[usize], count: usize, seed: u64) -> Vec<usize> {
    if all.len() <= count {
        return all.to_vec();
    }
    let start = below(&mut generator(seed, &[]), all.len() as u64);
    let start = usize::try_from(start).expect("a draw lies below a length");
    (0..count).map(|step| all[(start + step * all.len() / count) % all.len()]).collect()
}

fn scale_of(channel: &str, values: &mut [f32]) -> ChannelScale {
    let [low, high] = SHARES.map(|share| quantile(values, share));
    let count = values.len() as f64;
    let clipped = || values.iter().map(|&value| f64::from(value).clamp(low, high));
    let mean = clipped().sum::<f64>() / count;
    let variance = clipped().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    let deviation = variance.sqrt().max(DEVIATION_MIN);
    ChannelScale { channel: channel.to_owned(), low, high, mean, deviation }
}

/// The quantile of `values`, interpolated between neighbours as numpy does by default; reorders them.
///
/// # Panics
/// If there are no values.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a length is a position"
)]
fn quantile(values: &mut [f32], share: f64) -> f64 {
    let position = share * (values.len() - 1) as f64;
    let (_, &mut lower, above) =
        values.select_nth_unstable_by(position.floor() as usize, f32::total_cmp);
    let upper = above.iter().copied().min_by(f32::total_cmp).unwrap_or(lower);
    let (lower, upper) = (f64::from(lower), f64::from(upper));
    lower + (upper - lower) * position.fract()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::class::{ClassMap, Label};
    use crate::patch::{PatchDefinition, PatchShape, SampleType, Samples};
    use crate::pixel::{Band, BandSet, PixelDefinition, Product};
    use crate::source::{
        Batch, BatchStream, CellSource, FeatureMatrix, InputDefinition, SourceError,
    };
    use proptest::prelude::*;

    /// Patches in memory.
    struct Patches {
        input: InputDefinition,
        classes: ClassMap,
        batch: PatchBatch,
    }

    impl Patches {
        fn definition(&self) -> &PatchDefinition {
            self.input.patches().unwrap()
        }

        fn normalise(&self, seed: u64) -> Result<Normalisation, NormalisationError> {
            Normalisation::fit(PatchSource::of(self).unwrap(), seed)
        }
    }

    impl CellSource for Patches {
        fn input(&self) -> &InputDefinition {
            &self.input
        }

        fn classes(&self) -> &ClassMap {
            &self.classes
        }

        fn labels(&self) -> &[Label] {
            &self.batch.labels
        }

        fn stream<'a>(
            &'a self,
            order: &[u32],
            batch: usize,
        ) -> Result<BatchStream<'a>, SourceError> {
            let order: Vec<Vec<u32>> = order.chunks(batch).map(<[u32]>::to_vec).collect();
            Ok(Box::new(order.into_iter().map(move |positions| {
                let sample_type = self.definition().sample_type;
                let mut piece =
                    PatchBatch::with_capacity(self.batch.shape, sample_type, positions.len());
                for position in positions {
                    piece.push_from(&self.batch, position as usize);
                }
                Ok(Batch::Patches(piece))
            })))
        }

        fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError> {
            Err(SourceError::new("not needed"))
        }
    }

    fn patches(count: usize, bands: &[Band], used_of_four: u64) -> Patches {
        let shape = PatchShape { bands: bands.len(), height: 9, width: 9 };
        let mut draws = generator(3, &[]);
        let samples = (0..count * shape.samples())
            .map(|_| i16::try_from(below(&mut draws, 6000)).unwrap())
            .collect();
        let used =
            (0..count * shape.pixels()).map(|_| below(&mut draws, 4) < used_of_four).collect();
        let pixel = PixelDefinition {
            bands: BandSet::new(bands.to_vec()).unwrap(),
            ..PixelDefinition::of_product(Product::C1)
        };
        let batch = PatchBatch {
            shape,
            samples: Samples::Int16(samples),
            used,
            labels: vec![Label::Undefined; count],
            positions: (0..).take(count).collect(),
        };
        let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
        let input = InputDefinition::Patches(input);
        Patches { input, classes: ClassMap::new(["a"]).unwrap(), batch }
    }

    /// The values of the used pixels: `[plane][value]`.
    fn normalised(source: &Patches, normalisation: &Normalisation) -> Vec<Vec<f32>> {
        let kernel = ChannelKernel::new(&source.definition().pixel);
        let (shape, width) = (source.batch.shape, kernel.channels().len());
        let mut planes = vec![Vec::new(); normalisation.planes()];
        for index in 0..source.batch.len() {
            let mut samples = vec![0.0; shape.samples()];
            source.batch.copy_patch(index, &mut samples);
            let mut channels = vec![0.0; width * shape.pixels()];
            let used = source.batch.used_of(index);
            kernel.compute(shape, &samples, used, &mut channels);
            let mut out = vec![f32::NAN; normalisation.planes() * shape.pixels()];
            normalisation.apply(&channels, used, &mut out);
            assert!(out.iter().all(|value| value.is_finite()));
            for (plane, values) in planes.iter_mut().zip(out.chunks_exact(shape.pixels())) {
                let kept = values.iter().zip(used).filter(|(_, used)| **used);
                plane.extend(kept.map(|(&value, _)| value));
            }
        }
        planes
    }

    #[test]
    fn normalised_channels_have_zero_mean_and_unit_deviation() {
        let source = patches(200, &Band::ALL, 3);
        let normalisation = source.normalise(1).unwrap();
        let kernel = ChannelKernel::new(&source.definition().pixel);
        assert!(normalisation.fits(kernel.channels()));
        assert_eq!(normalisation.planes(), 28);
        let planes = normalised(&source, &normalisation);
        for (plane, scale) in planes.iter().zip(normalisation.scales()) {
            let count = plane.len() as f64;
            let mean = plane.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
            let square = plane.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / count;
            assert!(mean.abs() < 1e-4, "{} {mean}", scale.channel);
            assert!((square - 1.0).abs() < 1e-4, "{} {square}", scale.channel);
        }
        assert!(planes[27].iter().all(|&mask| mask == 1.0));
        // A hundredth of a continuous channel is clipped.
        let ndvi = &planes[13];
        assert_eq!(normalisation.scales()[13].channel, "ndvi");
        let (low, high) = ndvi
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), &value| (low.min(value), high.max(value)));
        let ends = ndvi.iter().filter(|&&value| value <= low || value >= high).count() as f64;
        assert!((0.009..0.011).contains(&(ends / ndvi.len() as f64)), "{ends}");
    }

    #[test]
    fn a_sample_says_nearly_the_same_as_all_pixels() {
        let source = patches(20_000, &[Band::Red], 4);
        let scale = source.normalise(1).unwrap().scales()[0].clone();
        // Uniform between 0 and 0.6.
        assert!((scale.low - 0.003).abs() < 2e-4 && (scale.high - 0.597).abs() < 2e-4, "{scale:?}");
        assert!((scale.mean - 0.3).abs() < 1e-3, "{scale:?}");
        assert_ne!(source.normalise(2).unwrap().scales()[0], scale);
    }

    #[test]
    fn threads_do_not_change_the_statistics() {
        let source = patches(300, &[Band::Blue, Band::Green, Band::Red], 2);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| source.normalise(5)).unwrap()
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn without_a_used_pixel_there_is_no_normalisation() {
        let error = patches(3, &Band::ALL, 0).normalise(1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "none of the 3 patches has a used pixel; normalising needs some"
        );
        assert!(patches(0, &Band::ALL, 0).normalise(1).is_err());
    }

    #[test]
    fn a_constant_channel_is_divided_by_the_least_deviation() {
        let mut source = patches(5, &[Band::Red], 4);
        source.batch.samples = Samples::Int16(vec![2000; 5 * 81]);
        let normalisation = source.normalise(1).unwrap();
        assert_eq!(normalisation.scales()[0].deviation, DEVIATION_MIN);
        assert!(normalised(&source, &normalisation)[0].iter().all(|value| value.abs() < 0.05));
    }

    #[test]
    fn quantiles_are_interpolated() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&mut values, 0.5), 2.5);
        assert_eq!(quantile(&mut values, 0.9), 1.0 + 2.7);
        assert_eq!([0.0, 1.0].map(|share| quantile(&mut values, share)), [1.0, 4.0]);
    }

    proptest! {
        #[test]
        fn a_quantile_has_its_share_of_the_values_below_it(
            mut values in prop::collection::vec(-1e3_f32..1e3, 1..200), share in 0.0_f64..=1.0
        ) {
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            let found = quantile(&mut values, share);
            // Over a unit of length a value, the share before the quantile is the share asked for.
            let steps = (sorted.len() - 1) as f64;
            let place = sorted.iter().filter(|&&value| f64::from(value) < found).count();
            let next = sorted.iter().filter(|&&value| f64::from(value) <= found).count();
            prop_assert!(place as f64 <= share * steps + 1.0 + 1e-9);
            prop_assert!(next as f64 >= share * steps - 1e-9);
            prop_assert!(f64::from(sorted[0]) <= found);
            prop_assert!(found <= f64::from(sorted[sorted.len() - 1]));
        }
    }
}
