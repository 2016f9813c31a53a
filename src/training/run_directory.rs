//! The directory of a run: found again, refused to others, written whole.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tesela_datasets::class::ClassMap;
use tesela_datasets::fold::FoldPlan;
use tesela_datasets::hex;
use tesela_datasets::whole_file::PARTIAL_SUFFIX;
use tesela_models::operating_point::OperatingPoint;

use super::files::{read_json, write_bytes, write_json};
use super::former::FormerMeasurement;
use super::run_difference::difference;
use super::{Measurement, Part, Predictions, Sample, TrainingError};
use crate::experiment::Experiment;
use crate::metrics::Scores;
use crate::statistics::ExpectedMap;

/// The version of the files of a run.
const FORMAT_VERSION: u64 = 1;
/// The file of the scores, the last one that a run writes about all its folds.
pub(super) const METRICS: &str = "metrics.json";
/// The file of the operating point.
pub(super) const OPERATING_POINT: &str = "operating-point.json";
/// The folder of checkpoints.
const CHECKPOINTS: &str = "checkpoints";
/// Digits of a digest that tell runs apart.
const ID_LENGTH: usize = 12;

/// `run.json`: what ran on what. Equal manifests give equal runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// Version of the format.
    pub format: u64,
    /// Name of the run: the beginning of the digest of everything else.
    pub run: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Version of the program.
    pub program_version: String,
    /// Digest of the resolved experiment.
    pub experiment_digest: String,
    /// Name of the data set.
    pub dataset: String,
    /// The store.
    pub store: PathBuf,
    /// Digest of the store.
    pub store_digest: String,
    /// Digest of the fold plan.
    pub fold_plan_digest: String,
    /// Digest of the file of polygons that are the regions, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region_digest: Option<String>,
    /// Digest of the file of polygons that are the strata of the target prevalence, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strata_digest: Option<String>,
    /// Number of folds.
    pub folds: usize,
    /// Kind of model.
    pub model: String,
    /// The origin of every random draw.
    pub seed: u64,
    /// What networks compute on.
    pub device: String,
    /// The classes.
    pub classes: ClassMap,
    /// Number of cells of each class.
    pub cells: Vec<u64>,
}

impl RunManifest {
    /// What `experiment` does with `sample` on `device`.
    pub fn of(experiment: &Experiment, sample: &Sample, device: &str) -> Self {
        let mut manifest = Self {
            format: FORMAT_VERSION,
            run: String::new(),
            experiment: experiment.name().to_owned(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            experiment_digest: experiment.digest(),
            dataset: sample.reader().definition().dataset.clone(),
            store: sample.reader().path().to_owned(),
            store_digest: sample.reader().digest().to_owned(),
            fold_plan_digest: sample.plan().digest(),
            region_digest: sample.region_digest().map(str::to_owned),
            strata_digest: sample.strata_digest().map(str::to_owned),
            folds: sample.plan().folds(),
            model: experiment.model().kind().to_owned(),
            seed: experiment.seed(),
            device: device.to_owned(),
            classes: sample.classes().clone(),
            cells: sample.counts(),
        };
        let text = serde_json::to_vec(&manifest).expect("a manifest is plain data");
        let mut digest = hex::encode(&Sha256::digest(&text));
        digest.truncate(ID_LENGTH);
        manifest.run = digest;
        manifest
    }
}

/// Who else may write a run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nobody.
    Alone,
    /// Others that write other parts of it.
    Shared,
}

/// The directory of a run.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    manifest: RunManifest,
    /// Keeps other processes from writing the same run, or the whole of it.
    lock: Option<(File, Access)>,
}

/// Keeps other processes from writing a part of a run; the file goes with it.
#[derive(Debug)]
struct PartLock {
    path: PathBuf,
    _file: File,
}

impl Drop for PartLock {
    fn drop(&mut self) {
        // A file that stays is taken by the next process; it says nothing.
        drop(fs::remove_file(&self.path));
    }
}

