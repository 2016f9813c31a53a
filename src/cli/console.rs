//! The console: everything that the program says, and Ctrl-C.
//!
//! Standard output carries data only. Progress bars appear where standard error is a terminal; elsewhere
//! a stage leaves one line when it is over, so that logs stay short.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::Progress;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Where the program speaks.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    terminal: bool,
    bar: Option<ProgressBar>,
}

impl Console {
    /// A console that says nothing but errors and data where `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        listen_for_interrupts();
        Self { quiet, terminal: io::stderr().is_terminal(), bar: None }
    }

    /// Prints data on standard output. A reader who has gone away is no error.
    pub(crate) fn data(&mut self, text: impl std::fmt::Display) -> anyhow::Result<()> {
        self.end_bar();
        match writeln!(io::stdout().lock(), "{text}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result?),
        }
    }

    /// Prints a remark on standard error.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            self.line(&text.to_string());
        }
    }

    /// Prints an error and its causes, one per line.
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        self.end_bar();
        self.line(&format!("error: {error}"));
        for cause in error.chain().skip(1) {
            self.line(&format!("  because: {}", cause.to_string().replace('\n', "\n    ")));
        }
    }

    /// Writes a line without tearing a progress bar. Nobody can be told that standard error is closed.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| drop(writeln!(io::stderr().lock(), "{text}"))),
            None => drop(writeln!(io::stderr().lock(), "{text}")),
        }
    }

    fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn style(total: Option<u64>) -> ProgressStyle {
        let template = match total {
            Some(_) => {
                "{prefix} {bar:24.cyan/dim} {human_pos}/{human_len} {msg} · {per_sec} · {eta} left"
            }
            None => "{prefix} {spinner} {human_pos} {msg} · {per_sec} · {elapsed}",
        };
        ProgressStyle::with_template(template)
            .expect("the templates are fixed and valid")
            .progress_chars("━━─")
    }
}

impl Progress for Console {
    fn start(&mut self, what: &str, total: Option<u64>, unit: &str) {
        self.end_bar();
        if self.quiet || !self.terminal {
            return;
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(8));
        bar.set_style(Self::style(total));
        bar.set_prefix(what.to_owned());
        bar.set_message(unit.to_owned());
        bar.enable_steady_tick(Duration::from_millis(250));
        self.bar = Some(bar);
    }

    fn advance(&mut self, count: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(count);
        }
    }

    fn show(&mut self, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(message.to_owned());
        }
    }

    fn finish(&mut self, summary: &str) {
        self.end_bar();
        if !summary.is_empty() {
            self.note(summary);
        }
    }

    fn warn(&mut self, message: &str) {
        self.line(&format!("warning: {message}"));
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
