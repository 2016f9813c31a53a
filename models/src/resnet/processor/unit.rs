//! A convolution with its norm.

use pulp::Arch;

use super::canvas::Canvas;
use super::filters::{Filters, Geometry};
use super::norm::{Affine, Descent, Norm, Slants};
use super::plan::Shape;
use super::sweeps::{Activate, Around, Descend};

/// Tensors of a unit: the weights of its convolution, then weight, bias, mean and variance of its norm.
pub(super) const TENSORS: usize = 5;

/// The first of a unit's tensors that follows batches: the running mean, which the running variance comes behind.
pub(super) const FIRST_STATISTIC: usize = 3;

/// A convolution with its norm, and with their weights.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) arch: Arch,
    pub(super) filters: Filters,
    pub(super) norm: Norm,
    /// The position of its first tensor.
    pub(super) first_tensor: usize,
    /// What the norm does in prediction.
    predicting: Affine,
}

impl Unit {
    /// The unit whose tensors begin at `first_tensor` of `tensors`, for images on `from` with so many planes.
    pub(super) fn new(
        arch: Arch,
        shape: Shape,
        (from, planes): (Canvas, usize),
        (tensors, first_tensor): (&[Vec<f32>], usize),
    ) -> Self {
        let tensors = &tensors[first_tensor..first_tensor + TENSORS];
        let count = tensors[1].len();
        let geometry = Geometry::new(shape, from, [planes, count]);
        let norm = Norm::new(&tensors[1..], geometry.to.channels);
        let predicting = norm.of_running();
        let filters = Filters::new(arch, geometry, &tensors[0]);
        Self { arch, filters, norm, first_tensor, predicting }
    }

    /// How what it makes lies in memory.
    pub(super) fn canvas(&self) -> Canvas {
        self.filters.geometry().to
    }

    /// What it makes of an image in prediction, without its norm, and what the norm does.
    pub(super) fn convolved(&self, image: &[f32]) -> (Vec<f32>, &Affine) {
        (self.filters.forward(image), &self.predicting)
    }

    /// Norms what the convolution made, adds what comes around, and rectifies.
    pub(super) fn activate(&self, values: &mut [f32], affine: &Affine, around: Option<Around<'_>>) {
        self.arch.dispatch(Activate { canvas: self.canvas(), affine, around, values });
    }

    /// What the gradients of what the norm made say of it.
    pub(super) fn slants(&self, upper: &[f32], values: &[f32], affine: &Affine) -> Slants {
        Slants::of(self.arch, self.canvas(), upper, values, affine)
    }

    /// The gradient of what the convolution made.
    pub(super) fn descend(&self, descent: &Descent, upper: &[f32], values: &[f32]) -> Vec<f32> {
        let canvas = self.canvas();
        let mut lower = canvas.blank();
        self.arch.dispatch(Descend { canvas, descent, values, upper, lower: &mut lower });
        lower
    }
}