impl RunDirectory {
    /// Makes the directory of a run, or finds it again.
    ///
    /// # Errors
    /// If something else lies there, another process writes it, or the disk refuses.
    pub fn create(
        path: &Path,
        manifest: RunManifest,
        experiment: &Experiment,
        plan: &FoldPlan,
        access: Access,
    ) -> Result<Self, TrainingError> {
        let failed = |error| TrainingError::write(path, error);
        fs::create_dir_all(path).map_err(failed)?;
        let own = path.join("run.json");
        if own.exists() {
            let found = Self::open(path)?.manifest;
            if found != manifest {
                return Err(other_run(path, &found, &manifest));
            }
        } else if let Some(stranger) = stranger(path).map_err(failed)? {
            let reason =
                format!("it holds `{stranger}` and no `run.json`; expected an empty folder");
            return Err(TrainingError::NotARun { path: path.to_owned(), reason });
        } else {
            write_json(&own, &manifest)?;
        }
        let lock = Some((lock(&own, path, access)?, access));
        let directory = Self { path: path.to_owned(), manifest, lock };
        directory.write_missing("resolved.toml", |path| {
            write_bytes(path, experiment.to_file().as_bytes())
        })?;
        directory.write_missing("folds.parquet", |path| {
            plan.save(path).map_err(|error| TrainingError::write(path, error))
        })?;
        Ok(directory)
    }

    /// Opens the run that the user means by `path`: the run itself, or the only one in a folder.
    ///
    /// # Errors
    /// If there is no run, there are several, or it cannot be read.
    pub fn find(path: &Path) -> Result<Self, TrainingError> {
        let run = Self::locate(path)?;
        Self::open(run.as_deref().unwrap_or(path))
    }

    /// Where the run lies that the user means by `path`; `None` where there is none.
    pub(super) fn locate(path: &Path) -> Result<Option<PathBuf>, TrainingError> {
        if path.join("run.json").is_file() {
            return Ok(Some(path.to_owned()));
        }
        let mut runs = runs_in(path);
        if runs.len() > 1 {
            let found = runs.iter().map(|run| format!("`{}`", run.display())).collect();
            return Err(TrainingError::SeveralRuns { path: path.to_owned(), found });
        }
        Ok(runs.pop())
    }

