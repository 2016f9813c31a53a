//! The console: everything that the program says, and Ctrl-C.
//!
//! Standard output carries data only. Progress bars appear where standard error is a terminal; elsewhere
//! a stage leaves one line when it is over, so that logs stay short.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::screen::{Screen, Warnings};
use crate::progress::Progress;
use crate::report::{duration, grouped};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Where the program speaks.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    terminal: bool,
    screen: Screen,
    /// What stands behind the bar.
    pace: Option<Pace>,
    /// What is being done.
    stage: Option<Stage>,
}

impl Console {
    /// A console that says nothing but errors, warnings and data where `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        listen_for_interrupts();
        let screen = Screen::default();
        Warnings::hear(&screen);
        Self { quiet, terminal: io::stderr().is_terminal(), screen, pace: None, stage: None }
    }

    /// Prints data on standard output. A reader who has gone away is no error.
    pub(crate) fn data(&mut self, text: impl fmt::Display) -> anyhow::Result<()> {
        self.end_bar();
        match writeln!(io::stdout().lock(), "{text}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }

    /// Prints a remark on standard error.
    pub(crate) fn note(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.screen.line(&text.to_string());
        }
    }

    /// Prints an error and its causes, one per line.
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        self.end_bar();
        self.screen.line(&format!("error: {error}"));
        for cause in error.chain().skip(1) {
            self.screen.line(&format!("  because: {}", cause.to_string().replace('\n', "\n    ")));
        }
    }

    /// Ends the stage with a line that says how much was done, and how fast; `did` is what was done to it, such as
    /// `predicted`.
    pub(crate) fn finish_counted(&mut self, did: &str) {
        let stage = self.stage.take().filter(|stage| stage.done > 0);
        let summary = stage.map(|stage| stage.words(did, stage.began.elapsed()));
        self.finish(&summary.unwrap_or_default());
    }

    fn end_bar(&mut self) {
        self.screen.show(None);
    }

    fn style(total: Option<u64>, pace: Pace) -> ProgressStyle {
        let template = match total {
            Some(_) => "{prefix} {bar:12.cyan/dim} {human_pos}/{human_len} {pace}{wide_msg}",
            None => "{prefix} {spinner} {pace}{wide_msg}",
        };
        let style = ProgressStyle::with_template(template);
        let style = style.expect("the templates are fixed and valid").progress_chars("━━─");
        style.with_key("pace", move |state: &ProgressState, out: &mut dyn fmt::Write| {
            // What receives the text is a string, which takes whatever comes.
            let _ = out.write_str(&pace.words(state));
        })
    }
}

/// What stands behind the bar: the unit, and how fast things are done.
#[derive(Debug, Clone)]
struct Pace {
    unit: String,
    /// Whether the work itself says how fast it is and how long it will take.
    is_told: bool,
}

impl Pace {
    fn words(&self, state: &ProgressState) -> String {
        let unit = &self.unit;
        let known = state.len().is_some();
        let started = state.pos() > 0;
        let mut words = vec![match (known, started) {
            (true, _) | (false, false) => unit.clone(),
            (false, true) => format!("{} {unit}", grouped(state.pos())),
        }];
        if started && !self.is_told {
            words.push(rate(state.per_sec(), unit));
            if known {
                words.push(format!("{} left", duration(state.eta().as_secs_f64())));
            }
        }
        words.join(" · ")
    }
}

/// What a stage has done so far, on a terminal and elsewhere.
#[derive(Debug)]
struct Stage {
    began: Instant,
    done: u64,
    unit: String,
}

impl Stage {
    fn words(&self, did: &str, time: Duration) -> String {
        let (seconds, unit) = (time.as_secs_f64(), &self.unit);
        // A clock may stand still for as long as a small map takes.
        let pace = rate(self.done as f64 / seconds.max(1e-6), unit);
        format!("{did} {} {unit} in {}, {pace}", grouped(self.done), duration(seconds))
    }
}

