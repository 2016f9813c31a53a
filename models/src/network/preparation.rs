//! Threads that prepare the patches of a batch side by side.
//!
//! One thread makes some 15,000 patches of 33 × 33 pixels a second into planes, and LeNet trains on some 1,200 a second and
//! core: a dozen cores take more than one thread makes. On two cores, where one thread would do, the network waits for
//! patches during 6 per cent of the training, and with one thread during 4.
//!
//! The threads share a batch, not batches among them: memory is that of one batch, and what is prepared does not depend
//! on how many they are.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Threads of its own: those of the fit compute at the same time, and one of them waits for the batch.
#[derive(Debug)]
pub(crate) struct Preparers {
    threads: ThreadPool,
}

impl Preparers {
    /// As many as the fit has.
    ///
    /// # Errors
    /// If the operating system gives no threads.
    pub(crate) fn new() -> Result<Self, ThreadPoolBuildError> {
        let threads = ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads())
            .thread_name(|index| format!("prepare-{index}"))
            .build()?;
        Ok(Self { threads })
    }

    /// Does `work` with them.
    pub(crate) fn with<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.threads.install(work)
    }
}
