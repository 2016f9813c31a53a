//! Why a raster or a vector file could not be used.

use std::path::{Path, PathBuf};

/// Why a raster or a vector file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RasterError {
    /// GDAL refused.
    #[error("cannot {action} `{}`", .path.display())]
    Gdal {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What GDAL said.
        source: gdal::errors::GdalError,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A declaration or a request makes no sense.
    #[error("raster `{}`: {message}", .path.display())]
    Request {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        message: String,
    },
    /// The file is not complete, as happens where the disk is full.
    #[error("raster `{}` is incomplete: {message}", .path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// What is missing.
        message: String,
    },
}

impl RasterError {
    /// For `map_err`: GDAL refused to do `action` with `path`.
    pub(crate) fn gdal(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(gdal::errors::GdalError) -> Self {
        let path = path.to_owned();
        move |source| Self::Gdal { action, path, source }
    }

    /// For `map_err`: the operating system refused to do `action` with `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
