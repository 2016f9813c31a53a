//! Bundles that are put together from others, file by file: a copy, or the members of an ensemble.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tesela_datasets::file_mark::FileMark;
use tesela_datasets::whole_file::write_whole;

use super::load::{check_file, load_trained_cells, read_manifest};
use super::manifest::{BundleManifest, MANIFEST_FILE};
use super::save::{appear, write_manifest};
use super::trained_cells::TRAINED_CELLS_FILE;
use super::{BundleError, TrainedCells};
use crate::config::ModelConfig;
use crate::extra_trees;
use crate::network;

/// A bundle that will hold files of others.
#[derive(Debug, Clone)]
pub struct Gathering {
    manifest: BundleManifest,
    /// Where each file of the bundle lies now.
    files: BTreeMap<String, PathBuf>,
    /// Files that lie nowhere yet.
    made: BTreeMap<String, Vec<u8>>,
}

impl Gathering {
    /// A copy of the bundle in `directory`, without what it was exported as.
    ///
    /// # Errors
    /// If there is none that can be read.
    pub fn copy(directory: &Path) -> Result<Self, BundleError> {
        let mut manifest = read_manifest(directory)?;
        manifest.exports.clear();
        let names = manifest.weights.keys();
        let files = names.map(|name| (name.clone(), directory.join(name))).collect();
        Ok(Self { manifest, files, made: BTreeMap::new() })
    }

    /// An ensemble of the bundles in `members`, each with the name of its folder. Files beside the weights in the bundle `whole`, a
    /// model of the same settings that was fitted on the cells of all members, are taken over. Without it the ensemble knows the
    /// cells that any of its members was fitted on, where all say so, and no area of applicability: what is unlike the cells of one
    /// member may be like those of the others. Nothing is said of how good it is.
    ///
    /// # Errors
    /// If there are none, one cannot be read, or they are not of one model and data set.
    pub fn ensemble(
        members: &[(String, PathBuf)],
        whole: Option<&Path>,
    ) -> Result<Self, BundleError> {
        let (_, first) = members.first().expect("an ensemble has members");
        let mut joined = read_manifest(first)?;
        let (mut weights, mut files) = (BTreeMap::new(), BTreeMap::new());
        let own_files = model_files(&joined.provenance.model);
        let (mut made, mut trained) = (BTreeMap::new(), Some(TrainedCells::default()));
        for (name, path) in members {
            let manifest = read_manifest(path)?;
            check_alike(path, &manifest, first, &joined)?;
            if whole.is_none() {
                let own = load_trained_cells(path, &manifest)?;
                trained = trained.zip(own).map(|(all, own)| all.union(&own));
            }
            for (file, mark) in &manifest.weights {
                if own_files.contains(&file.as_str()) {
                    weights.insert(format!("{name}/{file}"), mark.clone());
                    files.insert(format!("{name}/{file}"), path.join(file));
                }
            }
        }
        joined.provenance.measured.clear();
        joined.operating_point = None;
        if let Some(path) = whole {
            let manifest = read_manifest(path)?;
            check_alike(path, &manifest, first, &joined)?;
            for (file, mark) in &manifest.weights {
                if !own_files.contains(&file.as_str()) {
                    weights.insert(file.clone(), mark.clone());
                    files.insert(file.clone(), path.join(file));
                }
            }
        }
        if let Some(trained) = trained.filter(|trained| !trained.is_empty()) {
            let bytes = trained.to_bytes();
            weights.insert(TRAINED_CELLS_FILE.to_owned(), FileMark::of_bytes(&bytes));
            made.insert(TRAINED_CELLS_FILE.to_owned(), bytes);
        }
        joined.provenance.fold = None;
        joined.members = members.iter().map(|(name, _)| name.clone()).collect();
        joined.exports.clear();
        joined.weights = weights;
        Ok(Self { manifest: joined, files, made })
    }

    /// What the bundle will say about its model.
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// The same, to add to what is known of the model.
    pub fn manifest_mut(&mut self) -> &mut BundleManifest {
        &mut self.manifest
    }

