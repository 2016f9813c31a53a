//! Patience: what fails on a network is tried again after a while.

use std::path::Path;
use std::time::Duration;

use super::settings::{MAX_RETRY, RETRY_DELAY, setting};

/// The longest time between two attempts.
const LONGEST: f64 = 60.0;

/// How often something is tried, and after which time again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Patience {
    attempts: u32,
    delay: f64,
}

impl Patience {
    /// As often as GDAL is told to ask again (`GDAL_HTTP_MAX_RETRY`, `GDAL_HTTP_RETRY_DELAY`); that is beside its own
    /// attempts, which it makes for a busy server only, and not where a connection breaks.
    pub(crate) fn of_settings() -> Self {
        let number = |key| setting(key).and_then(|value| value.parse::<f64>().ok());
        let retries = number(MAX_RETRY).unwrap_or(0.0).clamp(0.0, 100.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let attempts = retries as u32 + 1;
        Self { attempts, delay: number(RETRY_DELAY).unwrap_or(1.0).clamp(0.0, LONGEST) }
    }

    /// Tries `attempt` at `place` until it succeeds, `is_worth` denies that its failure passes, or the attempts are used up;
    /// waits twice as long each time, and warns of it. The failure is that of the last attempt, with the number of attempts.
    pub(crate) fn try_until_done<T, E: std::fmt::Display>(
        self,
        place: &Path,
        mut attempt: impl FnMut() -> Result<T, E>,
        is_worth: impl Fn(&E) -> bool,
    ) -> Result<T, (E, u32)> {
        let mut delay = self.delay;
        for number in 1.. {
            let error = match attempt() {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if number >= self.attempts || !is_worth(&error) {
                return Err((error, number));
            }
            let (place, next, of) = (place.display(), number + 1, self.attempts);
            tracing::warn!("`{place}`: {error}; attempt {next} of {of} in {delay} s");
            std::thread::sleep(Duration::from_secs_f64(delay));
            delay = (2.0 * delay).min(LONGEST);
        }
        unreachable!("attempts end")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    const QUICK: Patience = Patience { attempts: 4, delay: 0.0 };

    #[test]
    fn what_succeeds_at_the_third_attempt_is_done() {
        let tried = Cell::new(0);
        let attempt = || {
            tried.set(tried.get() + 1);
            if tried.get() < 3 { Err("busy") } else { Ok(tried.get()) }
        };
        assert_eq!(QUICK.try_until_done(Path::new("m.tif"), attempt, |_| true), Ok(3));
    }

    #[test]
    fn attempts_end_and_final_answers_are_not_questioned() {
        let fail = || Err::<(), _>("no");
        assert_eq!(QUICK.try_until_done(Path::new("m.tif"), fail, |_| true), Err(("no", 4)));
        assert_eq!(QUICK.try_until_done(Path::new("m.tif"), fail, |_| false), Err(("no", 1)));
    }
}
