//! The extractor: stored numbers of a patch in, one row of features out.

use super::histogram::{Bins, EntropyTable, HistogramMode};
use super::median::median;
use super::moments::{Moments, extent, moments};
use super::statistic::{BINS, STATISTICS, column_names};
use crate::channels::{BLOCK, Block, Channel, ChannelSet, PixelKernel};
use crate::patch::{PatchBatch, PatchShape};
use crate::pixel::PixelDefinition;

/// Computes the features of patches of one collection.
#[derive(Debug, Clone)]
pub struct FeatureExtractor {
    pixels: PixelKernel,
    channels: ChannelSet,
    columns: Vec<String>,
    /// Range of the fixed histogram of each channel; none where each patch has its own.
    ranges: Option<Vec<[f32; 2]>>,
    /// What is asked for of each channel.
    needs: Vec<Need>,
    arch: pulp::Arch,
}

/// What is computed of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Nothing,
    /// Mean, variance and variation.
    Spread,
    /// Skewness and kurtosis besides.
    Moments,
    Everything,
}

/// Memory that an extractor works in, kept from patch to patch; one for each thread.
#[derive(Debug, Clone, Default)]
pub struct FeatureScratch {
    /// The stored numbers of one patch.
    samples: Vec<f32>,
    /// Which pixels are used.
    chosen: Vec<u32>,
    /// Their values, band by band.
    blocks: Vec<Block>,
    /// One channel of them.
    values: Vec<[f32; BLOCK]>,
    /// The levels of that channel.
    keys: Vec<[u8; BLOCK]>,
    /// Room for the search of the median.
    candidates: Vec<f32>,
    entropy: EntropyTable,
}

/// The used pixels of one patch.
#[derive(Debug, Clone, Copy)]
struct Pixels {
    count: usize,
    /// The position of the centre among them, if it is used.
    centre: Option<usize>,
}

#[expect(clippy::cast_possible_truncation, reason = "features are single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

impl FeatureExtractor {
    /// The extractor of a collection of pixels like `pixel`.
    pub fn new(pixel: &PixelDefinition, mode: HistogramMode) -> Self {
        let channels = ChannelSet::of(pixel);
        let range = |channel: &Channel| channel.histogram_range(pixel).map(single);
        Self {
            pixels: PixelKernel::new(pixel),
            columns: column_names(&channels),
            ranges: match mode {
                HistogramMode::Fixed => Some(channels.channels().iter().map(range).collect()),
                HistogramMode::Patch => None,
            },
            needs: vec![Need::Everything; channels.channels().len()],
            channels,
            arch: pulp::Arch::new(),
        }
    }

    /// An extractor that computes no more than the features at the positions `columns`; what takes work of its own beyond
    /// them is `NaN`. What it computes is equal to the bit.
    ///
    /// # Panics
    /// If a position is beyond the columns.
    #[must_use]
    pub fn only(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.needs.fill(Need::Nothing);
        for column in columns {
            let need = &mut self.needs[column / STATISTICS.len()];
            *need = (*need).max(match STATISTICS[column % STATISTICS.len()] {
                "mean" | "var" | "cv" => Need::Spread,
                "skew" | "kurt" => Need::Moments,
                _ => Need::Everything,
            });
        }
        self
    }

    /// The channels behind the features.
    pub fn channels(&self) -> &ChannelSet {
        &self.channels
    }

    /// The name of each feature, such as `blue_mean`.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Computes the features of one patch and returns how many pixels are used; without any, all features
    /// are `NaN`.
    ///
    /// # Shapes
    /// `samples` is `[band, row, column]` as stored, `used` is `[row, column]`, `out` is `[column]`.
    ///
    /// # Panics
    /// If the lengths do not fit `shape` and the columns.
    pub fn extract(
        &self,
        scratch: &mut FeatureScratch,
        shape: PatchShape,
        samples: &[f32],
        used: &[bool],
        out: &mut [f32],
    ) -> usize {
        assert_eq!(samples.len(), shape.samples(), "samples hold one patch");
        assert_eq!(used.len(), shape.pixels(), "the mask covers one patch");
        assert_eq!(out.len(), self.columns.len(), "the output holds one row");
        let pixels = scratch.choose(shape, used);
        if pixels.count == 0 {
            out.fill(f32::NAN);
            return 0;
        }
        self.pixels.load_chosen(samples, &scratch.chosen, &mut scratch.blocks);
        self.arch.dispatch(Describe { extractor: self, scratch, pixels, out });
        pixels.count
    }

    /// Computes the features of every patch of `batch`, one row after the other.
    ///
    /// # Panics
    /// If `out` does not hold one row for each patch.
    pub fn extract_batch(&self, batch: &PatchBatch, out: &mut [f32]) {
        let width = self.columns.len();
        assert_eq!(out.len(), batch.len() * width, "the output holds one row a patch");
        let mut scratch = FeatureScratch::default();
        for (index, row) in out.chunks_exact_mut(width).enumerate() {
            self.extract_from(&mut scratch, batch, index, row);
        }
    }

