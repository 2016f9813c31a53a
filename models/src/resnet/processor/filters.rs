//! A convolution with its weights, and its gradients, for one image at a time.

use pulp::Arch;

use super::canvas::Canvas;
use super::plan::{Plan, Shape};
use super::products::{Grouped, Products};
use super::slopes::Slopes;

/// The sizes of a convolution.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    /// Planes and filters of the network, without those that fill vectors up.
    planes: usize,
    filters: usize,
    kernel: usize,
    pub(super) from: Canvas,
    pub(super) to: Canvas,
    forward: Plan,
    backward: Vec<Plan>,
}

/// A convolution with its weights laid out for the kernels.
#[derive(Debug, Clone)]
pub(super) struct Filters {
    geometry: Geometry,
    arch: Arch,
    forward: Grouped,
    /// One for each plan of the way back.
    backward: Vec<Grouped>,
}

impl Geometry {
    /// A convolution of `planes` planes, which lie on `from`, with so many filters.
    pub(super) fn new(shape: Shape, from: Canvas, [planes, filters]: [usize; 2]) -> Self {
        let to = Canvas::of_planes(filters, shape.output(from.side));
        Self {
            planes,
            filters,
            kernel: shape.kernel,
            from,
            to,
            forward: shape.forward(from, to),
            backward: shape.backward(from, to),
        }
    }

    /// Where a weight stands in PyTorch's layout `[filter, plane, row, column]`; nowhere where plane or filter only fill
    /// vectors up.
    fn place(&self, filter: usize, plane: usize, [row, column]: [usize; 2]) -> Option<usize> {
        let real = filter < self.filters && plane < self.planes;
        real.then(|| ((filter * self.planes + plane) * self.kernel + row) * self.kernel + column)
    }

    /// The weights of the way forward: `[tap · plane, filter]`.
    fn forward_weights(&self, weights: &[f32]) -> Vec<f32> {
        let sizes = [self.from.channels, self.to.channels];
        lay_out(&self.forward.taps, sizes, |tap, plane, filter| {
            self.place(filter, plane, tap).map_or(0.0, |place| weights[place])
        })
    }

    /// The weights of a plan of the way back: `[tap · filter, plane]`.
    fn backward_weights(&self, plan: &Plan, weights: &[f32]) -> Vec<f32> {
        let sizes = [self.to.channels, self.from.channels];
        lay_out(&plan.taps, sizes, |tap, filter, plane| {
            self.place(filter, plane, tap).map_or(0.0, |place| weights[place])
        })
    }

    /// Numbers of a gradient of the weights as [`Filters::add_slopes`] makes it.
    pub(super) fn slopes_len(&self) -> usize {
        self.forward.taps.len() * self.from.channels * self.to.channels
    }

    /// A gradient of the weights in PyTorch's layout.
    pub(super) fn gradient(&self, slopes: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.filters * self.planes * self.kernel * self.kernel];
        for (tap, slopes) in slopes.chunks_exact(self.from.channels * self.to.channels).enumerate()
        {
            for (plane, slopes) in slopes.chunks_exact(self.to.channels).enumerate() {
                for (filter, &slope) in slopes.iter().enumerate() {
                    if let Some(place) = self.place(filter, plane, self.forward.taps[tap]) {
                        gradient[place] = slope;
                    }
                }
            }
        }
        gradient
    }
}

/// Weights `[tap · source, made]` for so many sources and as many numbers that are made.
fn lay_out(
    taps: &[[usize; 2]],
    [sources, made]: [usize; 2],
    weight: impl Fn([usize; 2], usize, usize) -> f32,
) -> Vec<f32> {
    let mut laid_out = Vec::with_capacity(taps.len() * sources * made);
    for &tap in taps {
        for source in 0..sources {
            laid_out.extend((0..made).map(|made| weight(tap, source, made)));
        }
    }
    laid_out
}

impl Filters {
    /// Lays out weights that are in PyTorch's layout.
    pub(super) fn new(arch: Arch, geometry: Geometry, weights: &[f32]) -> Self {
        let forward = geometry.forward_weights(weights);
        let backward = geometry.backward.iter().map(|plan| {
            Grouped::new(arch, &geometry.backward_weights(plan, weights), geometry.from.channels)
        });
        Self {
            arch,
            forward: Grouped::new(arch, &forward, geometry.to.channels),
            backward: backward.collect(),
            geometry,
        }
    }

    /// The sizes.
    pub(super) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What it makes of an image.
    pub(super) fn forward(&self, from: &[f32]) -> Vec<f32> {
        let mut to = self.geometry.to.blank();
        let (plan, grouped) = (&self.geometry.forward, &self.forward);
        self.arch.dispatch(Products { plan, grouped, from, to: &mut to, add: false });
        to
    }

    /// The gradient of the image from that of what was made of it, written to `lower` or added.
    pub(super) fn backward(&self, upper: &[f32], lower: &mut [f32], add: bool) {
        for (plan, grouped) in self.geometry.backward.iter().zip(&self.backward) {
            self.arch.dispatch(Products { plan, grouped, from: upper, to: lower, add });
        }
    }

    /// Adds the gradient of the weights: `[tap · plane, filter]`.
    pub(super) fn add_slopes(&self, from: &[f32], upper: &[f32], slopes: &mut [f32]) {
        let plan = &self.geometry.forward;
        let filters = self.geometry.to.channels;
        self.arch.dispatch(Slopes { plan, filters, from, upper, sums: slopes });
    }
}
