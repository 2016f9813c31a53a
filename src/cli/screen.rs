//! Standard error: lines above the progress bar, from the console and from wherever a library warns.
//!
//! Work that is deep inside, on a thread of its own, warns through [`tracing`], such as where a network fails and is tried again.
//! [`Warnings`] writes these to the screen as they happen.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Standard error, with the bar that is shown there, if any. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Screen {
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Screen {
    /// Writes a line without tearing a progress bar. Nobody can be told that standard error is closed.
    pub(super) fn line(&self, text: &str) {
        let write = || drop(writeln!(io::stderr().lock(), "{text}"));
        match self.bar() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// The bar that is shown.
    pub(super) fn bar(&self) -> Option<ProgressBar> {
        self.shared().clone()
    }

    /// Shows `bar` in place of the former.
    pub(super) fn show(&self, bar: Option<ProgressBar>) {
        let former = std::mem::replace(&mut *self.shared(), bar);
        if let Some(former) = former {
            former.finish_and_clear();
        }
    }

    fn shared(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        // A thread that panicked has left a bar or none, both of which are whole.
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the warnings of this program's own rooms to a screen.
#[derive(Debug)]
pub(super) struct Warnings {
    screen: Screen,
}

impl Warnings {
    /// Hears all warnings from now on, on all threads; they go to `screen`.
    pub(super) fn hear(screen: &Screen) {
        let warnings = Self { screen: screen.clone() };
        // Whoever listens already goes on doing so.
        drop(tracing::subscriber::set_global_default(warnings));
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("tesela")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.screen.line(&format!("warning: {}", message.text));
    }

    // Nothing is asked about spans.
    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}
    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}
    fn enter(&self, _span: &Id) {}
    fn exit(&self, _span: &Id) {}
}

/// What an event says.
#[derive(Debug, Default)]
struct Message {
    text: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // A string takes whatever comes.
            let _ = write!(self.text, "{value:?}");
        }
    }
}
