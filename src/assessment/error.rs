//! Why a map could not be assessed.

use std::path::PathBuf;

use tesela_datasets::table_file::TableFileError;

use crate::map::MapError;
use crate::raster::RasterError;
use crate::training::TrainingError;

/// Why a map could not be assessed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssessmentError {
    /// The map cannot be read.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] TrainingError),
    /// A table of labels or ids cannot be read.
    #[error(transparent)]
    Table(#[from] TableFileError),
    /// A vector file cannot be read, or its coordinates not be moved.
    #[error(transparent)]
    Vector(#[from] RasterError),
    /// A file of labels or ids has something wrong in one of its rows.
    #[error("`{}`: {reason}", .path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The classes of the labels are not those of the map.
    #[error(
        "the labels in `{}` name the classes {found}; the map `{}` knows {expected}, and names have to be equal",
        .labels.display(), .map.display()
    )]
    Classes {
        /// The file of labels.
        labels: PathBuf,
        /// The classes that it names.
        found: String,
        /// The map.
        map: PathBuf,
        /// The classes of its models.
        expected: String,
    },
    /// Not one of the labelled cells is on the map.
    #[error(
        "none of the {cells} cells in `{}` is on the map `{}`: the labels speak of {found}, the map of {expected}",
        .labels.display(), .map.display()
    )]
    Strangers {
        /// The file of labels.
        labels: PathBuf,
        /// Its cells.
        cells: usize,
        /// Some of their ids.
        found: String,
        /// The map.
        map: PathBuf,
        /// Some of its ids.
        expected: String,
    },
    /// There is nothing to score.
    #[error("no cell of the map `{}` can be scored: {reason}", .path.display())]
    NothingToScore {
        /// The map.
        path: PathBuf,
        /// What its cells are.
        reason: String,
    },
    /// The map says nothing that the assessment needs.
    #[error("the cells of the map `{}` {reason}", .path.display())]
    NoPlaces {
        /// The map.
        path: PathBuf,
        /// What is missing, and what for.
        reason: String,
    },
    /// The directory holds something else.
    #[error("`{}` cannot take the assessment: {reason}", .path.display())]
    Occupied {
        /// The directory.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The disk refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
}

impl AssessmentError {
    pub(super) fn write(
        path: &std::path::Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Write { path: path.to_owned(), source: source.into() }
    }
}
