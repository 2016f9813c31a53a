//! A clock for each stage of a training: what takes the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::classifier::StageTimes;

/// Nanoseconds of each stage. Two threads write: one prepares batches, the other computes.
#[derive(Debug, Default)]
pub(crate) struct StageClock {
    reading: AtomicU64,
    preparing: AtomicU64,
    waiting: AtomicU64,
    computing: AtomicU64,
    validating: AtomicU64,
}

/// A stage of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Patches come from the store.
    Reading,
    /// Patches become input planes.
    Preparing,
    /// The network waits for a batch.
    Waiting,
    /// The network and the optimiser compute.
    Computing,
    /// The validation patches are predicted.
    Validating,
}

impl StageClock {
    /// Does `work` and adds the time that it takes to `stage`.
    pub(crate) fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        let nanoseconds = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.cell(stage).fetch_add(nanoseconds, Ordering::Relaxed);
        done
    }

    /// The times so far.
    pub(crate) fn times(&self) -> StageTimes {
        let seconds = |stage| self.cell(stage).load(Ordering::Relaxed) as f64 / 1e9;
        StageTimes {
            reading: seconds(Stage::Reading),
            preparing: seconds(Stage::Preparing),
            waiting: seconds(Stage::Waiting),
            computing: seconds(Stage::Computing),
            validating: seconds(Stage::Validating),
        }
    }

    fn cell(&self, stage: Stage) -> &AtomicU64 {
        match stage {
            Stage::Reading => &self.reading,
            Stage::Preparing => &self.preparing,
            Stage::Waiting => &self.waiting,
            Stage::Computing => &self.computing,
            Stage::Validating => &self.validating,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_stage_has_its_own_time_and_times_add_up() {
        let clock = StageClock::default();
        for _ in 0..2 {
            clock.time(Stage::Reading, || std::thread::sleep(Duration::from_millis(5)));
        }
        assert_eq!(clock.time(Stage::Waiting, || 7), 7);
        let times = clock.times();
        assert!(times.reading >= 0.01, "{times:?}");
        assert!(times.waiting < 0.005 && times.computing == 0.0, "{times:?}");
    }
}
