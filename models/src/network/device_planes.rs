//! The input planes, computed on the device: what [`InputPlanes`] does on the host, as tensors.
//!
//! The host sends the stored numbers and the mask as they are, two numbers of sixteen bits in a word, and for each
//! patch which symmetry it is seen in: 15 kB a patch of six bands instead of 122 kB. Scaling, channels, logarithms,
//! clips, normalisation, mask and symmetry are operations on the device. They follow the host's formulas in single
//! precision; a device may round each operation differently, so planes agree to some 1e-5 of a deviation, not to
//! the bit. Collections of floating-point numbers are prepared on the host.

use burn::tensor::{Device, Int, Tensor, TensorData};
use tesela_datasets::channels::{Channel, EVI_DENOMINATOR_MIN, RED_BLUE_MIN};
use tesela_datasets::normalisation::Normalisation;
use tesela_datasets::patch::{PatchBatch, Samples};
use tesela_datasets::pixel::{Band, REFLECTANCE_MAX, REFLECTANCE_MIN};

use super::augment::Symmetries;
use super::planes::InputPlanes;
use super::weights::to_single;

/// What is added to signed numbers before they are sent.
const SIGN: u16 = 0x8000;

/// Patches on their way to a device: stored numbers, mask, and symmetries.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PackedPatches {
    /// `[patch, word]`: the bands and the mask of a patch, two numbers in a word, the first in its lower half.
    words: Vec<i32>,
    /// Which symmetry each patch is seen in.
    symmetries: Vec<i32>,
}

/// Makes input planes on a device.
#[derive(Debug, Clone)]
pub(crate) struct DevicePlanes {
    bands: Vec<Band>,
    channels: Vec<Channel>,
    side: [usize; 2],
    scaling: [f32; 3],
    /// What is taken from each number that arrives.
    shift: f32,
    rotation: [[f32; 6]; 6],
    /// What is added to a channel before its logarithm is taken, where it is.
    logarithms: Vec<Option<f32>>,
    /// `[1, channel, 1, 1]` each.
    low: Tensor<4>,
    high: Tensor<4>,
    mean: Tensor<4>,
    factor: Tensor<4>,
    /// `[symmetry, pixel]`: where each pixel comes from.
    tables: Tensor<2, Int>,
}

impl PackedPatches {
    /// Packs all patches of `batch`, each in the symmetry that `symmetry` gives for its place in the batch; `None`
    /// where the numbers are not integers.
    pub(crate) fn of(batch: &PatchBatch, symmetry: impl Fn(usize) -> usize) -> Option<Self> {
        let pixels = batch.shape.pixels();
        let words = words_of(batch.shape.samples() + pixels);
        let mut packed =
            Self { words: Vec::with_capacity(batch.len() * words), symmetries: Vec::new() };
        let mut halves = Vec::with_capacity(2 * words);
        for index in 0..batch.len() {
            let range = index * batch.shape.samples()..(index + 1) * batch.shape.samples();
            halves.clear();
            match &batch.samples {
                Samples::UInt8(values) => {
                    halves.extend(values[range].iter().map(|&x| u16::from(x)));
                }
                Samples::UInt16(values) => halves.extend_from_slice(&values[range]),
                Samples::Int16(values) => {
                    halves.extend(values[range].iter().map(|&x| x.cast_unsigned() ^ SIGN));
                }
                Samples::Float32(_) => return None,
            }
            halves.extend(batch.used_of(index).iter().map(|&used| u16::from(used)));
            halves.resize(2 * words, 0);
            let (pairs, _) = halves.as_chunks::<2>();
            let word = |pair: &[u16; 2]| u32::from(pair[0]) | u32::from(pair[1]) << 16;
            packed.words.extend(pairs.iter().map(|pair| word(pair).cast_signed()));
            packed.symmetries.push(i32::try_from(symmetry(index)).expect("there are eight"));
        }
        Some(packed)
    }

    /// The patches in `range`.
    pub(crate) fn part(&self, range: std::ops::Range<usize>) -> Self {
        let words = self.words.len() / self.len().max(1);
        Self {
            words: self.words[range.start * words..range.end * words].to_vec(),
            symmetries: self.symmetries[range].to_vec(),
        }
    }

    /// Patches.
    pub(crate) fn len(&self) -> usize {
        self.symmetries.len()
    }
}

/// Words that hold `numbers` halves.
fn words_of(numbers: usize) -> usize {
    numbers.div_ceil(2)
}