/// A rate of three digits at most, in the unit of time that brings it above one.
fn rate(per_second: f64, unit: &str) -> String {
    let (value, time) = match per_second {
        rate if rate >= 1.0 => (rate, "s"),
        rate if rate * 60.0 >= 1.0 => (rate * 60.0, "min"),
        rate => (rate * 3600.0, "h"),
    };
    let digits = match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        _ => grouped(three_digits(value)),
    };
    format!("{digits} {unit}/{time}")
}

/// A whole number with zeros behind its third digit.
fn three_digits(value: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    let whole = value.round().clamp(0.0, 1e15) as u64;
    let mut step = 1;
    while whole / step >= 1000 {
        step *= 10;
    }
    (whole + step / 2) / step * step
}

impl Progress for Console {
    fn start(&mut self, what: &str, total: Option<u64>, unit: &str) {
        self.end_bar();
        self.stage = Some(Stage { began: Instant::now(), done: 0, unit: unit.to_owned() });
        if self.quiet || !self.terminal {
            return;
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8));
        let pace = Pace { unit: unit.to_owned(), is_told: false };
        bar.set_style(Self::style(total, pace.clone()));
        bar.set_prefix(what.to_owned());
        self.pace = Some(pace);
        bar.enable_steady_tick(Duration::from_millis(250));
        self.screen.show(Some(bar));
    }

    fn advance(&mut self, count: u64) {
        if let Some(stage) = &mut self.stage {
            stage.done += count;
        }
        if let Some(bar) = self.screen.bar() {
            bar.inc(count);
        }
    }

    fn skip(&mut self, count: u64) {
        if let Some(bar) = self.screen.bar() {
            bar.inc(count);
            bar.reset_eta();
        }
    }

    fn show(&mut self, message: &str) {
        let (Some(bar), Some(pace)) = (self.screen.bar(), &mut self.pace) else { return };
        if !pace.is_told {
            pace.is_told = true;
            bar.set_style(Self::style(bar.length(), pace.clone()));
        }
        bar.set_message(match message {
            "" => String::new(),
            message => format!(" · {message}"),
        });
    }

    fn finish(&mut self, summary: &str) {
        self.end_bar();
        if !summary.is_empty() {
            self.note(summary);
        }
    }

    fn warn(&mut self, message: &str) {
        self.screen.line(&format!("warning: {message}"));
    }

    fn wants_stop(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }
}

/// The first Ctrl-C asks work to stop where it can be continued; the second ends the program.
fn listen_for_interrupts() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(2);
        }
    };
    // Without a handler Ctrl-C ends the program at once, which files that appear whole survive.
    drop(ctrlc::set_handler(handler));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_three_digits_and_a_unit() {
        assert_eq!(rate(3.2154, "trees"), "3.22 trees/s");
        assert_eq!(rate(31.42, "trees"), "31.4 trees/s");
        assert_eq!(rate(99.97, "trees"), "100 trees/s");
        assert_eq!(rate(314_159.0, "patches"), "314,000 patches/s");
        assert_eq!(rate(999_600.0, "patches"), "1,000,000 patches/s");
        assert_eq!(rate(0.25, "epochs"), "15.0 epochs/min");
        assert_eq!(rate(0.01, "epochs"), "36.0 epochs/h");
        assert_eq!(rate(0.0, "epochs"), "0.00 epochs/h");
    }

    #[test]
    fn what_a_stage_leaves_says_how_much_was_done_and_how_fast() {
        let stage = Stage { began: Instant::now(), done: 1_975_719, unit: "cells".to_owned() };
        let words = stage.words("predicted", Duration::from_secs(108));
        assert_eq!(words, "predicted 1,975,719 cells in 1 min 48 s, 18,300 cells/s");
        assert!(stage.words("mapped", Duration::ZERO).contains(" in 0.0 s, "));
    }
}
