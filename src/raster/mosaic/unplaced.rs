//! Reading a small GeoTIFF that is already in memory and need not have a place on the ground.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use gdal::{Dataset, DatasetOptions, GdalOpenFlags, vsi};

use super::open::BandRaster;
use super::{MosaicError, MosaicReading, MosaicWindow};
use crate::raster::open::keep_quiet;
use crate::raster::{RasterError, Window};

/// The longest side of a ready-made patch.
const MAX_SIDE: usize = 4096;

/// Reads all of the TIFF `bytes`, which errors ascribe to `path`.
///
/// # Errors
/// If the bytes are no complete TIFF, or do not hold what `reading` expects.
pub fn read_patch_tiff(
    bytes: Vec<u8>,
    path: &Path,
    reading: &MosaicReading,
) -> Result<MosaicWindow, MosaicError> {
    keep_quiet();
    let expected = "a GeoTIFF";
    if bytes.is_empty() {
        return Err(RasterError::Empty { path: path.to_owned(), expected }.into());
    }
    let failed = |source| RasterError::Open { path: path.to_owned(), expected, source };
    let memory = MemoryFile::new(bytes).map_err(failed)?;
    let options = DatasetOptions {
        open_flags: GdalOpenFlags::GDAL_OF_RASTER | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
        allowed_drivers: Some(&["GTiff"]),
        ..DatasetOptions::default()
    };
    let dataset = Dataset::open_ex(&memory.path, options).map_err(failed)?;
    let raster = BandRaster::new(dataset, path, reading)?;
    let (width, height) = (raster.columns, raster.rows);
    if width.max(height) > MAX_SIDE {
        return Err(RasterError::Request {
            path: path.to_owned(),
            message: format!(
                "it has {width} × {height} pixels; a patch has at most {MAX_SIDE} a side"
            ),
        }
        .into());
    }
    raster.read(Window { column: 0, row: 0, width, height })
}

/// A file in GDAL's memory, removed when it is dropped.
struct MemoryFile {
    path: PathBuf,
}

impl MemoryFile {
    fn new(bytes: Vec<u8>) -> Result<Self, gdal::errors::GdalError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/vsimem/tesela-patch-{number}.tif"));
        vsi::create_mem_file(&path, bytes)?;
        Ok(Self { path })
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // It was made above under a name of its own; failing would only leave it in memory.
        drop(vsi::unlink_mem_file(&self.path));
    }
}
