//! Progress: how long work is watched and stopped from outside.
//!
//! Libraries never print. What takes long hears a [`Progress`] that the caller passes in: it is told what
//! happens, and asked whether to go on.

/// Watches long work, and may ask it to stop.
pub trait Progress: Send {
    /// A stage begins: `what` is being done to `total` things (`None`: nobody knows how many) called `unit`.
    ///
    /// The stage before it, if any, is over.
    fn start(&mut self, what: &str, total: Option<u64>, unit: &str);

    /// `count` more things are done.
    fn advance(&mut self, count: u64);

    /// `count` things were done before the stage began; they say nothing about how fast it is.
    fn skip(&mut self, count: u64) {
        self.advance(count);
    }

    /// Something to show beside the stage, such as the present loss.
    fn show(&mut self, message: &str);

    /// The stage is over; `summary` is worth keeping on the screen.
    fn finish(&mut self, summary: &str);

    /// Work goes on, but the user should know this.
    fn warn(&mut self, message: &str);

    /// Whether the user wants to stop; asked at least once a second.
    fn wants_stop(&self) -> bool;
}

/// Watches nothing and never stops.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn start(&mut self, _what: &str, _total: Option<u64>, _unit: &str) {}
    fn advance(&mut self, _count: u64) {}
    fn show(&mut self, _message: &str) {}
    fn finish(&mut self, _summary: &str) {}
    fn warn(&mut self, _message: &str) {}
    fn wants_stop(&self) -> bool {
        false
    }
}
