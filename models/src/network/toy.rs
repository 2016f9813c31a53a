//! Toys for the tests of networks: patches in memory, an observer, and two ways of computing side by side.

use burn::tensor::Device;
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Product};
use tesela_datasets::random;
use tesela_datasets::source::{CellSource, PatchSource};

use super::architecture::Network;
use super::computation::Computation;
use super::layout::Layout;
use super::loss::Loss;
use super::parameters::{Parameters, host};
use super::parity::weights;
use super::pass::Draws;
use super::pipeline::HostBatch;
use super::weights::to_single;
use crate::classifier::{Classifier, FitEvent, FitObserver};

/// Patches in memory: those of class 1 have a bright stripe at a random place, those of class 0 have as many bright
/// pixels scattered.
pub(crate) fn stripes(count: usize, side: usize, seed: u64) -> MemorySource {
    let mut pixel = PixelDefinition::of_product(Product::C1);
    pixel.bands = BandSet::new([Band::Blue, Band::Green, Band::Red]).unwrap();
    let shape = PatchShape { bands: 3, height: side, width: side };
    let mut patches = PatchBatch::with_capacity(shape, SampleType::Int16, count);
    for index in 0..count {
        let mut generator = random::generator(seed, &[index as u64]);
        let class = index % 2;
        patches.labels.push(Label::Class(ClassId::new(class)));
        let bright: Vec<usize> = if class == 1 {
            let row = below(&mut generator, side);
            (0..side).map(|column| row * side + column).collect()
        } else {
            (0..side).map(|_| below(&mut generator, side * side)).collect()
        };
        let Samples::Int16(values) = &mut patches.samples else { unreachable!() };
        for at in (0..3).flat_map(|_band| 0..side * side) {
            let noise = i16::try_from(below(&mut generator, 200)).unwrap();
            values.push(1000 + noise + if bright.contains(&at) { 1500 } else { 0 });
        }
        patches.used.extend((0..side * side).map(|at| at % 37 != 5));
    }
    let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
    let classes = ClassMap::new(["scattered", "striped"]).unwrap();
    MemorySource::new(input, classes, patches).unwrap()
}

/// All patches of `source`.
pub(crate) fn patches(source: &MemorySource) -> PatchBatch {
    let order: Vec<u32> = (0..).take(source.len()).collect();
    let source = PatchSource::of(source).unwrap();
    source.stream(&order, order.len()).unwrap().next().unwrap().unwrap()
}

/// The patches of `source`, each plane transposed.
pub(crate) fn turned(source: &MemorySource) -> MemorySource {
    let (upright, mut patches) = (patches(source), patches(source));
    let side = upright.shape.width;
    let from_place = |at: usize| {
        let (plane, pixel) = (at / (side * side), at % (side * side));
        plane * side * side + pixel % side * side + pixel / side
    };
    if let (Samples::Int16(to), Samples::Int16(from)) = (&mut patches.samples, &upright.samples) {
        to.iter_mut().enumerate().for_each(|(at, to)| *to = from[from_place(at)]);
    }
    let used = patches.used.iter_mut().enumerate();
    used.for_each(|(at, to)| *to = upright.used[from_place(at)]);
    let input = source.input().patches().unwrap().clone();
    MemorySource::new(input, source.classes().clone(), patches).unwrap()
}

fn below(generator: &mut random::Generator, bound: usize) -> usize {
    usize::try_from(random::below(generator, bound as u64)).unwrap()
}

/// Hears events and stops at a given one.
#[derive(Default)]
pub(crate) struct Ear {
    pub(crate) events: Vec<FitEvent>,
    pub(crate) stop_after: Option<usize>,
    pub(crate) asked: std::sync::atomic::AtomicUsize,
}

impl FitObserver for Ear {
    fn notice(&mut self, event: &FitEvent) {
        self.events.push(event.clone());
    }

    fn wants_stop(&self) -> bool {
        let asked = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.stop_after.is_some_and(|most| asked >= most)
    }
}

