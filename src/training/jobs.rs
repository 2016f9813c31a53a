//! Folds in processes of their own: several at a time, with the results of one after the other.
//!
//! Each process trains one fold of the same run; what it depends on is the seed and the fold, so nothing changes but
//! the time. A process that fails ends the others, and its last words are the error.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::TrainingError;
use crate::progress::Progress;

/// How often processes are looked at.
const PAUSE: Duration = Duration::from_millis(50);
/// How long an interrupted process may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// The most bytes of the last words of a process.
const LONGEST: u64 = 64 * 1024;

/// A process that trains one fold.
pub struct Job {
    /// The process.
    pub process: Child,
    /// Where it writes what it has to say.
    pub words: File,
}

/// A place for one process at a time.
struct Running {
    fold: usize,
    slot: usize,
    job: Job,
}

/// Trains `folds`, at most `jobs` at a time: `start` starts the process of a fold in one of the slots `0..jobs`.
///
/// # Errors
/// If a process cannot be started, one fails, or the user stops; folds that are done stay.
pub fn train_in_processes(
    folds: &[usize],
    jobs: usize,
    start: &mut dyn FnMut(usize, usize) -> std::io::Result<Job>,
    progress: &mut dyn Progress,
) -> Result<(), TrainingError> {
    if folds.is_empty() {
        return Ok(());
    }
    let mut free: Vec<usize> = (0..jobs).rev().collect();
    let mut waiting = folds.iter().copied();
    let mut running = Processes(Vec::new());
    progress.start(&format!("{jobs} at a time"), Some(folds.len() as u64), "folds");
    loop {
        while let Some(slot) = free.pop() {
            let Some(fold) = waiting.next() else { break };
            let failed = |source| TrainingError::Job { fold, source };
            let job = start(fold, slot).map_err(failed)?;
            running.0.push(Running { fold, slot, job });
        }
        if running.0.is_empty() {
            progress.finish("");
            return Ok(());
        }
        while let Some((fold, slot)) = running.ended()? {
            free.push(slot);
            progress.advance(1);
            progress.show(&format!("fold {fold} is done"));
        }
        if progress.wants_stop() {
            running.end();
            return Err(TrainingError::Interrupted);
        }
        sleep(PAUSE);
    }
}

/// The processes that run; none survives this.
struct Processes(Vec<Running>);

impl Processes {
    /// Fold and slot of a process that has ended well, if one has.
    fn ended(&mut self) -> Result<Option<(usize, usize)>, TrainingError> {
        for index in 0..self.0.len() {
            let Running { fold, job, .. } = &mut self.0[index];
            let fold = *fold;
            let failed = |source| TrainingError::Job { fold, source };
            if let Some(status) = job.process.try_wait().map_err(failed)? {
                let mut ended = self.0.swap_remove(index);
                if status.success() {
                    return Ok(Some((ended.fold, ended.slot)));
                }
                let said = ended.job.said().map_err(failed)?;
                return Err(TrainingError::FoldProcess { fold, how: how(status), said });
            }
        }
        Ok(None)
    }

    /// Lets the processes end by themselves, which an interrupt at the keyboard makes them do, and ends those that
    /// do not.
    fn end(&mut self) {
        let limit = Instant::now() + GRACE;
        let ended = |running: &mut Running| !matches!(running.job.process.try_wait(), Ok(None));
        while !self.0.iter_mut().all(ended) && Instant::now() < limit {
            sleep(PAUSE);
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for Running { job, .. } in &mut self.0 {
            // One that has ended cannot be killed, which is as good.
            drop(job.process.kill());
            drop(job.process.wait());
        }
    }
}

impl Job {
    /// What the process has said.
    fn said(&mut self) -> std::io::Result<String> {
        let mut bytes = Vec::new();
        self.words.rewind()?;
        (&mut self.words).take(LONGEST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }
}

fn how(status: ExitStatus) -> String {
    status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    use crate::progress::Unwatched;

    fn job(script: &str) -> std::io::Result<Job> {
        let words = tempfile::tempfile()?;
        let process = Command::new("sh")
            .args(["-c", script])
            .stderr(Stdio::from(words.try_clone()?))
            .spawn()?;
        Ok(Job { process, words })
    }

    #[test]
    fn every_fold_runs_once_and_no_slot_twice_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let mut started = Vec::new();
        let mut start = |fold, slot| {
            started.push(fold);
            // The folder of a slot can be made once at a time.
            let path = folder.path().join(format!("slot-{slot}"));
            let path = path.display();
            job(&format!("mkdir {path} && sleep 0.1 && rmdir {path}"))
        };
        train_in_processes(&[4, 1, 2, 3, 0], 2, &mut start, &mut Unwatched).unwrap();
        assert_eq!(started, [4, 1, 2, 3, 0]);
    }

    #[test]
    fn a_process_that_fails_ends_the_others_and_is_quoted() {
        let begun = Instant::now();
        let mut start = |fold: usize, _| {
            job(if fold == 1 { "echo because of that >&2; exit 2" } else { "sleep 60" })
        };
        let failed = train_in_processes(&[0, 1], 2, &mut start, &mut Unwatched).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(30));
        let text = failed.to_string();
        assert!(text.contains("fold 1") && text.contains("ended with 2"), "{text}");
        assert!(text.contains("because of that"), "{text}");
    }
}
