//! From a batch to logits, and to the gradients of every weight: by burn alone, or with the convolutions of
//! [`Convolutions`].

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::architecture::Architecture;
use super::layout::Layout;
use super::network::{Network, cross_entropy, host};
use super::pipeline::HostBatch;
use super::processor::Convolutions;

/// A batch on its way into the network.
pub(crate) struct Input<'a> {
    pub(crate) architecture: &'a Architecture,
    pub(crate) layout: Layout,
    pub(crate) batch: HostBatch,
}

impl Input<'_> {
    /// The logits of the batch: `[patch, class]`.
    pub(crate) fn logits(self, network: &Network, device: &Device) -> Vec<f32> {
        host(match self.layout {
            Layout::PlanesFirst => network.forward(self.into_tensor(device)),
            Layout::PlanesLast => {
                let convolutions = convolutions(network, self.architecture);
                let flat = convolutions.flat(&convolutions.forward(&self.batch.planes));
                network.head(self.flat_tensor(flat, device))
            }
        })
    }

    /// The loss against `targets` (`[patch, class]`), and the gradient of every weight of `network`, which records
    /// gradients.
    pub(crate) fn gradients(
        self,
        network: &Network,
        targets: Vec<f32>,
        device: &Device,
    ) -> (Tensor<1>, GradientsParams) {
        let recording = device.clone().autodiff();
        let shape = [targets.len() / self.architecture.classes(), self.architecture.classes()];
        let targets = Tensor::from_data(TensorData::new(targets, shape), &recording);
        if self.layout == Layout::PlanesFirst {
            let logits = network.forward(self.into_tensor(&recording));
            let loss = cross_entropy(logits, targets);
            let gradients = GradientsParams::from_grads(loss.backward(), network);
            return (loss.inner(), gradients);
        }
        let convolutions = convolutions(network, self.architecture);
        let activations = convolutions.forward(&self.batch.planes);
        let flat = self.flat_tensor(convolutions.flat(&activations), &recording).require_grad();
        let loss = cross_entropy(network.head(flat.clone()), targets);
        let mut recorded = loss.backward();
        let upper = flat.grad_remove(&mut recorded).expect("the loss depends on what is flat");
        let mut gradients = GradientsParams::from_grads(recorded, network);
        let found = convolutions.backward(&self.batch.planes, &activations, &host(upper));
        register(&mut gradients, network, found, device);
        (loss.inner(), gradients)
    }

    /// `[patch, plane, row, column]`
    fn into_tensor(self, device: &Device) -> Tensor<4> {
        let [height, width] = self.architecture.side();
        let shape = [self.batch.labels.len(), self.architecture.planes(), height, width];
        Tensor::from_data(TensorData::new(self.batch.planes, shape), device)
    }

    /// `[patch, filter · row · column]`
    fn flat_tensor(&self, flat: Vec<f32>, device: &Device) -> Tensor<2> {
        let shape = [self.batch.labels.len(), self.architecture.flat()];
        Tensor::from_data(TensorData::new(flat, shape), device)
    }
}

/// The blocks of `network` on the host.
pub(crate) fn convolutions(network: &Network, architecture: &Architecture) -> Convolutions {
    let tensors = [
        host(network.conv1_weight.val().inner()),
        host(network.conv1_bias.val().inner()),
        host(network.conv2_weight.val().inner()),
        host(network.conv2_bias.val().inner()),
    ];
    Convolutions::new(architecture, tensors.each_ref().map(Vec::as_slice))
}

/// Adds the gradients of the convolutions to those that burn found.
fn register(
    gradients: &mut GradientsParams,
    network: &Network,
    [weight_1, bias_1, weight_2, bias_2]: [Vec<f32>; 4],
    device: &Device,
) {
    let tensor =
        |values, shape: [usize; 4]| Tensor::<4>::from_data(TensorData::new(values, shape), device);
    let vector = |values: Vec<f32>| {
        let shape = [values.len()];
        Tensor::<1>::from_data(TensorData::new(values, shape), device)
    };
    let shapes = [network.conv1_weight.val().dims(), network.conv2_weight.val().dims()];
    gradients.register(network.conv1_weight.id, tensor(weight_1, shapes[0]));
    gradients.register(network.conv1_bias.id, vector(bias_1));
    gradients.register(network.conv2_weight.id, tensor(weight_2, shapes[1]));
    gradients.register(network.conv2_bias.id, vector(bias_2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenet::loss::Loss;
    use crate::lenet::weights::{Weights, to_single};
    use tesela_datasets::class::ClassId;
    use tesela_datasets::random;

    const PATCHES: usize = 11;

    fn batch(architecture: &Architecture, layout: Layout) -> HostBatch {
        let (from, to) = (architecture.input_len(), layout.len(architecture));
        let mut generator = random::generator(3, &[]);
        let mut planes = vec![0.0; PATCHES * to];
        let [height, width] = architecture.side();
        let table: Vec<usize> = (0..height * width).collect();
        for patch in planes.chunks_exact_mut(to) {
            let values: Vec<f32> =
                (0..from).map(|_| to_single(random::unit(&mut generator) - 0.5)).collect();
            layout.arrange(&table, &values, patch);
        }
        let labels = (0..PATCHES).map(|index| ClassId::new(index % 3)).collect();
        HostBatch { planes, labels }
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        let scale = b.iter().fold(0_f32, |most, value| most.max(value.abs()));
        a.iter().zip(b).fold(0_f32, |most, (a, b)| most.max((a - b).abs())) / scale
    }

    /// Logits, loss and all gradients.
    fn everything(architecture: &Architecture, layout: Layout) -> Vec<Vec<f32>> {
        let device = Device::flex();
        let weights = Weights::draw(*architecture, 1);
        let recording = Network::new(&weights, &device.clone().autodiff());
        let input = || Input { architecture, layout, batch: batch(architecture, layout) };
        let logits = input().logits(&Network::new(&weights, &device), &device);
        let targets = Loss::plain(3).targets(&input().batch.labels);
        let (loss, gradients) = input().gradients(&recording, targets, &device);
        vec![
            logits,
            host(loss),
            host(gradients.get::<4>(recording.conv1_weight.id).unwrap()),
            host(gradients.get::<1>(recording.conv1_bias.id).unwrap()),
            host(gradients.get::<4>(recording.conv2_weight.id).unwrap()),
            host(gradients.get::<1>(recording.conv2_bias.id).unwrap()),
            host(gradients.get::<2>(recording.dense1_weight.id).unwrap()),
            host(gradients.get::<1>(recording.dense1_bias.id).unwrap()),
            host(gradients.get::<2>(recording.dense2_weight.id).unwrap()),
            host(gradients.get::<1>(recording.dense2_bias.id).unwrap()),
        ]
    }

    #[test]
    fn both_ways_agree_on_logits_and_gradients() {
        for (planes, side) in [(28, [33, 33]), (4, [17, 40]), (1, [16, 16]), (7, [19, 18])] {
            let architecture = Architecture::new(planes, side, 3).unwrap();
            let ours = everything(&architecture, Layout::PlanesLast);
            let burn = everything(&architecture, Layout::PlanesFirst);
            for (index, (ours, burn)) in ours.iter().zip(&burn).enumerate() {
                let distance = distance(ours, burn);
                assert!(distance < 2e-5, "{planes} planes, tensor {index}: {distance}");
            }
        }
    }
}
