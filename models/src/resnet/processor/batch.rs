//! A batch on its way through the network.

use super::norm::{Affine, Moments};
use super::sweeps::Around;
use super::unit::Unit;

/// One image after the other, each on its canvas.
pub(super) type Images = Vec<Vec<f32>>;

/// What the convolution of a unit made of a batch, and what its norm does then.
#[derive(Debug)]
pub(super) struct Made {
    /// Not normed yet.
    pub(super) values: Images,
    pub(super) moments: Moments,
    pub(super) affine: Affine,
}

/// What a block made of a batch, and of what.
#[derive(Debug)]
pub(super) struct BlockMade {
    pub(super) input: Images,
    pub(super) first: Made,
    /// What the second convolution took.
    pub(super) between: Images,
    pub(super) second: Made,
    pub(super) short: Option<Made>,
}

/// A block with its weights.
#[derive(Debug, Clone)]
pub(super) struct BlockUnits {
    pub(super) first: Unit,
    pub(super) second: Unit,
    pub(super) short: Option<Unit>,
}

impl Made {
    /// What `unit` makes of an image after all: normed and rectified.
    pub(super) fn activated(&self, unit: &Unit, image: usize) -> Vec<f32> {
        let mut values = self.values[image].clone();
        unit.activate(&mut values, &self.affine, None);
        values
    }
}

impl BlockMade {
    /// What the block makes of an image.
    pub(super) fn output(&self, units: &BlockUnits, image: usize) -> Vec<f32> {
        let around = match &self.short {
            Some(short) => Around { values: &short.values[image], affine: Some(&short.affine) },
            None => Around { values: &self.input[image], affine: None },
        };
        let mut values = self.second.values[image].clone();
        units.second.activate(&mut values, &self.second.affine, Some(around));
        values
    }
}
