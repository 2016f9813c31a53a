//! Watches a run for people: a line on the screen, and TensorBoard events.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tesela_models::{FitEvent, StageTimes};

use super::format::percent;
use super::{Caption, EventLog, confusion_picture};
use crate::progress::Progress;
use crate::training::{HeldOut, Part, RunObserver};

/// How often a loss on the screen is renewed.
const RENEWAL: Duration = Duration::from_millis(200);

/// Watches a run.
pub struct RunWatch<'a> {
    progress: &'a mut (dyn Progress + 'a),
    events: PathBuf,
    log: Option<EventLog>,
    name: String,
    folds: usize,
    clock: RunClock,
    /// Steps of the fit that the progress bar has heard of.
    heard: u64,
    shown: Instant,
    predicting: bool,
    words: Words,
    /// Whether to tell what the time of a fit went into.
    profile: bool,
}

/// What stands beside the bar.
#[derive(Debug, Default)]
struct Words {
    loss: Option<f64>,
    epoch: Option<String>,
    speed: Option<f64>,
    patches: u64,
}

/// How long a run will still take, judged by the parts that this process has done.
#[derive(Debug)]
struct RunClock {
    start: Instant,
    parts: usize,
    done: usize,
    /// Share of the present part that is done, and how many steps it has.
    share: f64,
    total: u64,
    part_start: Instant,
}

impl<'a> RunWatch<'a> {
    /// Shows the run `name` of `folds` folds on `progress`, and logs events below `events`.
    pub fn new(
        progress: &'a mut (dyn Progress + 'a),
        events: &Path,
        name: &str,
        folds: usize,
    ) -> Self {
        let now = Instant::now();
        Self {
            progress,
            events: events.to_owned(),
            log: None,
            name: name.to_owned(),
            folds,
            clock: RunClock {
                start: now,
                parts: 0,
                done: 0,
                share: 0.0,
                total: 0,
                part_start: now,
            },
            heard: 0,
            shown: now,
            predicting: false,
            words: Words::default(),
            profile: false,
        }
    }

    /// The same watch, which tells what the time of each fit of a network went into where `profile` is set.
    #[must_use]
    pub fn with_profile(self, profile: bool) -> Self {
        Self { profile, ..self }
    }

    fn title(&self, part: Part) -> String {
        match part {
            Part::Fold(fold) => format!("{} fold {} of 0–{}", self.name, fold, self.folds - 1),
            Part::Final => format!("{} final model", self.name),
        }
    }

    fn advance_to(&mut self, done: u64) {
        self.progress.advance(done.saturating_sub(self.heard));
        self.heard = self.heard.max(done);
        self.clock.share = done as f64 / self.clock.total.max(1) as f64;
    }

    /// Renews the words beside the bar, but not more often than eyes can follow.
    fn show(&mut self, at_once: bool) {
        if at_once || self.shown.elapsed() >= RENEWAL {
            self.shown = Instant::now();
            let words = self.words.to_string(&self.clock);
            self.progress.show(&words);
        }
    }

    fn close_log(&mut self) {
        if let Some(Err(message)) = self.log.take().map(EventLog::close) {
            self.progress.warn(&message);
        }
    }
}

