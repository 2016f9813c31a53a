//! A step of the optimiser on the processor: one way over the memory, in place of one for each operation.
//!
//! A test holds it and the same rules on tensors to the same figures.

use pulp::Arch;
use rayon::prelude::*;

use super::weights::to_single;

/// Numbers that one thread takes at a time.
const PIECE: usize = 1 << 14;

/// The factors of one step of AdamW.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    pub(crate) betas: [f64; 2],
    pub(crate) eps: f64,
    /// The step size over the correction of the mean gradient.
    pub(crate) size: f64,
    /// One over the root of the correction of the mean squared gradient.
    pub(crate) scale: f64,
    /// What weight decay leaves of a weight.
    pub(crate) kept: f64,
}

impl AdamStep {
    /// Moves `values`, with the means `first` and `second`.
    pub(crate) fn apply(
        &self,
        values: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradients: &[f32],
    ) {
        let [beta_1, beta_2] = self.betas.map(to_single);
        let [own_1, own_2] = self.betas.map(|beta| to_single(1.0 - beta));
        let [eps, size, scale, kept] = [self.eps, self.size, self.scale, self.kept].map(to_single);
        let arch = Arch::new();
        let pieces = values
            .par_chunks_mut(PIECE)
            .zip(first.par_chunks_mut(PIECE))
            .zip(second.par_chunks_mut(PIECE))
            .zip(gradients.par_chunks(PIECE));
        pieces.for_each(|(((values, first), second), gradients)| {
            arch.dispatch(|| {
                let means = first.iter_mut().zip(second.iter_mut());
                for ((value, (first, second)), &gradient) in
                    values.iter_mut().zip(means).zip(gradients)
                {
                    *first = beta_1 * *first + own_1 * gradient;
                    *second = beta_2 * *second + own_2 * gradient * gradient;
                    *value = kept * *value - size * *first / (second.sqrt() * scale + eps);
                }
            });
        });
    }
}

/// The factors of one step of SGD.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MomentumStep {
    pub(crate) size: f64,
    pub(crate) momentum: f64,
    pub(crate) nesterov: bool,
    /// The pull of weight decay, which is part of the gradient.
    pub(crate) pull: f64,
}

impl MomentumStep {
    /// Moves `values`, with the velocity `first`.
    pub(crate) fn apply(&self, values: &mut [f32], first: &mut [f32], gradients: &[f32]) {
        let [size, momentum, pull] = [self.size, self.momentum, self.pull].map(to_single);
        let arch = Arch::new();
        let pieces = values
            .par_chunks_mut(PIECE)
            .zip(first.par_chunks_mut(PIECE))
            .zip(gradients.par_chunks(PIECE));
        pieces.for_each(|((values, first), gradients)| {
            arch.dispatch(|| {
                let numbers = values.iter_mut().zip(first.iter_mut());
                for ((value, first), &gradient) in numbers.zip(gradients) {
                    let gradient = gradient + pull * *value;
                    *first = momentum * *first + gradient;
                    let ahead = gradient + momentum * *first;
                    *value -= size * if self.nesterov { ahead } else { *first };
                }
            });
        });
    }
}
