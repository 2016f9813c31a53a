//! Why a run has no report.

use std::path::PathBuf;

use crate::inspection::InspectionError;
use crate::training::TrainingError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The run cannot be read.
    #[error("cannot read the run in `{}`", .path.display())]
    Run {
        /// Its directory.
        path: PathBuf,
        /// Why.
        source: TrainingError,
    },
    /// The history of a network cannot be read.
    #[error("cannot read `{}`", .path.display())]
    History {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There are no pictures of patches.
    #[error("cannot draw the patches of store `{}`", .store.display())]
    Patches {
        /// The store.
        store: PathBuf,
        /// Why.
        source: InspectionError,
    },
    /// The operating system refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}
