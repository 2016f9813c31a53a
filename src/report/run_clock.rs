//! How long a run will still take, judged by what this process has done of it.

use std::time::Instant;

/// Share of a part that must be done before a guess is worth showing.
const ENOUGH: f64 = 0.02;

/// The clock of a run, which is made of parts that take about the same time.
#[derive(Debug)]
pub(super) struct RunClock {
    start: Instant,
    /// Parts that are to be done, and those that this process has.
    parts: usize,
    done: usize,
    /// Share of the present part that is done.
    share: f64,
    /// What this process did not do itself, but found: in parts.
    found: f64,
}

impl RunClock {
    /// A clock that starts now.
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), parts: 0, done: 0, share: 0.0, found: 0.0 }
    }

    /// `parts` are to be done.
    pub(super) fn begin_run(&mut self, parts: usize) {
        self.parts = parts;
    }

    /// So much of the present part is done.
    pub(super) fn advance_to(&mut self, share: f64) {
        self.share = share.clamp(0.0, 1.0);
    }

    /// What is done of the present part was done by another process, before it was interrupted.
    pub(super) fn resume(&mut self) {
        self.found += self.share;
    }

    /// The present part is done.
    pub(super) fn end_part(&mut self) {
        self.done += 1;
        self.share = 0.0;
    }

    /// Seconds until the run is done; `None` while too little is done to tell.
    pub(super) fn left(&self) -> Option<f64> {
        self.left_after(self.start.elapsed().as_secs_f64())
    }

    fn left_after(&self, seconds: f64) -> Option<f64> {
        let done = self.done as f64 + self.share;
        let worked = done - self.found;
        let left = (self.parts as f64 - done).max(0.0);
        (worked >= ENOUGH).then(|| seconds * left / worked)
    }
}

/// A length of time in the two units that matter.
pub fn duration(seconds: f64) -> String {
    match whole(seconds) {
        0..10 => format!("{seconds:.1} s"),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => hours(seconds),
    }
}

/// A length of time that is a guess: short, and not another one each second.
pub(super) fn rough(seconds: f64) -> String {
    match whole(seconds) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds => hours(seconds),
    }
}

fn hours(seconds: u64) -> String {
    format!("{} h {} min", seconds / 3600, seconds % 3600 / 60)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn whole(seconds: f64) -> u64 {
    seconds.round().clamp(0.0, 1e9) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_takes_as_long_as_what_was_done() {
        let mut clock = RunClock::start();
        clock.begin_run(4);
        assert_eq!(clock.left_after(1.0), None);
        clock.advance_to(0.5);
        assert_eq!(clock.left_after(10.0), Some(70.0));
        clock.end_part();
        assert_eq!(clock.left_after(20.0), Some(60.0));
        (0..3).for_each(|_| clock.end_part());
        assert_eq!(clock.left_after(80.0), Some(0.0));
    }

    #[test]
    fn what_another_process_did_says_nothing_of_the_speed_of_this_one() {
        let mut clock = RunClock::start();
        clock.begin_run(1);
        clock.advance_to(0.75);
        clock.resume();
        assert_eq!(clock.left_after(1.0), None);
        clock.advance_to(0.875);
        assert_eq!(clock.left_after(10.0), Some(10.0));
    }

    #[test]
    fn lengths_of_time_are_told_in_two_units() {
        assert_eq!(duration(0.25), "0.2 s");
        assert_eq!(duration(59.6), "1 min 0 s");
        assert_eq!(duration(3725.0), "1 h 2 min");
        assert_eq!([7.4, 119.0, 3725.0].map(rough), ["7 s", "1 min", "1 h 2 min"]);
    }
}
