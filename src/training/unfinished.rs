//! Where a run lies unless the user says otherwise; and the run that lies there unfinished because its store has changed.
//!
//! A run is named after everything that it depends on, so a store that has changed makes another run of the same
//! experiment. Whoever starts a command again to continue a run would get a new one without a word: that is refused,
//! as long as the old run is neither finished nor removed, and the new one not begun in so many words.

use std::path::{Path, PathBuf};

use super::run_directory::{RunDirectory, RunManifest, runs_in};
use super::{Part, TrainingError};
use crate::experiment::Experiment;

impl RunDirectory {
    /// The directory of the run of `manifest` below `root`.
    ///
    /// # Errors
    /// If a run lies below `root` that was begun on another state of the same store and is not finished.
    pub fn default_path(
        root: &Path,
        manifest: &RunManifest,
        experiment: &Experiment,
    ) -> Result<PathBuf, TrainingError> {
        let folder = root.join(&manifest.experiment);
        let path = folder.join(&manifest.run);
        if path.join("run.json").is_file() {
            return Ok(path);
        }
        for run in runs_in(&folder) {
            // What cannot be read is no run that could be continued.
            let Ok(begun) = Self::open(&run) else { continue };
            let differs = begun.manifest().store_digest != manifest.store_digest;
            if differs && differs_by_store(begun.manifest(), manifest) && begun.waits(experiment) {
                return Err(TrainingError::StoreChanged {
                    store: manifest.store.clone(),
                    was: begun.manifest().store_digest.clone(),
                    is: manifest.store_digest.clone(),
                    run,
                    new: path,
                });
            }
        }
        Ok(path)
    }

    /// Whether something is done, and something not.
    fn waits(&self, experiment: &Experiment) -> bool {
        let folds = (0..self.manifest().folds).map(Part::Fold);
        let mut parts: Vec<Part> = folds.collect();
        if experiment.final_model() {
            parts.push(Part::Final);
        }
        let done = parts.iter().filter(|&&part| self.is_done(part)).count();
        let is_begun = done > 0 || parts.iter().any(|&part| self.checkpoints(part).is_dir());
        is_begun && done < parts.len()
    }
}

/// Whether two runs are the same in all that does not come from the content of the store.
fn differs_by_store(begun: &RunManifest, manifest: &RunManifest) -> bool {
    let content = manifest.clone();
    let alike = RunManifest {
        run: content.run,
        dataset: content.dataset,
        store_digest: content.store_digest,
        fold_plan_digest: content.fold_plan_digest,
        folds: content.folds,
        classes: content.classes,
        cells: content.cells,
        ..begun.clone()
    };
    alike == *manifest
}
