//! Opens files through GDAL, with errors that say what is wrong with the file.
//!
//! GDAL prints its messages on standard error unless it is told otherwise; here they are kept, so that the
//! caller can make them the cause of an error of its own.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Once;

use gdal::config::set_error_handler;
use gdal::errors::CplErrType;
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use super::RasterError;

thread_local! {
    static LAST_FAILURE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps GDAL from printing. To be called before anything else is asked of it; repeating it costs nothing.
pub(crate) fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_error_handler(|kind, number, message| {
            tracing::debug!(number, message, "gdal");
            if matches!(kind, CplErrType::Failure | CplErrType::Fatal) {
                LAST_FAILURE.with(|last| *last.borrow_mut() = Some(message.to_owned()));
            }
        });
    });
}

/// What GDAL last complained about on this thread since the last call, if anything.
///
/// Some of its iterators end early without another sign.
pub(crate) fn take_failure() -> Option<String> {
    LAST_FAILURE.with(|last| last.borrow_mut().take())
}

/// Opens a raster for reading.
///
/// # Errors
/// If the file is missing, empty, damaged or no raster.
pub(crate) fn open_raster(path: &Path) -> Result<Dataset, RasterError> {
    open(path, GdalOpenFlags::GDAL_OF_RASTER, "a raster such as a GeoTIFF")
}

/// Opens a vector file for reading.
///
/// # Errors
/// If the file is missing, empty, damaged or no vector file.
pub(crate) fn open_vector(path: &Path) -> Result<Dataset, RasterError> {
    open(path, GdalOpenFlags::GDAL_OF_VECTOR, "a vector file such as a GeoPackage or a shapefile")
}

fn open(path: &Path, kind: GdalOpenFlags, expected: &'static str) -> Result<Dataset, RasterError> {
    keep_quiet();
    // GDAL also opens archives, URLs and databases, which are no files; those are left to it.
    let virtual_path = path.to_string_lossy().starts_with("/vsi") || !path_is_plain(path);
    if !virtual_path {
        let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                RasterError::Missing { path: path.to_owned(), expected }
            }
            _ => RasterError::io("read", path)(source),
        })?;
        if metadata.is_file() && metadata.len() == 0 {
            return Err(RasterError::Empty { path: path.to_owned(), expected });
        }
    }
    take_failure();
    let options = DatasetOptions {
        open_flags: kind | GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        ..DatasetOptions::default()
    };
    Dataset::open_ex(path, options).map_err(|source| match Dataset::open(path) {
        Ok(other) => RasterError::WrongKind {
            path: path.to_owned(),
            found: if other.raster_count() > 0 || other.raster_size().0 > 0 {
                "a raster".to_owned()
            } else {
                "no raster".to_owned()
            },
            expected,
        },
        Err(_) => RasterError::Open { path: path.to_owned(), expected, source },
    })
}

/// Whether the path names something of the file system, and not a connection such as `PG:dbname=x`.
fn path_is_plain(path: &Path) -> bool {
    !path.to_string_lossy().split('/').next().is_some_and(|first| first.contains(':'))
}
