//! Cloud-optimised GeoTIFFs: tiles and overviews laid out so that a part is read without the rest.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use gdal::raster::RasterCreationOptions;
use gdal::{Dataset, DriverManager};
use tesela_datasets::whole_file::partial_path;

use super::blocks::verify_blocks;
use super::categories::{categories_path, write_categories};
use super::{GeoTiffLayout, GeoTiffSample, GeoTiffWriter, Window, offers_zstd};
use crate::raster::RasterError;
use crate::raster::open::{keep_quiet, limit_cache, take_failure};

/// Which number stands for several pixels in a smaller picture of the raster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overviews {
    /// The most frequent one, for classes.
    MostFrequent,
    /// Their mean, for measurements.
    Mean,
}

/// Writes one cloud-optimised GeoTIFF: as a plain one first, which is then laid out anew. Dropped unfinished, it leaves
/// nothing behind.
#[derive(Debug)]
pub struct CogWriter {
    path: PathBuf,
    layout: GeoTiffLayout,
    overviews: Overviews,
    plain: GeoTiffWriter,
    folder: WorkFolder,
}

impl CogWriter {
    /// Begins the raster that will appear at `path`, replacing a file that is there.
    ///
    /// # Errors
    /// If the layout is impossible, or no file can be created beside `path`.
    pub fn create(
        path: &Path,
        layout: GeoTiffLayout,
        overviews: Overviews,
    ) -> Result<Self, RasterError> {
        keep_quiet();
        limit_cache();
        let folder = WorkFolder::create(path).map_err(RasterError::io("create", path))?;
        let plain = GeoTiffWriter::begin(path, folder.file("plain.tif"), layout.clone())?;
        Ok(Self { path: path.to_owned(), layout, overviews, plain, folder })
    }

    /// Writes `samples` (`[row, column]`) into `window` of band `band`, which counts from 0.
    ///
    /// # Errors
    /// As [`GeoTiffWriter::write`].
    pub fn write<T: GeoTiffSample>(
        &mut self,
        band: usize,
        window: Window,
        samples: &[T],
    ) -> Result<(), RasterError> {
        self.plain.write(band, window, samples)
    }

    /// Lays the raster out and looks for every block in it.
    ///
    /// # Errors
    /// If a block is missing, as happens where the disk is full.
    pub fn finish(mut self) -> Result<FinishedCog, RasterError> {
        self.plain.complete()?;
        let finished = self.folder.file("whole.tif");
        self.lay_out(&self.folder.file("plain.tif"), &finished)?;
        verify_blocks(&finished, &self.path, self.layout.bands.len())?;
        File::open(&finished)
            .and_then(|file| file.sync_all())
            .map_err(RasterError::io("write raster", &self.path))?;
        write_categories(&finished, &self.layout)?;
        Ok(FinishedCog { path: self.path, finished, _folder: self.folder })
    }

    /// Copies the plain raster to `finished`.
    fn lay_out(&self, plain: &Path, finished: &Path) -> Result<(), RasterError> {
        let failed = RasterError::gdal("lay out raster", &self.path);
        take_failure();
        let copy = || -> gdal::errors::Result<()> {
            let driver = DriverManager::get_driver_by_name("COG")?;
            let options = creation_options(&driver, self.overviews)?;
            Dataset::open(plain)?.create_copy(&driver, finished, &options)?.close()
        };
        copy().map_err(failed)?;
        // Some failures of the operating system are only reported.
        let message = take_failure();
        message.map_or(Ok(()), |message| {
            Err(RasterError::Incomplete { path: self.path.clone(), message })
        })
    }
}

/// The folder in which a raster grows. Its name follows from that of the raster, so that what a process that was killed has
/// left is cleared by the next one; dropped, it is gone.
#[derive(Debug)]
struct WorkFolder(PathBuf);

impl WorkFolder {
    fn create(raster: &Path) -> io::Result<Self> {
        let folder = Self(partial_path(raster));
        folder.clear()?;
        fs::create_dir(&folder.0)?;
        Ok(folder)
    }

    fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // Nobody can be told here that it stays; the next attempt clears it.
        drop(self.clear());
    }
}

/// Compression without loss, and overviews of the right kind.
fn creation_options(
    driver: &gdal::Driver,
    overviews: Overviews,
) -> gdal::errors::Result<RasterCreationOptions> {
    let compress = if offers_zstd(driver) { "ZSTD" } else { "DEFLATE" };
    let (resampling, predictor) = match overviews {
        Overviews::MostFrequent => ("MODE", "NO"),
        Overviews::Mean => ("AVERAGE", "YES"),
    };
    let mut options = RasterCreationOptions::new();
    options.add_name_value("COMPRESS", compress)?;
    options.add_name_value("PREDICTOR", predictor)?;
    options.add_name_value("OVERVIEW_RESAMPLING", resampling)?;
    options.add_name_value("BIGTIFF", "IF_SAFER")?;
    Ok(options)
}

/// A cloud-optimised GeoTIFF that is complete and not yet under its name; dropped, it is gone.
#[derive(Debug)]
pub struct FinishedCog {
    path: PathBuf,
    finished: PathBuf,
    _folder: WorkFolder,
}

impl FinishedCog {
    /// Puts the file under its name, and the names of its values beside it.
    ///
    /// # Errors
    /// If the name is taken by something that cannot be replaced.
    pub fn publish(self) -> Result<(), RasterError> {
        let failed = || RasterError::io("write raster", &self.path);
        let (from, to) = (categories_path(&self.finished), categories_path(&self.path));
        fs::rename(&self.finished, &self.path).map_err(failed())?;
        if from.exists() {
            return fs::rename(from, to).map_err(failed());
        }
        match fs::remove_file(to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed()(error)),
            _ => Ok(()),
        }
    }
}
