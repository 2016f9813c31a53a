//! The kernel: stored numbers of a patch in, channels out.

use super::formula::{BLOCK, Block, at_least, at_most, fill};
use super::{Channel, ChannelSet};
use crate::patch::PatchShape;
use crate::pixel::{Band, PixelDefinition, REFLECTANCE_MAX, REFLECTANCE_MIN};

/// Blocks that are worked on together: with their results they stay in the first-level cache.
const GROUP: usize = 8;

/// What a collection's definition means for arithmetic in single precision.
#[derive(Debug, Clone)]
pub(crate) struct PixelKernel {
    /// Band and position in the patch of each band that is there.
    bands: Vec<(Band, usize)>,
    multiply: f32,
    add: f32,
    divide: f32,
    rotation: [[f32; 6]; 6],
}

#[expect(clippy::cast_possible_truncation, reason = "constants are rounded to single precision")]
fn single(value: f64) -> f32 {
    value as f32
}

impl PixelKernel {
    pub(crate) fn new(pixel: &PixelDefinition) -> Self {
        let scaling = pixel.scaling;
        Self {
            bands: pixel.bands.iter().enumerate().map(|(at, band)| (band, at)).collect(),
            multiply: single(scaling.multiply),
            add: single(scaling.add),
            divide: single(scaling.divide),
            rotation: pixel.tasseled_cap.rotation().map(|row| row.map(single)),
        }
    }

    /// Copies the stored numbers `start..start + len` of each band (`[band, pixel]`) into `blocks`.
    fn load_range(&self, samples: &[f32], start: usize, len: usize, blocks: &mut [Block]) {
        let pixels = samples.len() / self.bands.len();
        for &(band, at) in &self.bands {
            let plane = &samples[at * pixels + start..at * pixels + start + len];
            for (block, part) in blocks.iter_mut().zip(plane.chunks(BLOCK)) {
                block.bands[band.index()][..part.len()].copy_from_slice(part);
            }
        }
    }

    /// Copies the stored numbers of the pixels `chosen` of each band (`[band, pixel]`) into `blocks`, and
    /// pads the last block with the first of them.
    pub(crate) fn load_chosen(&self, samples: &[f32], chosen: &[u32], blocks: &mut [Block]) {
        let pixels = samples.len() / self.bands.len();
        for &(band, at) in &self.bands {
            let plane = &samples[at * pixels..(at + 1) * pixels];
            if chosen.len() == pixels {
                for (block, part) in blocks.iter_mut().zip(plane.chunks(BLOCK)) {
                    block.bands[band.index()][..part.len()].copy_from_slice(part);
                }
            } else {
                for (block, part) in blocks.iter_mut().zip(chosen.chunks(BLOCK)) {
                    for (to, &from) in block.bands[band.index()].iter_mut().zip(part) {
                        *to = plane[from as usize];
                    }
                }
            }
            let rest = chosen.len() % BLOCK;
            if rest > 0 {
                let last = chosen.len() / BLOCK;
                let first = blocks[0].bands[band.index()][0];
                blocks[last].bands[band.index()][rest..].fill(first);
            }
        }
    }

    /// Turns stored numbers into clamped values, in place.
    ///
    /// A stored number that is not a number becomes the lowest value: hostile input cannot spread.
    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    pub(crate) fn scale(&self, blocks: &mut [Block]) {
        for block in blocks {
            for &(band, _) in &self.bands {
                for value in &mut block.bands[band.index()] {
                    let scaled = (self.multiply * *value + self.add) / self.divide;
                    *value = at_most(at_least(scaled, REFLECTANCE_MIN), REFLECTANCE_MAX);
                }
            }
        }
    }

    /// Writes `channel` of every pixel of scaled `blocks`.
    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    pub(crate) fn fill(&self, channel: Channel, blocks: &[Block], out: &mut [[f32; BLOCK]]) {
        fill(channel, blocks, &self.rotation, out);
    }
}