impl DevicePlanes {
    /// The planes that `planes` makes, on `device`, in any of `symmetries`.
    pub(crate) fn new(planes: &InputPlanes, symmetries: &Symmetries, device: &Device) -> Self {
        let input = planes.input();
        let scaling = input.pixel.scaling;
        let channels = planes.channels().to_vec();
        let scales = planes.normalisation().scales();
        let column = |number: fn(&tesela_datasets::normalisation::ChannelScale) -> f64| {
            let values: Vec<f32> = scales.iter().map(|scale| to_single(number(scale))).collect();
            Tensor::<4>::from_data(TensorData::new(values, [1, scales.len(), 1, 1]), device)
        };
        let tables: Vec<i32> = symmetries
            .all()
            .iter()
            .flatten()
            .map(|&pixel| i32::try_from(pixel).expect("a patch has fewer pixels"))
            .collect();
        let shape = [symmetries.all().len(), input.shape.pixels()];
        let is_signed = input.sample_type == tesela_datasets::patch::SampleType::Int16;
        Self {
            bands: input.pixel.bands.iter().collect(),
            logarithms: channels.iter().map(|&channel| Normalisation::logarithm(channel)).collect(),
            channels,
            side: [input.shape.height, input.shape.width],
            scaling: [scaling.multiply, scaling.add, scaling.divide].map(to_single),
            shift: if is_signed { f32::from(SIGN) } else { 0.0 },
            rotation: input.pixel.tasseled_cap.rotation().map(|row| row.map(to_single)),
            low: column(|scale| scale.low),
            high: column(|scale| scale.high),
            mean: column(|scale| scale.mean),
            factor: column(|scale| 1.0 / scale.deviation),
            tables: Tensor::from_data(TensorData::new(tables, shape), device),
        }
    }

    /// The planes of `patches`, on `device`, which may record gradients.
    ///
    /// # Shapes
    /// - output: `[batch, plane, row, column]`, the last plane 1 where a pixel is used and 0 elsewhere
    pub(crate) fn forward(&self, patches: PackedPatches) -> Tensor<4> {
        let device = self.tables.device();
        let count = patches.len();
        let numbers = (self.bands.len() + 1) * self.side[0] * self.side[1];
        let words = TensorData::new(patches.words, [count, words_of(numbers)]);
        let words = Tensor::<2, Int>::from_data(words, &device);
        let symmetries = Tensor::from_data(TensorData::new(patches.symmetries, [count]), &device);
        let stored = self.turn(self.unpack(&words), symmetries); // [batch, band and mask, row, column]
        let mask = self.plane(&stored, self.bands.len());
        let values = self.values(&stored);
        let of = |(&channel, logarithm): (&Channel, &Option<f32>)| {
            let value = bounded(channel, self.channel(channel, &values));
            match logarithm {
                None => value,
                Some(offset) => value.add_scalar(*offset).log(),
            }
        };
        let channels = self.channels.iter().zip(&self.logarithms).map(of).collect();
        let clipped = Tensor::cat(channels, 1) // [batch, channel, row, column]
            .max_pair(self.low.clone())
            .min_pair(self.high.clone());
        let normalised = (clipped - self.mean.clone()) * self.factor.clone() * mask.clone();
        Tensor::cat(vec![normalised, mask], 1)
    }

    /// The numbers in the halves of some words.
    ///
    /// # Shapes
    /// - `words`: `[batch, word]`
    /// - output: `[batch, band and mask, pixel]`
    fn unpack(&self, words: &Tensor<2, Int>) -> Tensor<3> {
        let half = i32::from(u16::MAX);
        let lower = words.clone().bitwise_and_scalar(half);
        let upper = words.clone().bitwise_right_shift_scalar(16).bitwise_and_scalar(half);
        let [count, length] = words.dims();
        let planes = self.bands.len() + 1;
        let pixels = self.side[0] * self.side[1];
        let halves: Tensor<3, Int> = Tensor::stack(vec![lower, upper], 2);
        halves
            .reshape([count, 2 * length])
            .slice([0..count, 0..planes * pixels])
            .reshape([count, planes, pixels])
            .float()
    }