    /// Opens a run to read it.
    ///
    /// # Errors
    /// If there is no run, or its manifest is of another version or damaged.
    pub fn open(path: &Path) -> Result<Self, TrainingError> {
        let own = path.join("run.json");
        let refuse = |reason: String| TrainingError::NotARun { path: path.to_owned(), reason };
        if !own.is_file() {
            return Err(refuse("it has no file `run.json`".to_owned()));
        }
        let value: serde_json::Value = read_json(&own)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if format != Some(FORMAT_VERSION) {
            let found =
                format.map_or_else(|| "no format".to_owned(), |found| format!("format {found}"));
            return Err(refuse(format!(
                "`run.json` has {found}; this build reads {FORMAT_VERSION}"
            )));
        }
        let manifest =
            serde_json::from_value(value).map_err(|error| TrainingError::read(&own, error))?;
        Ok(Self { path: path.to_owned(), manifest, lock: None })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What ran on what.
    pub fn manifest(&self) -> &RunManifest {
        &self.manifest
    }

    /// Waits for nobody, and lets nobody else write the run from now on.
    ///
    /// # Errors
    /// If another process writes a part of it.
    pub fn take_alone(&mut self) -> Result<(), TrainingError> {
        // A lock that is held would be in its own way.
        self.lock = None;
        let lock = lock(&self.path.join("run.json"), &self.path, Access::Alone)?;
        self.lock = Some((lock, Access::Alone));
        Ok(())
    }

    /// The folder of a part.
    pub fn folder(&self, part: Part) -> PathBuf {
        self.path.join(part.folder())
    }

    /// Whether a part is done.
    pub fn is_done(&self, part: Part) -> bool {
        self.folder(part).is_dir()
    }

    /// The bundle of a part that is done.
    pub fn bundle(&self, part: Part) -> PathBuf {
        self.folder(part).join("bundle")
    }

    /// The folder of the checkpoints of a part that is not done.
    pub(super) fn checkpoints(&self, part: Part) -> PathBuf {
        self.path.join(CHECKPOINTS).join(part.folder())
    }

    /// Removes the checkpoints of a part that is done.
    pub(super) fn clear_checkpoints(&self, part: Part) -> Result<(), TrainingError> {
        let folder = self.checkpoints(part);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| TrainingError::write(&folder, error))?;
            // The folder around stays as long as another part has checkpoints.
            let _ = fs::remove_dir(self.path.join(CHECKPOINTS));
        }
        Ok(())
    }

    /// The folds.
    ///
    /// # Errors
    /// If the plan cannot be read.
    pub fn plan(&self) -> Result<FoldPlan, TrainingError> {
        let path = self.path.join("folds.parquet");
        FoldPlan::load(&path).map_err(|error| TrainingError::read(&path, error))
    }

    /// The experiment that ran.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn experiment(&self) -> Result<Experiment, TrainingError> {
        Ok(Experiment::load(&self.path.join("resolved.toml"))?)
    }

    /// Whether everything that the folds say together is written.
    pub(super) fn has_results(&self) -> bool {
        self.path.join(METRICS).is_file()
    }

    /// The scores of a run that is done.
    ///
    /// # Errors
    /// If it is not done, or its scores cannot be read.
    pub fn measurement(&self) -> Result<Measurement, TrainingError> {
        let path = self.path.join(METRICS);
        if !self.has_results() {
            let done =
                (0..self.manifest.folds).filter(|&fold| self.is_done(Part::Fold(fold))).count();
            let folds = self.manifest.folds;
            let reason =
                format!("{done} of {folds} folds are done; `tesela train` continues the run");
            return Err(TrainingError::NotARun { path: self.path.clone(), reason });
        }
        let value: serde_json::Value = read_json(&path)?;
        let failed = |error| TrainingError::read(&path, error);
        if value.get("format").is_none() {
            let former: FormerMeasurement = serde_json::from_value(value).map_err(failed)?;
            return Ok(former.into());
        }
        let measurement: Measurement = serde_json::from_value(value).map_err(failed)?;
        if measurement.is_whole() {
            return Ok(measurement);
        }
        let reason = "`metrics.json` lacks a partition of one of its schemes";
        Err(TrainingError::NotARun { path: self.path.clone(), reason: reason.to_owned() })
    }

    /// All predictions of a run that is done, in order of partitions and cells.
    ///
    /// # Errors
    /// If it is not done, or they cannot be read.
    pub fn all_predictions(&self) -> Result<Predictions, TrainingError> {
        Predictions::load(&self.path.join("predictions.parquet"), &self.manifest.classes)
    }

    /// The scores of a run with its operating point, at the mixture of the place of use; `None` where it has none.
    ///
    /// # Errors
    /// If `operating-point.json` cannot be read.
    pub fn decided_scores(&self) -> Result<Option<Scores>, TrainingError> {
        self.of_operating_point("scores_after")
    }

    /// The operating point that was learned from the held-out cells; `None` where there is none.
    ///
    /// # Errors
    /// If `operating-point.json` cannot be read.
    pub fn operating_point(&self) -> Result<Option<OperatingPoint>, TrainingError> {
        self.of_operating_point("operating_point")
    }

    /// What a map that it decides should look like; `None` where it is not known how common the classes are there.
    ///
    /// # Errors
    /// If `operating-point.json` cannot be read.
    pub fn expected_map(&self) -> Result<Option<ExpectedMap>, TrainingError> {
        self.of_operating_point("expected_map")
    }

    /// The map that is to be expected, as `operating-point.json` has it; null where there is none.
    pub(super) fn expected_map_json(&self) -> Result<serde_json::Value, TrainingError> {
        Ok(self.of_operating_point("expected_map")?.unwrap_or(serde_json::Value::Null))
    }

    /// What `operating-point.json` holds under `key`.
    fn of_operating_point<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, TrainingError> {
        let path = self.path.join(OPERATING_POINT);
        if !path.is_file() {
            return Ok(None);
        }
        let mut record: serde_json::Value = read_json(&path)?;
        let part = serde_json::from_value(record[key].take());
        part.map_err(|error| TrainingError::read(&path, error))
    }

    /// What the run announces of the map that its final model will make: what the bundle says was measured, and the map that is
    /// to be expected; nothing where there is no final model.
    ///
    /// # Errors
    /// If a file that is there cannot be read.
    pub fn announced(&self) -> Result<serde_json::Map<String, serde_json::Value>, TrainingError> {
        let path = self.bundle(Part::Final).join("bundle.json");
        let mut announced = serde_json::Map::new();
        if path.is_file() {
            let mut bundle: serde_json::Value = read_json(&path)?;
            if let serde_json::Value::Object(own) = bundle["provenance"]["measured"].take() {
                announced = own;
            }
        }
        announced.insert("expected_map".to_owned(), self.expected_map_json()?);
        Ok(announced)
    }

    /// The predictions of the held-out cells of `fold`.
    pub(super) fn predictions(&self, fold: usize) -> Result<Predictions, TrainingError> {
        let path = self.folder(Part::Fold(fold)).join("predictions.parquet");
        Predictions::load(&path, &self.manifest.classes)
    }

    /// Does `work` in a folder that becomes that of `part` when it is done.
    pub(super) fn fill(
        &self,
        part: Part,
        work: impl FnOnce(&Path) -> Result<(), TrainingError>,
    ) -> Result<(), TrainingError> {
        let _lock = self.lock_part(part)?;
        let folder = self.folder(part);
        if folder.is_dir() {
            // Another process has just done it.
            return Ok(());
        }
        let partial = self.path.join(format!("{}{PARTIAL_SUFFIX}", part.folder()));
        let failed = |error| TrainingError::write(&partial, error);
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        fs::create_dir(&partial).map_err(failed)?;
        work(&partial)?;
        fs::rename(&partial, &folder).map_err(|error| TrainingError::write(&folder, error))
    }

    /// Keeps those away with whom the run is shared.
    fn lock_part(&self, part: Part) -> Result<Option<PartLock>, TrainingError> {
        if !matches!(self.lock, Some((_, Access::Shared))) {
            return Ok(None);
        }
        let path = self.path.join(format!("{}.lock", part.folder()));
        let file = File::create(&path).map_err(|error| TrainingError::write(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(PartLock { path, _file: file })),
            Err(TryLockError::WouldBlock) => {
                Err(TrainingError::BusyPart { path: self.path.clone(), part })
            }
            Err(TryLockError::Error(error)) => Err(TrainingError::write(&path, error)),
        }
    }

    fn write_missing(
        &self,
        name: &str,
        write: impl FnOnce(&Path) -> Result<(), TrainingError>,
    ) -> Result<(), TrainingError> {
        let path = self.path.join(name);
        if path.exists() { Ok(()) } else { write(&path) }
    }
}

/// The runs that lie in a folder, in order of their names; none where it cannot be read.
pub(super) fn runs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<_> = entries.map(|entry| entry.path()).collect();
    runs.retain(|path| path.join("run.json").is_file());
    runs.sort();
    runs
}

/// Something in `path` that a run does not leave behind when it is interrupted at its very beginning.
fn stranger(path: &Path) -> std::io::Result<Option<String>> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.ends_with(PARTIAL_SUFFIX) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn other_run(path: &Path, found: &RunManifest, expected: &RunManifest) -> TrainingError {
    let name = |run: &RunManifest| format!("`{}` of experiment `{}`", run.run, run.experiment);
    TrainingError::OtherRun {
        path: path.to_owned(),
        found: name(found),
        expected: name(expected),
        difference: difference(found, expected),
    }
}

fn lock(file: &Path, run: &Path, access: Access) -> Result<File, TrainingError> {
    let lock = File::open(file).map_err(|error| TrainingError::read(file, error))?;
    let locked = match access {
        Access::Alone => lock.try_lock(),
        Access::Shared => lock.try_lock_shared(),
    };
    match locked {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(TrainingError::Busy { path: run.to_owned() }),
        Err(TryLockError::Error(error)) => Err(TrainingError::read(file, error)),
    }
}
