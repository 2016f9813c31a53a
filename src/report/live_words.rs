//! What stands beside the bar while a model is fitted: how long it will take, the loss, the speed, the last epoch.
//!
//! A screen of eighty columns shows the first three.

use std::time::{Duration, Instant};

use tesela_models::FitEvent;

use super::run_clock::rough;
use crate::numerals::percent;

/// A speed is measured over this time, at least.
const SPAN: Duration = Duration::from_millis(500);

/// What is known of a fit.
#[derive(Debug, Default)]
pub(super) struct LiveWords {
    loss: Option<f64>,
    speed: Option<f64>,
    epoch: Option<String>,
    /// When the present epoch was first heard of, and how many patches had been seen then.
    mark: Option<(Instant, u64)>,
}

impl LiveWords {
    /// Takes what `event`, heard at `now`, says.
    pub(super) fn hear(&mut self, event: &FitEvent, now: Instant) {
        match event {
            FitEvent::Batch { loss, patches, .. } => {
                self.loss = Some(*loss);
                // Since the mark alone: a training that goes on has seen patches in another process.
                let (since, before) = *self.mark.get_or_insert((now, *patches));
                let time = now.duration_since(since);
                if time >= SPAN {
                    self.speed = Some((patches - before) as f64 / time.as_secs_f64());
                }
            }
            FitEvent::Epoch {
                train_loss,
                validation_loss,
                validation_accuracy,
                patches_per_second,
                ..
            } => {
                self.speed = Some(*patches_per_second);
                self.epoch = Some(epoch_words(*train_loss, *validation_loss, *validation_accuracy));
                self.mark = None;
            }
            _ => {}
        }
    }

    /// All words, where the run takes `left` seconds more.
    pub(super) fn to_string(&self, left: Option<f64>) -> String {
        let words = [
            left.map(|left| format!("{} left", rough(left))),
            self.loss.map(|loss| format!("loss {loss:.4}")),
            self.speed.map(|speed| format!("{speed:.0} patches/s")),
            self.epoch.clone(),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

fn epoch_words(train: f64, validation: Option<f64>, accuracy: Option<f64>) -> String {
    let loss = validation.map(|loss| format!(", validation {loss:.4}")).unwrap_or_default();
    let accuracy = accuracy.map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    format!("epoch loss {train:.4}{loss}{accuracy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(patches: u64) -> FitEvent {
        FitEvent::Batch { step: 1, loss: 0.25, learning_rate: 0.1, patches }
    }

    fn epoch() -> FitEvent {
        FitEvent::Epoch {
            epoch: 1,
            train_loss: 0.5,
            validation_loss: Some(0.75),
            validation_accuracy: Some(0.875),
            learning_rate: 0.1,
            patches_per_second: 300.0,
        }
    }

    #[test]
    fn the_speed_is_that_of_this_process_and_of_this_epoch() {
        let (mut words, start) = (LiveWords::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        // Of a million patches nobody knows how long they took.
        words.hear(&batch(1_000_000), start);
        assert_eq!(words.to_string(None), "loss 0.2500");
        words.hear(&batch(1_000_400), after(2));
        assert_eq!(words.to_string(Some(119.0)), "1 min left · loss 0.2500 · 200 patches/s");
        words.hear(&epoch(), after(3));
        words.hear(&batch(1_000_600), after(60));
        assert!(words.to_string(None).contains("300 patches/s"), "validation takes time, too");
        words.hear(&batch(1_001_600), after(62));
        let expected =
            "loss 0.2500 · 500 patches/s · epoch loss 0.5000, validation 0.7500 (87.5 %)";
        assert_eq!(words.to_string(None), expected);
    }
}