    /// Computes the features of patch `index` of `batch`.
    pub(super) fn extract_from(
        &self,
        scratch: &mut FeatureScratch,
        batch: &PatchBatch,
        index: usize,
        out: &mut [f32],
    ) -> usize {
        let mut samples = std::mem::take(&mut scratch.samples);
        samples.resize(batch.shape.samples(), 0.0);
        batch.copy_patch(index, &mut samples);
        let count = self.extract(scratch, batch.shape, &samples, batch.used_of(index), out);
        scratch.samples = samples;
        count
    }
}

/// The description of one patch, compiled for each kind of processor. A closure would be compiled once, for
/// the plainest of them.
struct Describe<'a> {
    extractor: &'a FeatureExtractor,
    scratch: &'a mut FeatureScratch,
    pixels: Pixels,
    out: &'a mut [f32],
}

impl pulp::WithSimd for Describe<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Self { extractor, scratch, pixels, out } = self;
        extractor.pixels.scale(&mut scratch.blocks);
        let rows = out.as_chunks_mut::<{ STATISTICS.len() }>().0;
        let channels = extractor.channels.channels();
        for (at, (row, &channel)) in rows.iter_mut().zip(channels).enumerate() {
            let need = extractor.needs[at];
            if need == Need::Nothing {
                row.fill(f32::NAN);
                continue;
            }
            extractor.pixels.fill(channel, &scratch.blocks, &mut scratch.values);
            if need == Need::Everything {
                let range = extractor.ranges.as_ref().map(|ranges| ranges[at]);
                describe(simd, scratch, pixels, range, row);
            } else {
                describe_moments(simd, scratch, pixels, need, row);
            }
        }
    }
}

/// Describes the channel in `scratch.values`.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn describe<S: pulp::Simd>(
    simd: S,
    scratch: &mut FeatureScratch,
    pixels: Pixels,
    range: Option<[f32; 2]>,
    out: &mut [f32; STATISTICS.len()],
) {
    let values = &mut scratch.values;
    let count = pixels.count;
    let own_range = range.is_none();
    let centre = pixels.centre.map(|at| f64::from(values.as_flattened()[at]));
    let extent = extent(simd, values, count);
    values.as_flattened_mut()[count..].fill(extent.pivot);
    let moments = moments::<S, 4>(simd, values, count, extent);
    values.as_flattened_mut()[count..].fill(f32::INFINITY);
    let range = range.unwrap_or([extent.minimum, extent.maximum]);
    let pixels = u32::try_from(count).expect("a patch has fewer than 2³² pixels");
    let bins = Bins::fill(values, range, &mut scratch.keys);
    let keys = &mut scratch.keys;
    let median = median(values, pixels, extent, &bins, keys, &mut scratch.candidates);
    let counts =
        if own_range && moments.constant { middle_bin(pixels) } else { bins.counts(pixels) };
    let entropy = scratch.entropy.entropy(&counts, count);
    let Moments { mean, variance, variation, skewness, kurtosis, .. } = moments;
    let head = [mean, variance, median, variation, skewness, kurtosis, entropy];
    for (to, value) in out.iter_mut().zip(head) {
        *to = single(value);
    }
    for (to, bin) in out[head.len()..].iter_mut().zip(counts) {
        *to = single(f64::from(bin) / count as f64);
    }
    out[STATISTICS.len() - 1] = single(centre.unwrap_or(median));
}

/// Describes the channel in `scratch.values` by its moments alone, as many as `need` says.
#[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
#[inline(always)]
fn describe_moments<S: pulp::Simd>(
    simd: S,
    scratch: &mut FeatureScratch,
    pixels: Pixels,
    need: Need,
    out: &mut [f32; STATISTICS.len()],
) {
    let values = &mut scratch.values;
    let extent = extent(simd, values, pixels.count);
    values.as_flattened_mut()[pixels.count..].fill(extent.pivot);
    let moments = match need {
        Need::Spread => moments::<S, 2>(simd, values, pixels.count, extent),
        _ => moments::<S, 4>(simd, values, pixels.count, extent),
    };
    let Moments { mean, variance, variation, skewness, kurtosis, .. } = moments;
    out.fill(f32::NAN);
    for (to, value) in out.iter_mut().zip([mean, variance, f64::NAN, variation, skewness, kurtosis])
    {
        *to = single(value);
    }
}

/// Where numpy puts a patch whose values are all equal.
fn middle_bin(count: u32) -> [u32; BINS] {
    let mut counts = [0; BINS];
    counts[BINS / 2] = count;
    counts
}

impl FeatureScratch {
    /// Lists the used pixels of a patch and makes room for them.
    fn choose(&mut self, shape: PatchShape, used: &[bool]) -> Pixels {
        let middle = (shape.height / 2) * shape.width + shape.width / 2;
        self.chosen.clear();
        self.chosen.resize(used.len(), 0);
        let mut count = 0;
        for (pixel, &used) in (0_u32..).zip(used) {
            self.chosen[count] = pixel;
            count += usize::from(used);
        }
        self.chosen.truncate(count);
        let blocks = count.div_ceil(BLOCK);
        self.blocks.resize(blocks, Block::EMPTY);
        self.values.resize(blocks, [0.0; BLOCK]);
        self.keys.resize(blocks, [0; BLOCK]);
        self.entropy.reach(count);
        let centre_used = used.get(middle).copied().unwrap_or(false);
        let before = |middle: usize| used[..middle].iter().filter(|&&used| used).count();
        Pixels { count, centre: centre_used.then(|| before(middle)) }
    }
}
