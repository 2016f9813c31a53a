//! Reads a bundle without trusting any byte of it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tesela_datasets::class::ClassMap;
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::patch::PatchDefinition;
use tesela_datasets::source::InputDefinition;

use super::manifest::{APPLICABILITY_FILE, BundleManifest, FORMAT_VERSION, MANIFEST_FILE};
use super::trained_cells::TRAINED_CELLS_FILE;
use super::{BundleError, TrainedCells};
use crate::applicability::{Applicability, CellApplicability};
use crate::classifier::Classifier;
use crate::config::ModelConfig;
use crate::ensemble::Ensemble;
use crate::extra_trees;
use crate::network;

/// The largest `bundle.json` that is read.
const MOST_MANIFEST_BYTES: u64 = 16 << 20;
/// The largest file of weights that is read.
const MOST_WEIGHT_BYTES: u64 = 8 << 30;
/// The most files of weights that a model may have.
const MOST_FILES: usize = 16;
/// The most members that an ensemble may have: as many as a plan has folds.
const MOST_MEMBERS: usize = 1000;

/// Reads the bundle in `directory`; a network will compute on `device`, such as `flex` or `wgpu:1`.
///
/// # Errors
/// If a file is missing, too large, altered or of another version, or the device cannot be used.
pub fn load(
    directory: &Path,
    device: &str,
) -> Result<(Box<dyn Classifier>, BundleManifest), BundleError> {
    let manifest = read_manifest(directory)?;
    check_weights(directory, &manifest)?;
    let (model, input) = (&manifest.provenance.model, &manifest.input);
    let one = |folder: &Path| {
        load_model(folder, model, manifest.classes.clone(), input, device)
            .map_err(|source| BundleError::Model { path: folder.to_owned(), source })
    };
    if manifest.members.is_empty() {
        return Ok((one(directory)?, manifest));
    }
    let members = manifest.members.iter();
    let members = members.map(|name| Ok((name.clone(), one(&directory.join(name))?)));
    let ensemble =
        Ensemble::new(members.collect::<Result<_, BundleError>>()?).map_err(|source| {
            BundleError::Model { path: directory.to_owned(), source: source.into() }
        })?;
    Ok((Box::new(ensemble), manifest))
}

fn load_model(
    directory: &Path,
    model: &ModelConfig,
    classes: ClassMap,
    input: &InputDefinition,
    device: &str,
) -> Result<Box<dyn Classifier>, Box<dyn std::error::Error + Send + Sync>> {
    match model {
        ModelConfig::ExtraTrees(parameters) | ModelConfig::RandomForest(parameters) => {
            Ok(extra_trees::load(directory, parameters.cut(), classes, input)?)
        }
        ModelConfig::Lenet(config) => Ok(network::load(directory, config, classes, input, device)?),
        ModelConfig::Resnet(config) => {
            Ok(network::load(directory, config, classes, input, device)?)
        }
    }
}

/// Reads how unlike the training cells of the bundle in `directory` a cell is; `None` where the bundle does not say.
///
/// # Errors
/// If the file is not what it should be.
pub fn load_applicability(
    directory: &Path,
    manifest: &BundleManifest,
) -> Result<Option<CellApplicability>, BundleError> {
    let Some((path, bytes)) = read_listed(directory, manifest, APPLICABILITY_FILE)? else {
        return Ok(None);
    };
    let applicability = Applicability::from_bytes(&bytes)
        .and_then(|applicability| CellApplicability::new(applicability, &manifest.input));
    match applicability {
        Ok(applicability) => Ok(Some(applicability)),
        Err(error) => Err(BundleError::Content { path, reason: error.to_string() }),
    }
}

/// Reads which cells the model of the bundle in `directory` was fitted on; `None` where the bundle does not say.
///
/// # Errors
/// If the file is not what it should be.
pub fn load_trained_cells(
    directory: &Path,
    manifest: &BundleManifest,
) -> Result<Option<TrainedCells>, BundleError> {
    let listed = read_listed(directory, manifest, TRAINED_CELLS_FILE)?;
    listed.map(|(path, bytes)| TrainedCells::from_bytes(&path, &bytes)).transpose()
}

/// The path and the bytes of the file `name` of the bundle in `directory`, which are those that it was written with; `None`
/// where it does not list such a file.
fn read_listed(
    directory: &Path,
    manifest: &BundleManifest,
    name: &str,
) -> Result<Option<(PathBuf, Vec<u8>)>, BundleError> {
    let Some(mark) = manifest.weights.get(name) else { return Ok(None) };
    let path = directory.join(name);
    check_file(&path, mark)?;
    match read_bounded(&path, mark.bytes) {
        Ok(bytes) => Ok(Some((path, bytes))),
        Err(source) => Err(BundleError::Read { path, source }),
    }
}

/// The digest of the bundle in `directory`: SHA-256 of `bundle.json`, which holds those of its other files.
///
/// # Errors
/// If it cannot be read.
pub fn digest(directory: &Path) -> Result<String, BundleError> {
    let path = directory.join(MANIFEST_FILE);
    match FileMark::within(&path, MOST_MANIFEST_BYTES) {
        Ok(mark) => Ok(mark.sha256),
        Err(source) => Err(BundleError::Read { path, source }),
    }
}

