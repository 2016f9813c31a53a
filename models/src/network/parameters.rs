//! Parameters: the tensors of a network on the device where it computes.
//!
//! Every tensor lies there as one run of numbers; layers look at it in its shape. So the optimiser, the average and
//! the checkpoints treat all tensors of all networks alike.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};

use super::tensor_spec::TensorSpec;
use super::weights::Weights;
use crate::device::fail;

/// The tensors of a network on a device, in the order of its specifications.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    specs: Arc<[TensorSpec]>,
    values: Vec<Tensor<1>>,
}

impl Parameters {
    /// Brings `weights` to `device`.
    pub(crate) fn new(weights: &Weights, device: &Device) -> Self {
        let values = weights.values().iter().map(|values| vector(values.clone(), device));
        Self { specs: weights.specs().clone(), values: values.collect() }
    }

    /// What the tensors are.
    pub(crate) fn specs(&self) -> &Arc<[TensorSpec]> {
        &self.specs
    }

    /// The numbers, tensor by tensor.
    pub(crate) fn values(&self) -> &[Tensor<1>] {
        &self.values
    }

    /// The numbers of tensor `index`, to be replaced.
    pub(crate) fn value_mut(&mut self, index: usize) -> &mut Tensor<1> {
        &mut self.values[index]
    }

    /// The same numbers as the beginning of a record of gradients.
    pub(crate) fn recording(&self) -> Self {
        let leaf = |(value, spec): (&Tensor<1>, &TensorSpec)| {
            let value = value.clone().autodiff();
            if spec.is_learned() { value.require_grad() } else { value }
        };
        let values = self.values.iter().zip(&*self.specs).map(leaf).collect();
        Self { specs: self.specs.clone(), values }
    }

    /// Copies the numbers to the host.
    pub(crate) fn weights(&self) -> Weights {
        Weights::new(self.specs.clone(), self.values.iter().cloned().map(host).collect())
    }

    /// Copies the first `count` tensors to the host.
    pub(crate) fn first(&self, count: usize) -> Vec<Vec<f32>> {
        self.values[..count].iter().map(|value| host(value.clone().inner())).collect()
    }

    /// Tensor `name` in its shape.
    ///
    /// # Panics
    /// If the network has no such tensor, or it is of another rank.
    pub(crate) fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let index = self.index(name);
        let shape: [usize; D] = self.specs[index]
            .shape
            .as_slice()
            .try_into()
            .expect("a layer knows the ranks of its tensors");
        self.values[index].clone().reshape(shape)
    }

    /// The position of tensor `name`.
    ///
    /// # Panics
    /// If the network has no such tensor.
    pub(crate) fn index(&self, name: &str) -> usize {
        let found = self.specs.iter().position(|spec| spec.name == name);
        found.expect("a layer knows the names of its tensors")
    }
}

/// A tensor of these numbers.
pub(crate) fn vector(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The numbers of a tensor. A failure of the device, which shows here, is caught by
/// [`guarded`](crate::device::guarded).
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.try_into_data().unwrap_or_else(|error| fail(&error.to_string()));
    data.try_into_vec().expect("networks compute in single precision")
}
