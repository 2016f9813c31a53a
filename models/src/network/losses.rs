//! The losses of an epoch: left on the device for a while, because reading one waits for it.

use std::time::{Duration, Instant};

use burn::tensor::Tensor;

use super::parameters::host;
use crate::classifier::FitError;

/// The least time between two reads, and so between two events of batches.
const PAUSE: Duration = Duration::from_millis(100);

/// The losses of the steps of an epoch.
pub(crate) struct Losses {
    waiting: Vec<(Tensor<1>, f64)>,
    next_step: u64,
    sum: f64,
    patches: f64,
    last_read: Instant,
}

impl Losses {
    /// No losses yet; the first will be of step `step`, counted from 0.
    pub(crate) fn new(step: u64) -> Self {
        let last_read = Instant::now();
        Self { waiting: Vec::new(), next_step: step, sum: 0.0, patches: 0.0, last_read }
    }

    /// Adds the mean loss of a step over `count` patches.
    pub(crate) fn push(&mut self, loss: Tensor<1>, count: usize) {
        self.waiting.push((loss, count as f64));
    }

    /// The mean since the last answer, at most ten times a second.
    ///
    /// # Errors
    /// If a loss is not a finite number.
    pub(crate) fn read_if_due(&mut self) -> Result<Option<f64>, FitError> {
        if self.last_read.elapsed() < PAUSE {
            return Ok(None);
        }
        self.last_read = Instant::now();
        self.read().map(Some)
    }

    /// The mean over the epoch.
    ///
    /// # Errors
    /// If a loss is not a finite number.
    pub(crate) fn mean(mut self) -> Result<f64, FitError> {
        self.read()?;
        Ok(self.sum / self.patches.max(1.0))
    }

    /// Reads what waits; gives its mean.
    fn read(&mut self) -> Result<f64, FitError> {
        let (mut sum, mut patches) = (0.0, 0.0);
        for (loss, count) in self.waiting.drain(..) {
            self.next_step += 1;
            let loss = f64::from(host(loss)[0]);
            if !loss.is_finite() {
                return Err(FitError::Diverged { step: self.next_step, loss });
            }
            sum += loss * count;
            patches += count;
            // One by one: the sum must not depend on when it was read.
            self.sum += loss * count;
            self.patches += count;
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
    fn the_mean_counts_patches_and_not_steps() {
        let mut losses = Losses::new(0);
        losses.push(loss(1.0), 3);
        losses.push(loss(5.0), 1);
        assert_eq!(losses.mean().unwrap(), 2.0);
    }

    #[test]
    fn a_loss_that_is_no_number_is_named_with_its_step() {
        let mut losses = Losses::new(10);
        losses.push(loss(1.0), 1);
        losses.push(loss(f32::NAN), 1);
        let error = losses.mean().unwrap_err().to_string();
        assert!(error.contains("NaN at step 12"), "{error}");
    }
}
