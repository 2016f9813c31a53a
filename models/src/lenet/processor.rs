//! Both convolutional blocks on the processor, for whole batches: the trunk of LeNet.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::architecture::{FILTERS_1, FILTERS_2, Lenet};
use super::block::{Block, Filters, Gradient, Output};
use super::pixel_vectors::PixelVectors;
use crate::network::{Activations, BoundTrunk, Learned, Pass, Trunk};

/// How many images share a gradient before gradients are added up: fixed, so that every sum has one order.
const SHARE: usize = 8;

/// The sizes of both blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks([Block; 2]);

impl Blocks {
    /// The blocks for patches of `planes` planes and `side` rows and columns.
    pub(crate) fn new(planes: usize, side: [usize; 2]) -> Self {
        let first = Block { planes, filters: FILTERS_1, side };
        Self([first, Block { planes: FILTERS_1, filters: FILTERS_2, side: first.pooled() }])
    }

    /// Numbers that the first dense layer sees.
    pub(crate) fn flat_len(&self) -> usize {
        self.0[1].output_len()
    }
}

impl Trunk for Lenet {
    fn image_len(&self) -> usize {
        self.blocks().0[0].padded_input()
    }

    fn flat_len(&self) -> usize {
        self.blocks().flat_len()
    }

    fn tensor_count(&self) -> usize {
        // Weights and biases of two convolutions.
        4
    }

    fn bind(&self, weights: &[Vec<f32>]) -> Box<dyn BoundTrunk> {
        let [first, second] = self.blocks().0;
        Box::new(Convolutions {
            predicting: PixelVectors::new(first, &weights[0], &weights[1]),
            first: Filters::new(first, &weights[0], &weights[1]),
            second: Filters::new(second, &weights[2], &weights[3]),
        })
    }

    fn head(&self, pass: &Pass<'_>, flat: Tensor<2>) -> Tensor<2> {
        self.dense(pass, flat)
    }
}

/// Both blocks with weights.
#[derive(Debug, Clone)]
struct Convolutions {
    first: Filters,
    second: Filters,
    /// The first block for predictions.
    predicting: PixelVectors,
}

/// What both blocks make of an image.
#[derive(Debug, Clone)]
struct Image {
    first: Output,
    second: Output,
}

impl BoundTrunk for Convolutions {
    fn learn(&self, images: &[f32]) -> Learned {
        let made = self.made(images);
        let flat = self.flat(&made);
        Learned { flat, activations: Activations(Box::new(made)), statistics: Vec::new() }
    }

    fn forward(&self, images: &[f32]) -> Vec<f32> {
        self.flat(&self.made(images))
    }

    fn predict(&self, planes: &[f32], flat: &mut [f32]) {
        let mut between = vec![0.0; self.first.block().output_len()];
        self.predicting.forward(planes, &mut between);
        flatten(&self.second.forward(&between).values, flat);
    }

    fn backward(
        &self,
        images: &[f32],
        activations: &Activations,
        upper: &[f32],
    ) -> Vec<Option<Vec<f32>>> {
        let made: &Vec<Image> =
            activations.0.downcast_ref().expect("the activations are those of this trunk");
        self.gradients(images, made, upper).into_iter().map(Some).collect()
    }
}

impl Convolutions {
    /// What both blocks make of each image.
    fn made(&self, images: &[f32]) -> Vec<Image> {
        let size = self.first.block().padded_input();
        let each = images.par_chunks_exact(size).map(|image| {
            let first = self.first.forward(image);
            let second = self.second.forward(&first.values);
            Image { first, second }
        });
        each.collect()
    }

    /// What the dense layers see: `[image, filter · row · column]`.
    fn flat(&self, activations: &[Image]) -> Vec<f32> {
        let len = self.second.block().output_len();
        let mut flat = vec![0.0; activations.len() * len];
        for (flat, activations) in flat.chunks_exact_mut(len).zip(activations) {
            flatten(&activations.second.values, flat);
        }
        flat
    }

    /// The gradients of weights and biases, summed over the images, in PyTorch's layout.
    ///
    /// # Shapes
    /// - `images`: `[image, row, column, plane]`, each padded
    /// - `upper`: the gradient of [`Self::flat`]
    fn gradients(&self, images: &[f32], activations: &[Image], upper: &[f32]) -> Vec<Vec<f32>> {
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
        vec![
            first.weights(self.first.block()),
            first.bias,
            second.weights(self.second.block()),
            second.bias,
        ]
    }

    fn add_gradients(
        &self,
        image: &[f32],
        activations: &Image,
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

/// Lays what the second block makes of an image out for the dense layers.
///
/// # Shapes
/// - `values`: `[row, column, filter]`, with room behind
/// - `flat`: `[filter, row, column]`
fn flatten(values: &[f32], flat: &mut [f32]) {
    let pixels = flat.len() / FILTERS_2;
    for (filter, plane) in flat.chunks_exact_mut(pixels).enumerate() {
        for (to, pixel) in plane.iter_mut().zip(values.chunks_exact(FILTERS_2)) {
            *to = pixel[filter];
        }
    }
}
