//! The losses of an epoch: left on the device for a while, because reading one waits for it.

use std::time::{Duration, Instant};

use burn::tensor::Tensor;

use super::parameters::host;
use super::progress::Progress;
use crate::classifier::{FitError, MOST_LOSS};

/// The least time between two reads, and so between two events of batches.
const PAUSE: Duration = Duration::from_millis(100);

/// The losses of an epoch.
pub(crate) struct Losses {
    waiting: Vec<Part>,
    sum: f64,
    patches: f64,
    last_read: Instant,
}

/// The loss of a step, or of a part of it.
struct Part {
    loss: Tensor<1>,
    /// Patches of the whole step.
    weight: f64,
    /// Patches of the part.
    patches: f64,
    /// The step, counted from 1.
    step: u64,
}

impl Losses {
    /// The losses of the epoch that `progress` is in.
    pub(crate) fn new(progress: &Progress) -> Self {
        Self {
            waiting: Vec::new(),
            sum: progress.loss_sum,
            patches: progress.loss_patches,
            last_read: Instant::now(),
        }
    }

    /// Adds what `count` patches contribute to the mean loss of step `step`, counted from 1, which has `step_patches`.
    pub(crate) fn push(&mut self, loss: Tensor<1>, step_patches: usize, count: usize, step: u64) {
        let (weight, patches) = (step_patches as f64, count as f64);
        self.waiting.push(Part { loss, weight, patches, step });
    }

    /// Whether it is time to read: ten times a second, and with the last step of an epoch.
    pub(crate) fn is_due(&self, is_last: bool) -> bool {
        is_last || self.last_read.elapsed() >= PAUSE
    }

    /// The mean since the last answer.
    ///
    /// # Errors
    /// If a loss is not a finite number, or beyond reason.
    pub(crate) fn mean(&mut self) -> Result<f64, FitError> {
        self.last_read = Instant::now();
        self.read()
    }

    /// Writes the sums of the epoch so far into `progress`.
    ///
    /// # Errors
    /// As [`Self::mean`].
    pub(crate) fn read_into(&mut self, progress: &mut Progress) -> Result<(), FitError> {
        self.read()?;
        (progress.loss_sum, progress.loss_patches) = (self.sum, self.patches);
        Ok(())
    }

    /// Reads what waits; gives its mean.
    fn read(&mut self) -> Result<f64, FitError> {
        let (mut sum, mut patches) = (0.0, 0.0);
        for part in self.waiting.drain(..) {
            let loss = f64::from(host(part.loss)[0]);
            if !(loss.is_finite() && loss <= MOST_LOSS) {
                return Err(FitError::Diverged { step: part.step, loss, checkpoint: None });
            }
            sum += loss * part.weight;
            patches += part.patches;
            // One by one: the sum must not depend on when it was read.
            self.sum += loss * part.weight;
            self.patches += part.patches;
        }
        Ok(sum / patches.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn loss(value: f32) -> Tensor<1> {
        Tensor::from_floats([value], &Device::flex())
    }

    #[test]
    fn the_mean_counts_patches_and_not_steps_or_parts() {
        let mut progress = Progress::new();
        let mut losses = Losses::new(&progress);
        losses.push(loss(1.0), 3, 3, 1);
        // Two parts of one step of mean loss 5.
        losses.push(loss(2.0), 3, 2, 2);
        losses.push(loss(3.0), 3, 1, 2);
        losses.read_into(&mut progress).unwrap();
        assert_eq!((progress.loss_sum, progress.loss_patches), (18.0, 6.0));
        // An epoch that goes on adds to what was there.
        let mut losses = Losses::new(&progress);
        losses.push(loss(2.0), 1, 1, 3);
        losses.read_into(&mut progress).unwrap();
        assert_eq!((progress.loss_sum, progress.loss_patches), (20.0, 7.0));
    }

    #[test]
    fn a_loss_that_is_no_number_or_beyond_reason_is_named_with_its_step() {
        for (value, text) in [(f32::NAN, "NaN at step 12"), (2e6, "2000000 at step 12")] {
            let mut losses = Losses::new(&Progress::new());
            losses.push(loss(1.0), 1, 1, 11);
            losses.push(loss(value), 1, 1, 12);
            let error = losses.read().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
