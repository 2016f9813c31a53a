//! Writes a bundle, which appears whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use tesela_datasets::file_mark::FileMark;
use tesela_datasets::whole_file::{partial_path, write_whole};

use super::manifest::{
    APPLICABILITY_FILE, BundleManifest, FORMAT_VERSION, MANIFEST_FILE, Provenance,
};
use super::trained_cells::TRAINED_CELLS_FILE;
use super::{BundleError, TrainedCells};
use crate::applicability::Applicability;
use crate::classifier::{Classifier, SaveError};
use crate::operating_point::OperatingPoint;

/// What a bundle may hold beside its model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// What turns raw probabilities into figures and decisions.
    pub operating_point: Option<&'a OperatingPoint>,
    /// How unlike the training cells a cell is.
    pub applicability: Option<&'a Applicability>,
    /// The cells that the model was fitted on.
    pub trained: Option<&'a TrainedCells>,
}

/// Writes `classifier` as a bundle to `directory`, replacing a bundle that is there.
///
/// # Errors
/// If something else than a bundle is there, the classifier is not of the kind that `provenance` names, or
/// the disk refuses; then nothing appears under the name.
pub fn save(
    directory: &Path,
    classifier: &dyn Classifier,
    provenance: &Provenance,
    extras: Extras<'_>,
) -> Result<(), BundleError> {
    let expected = provenance.model.kind();
    if classifier.kind() != expected {
        return Err(BundleError::Kind { found: classifier.kind().to_owned(), expected });
    }
    appear(directory, |partial| write(partial, classifier, provenance, extras))
}

/// Lets `write` fill a folder that becomes `directory` when it is whole, replacing a bundle that is there.
pub(super) fn appear<T, E: From<BundleError>>(
    directory: &Path,
    write: impl FnOnce(&Path) -> Result<T, E>,
) -> Result<T, E> {
    if directory.exists() && !directory.join(MANIFEST_FILE).is_file() {
        return Err(BundleError::Occupied { path: directory.to_owned() }.into());
    }
    let partial = partial_path(directory);
    let filled = fresh(&partial).map_err(E::from).and_then(|()| write(&partial));
    let written = filled.and_then(|result| {
        replace(&partial, directory)
            .map_err(|source| BundleError::Write { path: directory.to_owned(), source })?;
        Ok(result)
    });
    if written.is_err() {
        // The error to report is the one that came first; a leftover is overwritten by the next attempt.
        let _ = fs::remove_dir_all(&partial);
    }
    written
}

fn write(
    partial: &Path,
    classifier: &dyn Classifier,
    provenance: &Provenance,
    extras: Extras<'_>,
) -> Result<(), BundleError> {
    let failed = |source| BundleError::Write { path: partial.to_owned(), source };
    classifier
        .save_weights(partial)
        .map_err(|source| BundleError::Weights { path: partial.to_owned(), source })?;
    write_extras(partial, extras)
        .map_err(|source| BundleError::Weights { path: partial.to_owned(), source })?;
    let manifest = BundleManifest {
        format: FORMAT_VERSION,
        kind: classifier.kind().to_owned(),
        classes: classifier.classes().clone(),
        input: classifier.input().clone(),
        provenance: provenance.clone(),
        operating_point: extras.operating_point.cloned(),
        members: Vec::new(),
        weights: marks(partial).map_err(failed)?,
        exports: BTreeMap::new(),
    };
    write_manifest(partial, &manifest)
}

/// Writes `bundle.json` into `directory`.
pub(super) fn write_manifest(
    directory: &Path,
    manifest: &BundleManifest,
) -> Result<(), BundleError> {
    let path = directory.join(MANIFEST_FILE);
    let mut text = serde_json::to_vec_pretty(manifest)
        .map_err(|error| BundleError::Write { path: path.clone(), source: error.into() })?;
    text.push(b'\n');
    write_whole(&path, &text).map_err(|source| BundleError::Write { path, source })
}

/// An empty folder, whatever was there.
fn fresh(partial: &Path) -> Result<(), BundleError> {
    let failed = |source| BundleError::Write { path: partial.to_owned(), source };
    if partial.exists() {
        fs::remove_dir_all(partial).map_err(failed)?;
    }
    fs::create_dir_all(partial).map_err(failed)
}

fn write_extras(partial: &Path, extras: Extras<'_>) -> Result<(), SaveError> {
    if let Some(applicability) = extras.applicability {
        let path = partial.join(APPLICABILITY_FILE);
        let fail = |source| SaveError { path: path.clone(), source };
        let bytes = applicability.to_bytes().map_err(|error| fail(error.into()))?;
        write_whole(&path, &bytes).map_err(|error| fail(error.into()))?;
    }
    if let Some(trained) = extras.trained {
        let path = partial.join(TRAINED_CELLS_FILE);
        let written = write_whole(&path, &trained.to_bytes());
        written.map_err(|error| SaveError { path, source: error.into() })?;
    }
    Ok(())
}

/// The marks of all files of `directory`, by name.
fn marks(directory: &Path) -> io::Result<BTreeMap<String, FileMark>> {
    let mut marks = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        marks.insert(name, FileMark::of(&entry.path())?);
    }
    Ok(marks)
}

fn replace(partial: &Path, directory: &Path) -> io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::rename(partial, directory)
}
