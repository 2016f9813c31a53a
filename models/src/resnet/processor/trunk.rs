//! The network as a trunk: what everything around it sees.

use burn::tensor::Tensor;
use pulp::Arch;
use rayon::prelude::*;

use super::backward::{UnitGradients, makers_below, of_means, of_stem};
use super::batch::{BlockMade, BlockUnits, Images, Made};
use super::canvas::Canvas;
use super::forward::convolve;
use super::plan::Shape;
use super::sums::{Sums, Term};
use super::unit::{FIRST_STATISTIC, TENSORS, Unit};
use crate::network::{
    Activations, BoundTrunk, InputShape, Learned, Network, Pass, Trunk, to_single,
};
use crate::resnet::architecture::Resnet;
use crate::resnet::block::Normed;

impl Trunk for Resnet {
    fn image_len(&self) -> usize {
        self.input().len()
    }

    fn flat_len(&self) -> usize {
        self.last_planes()
    }

    fn tensor_count(&self) -> usize {
        let units = self.blocks().iter().map(|block| 2 + usize::from(block.short.is_some()));
        TENSORS * (1 + units.sum::<usize>())
    }

    fn bind(&self, weights: &[Vec<f32>]) -> Box<dyn BoundTrunk> {
        Box::new(BoundResnet::new(self, weights))
    }

    fn head(&self, pass: &Pass<'_>, flat: Tensor<2>) -> Tensor<2> {
        self.dense(pass, flat)
    }
}

/// The network with weights.
#[derive(Debug, Clone)]
struct BoundResnet {
    input: InputShape,
    stem: Unit,
    blocks: Vec<BlockUnits>,
}

/// What the units made of a batch.
struct Kept {
    images: Images,
    stem: Made,
    blocks: Vec<BlockMade>,
    outputs: Images,
}

impl BoundResnet {
    fn new(network: &Resnet, weights: &[Vec<f32>]) -> Self {
        let (arch, input) = (Arch::new(), network.input());
        let mut first_tensor = 0;
        let mut unit = |normed: &Normed, from: Canvas, planes: usize| {
            let unit = Unit::new(
                arch,
                Shape::of(&normed.convolution),
                (from, planes),
                (weights, first_tensor),
            );
            first_tensor += TENSORS;
            unit
        };
        let from = Canvas { side: input.side(), channels: input.planes() };
        let stem = unit(network.stem(), from, input.planes());
        let (mut canvas, mut planes) = (stem.canvas(), network.stem().convolution.filters);
        let mut blocks = Vec::new();
        for block in network.blocks() {
            let first = unit(&block.first, canvas, planes);
            let second = unit(&block.second, first.canvas(), block.first.convolution.filters);
            let short = block.short.as_ref().map(|short| unit(short, canvas, planes));
            (canvas, planes) = (second.canvas(), block.second.convolution.filters);
            blocks.push(BlockUnits { first, second, short });
        }
        Self { input, stem, blocks }
    }

    /// An image `[row, column, plane]` with its border.
    fn bordered(&self, image: &[f32]) -> Vec<f32> {
        let canvas = self.stem.filters.geometry().from;
        let mut bordered = canvas.blank();
        let row = self.input.side()[1] * self.input.planes();
        for (to, from) in canvas.rows().zip(image.chunks_exact(row)) {
            bordered[to].copy_from_slice(from);
        }
        bordered
    }

    /// The last block.
    fn last(&self) -> &BlockUnits {
        self.blocks.last().expect("a residual network has blocks")
    }

    /// The mean of each plane of what the last block made of an image.
    fn means(&self, output: &[f32], means: &mut [f32]) {
        let unit = &self.last().second;
        let canvas = unit.canvas();
        let sums = unit.arch.dispatch(Sums { canvas, values: output, term: Term::Value });
        for (mean, sum) in means.iter_mut().zip(sums) {
            *mean = to_single(sum / canvas.pixels() as f64);
        }
    }

    /// The mean of each plane for a bordered image in prediction.
    fn predict_bordered(&self, image: &[f32], means: &mut [f32]) {
        let (mut values, affine) = self.stem.convolved(image);
        self.stem.activate(&mut values, affine, None);
        for block in &self.blocks {
            values = block.predict(&values);
        }
        self.means(&values, means);
    }

