//! The checkpoints of a training: when one is written, which are kept, and which one a training goes on from.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::checkpoint::{Checkpoint, Unusable};
use super::progress::Progress;
use crate::classifier::{CheckpointPlace, FitError, FitEvent, FitObserver};

/// The ending of the name of a checkpoint.
const ENDING: &str = "checkpoint";
/// How many are kept: the last, and one to fall back to.
const KEPT: usize = 2;

/// The checkpoints of a training.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    place: CheckpointPlace,
    identity: BTreeMap<String, String>,
    last: Instant,
}

impl Checkpoints {
    /// Checkpoints in `place`, of the training that `identity` and the place's origin describe.
    pub(crate) fn new(place: CheckpointPlace, mut identity: BTreeMap<String, String>) -> Self {
        identity.extend(place.origin.clone());
        Self { place, identity, last: Instant::now() }
    }

    /// The last checkpoint that is whole; `None` where the training begins.
    ///
    /// # Errors
    /// If one is of another training, or the folder cannot be read.
    pub(crate) fn resume(
        &self,
        observer: &mut dyn FitObserver,
    ) -> Result<Option<Checkpoint>, FitError> {
        let mut names = self.names().map_err(|error| FitError::Checkpoint {
            path: self.place.directory.clone(),
            reason: error.to_string(),
        })?;
        while let Some(path) = names.pop() {
            match Checkpoint::read(&path, &self.identity) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(Unusable::Foreign(reason)) => {
                    return Err(FitError::Checkpoint { path, reason });
                }
                Err(Unusable::Damaged(reason)) => {
                    let next = match names.last() {
                        Some(before) => format!("going on from `{}`", before.display()),
                        None => "starting over".to_owned(),
                    };
                    let message =
                        format!("checkpoint `{}` is damaged ({reason}); {next}", path.display());
                    observer.notice(&FitEvent::Warning { message });
                }
            }
        }
        Ok(None)
    }

    /// Whether so much time has passed that one is to be written within an epoch.
    pub(crate) fn is_due(&self) -> bool {
        self.place.every.is_some_and(|every| self.last.elapsed() >= every)
    }

    /// Writes what `tensors` and `progress` say, and removes all but the last two. A disk that refuses costs a
    /// warning, not the training.
    pub(crate) fn write(
        &mut self,
        progress: &Progress,
        tensors: BTreeMap<String, Vec<f32>>,
        observer: &mut dyn FitObserver,
    ) {
        self.last = Instant::now();
        let name = format!("step-{:012}.{ENDING}", progress.step);
        let path = self.place.directory.join(name);
        let (identity, progress) = (self.identity.clone(), progress.clone());
        let checkpoint = Checkpoint { identity, progress, tensors };
        let written = fs::create_dir_all(&self.place.directory)
            .and_then(|()| checkpoint.write(&path))
            .and_then(|()| self.remove_others(&path));
        if let Err(error) = written {
            let path = path.display();
            let message =
                format!("checkpoint `{path}` cannot be written ({error}); training goes on");
            observer.notice(&FitEvent::Warning { message });
        }
    }

    /// The last checkpoint on disk, to name in messages.
    pub(crate) fn last_path(&self) -> Option<PathBuf> {
        // A folder that cannot be listed has no checkpoint to name.
        self.names().ok().and_then(|mut names| names.pop())
    }

    /// Removes those of later steps than `newest`, which were damaged, and all but the last two of the others.
    fn remove_others(&self, newest: &Path) -> io::Result<()> {
        let (mut old, later): (Vec<PathBuf>, Vec<PathBuf>) =
            self.names()?.into_iter().partition(|path| path.as_path() <= newest);
        old.truncate(old.len().saturating_sub(KEPT));
        old.iter().chain(&later).try_for_each(fs::remove_file)
    }

    /// All checkpoints, the oldest first.
    fn names(&self) -> io::Result<Vec<PathBuf>> {
        if !self.place.directory.exists() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.place.directory)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new(ENDING)) {
                names.push(path);
            }
        }
        names.sort();
        Ok(names)
    }
}