impl RunObserver for RunWatch<'_> {
    fn progress(&mut self) -> &mut dyn Progress {
        self.progress
    }

    fn wants_stop(&self) -> bool {
        self.progress.wants_stop()
    }

    fn begin_run(&mut self, done: usize, parts: usize) {
        self.clock.parts = parts - done;
        if done > 0 && done < parts {
            let words = format!("continuing: {done} of {parts} parts are done already");
            self.progress.finish(&words);
        }
    }

    fn begin_part(&mut self, part: Part) {
        let directory = self.events.join(part.folder());
        if directory.is_dir() && std::fs::remove_dir_all(&directory).is_err() {
            let directory = directory.display();
            self.progress.warn(&format!("cannot remove old TensorBoard events in `{directory}`"));
        }
        self.log = Some(EventLog::open(&directory));
        self.words = Words::default();
        self.predicting = false;
        self.clock.part_start = Instant::now();
        self.clock.share = 0.0;
        let title = self.title(part);
        self.progress.start(&title, None, "reading");
    }

    fn fit_event(&mut self, part: Part, event: &FitEvent) {
        if let Some(log) = &self.log {
            log.fit_event(event);
        }
        match event {
            FitEvent::Started { unit, total, .. } => {
                self.heard = 0;
                self.clock.total = *total;
                let title = self.title(part);
                self.progress.start(&title, Some(*total), unit);
                self.show(true);
            }
            FitEvent::Progress { done, patches } => {
                self.advance_to(*done);
                self.words.patches = self.words.patches.max(*patches);
                self.show(false);
            }
            FitEvent::Batch { loss, patches, .. } => {
                self.words.loss = Some(*loss);
                self.words.patches = *patches;
                self.words.speed =
                    Some(*patches as f64 / self.clock.part_start.elapsed().as_secs_f64().max(1e-3));
                self.show(false);
            }
            FitEvent::Epoch {
                epoch,
                train_loss,
                validation_loss,
                validation_accuracy,
                patches_per_second,
                ..
            } => {
                self.advance_to(*epoch);
                self.words.speed = Some(*patches_per_second);
                self.words.epoch =
                    Some(epoch_words(*train_loss, *validation_loss, *validation_accuracy));
                self.show(true);
            }
            FitEvent::Profile(times) if self.profile => {
                let title = self.title(part);
                self.progress.finish(&format!("{title}: {}", profile_words(times)));
            }
            FitEvent::Warning { message } => {
                let title = self.title(part);
                self.progress.warn(&format!("{title}: {message}"));
            }
            _ => {}
        }
    }

    fn predicted(&mut self, part: Part, done: usize, total: usize) {
        if !self.predicting {
            self.predicting = true;
            self.heard = 0;
            let title = self.title(part);
            self.progress.start(&title, Some(total as u64), "cells classified");
            self.words = Words::default();
            self.show(true);
        }
        let done = done as u64;
        self.progress.advance(done.saturating_sub(self.heard));
        self.heard = self.heard.max(done);
    }

    fn end_part(&mut self, part: Part, held_out: Option<HeldOut<'_>>, fit_seconds: f64) {
        if let (Some(log), Some(held_out)) = (&self.log, held_out) {
            let caption = Caption { title: self.name.clone(), how: part.to_string() };
            let HeldOut { classes, scores, confusion } = held_out;
            log.scores(scores);
            log.image("confusion", &confusion_picture(confusion, scores, classes, &caption), 0);
        }
        self.close_log();
        self.clock.done += 1;
        self.clock.share = 0.0;
        let title = self.title(part);
        let fitted = format!("fitted in {}", duration(fit_seconds));
        self.progress.finish(&match held_out.map(|held_out| held_out.scores) {
            Some(scores) => format!(
                "{title}: accuracy {}, macro F1 {:.4}, {} cells, {fitted}",
                percent(scores.accuracy),
                scores.macro_average.f1,
                scores.cells
            ),
            None => format!("{title}: {fitted}"),
        });
    }
}

impl Words {
    fn to_string(&self, clock: &RunClock) -> String {
        let mut words = Vec::new();
        // A narrow screen shows the beginning only.
        words.extend(clock.left().map(|left| format!("run {} left", duration(left))));
        words.extend(self.loss.map(|loss| format!("loss {loss:.4}")));
        words.extend(self.speed.map(|speed| format!("{speed:.0} patches/s")));
        words.extend(self.epoch.clone());
        words.join(" · ")
    }
}

impl RunClock {
    /// Seconds until the run is done; `None` while too little is done to tell.
    fn left(&self) -> Option<f64> {
        let done = self.done as f64 + self.share;
        let left = self.parts as f64 - done;
        (done > 0.05).then(|| self.start.elapsed().as_secs_f64() * left.max(0.0) / done)
    }
}

/// Which stage the time went into, and which one bounds the others.
fn profile_words(times: &StageTimes) -> String {
    let StageTimes { reading, preparing, waiting, computing, validating } = *times;
    let total = (waiting + computing + validating).max(1e-9);
    let share = |seconds: f64| percent(seconds / total);
    // The first batch of each epoch is waited for, however quick the others are.
    let data_is_idle = reading + preparing < 0.5 * (waiting + computing);
    let bottleneck = if waiting < 0.1 * (waiting + computing) || data_is_idle {
        "the network"
    } else if reading > preparing {
        "reading patches"
    } else {
        "preparing patches"
    };
    format!(
        "the network computes {}, waits for patches {}, validates {}; meanwhile patches are read {} and prepared {} of the \
         time; the bottleneck is {bottleneck}",
        share(computing),
        share(waiting),
        share(validating),
        share(reading),
        share(preparing)
    )
}

fn epoch_words(train: f64, validation: Option<f64>, accuracy: Option<f64>) -> String {
    let loss = validation.map(|loss| format!(", validation {loss:.4}")).unwrap_or_default();
    let accuracy = accuracy.map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    format!("epoch loss {train:.4}{loss}{accuracy}")
}

/// A length of time in the two units that matter.
pub fn duration(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    let whole = seconds.round().clamp(0.0, 1e9) as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_names_the_stage_that_bounds_the_others() {
        let times = |reading, preparing, waiting| StageTimes {
            reading,
            preparing,
            waiting,
            computing: 8.0,
            validating: 1.0,
        };
        let words = profile_words(&times(0.5, 2.0, 0.1));
        assert!(words.ends_with("the bottleneck is the network"), "{words}");
        assert!(words.contains("computes 87.9 %"), "{words}");
        assert!(profile_words(&times(0.5, 2.0, 3.0)).ends_with("the network"));
        assert!(profile_words(&times(1.0, 9.0, 3.0)).ends_with("preparing patches"));
        assert!(profile_words(&times(9.0, 1.0, 3.0)).ends_with("reading patches"));
    }

    #[test]
    fn lengths_of_time_are_told_in_two_units() {
        assert_eq!(duration(0.25), "0.2 s");
        assert_eq!(duration(59.6), "1 min 0 s");
        assert_eq!(duration(3725.0), "1 h 2 min");
    }
}