/// The share of patches that `model` classifies right.
pub(crate) fn accuracy(model: &dyn Classifier, toy: &MemorySource) -> f64 {
    let all = model.predict_source(toy, &mut |_| true).unwrap();
    let right = all
        .rows()
        .zip(toy.labels())
        .filter(|(row, label)| crate::Probabilities::most_probable(row) == label.class())
        .count();
    right as f64 / toy.len() as f64
}

/// How many patches [`gradients_agree`] looks at.
const PATCHES: usize = 11;
/// The origins of their patches, one after the other.
const SEEDS: [u64; 3] = [3, 4, 5];

/// Some patches of noise, with three classes in turn.
pub(crate) fn noise(network: &dyn Network, layout: Layout, patches: usize, seed: u64) -> HostBatch {
    let input = network.input();
    let (from, to) = (input.len(), layout.len(input));
    let mut generator = random::generator(seed, &[]);
    let mut planes = vec![0.0; patches * to];
    let [height, width] = input.side();
    let table: Vec<usize> = (0..height * width).collect();
    for patch in planes.chunks_exact_mut(to) {
        let values: Vec<f32> =
            (0..from).map(|_| to_single(random::unit(&mut generator) - 0.5)).collect();
        layout.arrange(&table, &values, patch);
    }
    let labels = (0..patches).map(|index| ClassId::new(index % 3)).collect();
    HostBatch { planes, packed: None, labels }
}

/// The loss, all gradients and running statistics with the names of their tensors, and the logits of a prediction
/// with these statistics.
fn everything(network: &dyn Network, layout: Layout, seed: u64) -> Vec<(String, Vec<f32>)> {
    let device = Device::flex();
    let mut parameters = Parameters::new(&weights(network.tensors().into(), 1), &device);
    let computation = Computation { network, layout, device: &device, device_planes: None };
    let batch = || noise(network, layout, PATCHES, seed);
    let targets = Loss::plain(3).targets(&batch().labels, PATCHES as f64);
    let draws = Draws { seed: 1, step: 0, part: 0 };
    let lesson = computation.lesson(&parameters, batch(), targets, draws);
    let mut all = vec![("loss".to_owned(), host(lesson.loss))];
    for (spec, gradient) in parameters.specs().iter().zip(lesson.gradients) {
        all.extend(gradient.map(|gradient| (spec.name.clone(), host(gradient))));
    }
    let mut statistics = lesson.statistics;
    statistics.sort_by_key(|(index, _)| *index);
    for (index, value) in statistics {
        all.push((parameters.specs()[index].name.clone(), host(value.clone())));
        *parameters.value_mut(index) = value;
    }
    let bound = computation.bind(&parameters);
    let logits = computation.logits(&parameters, bound.as_deref(), batch());
    all.push(("logits".to_owned(), logits));
    all
}

/// Holds a network's trunk to what burn computes.
///
/// Where rounding decides which of four pixels is the highest, a gradient moves by more than the limit. So other patches
/// are looked at then: chance goes away, a wrong kernel stays.
pub(crate) fn gradients_agree(network: &dyn Network) {
    let layout = Layout::of(network, crate::device::DeviceChoice::Flex);
    assert!(layout != Layout::PlanesFirst, "the network has a trunk");
    let found: Vec<String> =
        SEEDS.into_iter().map_while(|seed| difference(network, layout, seed)).collect();
    assert!(found.len() < SEEDS.len(), "{found:?}");
}

/// The first quantity in which trunk and burn differ, if any.
fn difference(network: &dyn Network, layout: Layout, seed: u64) -> Option<String> {
    let ours = everything(network, layout, seed);
    let burn = everything(network, Layout::PlanesFirst, seed);
    assert_eq!(ours.len(), burn.len());
    ours.iter().zip(&burn).find_map(|((name, ours), (_, burn))| {
        assert_eq!(ours.len(), burn.len(), "{name}");
        let scale = burn.iter().fold(0_f32, |most, value| most.max(value.abs()));
        let pairs = ours.iter().zip(burn);
        let most = pairs.fold(0_f32, |most, (ours, burn)| most.max((ours - burn).abs()));
        let is_kept = most < 2e-5 * scale;
        (!is_kept).then(|| format!("{name}: {most} of {scale}"))
    })
}