/// Checks that the files in other forms are those that the bundle in `directory` was exported with.
///
/// # Errors
/// If one is missing or altered.
pub fn check_exports(directory: &Path, manifest: &BundleManifest) -> Result<(), BundleError> {
    for (name, mark) in &manifest.exports {
        if !is_plain(name) {
            let reason = format!("`{name}` is not the name of a file in the bundle");
            return Err(BundleError::Content { path: directory.join(MANIFEST_FILE), reason });
        }
        check_file(&directory.join(name), mark)?;
    }
    Ok(())
}

/// The part of `bundle.json` that every version has.
#[derive(Deserialize)]
struct Versioned {
    format: u64,
}

/// Reads what the bundle in `directory` says about itself; the weights are not looked at.
///
/// # Errors
/// If `bundle.json` is missing, too large, of another version, or not what it should be.
pub fn read_manifest(directory: &Path) -> Result<BundleManifest, BundleError> {
    let path = directory.join(MANIFEST_FILE);
    let text = read_bounded(&path, MOST_MANIFEST_BYTES)
        .map_err(|source| BundleError::Read { path: path.clone(), source })?;
    if text.len() as u64 > MOST_MANIFEST_BYTES {
        let (found, limit) = (text.len() as u64, MOST_MANIFEST_BYTES);
        return Err(BundleError::TooLarge { path, found, limit });
    }
    let described = |source| BundleError::Manifest { path: path.clone(), source };
    let Versioned { format } = serde_json::from_slice(&text).map_err(described)?;
    if format != FORMAT_VERSION {
        return Err(BundleError::Version { path: directory.to_owned(), found: format });
    }
    let manifest: BundleManifest = serde_json::from_slice(&text).map_err(described)?;
    let expected = manifest.provenance.model.kind();
    if manifest.kind != expected {
        let reason = format!("the kind is `{}`; the model's is `{expected}`", manifest.kind);
        return Err(BundleError::Content { path, reason });
    }
    if let Some(Err(error)) = manifest.input.patches().map(PatchDefinition::check) {
        return Err(BundleError::Content { path, reason: error.to_string() });
    }
    let side = manifest.provenance.pixel_metres;
    if let Some(side) = side.filter(|side| !(side.is_finite() && *side > 0.0)) {
        let reason = format!("`pixel_metres` is {side}; expected a length above 0");
        return Err(BundleError::Content { path, reason });
    }
    let point = manifest.operating_point.as_ref();
    if let Some(point) = point.filter(|point| *point.classes() != manifest.classes) {
        let (found, expected) = (point.classes(), &manifest.classes);
        let reason =
            format!("the operating point is of the classes {found}; the model's are {expected}");
        return Err(BundleError::Content { path, reason });
    }
    Ok(manifest)
}

/// Reads at most one byte more than `limit`.
fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Checks that the files of weights are those that the bundle was written with.
fn check_weights(directory: &Path, manifest: &BundleManifest) -> Result<(), BundleError> {
    let content =
        |reason| Err(BundleError::Content { path: directory.join(MANIFEST_FILE), reason });
    let (found, most) = (manifest.members.len(), MOST_MEMBERS);
    if found > most {
        return content(format!("it lists {found} members; expected at most {most}"));
    }
    let distinct: BTreeSet<&String> = manifest.members.iter().collect();
    if distinct.len() < found {
        return content(format!("it lists {found} members, of which some have the same name"));
    }
    if let Some(name) = manifest.members.iter().find(|name| !is_plain(name)) {
        return content(format!("`{name}` is not the name of a folder in the bundle"));
    }
    let (found, most) = (manifest.weights.len(), MOST_FILES * (1 + found));
    if !(1..=most).contains(&found) {
        return content(format!("it lists {found} files of weights; expected 1 to {most}"));
    }
    for (name, mark) in &manifest.weights {
        let (folder, file) = name.split_once('/').unwrap_or(("", name));
        let is_member = folder.is_empty() || distinct.contains(&folder.to_owned());
        if !is_plain(file) || !is_member || name.starts_with('/') {
            return content(format!("`{name}` is not the name of a file in the bundle"));
        }
        check_file(&directory.join(name), mark)?;
    }
    Ok(())
}

/// Whether `name` cannot lead out of the bundle, whatever the operating system.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// Checks that the file at `path` is of this size and digest.
pub(super) fn check_file(path: &Path, mark: &FileMark) -> Result<(), BundleError> {
    let read = |source| BundleError::Read { path: path.to_owned(), source };
    let content = |reason| Err(BundleError::Content { path: path.to_owned(), reason });
    let metadata = std::fs::metadata(path).map_err(read)?;
    let (found, limit) = (metadata.len(), MOST_WEIGHT_BYTES);
    if found > limit {
        return Err(BundleError::TooLarge { path: path.to_owned(), found, limit });
    }
    if !metadata.is_file() || found != mark.bytes {
        return content(format!("has {found} bytes; expected a file of {}", mark.bytes));
    }
    let found = FileMark::within(path, limit).map_err(read)?;
    if found != *mark {
        return content(format!("has digest {}; expected {}", found.sha256, mark.sha256));
    }
    Ok(())
}
