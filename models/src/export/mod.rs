//! Exports: a bundle with the same model in other forms beside it, and a card that says what it is.
//!
//! What is written is a bundle like any other, loaded once before it appears, so `tesela predict` takes it as it is. Beside the
//! weights lie, as far as the model has these forms:
//!
//! ```text
//! model.onnx      for ONNX Runtime and its like, see `onnx`
//! features.json   the names of the numbers that trees look at, in the order of the input `features`
//! twin.py         a module of PyTorch that loads `weights.safetensors`
//! MODEL_CARD.md   what the model is, how good it is, and how to use it
//! ```
//!
//! The same bundle gives the same bytes: there is no time and no path in them. Start with [`export`].

mod card;
mod facts;

use std::path::{Path, PathBuf};

use tesela_datasets::whole_file::write_whole;

use self::card::Card;
use crate::bundle::{self, BundleError, BundleManifest, Gathering};
use crate::classifier::Classifier;
use crate::onnx::{Naming, OnnxError, OnnxModel};

/// The names of the files.
const ONNX: &str = "model.onnx";
const FEATURES: &str = "features.json";
const TWIN: &str = "twin.py";
const CARD: &str = "MODEL_CARD.md";

/// A form in which other programs take a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// One file that ONNX Runtime runs.
    Onnx,
    /// The tensors of a network, which bundles hold anyhow, with a module of PyTorch that loads them.
    Safetensors,
}

/// Why a model could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The bundle cannot be read or written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The model cannot be written as ONNX.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The model has no such form.
    #[error("a model of kind `{kind}` has no tensors for PyTorch; expected a network")]
    NoTensors {
        /// The kind of model.
        kind: String,
    },
    /// The operating system refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Onnx, Self::Safetensors];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Safetensors => "safetensors",
        }
    }
}

/// Writes the bundle that `gathering` makes to `directory`, in `formats` beside its own; in all that the model has where `None`.
/// A bundle that is there is replaced.
///
/// # Errors
/// If the model lacks a format that is asked for, something else lies there, or the disk refuses; then nothing appears.
pub fn export(
    gathering: Gathering,
    directory: &Path,
    formats: Option<&[Format]>,
) -> Result<BundleManifest, ExportError> {
    gathering.write(directory, |partial, manifest| {
        let (classifier, _) = bundle::load(partial, "flex")?;
        let wants = |format| formats.is_none_or(|formats| formats.contains(&format));
        let mut names = Vec::new();
        if wants(Format::Onnx) {
            let bytes = onnx(&*classifier, manifest)?;
            write(partial, ONNX, &bytes, &mut names)?;
            if let Some(features) = classifier.features() {
                let text = facts::json(&features) + "\n";
                write(partial, FEATURES, text.as_bytes(), &mut names)?;
            }
        }
        if wants(Format::Safetensors) {
            match classifier.torch_twin() {
                Some(twin) => write(partial, TWIN, twin.as_bytes(), &mut names)?,
                None if formats.is_none() => {}
                None => return Err(ExportError::NoTensors { kind: manifest.kind.clone() }),
            }
        }
        let card = Card { manifest, features: classifier.features(), exports: &names };
        let text = card.text(partial)?;
        write(partial, CARD, text.as_bytes(), &mut names)?;
        Ok(names)
    })
}

/// The model as ONNX, with everything that the bundle says of it.
fn onnx(classifier: &dyn Classifier, manifest: &BundleManifest) -> Result<Vec<u8>, OnnxError> {
    let mut model = OnnxModel::default();
    let scores = classifier.write_onnx(&mut model)?;
    let facts = facts::facts(manifest, classifier.features());
    let operating_point = manifest.operating_point.as_ref();
    model.finish(&scores, Naming { classes: &manifest.classes, operating_point, facts: &facts })
}

fn write(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    names: &mut Vec<String>,
) -> Result<(), ExportError> {
    let path = folder.join(name);
    write_whole(&path, bytes).map_err(|source| ExportError::Write { path, source })?;
    names.push(name.to_owned());
    Ok(())
}
