//! Trunks: first layers of a network that are computed by hand on the processor.
//!
//! burn computes everything on every device. Where a network knows a faster way on the processor for its first
//! layers, it offers a [`Trunk`]; the layers behind, the loss and the optimiser stay burn's. A test holds both ways
//! to the same logits and gradients.

use std::any::Any;
use std::fmt;

use burn::tensor::Tensor;

use super::pass::Pass;

/// The first layers of a network.
pub(crate) trait Trunk: fmt::Debug + Send + Sync {
    /// Numbers of a patch as the trunk takes it, with the room behind its numbers.
    fn image_len(&self) -> usize;

    /// Numbers that it makes of a patch.
    fn flat_len(&self) -> usize;

    /// How many of the network's tensors belong to it, from the first on.
    fn tensor_count(&self) -> usize;

    /// The trunk with weights, each tensor in PyTorch's layout.
    fn bind(&self, weights: &[Vec<f32>]) -> Box<dyn BoundTrunk>;

    /// The layers behind.
    ///
    /// # Shapes
    /// - `flat`: `[batch, number]`
    /// - output: `[batch, class]`
    fn head(&self, pass: &Pass<'_>, flat: Tensor<2>) -> Tensor<2>;
}

/// A trunk with its weights.
pub(crate) trait BoundTrunk: fmt::Debug + Send + Sync {
    /// What it makes of a batch in training.
    ///
    /// # Shapes
    /// - `images`: `[image, row, column, plane]`, each of [`Trunk::image_len`]
    fn learn(&self, images: &[f32]) -> Learned;

    /// What it makes of some images in prediction.
    ///
    /// # Shapes
    /// - `images`: `[image, row, column, plane]`, each of [`Trunk::image_len`]
    /// - output: `[image, number]`
    fn forward(&self, images: &[f32]) -> Vec<f32>;

    /// Makes the same of one image, to the bit.
    ///
    /// # Shapes
    /// - `planes`: `[plane, row, column]`, of [`Trunk::image_len`]
    /// - `flat`: `[number]`
    fn predict(&self, planes: &[f32], flat: &mut [f32]);

    /// The gradients of its tensors, summed over the images, each in PyTorch's layout; running statistics have none.
    ///
    /// # Shapes
    /// - `images`, `activations`: as given to and by [`Self::learn`]
    /// - `upper`: the gradient of what it made
    fn backward(
        &self,
        images: &[f32],
        activations: &Activations,
        upper: &[f32],
    ) -> Vec<Option<Vec<f32>>>;
}

/// What a trunk makes of a batch in training.
pub(crate) struct Learned {
    /// `[image, number]`
    pub(crate) flat: Vec<f32>,
    /// What its gradients need to know.
    pub(crate) activations: Activations,
    /// What running statistics become, by position of the tensor.
    pub(crate) statistics: Vec<(usize, Vec<f32>)>,
}

/// What a trunk keeps between both ways.
pub(crate) struct Activations(pub(crate) Box<dyn Any + Send>);