    /// Numbers of an image after the last block.
    fn planes(&self) -> usize {
        self.last().second.norm.planes()
    }

    /// What the running statistics of all norms become, by position of the tensor.
    fn followed(&self, stem: &Made, blocks: &[BlockMade]) -> Vec<(usize, Vec<f32>)> {
        let mut followed = Vec::new();
        let mut follow = |unit: &Unit, made: &Made| {
            let first = unit.first_tensor + FIRST_STATISTIC;
            followed.extend((first..).zip(unit.norm.followed(&made.moments)));
        };
        follow(&self.stem, stem);
        for (units, made) in self.blocks.iter().zip(blocks) {
            follow(&units.first, &made.first);
            follow(&units.second, &made.second);
            if let Some((unit, made)) = units.short.as_ref().zip(made.short.as_ref()) {
                follow(unit, made);
            }
        }
        followed
    }
}

impl BoundTrunk for BoundResnet {
    fn learn(&self, images: &[f32]) -> Learned {
        let len = self.input.len();
        let count = images.len() / len;
        let (images, stem) = convolve(&[&self.stem], count, |image| {
            self.bordered(&images[image * len..(image + 1) * len])
        });
        let stem = stem.into_iter().next().expect("the stem is one unit");
        let mut blocks: Vec<BlockMade> = Vec::new();
        for (index, units) in self.blocks.iter().enumerate() {
            let made = match blocks.last() {
                None => units.learn(count, |image| stem.activated(&self.stem, image)),
                Some(below) => {
                    units.learn(count, |image| below.output(&self.blocks[index - 1], image))
                }
            };
            blocks.push(made);
        }
        let made = blocks.last().expect("a residual network has blocks");
        let mut flat = vec![0.0; count * self.planes()];
        let outputs: Images = flat
            .par_chunks_exact_mut(self.planes())
            .enumerate()
            .map(|(image, means)| {
                let output = made.output(self.last(), image);
                self.means(&output, means);
                output
            })
            .collect();
        let statistics = self.followed(&stem, &blocks);
        let activations = Activations(Box::new(Kept { images, stem, blocks, outputs }));
        Learned { flat, activations, statistics }
    }

    fn forward(&self, images: &[f32]) -> Vec<f32> {
        let len = self.input.len();
        let mut flat = vec![0.0; images.len() / len * self.planes()];
        let each = images.par_chunks_exact(len).zip(flat.par_chunks_exact_mut(self.planes()));
        each.for_each(|(image, means)| self.predict_bordered(&self.bordered(image), means));
        flat
    }

    fn predict(&self, planes: &[f32], flat: &mut [f32]) {
        let count = self.input.planes();
        let [height, width] = self.input.side();
        let canvas = self.stem.filters.geometry().from;
        let mut bordered = canvas.blank();
        for (plane, from) in planes.chunks_exact(height * width).enumerate() {
            for (row, from) in canvas.rows().zip(from.chunks_exact(width)) {
                for (pixel, &number) in bordered[row].chunks_exact_mut(count).zip(from) {
                    pixel[plane] = number;
                }
            }
        }
        self.predict_bordered(&bordered, flat);
    }

    fn backward(
        &self,
        _images: &[f32],
        activations: &Activations,
        upper: &[f32],
    ) -> Vec<Option<Vec<f32>>> {
        let kept: &Kept =
            activations.0.downcast_ref().expect("the activations are those of this trunk");
        let made = kept.blocks.last().expect("a residual network has blocks");
        let mut upper = of_means(self.last(), made, &kept.outputs, upper);
        // From the last unit to the first.
        let mut gradients: Vec<UnitGradients> = Vec::new();
        for (index, units) in self.blocks.iter().enumerate().rev() {
            let makers = makers_below((&self.stem, &kept.stem), &self.blocks, &kept.blocks, index);
            let (lower, of_block) = units.descend(&kept.blocks[index], &upper, makers);
            gradients.extend(of_block.into_iter().rev());
            upper = lower;
        }
        gradients.push(of_stem(&self.stem, &kept.stem, &kept.images, &upper));
        gradients.into_iter().rev().flatten().collect()
    }
}
