//! A network that has learned nothing yet, on finished planes: what a bench times beside other programs.
//!
//! A classifier reads patches and makes their channels before its network computes; other programs are given the
//! channels. This is the part that both have.

use burn::tensor::Device;

use super::architecture::Network;
use super::computation::Computation;
use super::input_shape::InputShape;
use super::layout::Layout;
use super::parameters::Parameters;
use super::planes::Scratch;
use super::trunk::BoundTrunk;
use super::weights::Weights;

/// A network with the weights that training begins with.
#[derive(Debug)]
pub struct UntrainedNetwork {
    network: Box<dyn Network>,
    parameters: Parameters,
    bound: Option<Box<dyn BoundTrunk>>,
    layout: Layout,
    device: Device,
}

impl UntrainedNetwork {
    /// Draws the weights of `network` with `seed`.
    pub(crate) fn new(
        network: Box<dyn Network>,
        seed: u64,
        (device, layout): (Device, Layout),
    ) -> Self {
        let weights = Weights::draw(network.tensors().into(), seed);
        let parameters = Parameters::new(&weights, &device);
        let computation =
            Computation { network: &*network, layout, device: &device, device_planes: None };
        let bound = computation.bind(&parameters);
        Self { network, parameters, bound, layout, device }
    }

    /// What it takes.
    pub fn input(&self) -> InputShape {
        self.network.input()
    }

    /// The logits of some patches, computed as a fitted network does.
    ///
    /// # Shapes
    /// - `planes`: `[patch, plane, row, column]`
    /// - output: `[patch, class]`
    ///
    /// # Panics
    /// If `planes` are not those of whole patches.
    pub fn logits(&self, planes: &[f32]) -> Vec<f32> {
        let len = self.input().len();
        assert_eq!(planes.len() % len, 0, "the planes are those of whole patches");
        let computation = Computation {
            network: &*self.network,
            layout: self.layout,
            device: &self.device,
            device_planes: None,
        };
        let fill = |_: &mut Scratch, at: usize, out: &mut [f32]| {
            out.copy_from_slice(&planes[at * len..(at + 1) * len]);
        };
        let count = planes.len() / len;
        computation.predict(&self.parameters, self.bound.as_deref(), (count, count), fill)
    }
}