/// Computes the channels of patches of one collection.
///
/// ```
/// use tesela_datasets::channels::ChannelKernel;
/// use tesela_datasets::patch::PatchShape;
/// use tesela_datasets::pixel::{PixelDefinition, Product};
///
/// let kernel = ChannelKernel::new(&PixelDefinition::of_product(Product::C1));
/// let shape = PatchShape { bands: 6, height: 1, width: 2 };
/// let samples = [250., 0., 450., 0., 300., 0., 2800., 0., 1200., 0., 500., 0.];
/// let mut channels = vec![0.0; kernel.channels().len() * shape.pixels()];
/// kernel.compute(shape, &samples, &[true, false], &mut channels);
/// let ndvi = kernel.channels().channels().iter().position(|c| c.name() == "ndvi").unwrap();
/// assert!((channels[2 * ndvi] - 0.8065).abs() < 1e-4);
/// assert!(channels[2 * ndvi + 1].is_nan());
/// ```
#[derive(Debug, Clone)]
pub struct ChannelKernel {
    pixels: PixelKernel,
    channels: ChannelSet,
    arch: pulp::Arch,
}

impl ChannelKernel {
    /// The kernel of a collection of pixels like `pixel`.
    pub fn new(pixel: &PixelDefinition) -> Self {
        Self {
            pixels: PixelKernel::new(pixel),
            channels: ChannelSet::of(pixel),
            arch: pulp::Arch::new(),
        }
    }

    /// The channels, in the order of the output.
    pub fn channels(&self) -> &ChannelSet {
        &self.channels
    }

    /// Computes the channels of one patch.
    ///
    /// # Shapes
    /// `samples` is `[band, row, column]` as stored, `used` is `[row, column]`, `out` is
    /// `[channel, row, column]`; pixels that are not used become `NaN`.
    ///
    /// # Panics
    /// If the lengths do not fit `shape` and the bands of the collection.
    pub fn compute(&self, shape: PatchShape, samples: &[f32], used: &[bool], out: &mut [f32]) {
        let pixels = shape.pixels();
        assert_eq!(shape.bands, self.pixels.bands.len(), "a patch has the bands of its collection");
        assert_eq!(samples.len(), shape.samples(), "samples hold one patch");
        assert_eq!(used.len(), pixels, "the mask covers one patch");
        assert_eq!(out.len(), self.channels.len() * pixels, "the output holds every channel");
        let mut blocks = [Block::EMPTY; GROUP];
        for start in (0..pixels).step_by(GROUP * BLOCK) {
            let len = (pixels - start).min(GROUP * BLOCK);
            let blocks = &mut blocks[..len.div_ceil(BLOCK)];
            self.pixels.load_range(samples, start, len, blocks);
            let used = &used[start..start + len];
            self.arch.dispatch(Group { kernel: self, blocks, used, pixels, start, out: &mut *out });
        }
    }
}

/// A group of blocks that begins at pixel `start`, compiled for each kind of processor. A closure would be
/// compiled once, for the plainest of them.
struct Group<'a> {
    kernel: &'a ChannelKernel,
    blocks: &'a mut [Block],
    used: &'a [bool],
    pixels: usize,
    start: usize,
    out: &'a mut [f32],
}

impl pulp::WithSimd for Group<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "vectorised only inside the dispatched caller")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let Self { kernel, blocks, used, pixels, start, out } = self;
        kernel.pixels.scale(blocks);
        let all_used = used.iter().all(|&used| used);
        let mut values = [[0.0; BLOCK]; GROUP];
        let values = &mut values[..blocks.len()];
        for (plane, &channel) in out.chunks_exact_mut(pixels).zip(kernel.channels.channels()) {
            kernel.pixels.fill(channel, blocks, values);
            let plane = &mut plane[start..start + used.len()];
            let values = &values.as_flattened()[..used.len()];
            if all_used {
                plane.copy_from_slice(values);
            } else {
                for ((to, &value), &used) in plane.iter_mut().zip(values).zip(used) {
                    *to = if used { value } else { f32::NAN };
                }
            }
        }
    }
}
