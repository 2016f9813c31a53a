//! Both convolutional blocks on the processor, for whole batches.
//!
//! This takes the place of burn's convolutions where the network computes on the processor; the dense layers,
//! the loss and the optimiser stay burn's. A test holds both ways to the same logits and gradients.

use rayon::prelude::*;

use super::architecture::{Architecture, FILTERS_1, FILTERS_2};
use super::block::{Block, Filters, Gradient, Output};

/// How many images share a gradient before gradients are added up: fixed, so that every sum has one order.
const SHARE: usize = 8;

/// The blocks of a network with its weights.
#[derive(Debug, Clone)]
pub(crate) struct Convolutions {
    first: Filters,
    second: Filters,
}

/// What both blocks make of an image.
#[derive(Debug, Clone)]
pub(crate) struct Activations {
    first: Output,
    second: Output,
}

impl Convolutions {
    /// The blocks with weights and biases in PyTorch's layout.
    pub(crate) fn new(
        architecture: &Architecture,
        [weight_1, bias_1, weight_2, bias_2]: [&[f32]; 4],
    ) -> Self {
        let [first, second] = blocks(architecture);
        Self {
            first: Filters::new(first, weight_1, bias_1),
            second: Filters::new(second, weight_2, bias_2),
        }
    }

    /// Numbers of an image as the blocks take it: `[row, column, plane]`, and room behind.
    pub(crate) fn image_len(architecture: &Architecture) -> usize {
        blocks(architecture)[0].padded_input()
    }

    /// What the blocks make of some images.
    ///
    /// # Shapes
    /// - `images`: `[image, row, column, plane]`, each padded to [`Self::image_len`]
    pub(crate) fn forward(&self, images: &[f32]) -> Vec<Activations> {
        let size = self.first.block().padded_input();
        images
            .par_chunks_exact(size)
            .map(|image| {
                let first = self.first.forward(image);
                let second = self.second.forward(&first.values);
                Activations { first, second }
            })
            .collect()
    }

    /// What the dense layers see: `[image, filter · row · column]`.
    pub(crate) fn flat(&self, activations: &[Activations]) -> Vec<f32> {
        let len = self.second.block().output_len();
        let mut flat = vec![0.0; activations.len() * len];
        for (flat, activations) in flat.chunks_exact_mut(len).zip(activations) {
            let values = &activations.second.values[..len];
            for (filter, plane) in flat.chunks_exact_mut(len / FILTERS_2).enumerate() {
                for (to, pixel) in plane.iter_mut().zip(values.chunks_exact(FILTERS_2)) {
                    *to = pixel[filter];
                }
            }
        }
        flat
    }

    /// The gradients of weights and biases, summed over the images, in PyTorch's layout.
    ///
    /// # Shapes
    /// - `images`: as in [`Self::forward`]
    /// - `upper`: the gradient of [`Self::flat`]
    pub(crate) fn backward(
        &self,
        images: &[f32],
        activations: &[Activations],
        upper: &[f32],
    ) -> [Vec<f32>; 4] {
        let (image, flat) = (self.first.block().padded_input(), self.second.block().output_len());
        let shares: Vec<(Gradient, Gradient)> = images
            .par_chunks(SHARE * image)
            .zip(activations.par_chunks(SHARE))
            .zip(upper.par_chunks(SHARE * flat))
            .map(|((images, activations), upper)| {
                let mut sums =
                    (self.first.block().no_gradient(), self.second.block().no_gradient());
                let images = images.chunks_exact(image).zip(upper.chunks_exact(flat));
                for ((image, upper), activations) in images.zip(activations) {
                    self.add_gradients(image, activations, upper, &mut sums);
                }
                sums
            })
            .collect();
        let mut sums = (self.first.block().no_gradient(), self.second.block().no_gradient());
        for (first, second) in &shares {
            sums.0.add(first);
            sums.1.add(second);
        }
        let (first, second) = sums;
        [
            first.weights(self.first.block()),
            first.bias,
            second.weights(self.second.block()),
            second.bias,
        ]
    }

    fn add_gradients(
        &self,
        image: &[f32],
        activations: &Activations,
        upper: &[f32],
        (first, second): &mut (Gradient, Gradient),
    ) {
        let cells = upper.len() / FILTERS_2;
        let mut pixels = vec![0.0; upper.len()]; // [row, column, filter]
        for (cell, pixel) in pixels.chunks_exact_mut(FILTERS_2).enumerate() {
            for (filter, to) in pixel.iter_mut().enumerate() {
                *to = upper[filter * cells + cell];
            }
        }
        let between = &activations.first.values;
        let mut lower = vec![0.0; between.len()];
        self.second.backward(between, &activations.second, &pixels, second, Some(&mut lower));
        self.first.backward(image, &activations.first, &lower, first, None);
    }
}

fn blocks(architecture: &Architecture) -> [Block; 2] {
    let planes = architecture.planes();
    let first = Block { planes, filters: FILTERS_1, side: architecture.side() };
    [first, Block { planes: FILTERS_1, filters: FILTERS_2, side: first.pooled() }]
}
