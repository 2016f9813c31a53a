//! The way forward: of a batch in training, where norms see all of it, and of an image in prediction.

use rayon::prelude::*;

use super::batch::{BlockMade, BlockUnits, Images, Made};
use super::norm::Moments;
use super::sweeps::Around;
use super::unit::Unit;

/// What a convolution made of an image, and what its norm has to know of it.
type Measured = (Vec<f32>, Moments);

/// What each of some units makes of `count` images, which `input` makes; the images come first.
pub(super) fn convolve(
    units: &[&Unit],
    count: usize,
    input: impl Fn(usize) -> Vec<f32> + Sync,
) -> (Images, Vec<Made>) {
    let each: Vec<(Vec<f32>, Vec<Measured>)> = (0..count)
        .into_par_iter()
        .map(|image| {
            let image = input(image);
            let made = units.iter().map(|unit| unit.measured(&image)).collect();
            (image, made)
        })
        .collect();
    let (images, made): (Images, Vec<_>) = each.into_iter().unzip();
    let mut of_units: Vec<(Images, Vec<Moments>)> =
        units.iter().map(|_| Default::default()).collect();
    for made in made {
        for ((values, moments), own) in made.into_iter().zip(&mut of_units) {
            own.0.push(values);
            own.1.push(moments);
        }
    }
    let made = units.iter().zip(of_units).map(|(unit, (values, moments))| {
        let moments = moments.into_iter().reduce(|sum, own| sum.join(&own));
        let moments = moments.expect("a batch has images");
        Made { values, affine: unit.norm.of_batch(&moments), moments }
    });
    (images, made.collect())
}

impl Unit {
    fn measured(&self, image: &[f32]) -> Measured {
        let values = self.filters.forward(image);
        let moments = Moments::of(self.arch, self.canvas(), &values);
        (values, moments)
    }
}

impl BlockUnits {
    /// What the block makes of a batch, whose images `input` makes.
    pub(super) fn learn(
        &self,
        count: usize,
        input: impl Fn(usize) -> Vec<f32> + Sync,
    ) -> BlockMade {
        let units: Vec<&Unit> = [&self.first].into_iter().chain(&self.short).collect();
        let (input, made) = convolve(&units, count, input);
        let mut made = made.into_iter();
        let first = made.next().expect("a block has a first unit");
        let (between, second) =
            convolve(&[&self.second], count, |image| first.activated(&self.first, image));
        let second = second.into_iter().next().expect("a block has a second unit");
        BlockMade { input, first, between, second, short: made.next() }
    }

    /// What the block makes of an image in prediction.
    pub(super) fn predict(&self, image: &[f32]) -> Vec<f32> {
        let (mut between, affine) = self.first.convolved(image);
        self.first.activate(&mut between, affine, None);
        let (mut output, affine) = self.second.convolved(&between);
        let short = self.short.as_ref().map(|short| short.convolved(image));
        let around = match &short {
            Some((values, affine)) => Around { values, affine: Some(affine) },
            None => Around { values: image, affine: None },
        };
        self.second.activate(&mut output, affine, Some(around));
        output
    }
}