    /// Writes the bundle to `directory`, replacing a bundle that is there. Before it appears, `export` may write further files
    /// into the folder, which is a bundle already; it gives their names.
    ///
    /// # Errors
    /// If something else lies there, a file is not what its bundle says, or the disk refuses; then nothing appears.
    pub fn write<E: From<BundleError>>(
        mut self,
        directory: &Path,
        export: impl FnOnce(&Path, &BundleManifest) -> Result<Vec<String>, E>,
    ) -> Result<BundleManifest, E> {
        refuse_shared(directory)?;
        appear(directory, |partial| {
            self.copy_files(partial)?;
            write_manifest(partial, &self.manifest)?;
            let names = export(partial, &self.manifest)?;
            self.note_exports(partial, names)?;
            Ok(self.manifest)
        })
    }

    fn copy_files(&self, partial: &Path) -> Result<(), BundleError> {
        for member in &self.manifest.members {
            let folder = partial.join(member);
            fs::create_dir(&folder)
                .map_err(|source| BundleError::Write { path: folder.clone(), source })?;
        }
        for (name, mark) in &self.manifest.weights {
            let to = partial.join(name);
            if let Some(bytes) = self.made.get(name) {
                write_whole(&to, bytes)
                    .map_err(|source| BundleError::Write { path: to.clone(), source })?;
                continue;
            }
            let from = &self.files[name];
            check_file(from, mark)?;
            fs::copy(from, &to)
                .map_err(|source| BundleError::Write { path: to.clone(), source })?;
            check_file(&to, mark)?;
        }
        Ok(())
    }

    fn note_exports(&mut self, partial: &Path, names: Vec<String>) -> Result<(), BundleError> {
        for name in names {
            let path = partial.join(&name);
            let mark = FileMark::of(&path)
                .map_err(|source| BundleError::Write { path: path.clone(), source })?;
            self.manifest.exports.insert(name, mark);
        }
        write_manifest(partial, &self.manifest)
    }
}

/// The files of weights of a model; others describe it or its cells.
fn model_files(model: &ModelConfig) -> &'static [&'static str] {
    match model {
        ModelConfig::ExtraTrees(_) | ModelConfig::RandomForest(_) => &[extra_trees::WEIGHTS_FILE],
        ModelConfig::Lenet(_) | ModelConfig::Resnet(_) => &network::FILES,
    }
}

fn check_alike(
    path: &Path,
    found: &BundleManifest,
    first: &Path,
    expected: &BundleManifest,
) -> Result<(), BundleError> {
    let (own, other) = (&found.provenance, &expected.provenance);
    let differs = [
        ("other classes", found.classes != expected.classes),
        ("another input", found.input != expected.input),
        ("other settings", own.model != other.model),
        ("another store", own.store_digest != other.store_digest),
        ("other folds", own.fold_plan_digest != other.fold_plan_digest),
    ];
    let reason = match differs.into_iter().find(|(_, differs)| *differs) {
        Some((what, _)) => format!("it has {what}"),
        None if !found.members.is_empty() => "it is an ensemble itself".to_owned(),
        None => return Ok(()),
    };
    let (path, first) = (path.to_owned(), first.to_owned());
    Err(BundleError::Unlike { path, first, reason })
}

/// Refuses to replace a bundle beside which something else lies.
fn refuse_shared(directory: &Path) -> Result<(), BundleError> {
    if !directory.join(MANIFEST_FILE).is_file() {
        return Ok(());
    }
    let manifest = read_manifest(directory)?;
    let read = |source| BundleError::Read { path: directory.to_owned(), source };
    for entry in fs::read_dir(directory).map_err(read)? {
        let name = entry.map_err(read)?.file_name().to_string_lossy().into_owned();
        let is_own = name == MANIFEST_FILE
            || manifest.weights.contains_key(&name)
            || manifest.exports.contains_key(&name)
            || manifest.members.contains(&name);
        if !is_own {
            return Err(BundleError::Shared { path: directory.to_owned(), stranger: name });
        }
    }
    Ok(())
}
