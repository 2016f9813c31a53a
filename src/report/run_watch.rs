//! Watches a run for people: a line on the screen, and TensorBoard events.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tesela_models::{FitEvent, StageTimes};

use super::live_words::LiveWords;
use super::run_clock::{RunClock, duration};
use super::{Caption, EventLog, confusion_picture};
use crate::numerals::percent;
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
    clock: RunClock,
    /// Steps of the fit that the progress bar has heard of.
    heard: u64,
    /// Steps of the fit, and how many patches they see together.
    total: (u64, u64),
    /// Whether this process has moved the weights of the network that is being fitted.
    stepped: bool,
    shown: Instant,
    predicting: bool,
    words: LiveWords,
    /// Whether to tell what the time of a fit went into.
    profile: bool,
}

impl<'a> RunWatch<'a> {
    /// Shows the run `name` on `progress`, and logs events below `events`.
    pub fn new(progress: &'a mut (dyn Progress + 'a), events: &Path, name: &str) -> Self {
        Self {
            progress,
            events: events.to_owned(),
            log: None,
            name: name.to_owned(),
            clock: RunClock::start(),
            heard: 0,
            total: (0, 0),
            stepped: false,
            shown: Instant::now(),
            predicting: false,
            words: LiveWords::default(),
            profile: false,
        }
    }

    /// The same watch, which tells what the time of each fit of a network went into where `profile` is set.
    #[must_use]
    pub fn with_profile(self, profile: bool) -> Self {
        Self { profile, ..self }
    }

    fn advance_to(&mut self, done: u64) {
        self.progress.advance(done.saturating_sub(self.heard));
        self.heard = self.heard.max(done);
        self.clock.advance_to(done as f64 / self.total.0.max(1) as f64);
    }

    /// Within an epoch the bar waits, and the clock goes on.
    fn see(&mut self, patches: u64) {
        if !self.stepped {
            self.stepped = true;
            self.clock.resume();
        }
        self.clock.advance_to(patches as f64 / self.total.1.max(1) as f64);
    }

    /// Renews the words beside the bar, but not more often than eyes can follow.
    fn show(&mut self, at_once: bool) {
        if at_once || self.shown.elapsed() >= RENEWAL {
            self.shown = Instant::now();
            let words = self.words.to_string(self.clock.left());
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
        self.clock.begin_run(parts - done);
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
        self.words = LiveWords::default();
        self.predicting = false;
        self.progress.start(&part.to_string(), None, "reading");
    }

    fn fit_event(&mut self, part: Part, event: &FitEvent) {
        if let Some(log) = &self.log {
            log.fit_event(event);
        }
        self.words.hear(event, Instant::now());
        match event {
            FitEvent::Started { unit, total, patches } => {
                self.heard = 0;
                self.stepped = false;
                self.total = (*total, total.saturating_mul(*patches));
                self.progress.start(&part.to_string(), Some(*total), unit);
                self.show(true);
            }
            FitEvent::Progress { done, .. } => {
                self.advance_to(*done);
                self.show(false);
            }
            FitEvent::Batch { patches, .. } => {
                self.see(*patches);
                self.show(false);
            }
            FitEvent::Epoch { epoch, .. } => {
                self.advance_to(*epoch);
                self.show(true);
            }
            FitEvent::Profile(times) if self.profile => {
                for words in profile_words(times) {
                    self.progress.finish(&format!("{part}: {words}"));
                }
            }
            FitEvent::Warning { message } => {
                self.progress.warn(&format!("{part}: {message}"));
            }
            _ => {}
        }
    }

    fn predicted(&mut self, part: Part, done: usize, total: usize) {
        if !self.predicting {
            self.predicting = true;
            self.heard = 0;
            self.progress.start(&part.to_string(), Some(total as u64), "cells classified");
            self.words = LiveWords::default();
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
        self.clock.end_part();
        let fitted = format!("fitted in {}", duration(fit_seconds));
        self.progress.finish(&match held_out.map(|held_out| held_out.scores) {
            Some(scores) => format!(
                "{part}: accuracy {}, macro F1 {:.4}, {} cells, {fitted}",
                percent(scores.accuracy),
                scores.macro_average.f1,
                scores.cells
            ),
            None => format!("{part}: {fitted}"),
        });
    }
}

/// Which stage the time went into, and which one bounds the others, in two lines.
fn profile_words(times: &StageTimes) -> [String; 2] {
    let StageTimes { reading, preparing, waiting, computing, validating } = *times;
    let total = (waiting + computing + validating).max(1e-9);
    let share = |seconds: f64| percent(seconds / total);
    // The first batch of each epoch is waited for, however quick the others are.
    let data_is_idle = reading + preparing < 0.5 * (waiting + computing);
    let bottleneck = if waiting < 0.1 * (waiting + computing) || data_is_idle {
        "the network"
    } else if reading > preparing {
        "reading"
    } else {
        "preparing"
    };
    let (computing, waiting) = (share(computing), share(waiting));
    let (reading, preparing) = (share(reading), share(preparing));
    [
        format!(
            "the network computes {computing}, waits for patches {waiting}, validates {}",
            share(validating)
        ),
        format!(
            "patches: {reading} reading, {preparing} preparing; the bottleneck is {bottleneck}"
        ),
    ]
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
        assert!(words[0].contains("computes 87.9 %"), "{words:?}");
        assert_eq!(
            words[1],
            "patches: 5.5 % reading, 22.0 % preparing; the bottleneck is the network"
        );
        let bottleneck = |times| profile_words(&times)[1].clone();
        assert!(bottleneck(times(0.5, 2.0, 3.0)).ends_with("the network"));
        assert!(bottleneck(times(1.0, 9.0, 3.0)).ends_with("preparing"));
        assert!(bottleneck(times(9.0, 1.0, 3.0)).ends_with("reading"));
    }
}
