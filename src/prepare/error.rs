//! Why a store could not be prepared.

use std::path::{Path, PathBuf};

use tesela_datasets::descriptor::Descriptor;
use tesela_datasets::store::StoreError;
use tesela_datasets::table_file::TableFileError;

use crate::cutting::CuttingError;
use crate::grid::GridError;
use crate::raster::{MosaicError, RasterError};

/// Why a store could not be prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The grid cannot be read.
    #[error("cannot read the grid")]
    Grid(#[source] GridError),
    /// The mosaic cannot be cut.
    #[error("cannot cut patches")]
    Cutting(#[from] CuttingError),
    /// An image cannot be read.
    #[error("cannot read a raster")]
    Raster(#[from] MosaicError),
    /// The table cannot be read.
    #[error("cannot read the table")]
    Table(#[from] TableFileError),
    /// What coordinates mean cannot be understood.
    #[error("cannot understand `table.crs`")]
    Coordinates(#[source] Box<RasterError>),
    /// The descriptor declares data of another kind.
    #[error("descriptor `{descriptor}` declares {found}; expected {expected}")]
    Kind {
        /// The descriptor.
        descriptor: String,
        /// What it declares.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// The store cannot be written.
    #[error("cannot write the store")]
    Store(#[from] StoreError),
    /// The operating system refused.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The operating system refused.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Something else has the name of the store.
    #[error(
        "`{}` exists already, and {difference}; remove it with `rm -r {}` to replace it, or choose another `--out`",
        .path.display(), .path.display()
    )]
    Exists {
        /// The name.
        path: PathBuf,
        /// What it is.
        difference: String,
    },
    /// A file is not the one that the descriptor means.
    #[error(
        "`{}` has SHA-256 {found}; the descriptor says {expected}. The file is damaged, or another version (then change `[checksums]`)",
        .path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// Its digest.
        found: String,
        /// The digest of the descriptor.
        expected: String,
    },
    /// There are no patches.
    #[error(
        "`{}` has no file that matches `{pattern}` (of {files} files{example}); expected one folder per class",
        .path.display()
    )]
    NoPatches {
        /// The folder or archive.
        path: PathBuf,
        /// The pattern of the descriptor.
        pattern: String,
        /// How many files there are.
        files: usize,
        /// One of them, in words.
        example: String,
    },
    /// A folder is no class.
    #[error("class `{class}` of `{}` is not in the descriptor; it has {classes}", .path.display())]
    UnknownClass {
        /// The file.
        path: PathBuf,
        /// The class.
        class: String,
        /// The classes of the descriptor.
        classes: String,
    },
    /// An archive cannot be read.
    #[error("cannot read the zip archive `{}`", .path.display())]
    Archive {
        /// The archive, or a file in it.
        path: PathBuf,
        /// What the reader said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An image cannot be decoded.
    #[error("cannot decode `{}`", .path.display())]
    Image {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// A patch is not like the others, or not as declared.
    #[error("`{}` {found}; expected {expected}", .path.display())]
    Unlike {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The user asked to stop.
    #[error("interrupted; no store was written")]
    Interrupted,
}

impl From<GridError> for PrepareError {
    fn from(error: GridError) -> Self {
        match error {
            GridError::Interrupted => Self::Interrupted,
            error => Self::Grid(error),
        }
    }
}

impl PrepareError {
    /// The descriptor declares something else than `expected`.
    pub(super) fn kind(descriptor: &Descriptor, expected: &'static str) -> Self {
        let (name, found) = (descriptor.name().to_owned(), descriptor.kind().words());
        Self::Kind { descriptor: name, found, expected }
    }

    /// For `map_err`: the operating system refused to read `path`.
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}
