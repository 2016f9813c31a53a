//! Batch norms on the processor: statistics over a batch, and the way back through them.

use pulp::Arch;

use super::canvas::Canvas;
use super::sums::{Sums, Term};
use crate::network::{NORM_EPSILON, NORM_MOMENTUM, to_single};

/// A batch norm with its numbers, one for each channel; those of channels that fill vectors up make zeros of zeros.
#[derive(Debug, Clone)]
pub(super) struct Norm {
    planes: usize,
    scale: Vec<f32>,
    shift: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
}

/// What a norm does to each number of a channel: `factor` · number + `offset`.
#[derive(Debug, Clone)]
pub(super) struct Affine {
    pub(super) factor: Vec<f32>,
    pub(super) offset: Vec<f32>,
    pub(super) mean: Vec<f32>,
    /// One over the root of the variance.
    inverse: Vec<f32>,
}

/// The way back through a norm: `factor` · (gradient − `level`) − `tilt` · (number − `mean`).
#[derive(Debug, Clone)]
pub(super) struct Descent {
    pub(super) factor: Vec<f32>,
    pub(super) level: Vec<f32>,
    pub(super) tilt: Vec<f32>,
    pub(super) mean: Vec<f32>,
    /// The gradients of scale and shift.
    pub(super) gradients: [Vec<f32>; 2],
}

/// How many numbers of each channel, their mean and the sum of their squared deviations from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moments {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

/// Sums over the pixels of an image: of the gradients of what a norm made, and of their products with how far what it
/// took lay from the mean.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slants {
    level: Vec<f64>,
    slant: Vec<f64>,
}

impl Moments {
    /// Those of an image.
    pub(super) fn of(arch: Arch, canvas: Canvas, values: &[f32]) -> Self {
        let count = canvas.pixels() as f64;
        let mut mean = arch.dispatch(Sums { canvas, values, term: Term::Value });
        for mean in &mut mean {
            *mean /= count;
        }
        // Deviations from the mean as it is in single precision; what that leaves is taken out below.
        let centre = singles(&mean);
        let mut squares =
            arch.dispatch(Sums { canvas, values, term: Term::Square { centre: &centre } });
        for ((squares, mean), &centre) in squares.iter_mut().zip(&mean).zip(&centre) {
            *squares = (*squares - count * (mean - f64::from(centre)).powi(2)).max(0.0);
        }
        Self { count, mean, squares }
    }

    /// Adds those of other pixels (Chan, Golub and LeVeque 1979).
    pub(super) fn join(mut self, other: &Self) -> Self {
        let count = self.count + other.count;
        let own = self.mean.iter_mut().zip(&mut self.squares);
        for ((mean, squares), (&theirs, &more)) in own.zip(other.mean.iter().zip(&other.squares)) {
            let distance = theirs - *mean;
            *mean += distance * other.count / count;
            *squares += more + distance * distance * self.count * other.count / count;
        }
        self.count = count;
        self
    }
}

impl Slants {
    /// Those of an image: `upper` is the gradient of what the norm made, `values` what it took.
    pub(super) fn of(
        arch: Arch,
        canvas: Canvas,
        upper: &[f32],
        values: &[f32],
        affine: &Affine,
    ) -> Self {
        let term = Term::Product { centre: &affine.mean, factors: upper };
        Self {
            level: arch.dispatch(Sums { canvas, values: upper, term: Term::Value }),
            slant: arch.dispatch(Sums { canvas, values, term }),
        }
    }

    /// Adds those of other pixels.
    pub(super) fn join(&mut self, other: &Self) {
        let own = self.level.iter_mut().chain(&mut self.slant);
        for (own, other) in own.zip(other.level.iter().chain(&other.slant)) {
            *own += other;
        }
    }
}

impl Norm {
    /// A norm of `channels` channels with tensors in PyTorch's order: weight, bias, running mean, running variance.
    pub(super) fn new(tensors: &[Vec<f32>], channels: usize) -> Self {
        let fill = |tensor: usize, value: f32| {
            let mut numbers = tensors[tensor].clone();
            numbers.resize(channels, value);
            numbers
        };
        Self {
            planes: tensors[0].len(),
            scale: fill(0, 0.0),
            shift: fill(1, 0.0),
            mean: fill(2, 0.0),
            variance: fill(3, 1.0),
        }
    }

    /// Planes of the network.
    pub(super) fn planes(&self) -> usize {
        self.planes
    }

    /// What it does in training, where a batch is normed with its own statistics.
    pub(super) fn of_batch(&self, moments: &Moments) -> Affine {
        let variance = moments.squares.iter().map(|squares| squares / moments.count);
        self.affine(moments.mean.iter().copied(), variance)
    }

    /// What it does in prediction.
    pub(super) fn of_running(&self) -> Affine {
        self.affine(
            self.mean.iter().copied().map(f64::from),
            self.variance.iter().copied().map(f64::from),
        )
    }

    fn affine(
        &self,
        mean: impl Iterator<Item = f64>,
        variance: impl Iterator<Item = f64>,
    ) -> Affine {
        let mut affine = Affine {
            factor: Vec::new(),
            offset: Vec::new(),
            mean: Vec::new(),
            inverse: Vec::new(),
        };
        let learned = self.scale.iter().zip(&self.shift);
        for ((mean, variance), (&scale, &shift)) in mean.zip(variance).zip(learned) {
            let inverse = 1.0 / (variance + NORM_EPSILON).sqrt();
            let factor = f64::from(scale) * inverse;
            affine.factor.push(to_single(factor));
            affine.offset.push(to_single(f64::from(shift) - factor * mean));
            affine.mean.push(to_single(mean));
            affine.inverse.push(to_single(inverse));
        }
        affine
    }

    /// What running mean and variance become after a batch: as PyTorch, which follows the unbiased variance.
    pub(super) fn followed(&self, moments: &Moments) -> [Vec<f32>; 2] {
        let free = moments.count.max(2.0) - 1.0;
        let follow = |old: &[f32], new: &mut dyn Iterator<Item = f64>| {
            let both = old[..self.planes].iter().zip(new);
            both.map(|(&old, new)| {
                to_single((1.0 - NORM_MOMENTUM) * f64::from(old) + NORM_MOMENTUM * new)
            })
            .collect()
        };
        [
            follow(&self.mean, &mut moments.mean.iter().copied()),
            follow(&self.variance, &mut moments.squares.iter().map(|squares| squares / free)),
        ]
    }

    /// The way back, for a batch whose gradients sum to `slants` over `count` pixels.
    pub(super) fn descent(&self, affine: &Affine, slants: &Slants, count: f64) -> Descent {
        let mut descent = Descent {
            factor: affine.factor.clone(),
            level: slants.level.iter().map(|level| to_single(level / count)).collect(),
            tilt: Vec::new(),
            mean: affine.mean.clone(),
            gradients: [Vec::new(), singles(&slants.level[..self.planes])],
        };
        let channels = affine.inverse.iter().zip(&affine.factor).zip(&slants.slant);
        for ((&inverse, &factor), slant) in channels {
            let inverse = f64::from(inverse);
            descent.tilt.push(to_single(f64::from(factor) * inverse * inverse * slant / count));
            descent.gradients[0].push(to_single(inverse * slant));
        }
        descent.gradients[0].truncate(self.planes);
        descent
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().copied().map(to_single).collect()
}
