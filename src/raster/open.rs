//! Opens files through GDAL, with errors that say what is wrong with the file.
//!
//! GDAL prints its messages on standard error unless it is told otherwise; here they are kept, so that the
//! caller can make them the cause of an error of its own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Once;

use gdal::config::set_error_handler;
use gdal::errors::{CplErrType, GdalError};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use super::RasterError;
use super::network::{
    NetworkFailure, Patience, advice, forget, gdal_name, is_passing, is_remote,
    prepare_for_networks, without_listing,
};

thread_local! {
    static MESSAGES: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
}

/// Something that GDAL has complained about.
#[derive(Debug, Clone)]
struct Message {
    text: String,
    /// Whether something has failed; otherwise GDAL goes on by itself.
    is_failure: bool,
}

/// What GDAL says where it asks a busy server again by itself.
const RETRYING: &str = "Retrying again";

/// The most messages that are kept.
const KEPT: usize = 16;

/// Keeps GDAL from printing. To be called before anything else is asked of it; repeating it costs nothing.
pub(crate) fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_error_handler(|kind, number, message| {
            tracing::debug!(number, message, "gdal");
            if message.contains(RETRYING) {
                tracing::warn!("{message}");
            }
            let is_failure = matches!(kind, CplErrType::Failure | CplErrType::Fatal);
            if is_failure || matches!(kind, CplErrType::Warning) {
                let message = Message { text: message.to_owned(), is_failure };
                MESSAGES.with(|messages| note(&mut messages.borrow_mut(), message));
            }
        });
    });
}

/// What GDAL last complained about on this thread since the last call, if anything.
///
/// Some of its iterators end early without another sign.
pub(crate) fn take_failure() -> Option<String> {
    let messages = MESSAGES.with(RefCell::take);
    let mut failures = messages.into_iter().filter(|message| message.is_failure);
    failures.next_back().map(|message| message.text)
}

/// All that GDAL complained about on this thread since the last call, warnings too, the first causes first.
pub(crate) fn take_messages() -> Vec<String> {
    let messages = MESSAGES.with(RefCell::take);
    messages.into_iter().map(|message| message.text).collect()
}

/// Keeps the first messages, and the last one.
fn note(messages: &mut Vec<Message>, message: Message) {
    messages.truncate(KEPT - 1);
    messages.push(message);
}

/// Megabytes of decoded blocks that GDAL keeps. Enough for the blocks of a tile of the mosaic, so that what several bands share,
/// and what lies behind a virtual raster, is decoded once. Blocks that are read by themselves take none of it.
const CACHE_MEGABYTES: &str = "128";

/// Unless the user has set GDAL's cache, it would take a share of the machine's memory.
pub(crate) fn limit_cache() {
    static ONCE: Once = Once::new();
    const KEY: &str = "GDAL_CACHEMAX";
    ONCE.call_once(|| {
        if std::env::var_os(KEY).is_none() {
            // Failing only means a cache of another size.
            drop(gdal::config::set_config_option(KEY, CACHE_MEGABYTES));
        }
    });
}

/// Opens a raster for reading.
///
/// # Errors
/// If the file is missing, empty, damaged or no raster.
pub(crate) fn open_raster(path: &Path) -> Result<Dataset, RasterError> {
    open(path, &GdalOpenFlags::GDAL_OF_RASTER, "a raster such as a GeoTIFF")
}

/// Opens a vector file for reading.
///
/// # Errors
/// If the file is missing, empty, damaged or no vector file.
pub(crate) fn open_vector(path: &Path) -> Result<Dataset, RasterError> {
    open(path, &GdalOpenFlags::GDAL_OF_VECTOR, "a vector file such as a GeoPackage or a shapefile")
}

fn open(path: &Path, kind: &GdalOpenFlags, expected: &'static str) -> Result<Dataset, RasterError> {
    keep_quiet();
    prepare_for_networks();
    if is_remote(path) {
        return open_remote(path, kind);
    }
    // GDAL also opens archives and databases, which are no files; those are left to it.
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
    take_messages();
    open_named(path, kind).map_err(|source| match Dataset::open(path) {
        Ok(other) => RasterError::WrongKind {
            path: path.to_owned(),
            found: if other.raster_count() > 0 || other.raster_size().0 > 0 {
                "a raster".to_owned()
            } else {
                "no raster".to_owned()
            },
            expected,
        },
        Err(_) => match rasters_inside(path) {
            Some(found) => RasterError::Archive { path: path.to_owned(), found },
            None => RasterError::Open { path: path.to_owned(), expected, source },
        },
    })
}

/// Opens `name`, which is one of GDAL's.
fn open_named(name: &Path, kind: &GdalOpenFlags) -> Result<Dataset, GdalError> {
    let kind = GdalOpenFlags::from_bits_retain(kind.bits());
    let options = DatasetOptions {
        open_flags: kind | GdalOpenFlags::GDAL_OF_READONLY | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        ..DatasetOptions::default()
    };
    Dataset::open_ex(name, options)
}

/// Opens what lies on a server.
fn open_remote(path: &Path, kind: &GdalOpenFlags) -> Result<Dataset, RasterError> {
    let name = gdal_name(path);
    let attempt = || {
        take_messages();
        without_listing(|| open_named(&name, kind)).map_err(|source| {
            let failure = NetworkFailure { source, messages: take_messages() };
            forget(&name);
            failure
        })
    };
    let is_worth = |failure: &NetworkFailure| is_passing(&failure.said());
    Patience::of_settings().try_until_done(path, attempt, is_worth).map_err(
        |(failure, attempts)| {
            let said = failure.said();
            RasterError::Network { path: path.to_owned(), attempts, advice: advice(&said), said }
        },
    )
}

/// The names under which the rasters in the archive `path` can be opened, if it is one and has some.
fn rasters_inside(path: &Path) -> Option<Vec<String>> {
    let is_named = |path: &Path, ends: &[&str]| {
        let end = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        ends.contains(&end.as_str())
    };
    if !is_named(path, &["zip"]) {
        return None;
    }
    let archive = path.canonicalize().ok()?;
    let root = PathBuf::from(format!("/vsizip/{}", archive.display()));
    let inside = gdal::vsi::read_dir(&root, true).ok()?;
    let rasters = inside.iter().filter(|name| is_named(name, &["tif", "tiff", "vrt", "jp2"]));
    let names: Vec<String> =
        rasters.map(|name| root.join(name).to_string_lossy().into_owned()).collect();
    (!names.is_empty()).then_some(names)
}

/// Whether the path names something of the file system, and not a connection such as `PG:dbname=x`.
fn path_is_plain(path: &Path) -> bool {
    !path.to_string_lossy().split('/').next().is_some_and(|first| first.contains(':'))
}
