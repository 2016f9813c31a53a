//! Bundles: fitted models on disk, with all that is needed to use and to judge them.
//!
//! A bundle is a directory: `bundle.json` says what the model is, what it sees, where it comes from and how
//! well it did; beside it lie the weights, each file with its size and digest in `bundle.json`. The format is
//! specified in `models/README.md`. The same model and provenance give the same bytes.
//!
//! Start with [`save`] and [`load`]; a [`Gathering`] makes a bundle of others: a copy, or an ensemble.

mod gather;
mod load;
mod manifest;
mod save;
#[cfg(test)]
mod tests;
mod trained_cells;

use std::path::PathBuf;

pub use gather::Gathering;
pub use load::{
    check_exports, digest, load, load_applicability, load_trained_cells, read_manifest,
};
pub use manifest::{APPLICABILITY_FILE, BundleManifest, FORMAT_VERSION, MANIFEST_FILE, Provenance};
pub use save::{Extras, save};
pub use trained_cells::{TRAINED_CELLS_FILE, TrainedCells};

use crate::classifier::SaveError;

/// Why a bundle could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The operating system refused to write.
    #[error("cannot write bundle `{}`", .path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The weights could not be written.
    #[error("cannot write bundle `{}`", .path.display())]
    Weights {
        /// The bundle.
        path: PathBuf,
        /// Why.
        source: SaveError,
    },
    /// The classifier is not what its provenance says.
    #[error("the classifier is of kind `{found}`; its provenance says `{expected}`")]
    Kind {
        /// The kind of the classifier.
        found: String,
        /// The kind of the model settings.
        expected: &'static str,
    },
    /// Something that is not a bundle lies there.
    #[error("`{}` exists and is not a bundle; it is left as it is", .path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// A bundle lies there, and something else beside it.
    #[error("`{}` holds `{stranger}` beside a bundle; it is left as it is", .path.display())]
    Shared {
        /// The directory.
        path: PathBuf,
        /// What lies there.
        stranger: String,
    },
    /// Bundles cannot be joined.
    #[error("`{}` cannot be joined with `{}`: {reason}", .path.display(), .first.display())]
    Unlike {
        /// The bundle.
        path: PathBuf,
        /// The first bundle.
        first: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The operating system refused to read.
    #[error("cannot read bundle file `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is larger than any bundle's.
    #[error("`{}` has {found} bytes; at most {limit} are read", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The bundle is of another format version.
    #[error("bundle `{}` has format {found}; this build reads {FORMAT_VERSION}", .path.display())]
    Version {
        /// The bundle.
        path: PathBuf,
        /// The version that it names.
        found: u64,
    },
    /// `bundle.json` is not what it should be.
    #[error("`{}` does not describe a bundle", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// `bundle.json` contradicts itself or the files beside it.
    #[error("`{}`: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The weights are not usable.
    #[error("cannot load the model of bundle `{}`", .path.display())]
    Model {
        /// The bundle.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
