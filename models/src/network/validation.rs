//! What patches that are not fitted on say of a network.

use super::computation::Computation;
use super::parameters::Parameters;
use super::pipeline::Pipeline;
use crate::classifier::{FitError, FitObserver};

/// What the validation patches say of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Validation {
    /// Mean of minus the logarithm of the probability of the right class.
    pub(crate) loss: f64,
    /// Share of the patches whose most probable class is right.
    pub(crate) accuracy: f64,
}

impl Validation {
    /// Predicts all patches of `pipeline` with `parameters`; `None` where there are none.
    pub(crate) fn of(
        computation: Computation<'_>,
        parameters: &Parameters,
        pipeline: &Pipeline<'_>,
        observer: &mut dyn FitObserver,
    ) -> Result<Option<Self>, FitError> {
        let count = pipeline.source.len();
        if count == 0 {
            return Ok(None);
        }
        let bound = computation.bind(parameters);
        let classes = computation.network.input().classes();
        let (mut sum, mut right) = (0.0, 0_usize);
        let order: Vec<u32> = (0..).take(count).collect();
        pipeline.run(&order, 0, 0, |batch| {
            let labels = batch.labels.clone();
            let logits = computation.logits(parameters, bound.as_deref(), batch);
            for (row, label) in logits.chunks_exact(classes).zip(labels) {
                sum += negative_log_probability(row, label.index());
                right += usize::from(highest(row) == label.index());
            }
            if observer.wants_stop() { Err(FitError::Interrupted) } else { Ok(()) }
        })?;
        let count = count as f64;
        Ok(Some(Self { loss: sum / count, accuracy: right as f64 / count }))
    }
}

/// The position of the highest number, the first where several are.
fn highest(row: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

/// Minus the logarithm of the probability that `logits` give to `class`.
fn negative_log_probability(logits: &[f32], class: usize) -> f64 {
    let most = f64::from(logits[highest(logits)]);
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - most).exp()).sum();
    sum.ln() + most - f64::from(logits[class])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_of_a_patch_is_its_negative_log_probability() {
        let loss = negative_log_probability(&[0.0, 2.0, 1000.0], 2);
        assert!(loss.abs() < 1e-12);
        let even = negative_log_probability(&[1.0, 1.0], 0);
        assert!((even - 2_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_first_of_equal_logits_wins() {
        assert_eq!(highest(&[1.0, 3.0, 3.0]), 1);
    }
}
