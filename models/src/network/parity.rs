//! What a network computes on a device beside what it computes on the processor.

use std::sync::Arc;

use burn::tensor::Device;
use tesela_datasets::channels::Channel;
use tesela_datasets::class::{ClassId, Label};
use tesela_datasets::normalisation::{ChannelScale, Normalisation};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{self, Generator};

use super::architecture::{Network, NetworkConfig};
use super::augment::Symmetries;
use super::computation::Computation;
use super::device_planes::{DevicePlanes, PackedPatches};
use super::input_shape::{InputShape, ShapeError};
use super::layout::Layout;
use super::loss::Loss;
use super::parameters::{Parameters, host};
use super::pass::Draws;
use super::pipeline::HostBatch;
use super::planes::{InputPlanes, Scratch};
use super::tensor_spec::{Initial, TensorSpec};
use super::weights::Weights;
use crate::device::DeviceChoice;

/// Patches that differ: more than a kernel's width of rows, and no power of two.
pub(crate) const PATCHES: usize = 6;
/// Rows and columns of a patch.
const SIDE: usize = 33;
/// Classes that are told apart.
const CLASSES: usize = 3;

/// What a network sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// The origin of all draws: of the patches and of the weights.
    pub(crate) seed: u64,
    /// How often all patches come.
    pub(crate) times: usize,
}

/// What a network computes for some patches: each quantity with its numbers.
pub(crate) type Quantities = Vec<(String, Vec<f32>)>;

/// The input planes of some patches.
pub(crate) fn planes_on_host(seed: u64) -> Vec<f32> {
    let (planes, symmetries, batch) = inputs(seed);
    let mut scratch = Scratch::default();
    let mut all = Vec::new();
    let mut upright = vec![0.0; InputPlanes::count(planes.input()) * SIDE * SIDE];
    let mut turned = upright.clone();
    for index in 0..batch.len() {
        planes.fill(&mut scratch, &batch, index, &mut upright);
        let table = &symmetries.all()[symmetry(index)];
        Layout::PlanesFirst.arrange(table, &upright, &mut turned);
        all.extend_from_slice(&turned);
    }
    all
}

/// The same planes, computed on `device`.
pub(crate) fn planes_on(device: &Device, seed: u64) -> Vec<f32> {
    let (planes, symmetries, batch) = inputs(seed);
    let packed = PackedPatches::of(&batch, symmetry).expect("the patches hold integers");
    host(DevicePlanes::new(&planes, &symmetries, device).forward(packed))
}

/// Logits, loss and every gradient of the network of `config` for the patches of `seen`, computed on `device` in the way of
/// `choice`, or by burn alone, whatever faster way there is, where `None`. But for rounding, and for dropout, nothing depends
/// on how often they come.
pub(crate) fn lesson_on(
    config: &dyn NetworkConfig,
    choice: Option<DeviceChoice>,
    device: &Device,
    seen: Seen,
) -> Result<Quantities, ShapeError> {
    let (planes, ..) = inputs(seen.seed);
    let count = InputPlanes::count(planes.input());
    let network = config.network(InputShape::new(count, [SIDE; 2], CLASSES)?)?;
    let layout = choice.map_or(Layout::PlanesFirst, |choice| Layout::of(&*network, choice));
    Ok(lesson(&*network, layout, device, seen))
}

fn lesson(network: &dyn Network, layout: Layout, device: &Device, seen: Seen) -> Quantities {
    let specs: Arc<[_]> = network.tensors().into();
    let weights = weights(specs.clone(), seen.seed);
    let parameters = Parameters::new(&weights, device);
    let computation = Computation { network, layout, device, device_planes: None };
    let bound = computation.bind(&parameters);
    let mut logits =
        computation.logits(&parameters, bound.as_deref(), batch(network, layout, seen));
    // Those of the last patches: what is cut off is missing there.
    logits.drain(..logits.len() - PATCHES * CLASSES);
    let labels = batch(network, layout, seen).labels;
    let loss = Loss::new(vec![1.0; CLASSES], 0.0);
    let targets = loss.targets(&labels, loss.total(labels.iter().copied()));
    let draws = Draws { seed: seen.seed, step: 0, part: 0 };
    let lesson = computation.lesson(&parameters, batch(network, layout, seen), targets, draws);
    let mut quantities =
        vec![("logits".to_owned(), logits), ("loss".to_owned(), host(lesson.loss))];
    for (spec, gradient) in specs.iter().zip(lesson.gradients) {
        quantities.extend(gradient.map(|gradient| (spec.name.clone(), host(gradient))));
    }
    quantities
}