    /// Each patch in its symmetry.
    ///
    /// # Shapes
    /// - `stored`: `[batch, band and mask, pixel]`
    /// - `symmetries`: `[batch]`
    /// - output: `[batch, band and mask, row, column]`
    fn turn(&self, stored: Tensor<3>, symmetries: Tensor<1, Int>) -> Tensor<4> {
        let [count, planes, pixels] = stored.dims();
        let [height, width] = self.side;
        let turned = if self.tables.dims()[0] == 1 {
            stored
        } else {
            let places = self.tables.clone().select(0, symmetries); // [batch, pixel]
            stored.gather(2, places.unsqueeze_dim::<3>(1).expand([count, planes, pixels]))
        };
        turned.reshape([count, planes, height, width])
    }

    /// The scaled and clamped bands, by [`Band::index`].
    fn values(&self, stored: &Tensor<4>) -> [Option<Tensor<4>>; 6] {
        let [multiply, add, divide] = self.scaling;
        let mut values = [const { None }; 6];
        for (at, band) in self.bands.iter().enumerate() {
            let number = self.plane(stored, at).sub_scalar(self.shift);
            let scaled = number.mul_scalar(multiply).add_scalar(add).div_scalar(divide);
            values[band.index()] = Some(scaled.clamp(REFLECTANCE_MIN, REFLECTANCE_MAX));
        }
        values
    }

    /// `[batch, 1, row, column]`
    fn plane(&self, stored: &Tensor<4>, at: usize) -> Tensor<4> {
        let [height, width] = self.side;
        stored.clone().slice([0..stored.dims()[0], at..at + 1, 0..height, 0..width])
    }

    /// One channel by the formula of the host, without bounds.
    ///
    /// # Shapes
    /// - `values`, output: `[batch, 1, row, column]`
    fn channel(&self, channel: Channel, values: &[Option<Tensor<4>>; 6]) -> Tensor<4> {
        use normalised_difference as nd;
        let band = |band: Band| {
            values[band.index()].clone().expect("a channel is made of bands that are there")
        };
        let blue = || band(Band::Blue);
        let green = || band(Band::Green);
        let red = || band(Band::Red);
        let nir = || band(Band::Nir);
        let swir1 = || band(Band::Swir1);
        let swir2 = || band(Band::Swir2);
        match channel {
            Channel::Blue => blue(),
            Channel::Green => green(),
            Channel::Red => red(),
            Channel::Nir => nir(),
            Channel::Swir1 => swir1(),
            Channel::Swir2 => swir2(),
            Channel::Evi => {
                let below = nir() + red() * 6.0 - blue() * 7.5 + 1.0;
                (nir() - red()) * 2.5 / below.clamp_min(EVI_DENOMINATOR_MIN)
            }
            Channel::Bu => nd(swir1(), nir()) - nd(nir(), red()),
            Channel::Sr => nir() / red(),
            Channel::Arvi => nd(nir(), (red() * 2.0 - blue()).clamp_min(RED_BLUE_MIN)),
            Channel::Ui => nd(swir2(), nir()),
            Channel::Ndbi => nd(swir1(), nir()),
            Channel::Ibi => nd(
                swir1() * 2.0 / (swir1() + nir()),
                nir() / (nir() + red()) + green() / (green() + swir1()),
            ),
            Channel::Ndvi => nd(nir(), red()),
            Channel::Ndwi => nd(green(), nir()),
            Channel::Mndwi => nd(green(), swir1()),
            Channel::Nbi => red() * swir1() / nir(),
            Channel::Brba => red() / swir1(),
            Channel::Nbai => nd(swir2(), swir1() / green()),
            Channel::Baei => (red() + 0.3) / (green() + swir1()),
            Channel::Bi => nd(swir1() + red(), nir() + blue()),
            Channel::Tcb
            | Channel::Tcg
            | Channel::Tcw
            | Channel::Tc4
            | Channel::Tc5
            | Channel::Tc6 => {
                let weights = self.rotation[channel.index() - Channel::Tcb.index()];
                let bands = Band::ALL.map(band).into_iter().zip(weights);
                bands
                    .map(|(band, weight)| band * weight)
                    .reduce(|sum, term| sum + term)
                    .expect("there are six bands")
            }
        }
    }
}

/// Within the bounds that are part of the definition of `channel`.
fn bounded(channel: Channel, values: Tensor<4>) -> Tensor<4> {
    match channel.clip() {
        Some([low, high]) => values.clamp(low, high),
        None => values,
    }
}

fn normalised_difference(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    (a.clone() - b.clone()) / (a + b)
}
