//! How far a training has come: all of it that is not a tensor.

use serde::{Deserialize, Serialize};

use super::validation::Validation;
use crate::classifier::FitEvent;

/// How far a training has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Progress {
    /// The present epoch, counted from 1.
    pub(crate) epoch: u64,
    /// Patches of the epoch's order that are done.
    pub(crate) slots: u64,
    /// Steps of the optimiser, over all epochs.
    pub(crate) step: u64,
    /// Patches seen, over all epochs.
    pub(crate) patches: u64,
    /// Sum of the losses of the epoch's patches so far.
    pub(crate) loss_sum: f64,
    /// Patches behind that sum.
    pub(crate) loss_patches: f64,
    /// The lowest validation loss and its epoch.
    pub(crate) best: Option<(f64, u64)>,
    /// Whether the training has ended.
    pub(crate) ended: bool,
    /// The epochs that are done.
    pub(crate) history: Vec<EpochRecord>,
}

/// What is known of an epoch that is done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EpochRecord {
    pub(crate) epoch: u64,
    pub(crate) train_loss: f64,
    pub(crate) validation_loss: Option<f64>,
    pub(crate) validation_accuracy: Option<f64>,
    pub(crate) learning_rate: f64,
    pub(crate) patches_per_second: f64,
}

impl Progress {
    /// Before the first step.
    pub(crate) fn new() -> Self {
        Self {
            epoch: 1,
            slots: 0,
            step: 0,
            patches: 0,
            loss_sum: 0.0,
            loss_patches: 0.0,
            best: None,
            ended: false,
            history: Vec::new(),
        }
    }

    /// Closes the present epoch of at most `epochs`; training ends after `patience` epochs (0: never) without a lower
    /// validation loss. Gives whether the weights are the best so far.
    pub(crate) fn close_epoch(
        &mut self,
        record: EpochRecord,
        validation: Option<Validation>,
        epochs: u64,
        patience: u64,
    ) -> bool {
        let epoch = self.epoch;
        let lowest = self.best.map(|(loss, _)| loss);
        let is_best = validation.is_some_and(|own| lowest.is_none_or(|lowest| own.loss < lowest));
        if let Some(own) = validation.filter(|_| is_best) {
            self.best = Some((own.loss, epoch));
        }
        let waited = self.best.map_or(0, |(_, when)| epoch - when);
        self.ended = epoch >= epochs || (patience > 0 && waited >= patience);
        self.history.push(record);
        self.epoch += 1;
        self.slots = 0;
        (self.loss_sum, self.loss_patches) = (0.0, 0.0);
        is_best
    }
}

impl From<&EpochRecord> for FitEvent {
    fn from(record: &EpochRecord) -> Self {
        Self::Epoch {
            epoch: record.epoch,
            train_loss: record.train_loss,
            validation_loss: record.validation_loss,
            validation_accuracy: record.validation_accuracy,
            learning_rate: record.learning_rate,
            patches_per_second: record.patches_per_second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Epochs with these validation losses; gives which were the best so far, and whether training ended.
    fn run(losses: &[Option<f64>], epochs: u64, patience: u64) -> (Vec<bool>, Vec<bool>) {
        let mut progress = Progress::new();
        losses
            .iter()
            .map(|loss| {
                let validation = loss.map(|loss| Validation { loss, accuracy: 0.5 });
                let record = EpochRecord {
                    epoch: progress.epoch,
                    train_loss: 1.0,
                    validation_loss: *loss,
                    validation_accuracy: None,
                    learning_rate: 0.1,
                    patches_per_second: 1.0,
                };
                (progress.close_epoch(record, validation, epochs, patience), progress.ended)
            })
            .unzip()
    }

    #[test]
    fn the_lowest_loss_is_the_best_and_patience_counts_from_it() {
        let losses = [3.0, 1.0, 2.0, 1.0, 0.5].map(Some);
        let (best, ended) = run(&losses, 10, 2);
        assert_eq!(best, [true, true, false, false, true]);
        assert_eq!(ended, [false, false, false, true, false]);
        assert_eq!(run(&losses, 10, 0).1, [false; 5]);
        assert_eq!(run(&losses, 5, 0).1, [false, false, false, false, true]);
    }

    #[test]
    fn without_validation_nothing_is_best_and_nothing_stops_early() {
        assert_eq!(run(&[None; 4], 4, 1), (vec![false; 4], vec![false, false, false, true]));
    }
}
