//! From a batch to logits, and to the gradients of every tensor: by burn alone, or with a trunk on the processor.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use super::architecture::Network;
use super::device_planes::DevicePlanes;
use super::layout::Layout;
use super::optimizer::Gradients;
use super::parameters::{Parameters, host, vector};
use super::pass::{Draws, Pass};
use super::pipeline::HostBatch;
use super::planes::Scratch;
use super::trunk::{BoundTrunk, Learned, Trunk};
use crate::histogram::Histogram;

/// How many patches a thread predicts at a time, at least: what it needs for one is used for all of them.
const MIN_SHARE: usize = 4;

/// A network on a device.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Computation<'a> {
    pub(crate) network: &'a dyn Network,
    pub(crate) layout: Layout,
    pub(crate) device: &'a Device,
    /// How the device makes the planes of packed patches.
    pub(crate) device_planes: Option<&'a DevicePlanes>,
}

/// What one batch says about the weights.
pub(crate) struct Lesson {
    /// The loss before the step, on the device.
    pub(crate) loss: Tensor<1>,
    /// The gradient of every learned tensor.
    pub(crate) gradients: Gradients,
    /// What running statistics become, by position of the tensor.
    pub(crate) statistics: Vec<(usize, Tensor<1>)>,
}

impl<'a> Computation<'a> {
    /// The trunk, where the batches are laid out for one.
    fn trunk(&self) -> Option<&'a dyn Trunk> {
        self.network.trunk().filter(|_| matches!(self.layout, Layout::PlanesLast { .. }))
    }

    /// The trunk with the weights of `parameters`, where there is one.
    pub(crate) fn bind(&self, parameters: &Parameters) -> Option<Box<dyn BoundTrunk>> {
        self.trunk().map(|trunk| trunk.bind(&parameters.first(trunk.tensor_count())))
    }

    /// The logits of `batch`: `[patch, class]`; `bound` is what [`Self::bind`] made of `parameters`.
    pub(crate) fn logits(
        &self,
        parameters: &Parameters,
        bound: Option<&dyn BoundTrunk>,
        batch: HostBatch,
    ) -> Vec<f32> {
        let pass = Pass::predicting(parameters);
        host(match (self.trunk(), bound) {
            (Some(trunk), Some(bound)) => {
                let flat = bound.forward(&batch.planes);
                trunk.head(&pass, matrix(flat, batch.labels.len(), self.device))
            }
            _ => self.network.forward(&pass, self.planes(batch, self.device)),
        })
    }

    /// The logits of `count` patches for a prediction: `[patch, class]`; `bound` is what [`Self::bind`] made of `parameters`.
    ///
    /// Patches are made into planes by `fill`, which gets memory to use again, the place of a patch and where
    /// `[plane, row, column]` goes. With a trunk, each thread takes a patch all the way to the dense layers, so that its
    /// planes stay near it.
    ///
    /// Products of other sizes may be summed in another order, and what is said of a patch must not depend on those beside
    /// it: sums are always over `rows` patches, those beyond `count` being zero.
    pub(crate) fn predict(
        &self,
        parameters: &Parameters,
        bound: Option<&dyn BoundTrunk>,
        (count, rows): (usize, usize),
        fill: impl Fn(&mut Scratch, usize, &mut [f32]) + Sync,
    ) -> Vec<f32> {
        let pass = Pass::predicting(parameters);
        let input = self.network.input();
        let mut logits = if let (Some(trunk), Some(bound)) = (self.trunk(), bound) {
            let len = trunk.flat_len();
            let mut flat = vec![0.0; rows * len];
            let each = flat[..count * len].par_chunks_exact_mut(len).enumerate();
            each.with_min_len(MIN_SHARE).for_each_init(
                || (Scratch::default(), vec![0.0; trunk.image_len()]),
                |(scratch, planes), (at, flat)| {
                    fill(scratch, at, &mut planes[..input.len()]);
                    bound.predict(planes, flat);
                },
            );
            host(trunk.head(&pass, matrix(flat, rows, self.device)))
        } else {
            let len = input.len();
            let mut planes = vec![0.0; rows * len];
            let each = planes[..count * len].par_chunks_exact_mut(len).enumerate();
            each.for_each_init(Scratch::default, |scratch, (at, planes)| fill(scratch, at, planes));
            host(self.network.forward(&pass, self.tensor(planes, rows, self.device)))
        };
        logits.truncate(count * input.classes());
        logits
    }

    /// How what each layer makes of `batch`, planes first, is spread.
    pub(crate) fn activations(&self, parameters: &Parameters, batch: HostBatch) -> Vec<Histogram> {
        let pass = Pass::watched(parameters);
        self.network.forward(&pass, self.planes(batch, self.device));
        pass.into_shown()
    }

    /// The loss of `batch` against `targets` (`[patch, class]`), and the gradient of every tensor.
    pub(crate) fn lesson(
        &self,
        parameters: &Parameters,
        batch: HostBatch,
        targets: Vec<f32>,
        draws: Draws,
    ) -> Lesson {
        let recording = self.device.clone().autodiff();
        let parameters = parameters.recording();
        let pass = Pass::training(&parameters, draws);
        let targets = matrix(targets, batch.labels.len(), &recording);
        let Some((trunk, bound)) = self.trunk().zip(self.bind(&parameters)) else {
            let logits = self.network.forward(&pass, self.planes(batch, &recording));
            let loss = cross_entropy(logits, targets);
            let mut recorded = loss.backward();
            let statistics = pass.into_statistics();
            let gradients = gradients(&parameters, &mut recorded);
            return Lesson { loss: loss.inner(), gradients, statistics };
        };
        let Learned { flat, activations, statistics: followed } = bound.learn(&batch.planes);
        let flat = matrix(flat, batch.labels.len(), &recording).require_grad();
        let loss = cross_entropy(trunk.head(&pass, flat.clone()), targets);
        let mut recorded = loss.backward();
        let mut statistics = pass.into_statistics();
        let followed = followed.into_iter();
        statistics.extend(followed.map(|(index, value)| (index, vector(value, self.device))));
        let upper = flat.grad_remove(&mut recorded).expect("the loss depends on what is flat");
        let mut gradients = gradients(&parameters, &mut recorded);
        let found = bound.backward(&batch.planes, &activations, &host(upper));
        for (gradient, found) in gradients.iter_mut().zip(found) {
            *gradient = found.map(|found| vector(found, self.device));
        }
        Lesson { loss: loss.inner(), gradients, statistics }
    }

    /// `[patch, plane, row, column]`
    fn planes(&self, batch: HostBatch, device: &Device) -> Tensor<4> {
        if let Some((maker, packed)) = self.device_planes.zip(batch.packed) {
            let planes = maker.forward(packed);
            return if device.is_autodiff() { planes.autodiff() } else { planes };
        }
        self.tensor(batch.planes, batch.labels.len(), device)
    }

    /// `[patch, plane, row, column]`
    fn tensor(&self, planes: Vec<f32>, count: usize, device: &Device) -> Tensor<4> {
        let input = self.network.input();
        let [height, width] = input.side();
        let shape = [count, input.planes(), height, width];
        Tensor::from_data(TensorData::new(planes, shape), device)
    }
}

/// `[patch, number]`
fn matrix(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let shape = [rows, values.len() / rows.max(1)];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The gradients of what is learned; zero where the loss does not depend on it.
fn gradients(parameters: &Parameters, recorded: &mut burn::tensor::Gradients) -> Gradients {
    let specs = parameters.specs().iter();
    let gradient = |(value, spec): (&Tensor<1>, &super::tensor_spec::TensorSpec)| {
        spec.is_learned().then(|| value.grad_remove(recorded)).flatten()
    };
    parameters.values().iter().zip(specs).map(gradient).collect()
}

/// Cross-entropy against weighted targets, see [`Loss`](super::loss::Loss).
///
/// # Shapes
/// - `logits`, `targets`: `[batch, class]`
pub(crate) fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    // Sums by dimension: a sum over everything may add in any order on a graphics processor.
    (log_softmax(logits, 1) * targets).sum_dim(1).sum_dim(0).reshape([1]).neg()
}