/// Weights to compute with. What begins as a constant is drawn, too: behind a norm whose scale is zero, as at the end of a
/// residual block, every gradient is zero and would say nothing.
pub(super) fn weights(specs: Arc<[TensorSpec]>, seed: u64) -> Weights {
    let drawn = |mut spec: TensorSpec| {
        if matches!(spec.initial, Initial::Constant(_)) && spec.is_learned() {
            spec.initial = Initial::Uniform(1.0);
        }
        spec
    };
    let to_draw: Arc<[_]> = specs.iter().cloned().map(drawn).collect();
    Weights::new(specs, Weights::draw(to_draw, seed).values().to_vec())
}

/// The patches as `network` takes them, upright, as often as `seen` says.
fn batch(network: &dyn Network, layout: Layout, seen: Seen) -> HostBatch {
    let (planes, symmetries, patches) = inputs(seen.seed);
    let size = layout.len(network.input());
    let mut values = vec![0.0; patches.len() * size];
    let mut upright = vec![0.0; network.input().len()];
    let mut scratch = Scratch::default();
    for (index, out) in values.chunks_exact_mut(size).enumerate() {
        planes.fill(&mut scratch, &patches, index, &mut upright);
        layout.arrange(&symmetries.all()[0], &upright, out);
    }
    let labels: Vec<_> = (0..patches.len()).map(|index| ClassId::new(index % CLASSES)).collect();
    HostBatch { planes: values.repeat(seen.times), packed: None, labels: labels.repeat(seen.times) }
}

/// The symmetry that patch `index` is seen in.
fn symmetry(index: usize) -> usize {
    (index + 1) % 8
}

/// Patches of six bands with some pixels that are not used, and how their planes are made.
fn inputs(seed: u64) -> (InputPlanes, Symmetries, PatchBatch) {
    let shape = PatchShape { bands: 6, height: SIDE, width: SIDE };
    let mut draws = random::generator(seed, &[]);
    let samples = (0..PATCHES * shape.samples()).map(|_| below(&mut draws, 6000) - 100).collect();
    let used = (0..PATCHES * shape.pixels()).map(|_| below(&mut draws, 10) > 0).collect();
    let batch = PatchBatch {
        shape,
        samples: Samples::Int16(samples),
        used,
        labels: vec![Label::Undefined; PATCHES],
        positions: (0..).take(PATCHES).collect(),
    };
    let pixel = PixelDefinition::of_product(Product::C1);
    let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
    let channels = Channel::ALL.map(|channel| ChannelScale {
        channel: channel.name().to_owned(),
        low: -3.0,
        high: 2.0,
        mean: 0.1,
        deviation: 0.2,
    });
    let normalisation = Normalisation::new(channels.to_vec()).expect("every channel has a scale");
    let planes =
        InputPlanes::new(&input, normalisation).expect("they are the channels of six bands");
    (planes, Symmetries::new([SIDE; 2], true), batch)
}

fn below(draws: &mut Generator, bound: u64) -> i16 {
    i16::try_from(random::below(draws, bound)).expect("the bound is small")
}

/// The largest difference between two lists of numbers, as a share of the largest number of `expected`, or of `floor`
/// where that is more; infinite where one is not a number or the lengths differ.
pub(crate) fn deviation(found: &[f32], expected: &[f32], floor: f64) -> f64 {
    let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
    if found.len() != expected.len() || !finite(found) || !finite(expected) {
        return f64::INFINITY;
    }
    let differences: Vec<f32> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
    let scale = largest(expected).max(floor).max(f64::MIN_POSITIVE);
    largest(&differences) / scale
}

/// The largest of some numbers, without their signs.
pub(crate) fn largest(values: &[f32]) -> f64 {
    f64::from(values.iter().fold(0_f32, |most, value| most.max(value.abs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_of_a_device_are_those_of_the_host() {
        let found = planes_on(&Device::flex(), 20);
        let expected = planes_on_host(20);
        let difference =
            found.iter().zip(&expected).fold(0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert_eq!(found.len(), expected.len());
        assert!(difference <= 2e-5, "{difference} deviations");
        assert!(expected.iter().any(|&value| value > 1.0));
    }

    #[test]
    fn a_deviation_is_a_share_of_the_largest_number() {
        assert_eq!(deviation(&[1.0, 4.0], &[1.0, 4.0], 0.0), 0.0);
        assert_eq!(deviation(&[2.0, 4.0], &[1.0, 4.0], 0.0), 0.25);
        assert_eq!(deviation(&[2.0, 4.0], &[1.0, 4.0], 8.0), 0.125);
        assert_eq!(deviation(&[f32::NAN], &[1.0], 0.0), f64::INFINITY);
        assert_eq!(deviation(&[1.0], &[1.0, 2.0], 0.0), f64::INFINITY);
    }
}
