//! What happens while a model is fitted, and how it is scored, as TensorBoard events: the tags are given here.

use tesela_models::FitEvent;
use tesela_models::histogram::Histogram;

use super::EventLog;
use crate::metrics::Scores;

impl EventLog {
    /// Logs `event`, where it has numbers to look at.
    pub fn fit_event(&self, event: &FitEvent) {
        match event {
            FitEvent::Batch { step, loss, learning_rate, .. } => {
                self.scalar("step/loss", *loss, *step);
                self.scalar("step/learning-rate", *learning_rate, *step);
            }
            FitEvent::GradientNorm { step, norm } => {
                self.scalar("step/gradient-norm", *norm, *step);
            }
            FitEvent::Epoch {
                epoch,
                train_loss,
                validation_loss,
                validation_accuracy,
                patches_per_second,
                ..
            } => {
                let figures = [
                    ("train-loss", Some(*train_loss)),
                    ("validation-loss", *validation_loss),
                    ("validation-accuracy", *validation_accuracy),
                    ("patches-per-second", Some(*patches_per_second)),
                ];
                for (name, value) in figures {
                    if let Some(value) = value {
                        self.scalar(&format!("epoch/{name}"), value, *epoch);
                    }
                }
            }
            FitEvent::Weights { epoch, histograms } => {
                self.histograms("weights", histograms, *epoch);
            }
            FitEvent::Activations { epoch, histograms } => {
                self.histograms("activations", histograms, *epoch);
            }
            _ => {}
        }
    }

    /// Logs all figures of `scores` that there are.
    pub fn scores(&self, scores: &Scores) {
        for figure in scores.figures() {
            if let Some(value) = figure.value {
                self.scalar(&format!("score/{}", figure.name.replace(' ', "-")), value, 0);
            }
        }
    }

    fn histograms(&self, group: &str, histograms: &[Histogram], step: u64) {
        for histogram in histograms {
            self.histogram(&format!("{group}/{}", histogram.name), histogram, step);
        }
    }
}
