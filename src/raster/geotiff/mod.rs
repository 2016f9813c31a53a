//! Writes GeoTIFFs of any size, window by window, in bounded memory.
//!
//! Files are tiled and compressed, one block per band ("band interleaved"). A window whose edges lie on
//! block boundaries (or on the edge of the raster) is compressed and written at once, so memory stays
//! at one block, the bytes of the file depend on the order of the calls alone, and a full disk is noticed
//! immediately. The file appears under its final name only when [`GeoTiffWriter::finish`] has found every
//! block in it.
//!
//! Start with [`GeoTiffLayout::new`] and [`GeoTiffWriter::create`].

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gdal::raster::{Buffer, ColorEntry, ColorTable, GdalType, RasterCreationOptions};
use gdal::spatial_ref::SpatialRef;
use gdal::{Dataset, DriverManager, Metadata};
use tesela_datasets::patch::SampleType;

use self::blocks::verify_blocks;
use self::categories::write_categories;
use self::layout::BLOCK;
use super::RasterError;
use super::open::keep_quiet;

mod blocks;
mod categories;
mod cog;
mod layout;
#[cfg(test)]
mod tests;

pub use cog::{CogWriter, FinishedCog, Overviews};
pub use layout::{BandLayout, GeoTiffLayout, Window};

/// A type of number that rasters are written in.
pub trait GeoTiffSample: GdalType + Copy + Default {
    /// Its name in layouts.
    const TYPE: SampleType;
}

impl GeoTiffSample for u8 {
    const TYPE: SampleType = SampleType::UInt8;
}
impl GeoTiffSample for u16 {
    const TYPE: SampleType = SampleType::UInt16;
}
impl GeoTiffSample for i16 {
    const TYPE: SampleType = SampleType::Int16;
}
impl GeoTiffSample for f32 {
    const TYPE: SampleType = SampleType::Float32;
}

/// Writes one GeoTIFF. Dropped unfinished, it leaves nothing behind.
pub struct GeoTiffWriter {
    layout: GeoTiffLayout,
    path: PathBuf,
    partial: Partial,
    dataset: Option<Dataset>,
}

/// A file that is removed unless it was renamed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // It does not exist after the rename, and nobody can be told here that it stays.
        drop(fs::remove_file(&self.0));
    }
}

impl std::fmt::Debug for GeoTiffWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GeoTiffWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl GeoTiffWriter {
    /// Begins the raster that will appear at `path`, replacing a file that is there.
    ///
    /// # Errors
    /// If the layout is impossible, or the file cannot be created.
    pub fn create(path: &Path, layout: GeoTiffLayout) -> Result<Self, RasterError> {
        Self::begin(path, partial_path(path), layout)
    }

    /// Begins the raster `partial`, which errors ascribe to `path`.
    fn begin(path: &Path, partial: PathBuf, layout: GeoTiffLayout) -> Result<Self, RasterError> {
        if let Some(message) = layout.problem() {
            return Err(RasterError::Request { path: path.to_owned(), message });
        }
        keep_quiet();
        let mut dataset =
            create_dataset(&partial, &layout).map_err(RasterError::gdal("create raster", path))?;
        let partial = Partial(partial);
        describe(&mut dataset, &layout).map_err(RasterError::gdal("describe raster", path))?;
        Ok(Self { layout, path: path.to_owned(), partial, dataset: Some(dataset) })
    }

    /// The layout that was declared.
    pub fn layout(&self) -> &GeoTiffLayout {
        &self.layout
    }

    /// Writes `samples` (`[row, column]`) into `window` of band `band`, which counts from 0.
    ///
    /// # Errors
    /// If the window leaves the raster, type or number of samples differ from the declaration, or the disk is
    /// full.
    pub fn write<T: GeoTiffSample>(
        &mut self,
        band: usize,
        window: Window,
        samples: &[T],
    ) -> Result<(), RasterError> {
        self.check::<T>(band, window, samples.len())?;
        if self.is_aligned(window) {
            self.write_blocks(band, window, samples)
        } else {
            self.write_anywhere(band, window, samples)
        }
        .map_err(RasterError::gdal("write raster", &self.path))
    }

    /// Closes the file, looks for every block in it and gives it its final name.
    ///
    /// # Errors
    /// If a block is missing, as happens where the disk is full, or the file cannot be renamed.
    pub fn finish(mut self) -> Result<(), RasterError> {
        self.complete()?;
        write_categories(&self.path, &self.layout)?;
        fs::rename(&self.partial.0, &self.path).map_err(RasterError::io("write raster", &self.path))
    }

    /// Closes the file and looks for every block in it.
    fn complete(&mut self) -> Result<(), RasterError> {
        if let Some(dataset) = self.dataset.take() {
            dataset.close().map_err(RasterError::gdal("write raster", &self.path))?;
        }
        verify_blocks(&self.partial.0, &self.path, self.layout.bands.len())?;
        File::open(&self.partial.0)
            .and_then(|file| file.sync_all())
            .map_err(RasterError::io("write raster", &self.path))
    }

    fn check<T: GeoTiffSample>(
        &self,
        band: usize,
        window: Window,
        samples: usize,
    ) -> Result<(), RasterError> {
        let Window { column, row, width, height } = window;
        let layout = &self.layout;
        let inside = |start: usize, length: usize, limit: usize| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= limit)
        };
        let message = if T::TYPE != layout.sample_type {
            format!("samples are {:?}; {:?} was declared", T::TYPE, layout.sample_type)
        } else if band >= layout.bands.len() {
            format!("band {band} was written; there are {}", layout.bands.len())
        } else if !inside(column, width, layout.width) || !inside(row, height, layout.height) {
            let (all_columns, all_rows) = (layout.width, layout.height);
            format!("{window:?} does not lie within {all_columns} × {all_rows} pixels")
        } else if width.checked_mul(height) != Some(samples) {
            format!("{samples} samples were given for {width} × {height} pixels")
        } else {
            return Ok(());
        };
        Err(RasterError::Request { path: self.path.clone(), message })
    }

    fn is_aligned(&self, window: Window) -> bool {
        let on_edge =
            |position: usize, limit: usize| position.is_multiple_of(BLOCK) || position == limit;
        window.column.is_multiple_of(BLOCK)
            && window.row.is_multiple_of(BLOCK)
            && on_edge(window.column + window.width, self.layout.width)
            && on_edge(window.row + window.height, self.layout.height)
    }

    fn write_blocks<T: GeoTiffSample>(
        &mut self,
        band: usize,
        window: Window,
        samples: &[T],
    ) -> gdal::errors::Result<()> {
        let dataset = self.dataset.as_ref().expect("the dataset is open until `finish`");
        let mut band = dataset.rasterband(band + 1)?;
        let mut block = Buffer::new((BLOCK, BLOCK), vec![T::default(); BLOCK * BLOCK]);
        for row in (0..window.height).step_by(BLOCK) {
            for column in (0..window.width).step_by(BLOCK) {
                copy_block(samples, window, (column, row), block.data_mut());
                let index = ((window.column + column) / BLOCK, (window.row + row) / BLOCK);
                band.write_block(index, &mut block)?;
            }
        }
        Ok(())
    }

    fn write_anywhere<T: GeoTiffSample>(
        &mut self,
        band: usize,
        window: Window,
        samples: &[T],
    ) -> gdal::errors::Result<()> {
        let dataset = self.dataset.as_ref().expect("the dataset is open until `finish`");
        let size = (window.width, window.height);
        let mut buffer = Buffer::new(size, samples.to_vec());
        let corner = (isize::try_from(window.column)?, isize::try_from(window.row)?);
        dataset.rasterband(band + 1)?.write(corner, size, &mut buffer)
    }
}

/// The name under which a file grows: hidden beside the final one, so that a name without `.partial` is whole.
fn partial_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

fn create_dataset(path: &Path, layout: &GeoTiffLayout) -> gdal::errors::Result<Dataset> {
    let driver = DriverManager::get_driver_by_name("GTiff")?;
    let options = creation_options(&driver, layout)?;
    let (width, height, bands) = (layout.width, layout.height, layout.bands.len());
    match layout.sample_type {
        SampleType::UInt8 => {
            driver.create_with_band_type_with_options::<u8, _>(path, width, height, bands, &options)
        }
        SampleType::UInt16 => driver
            .create_with_band_type_with_options::<u16, _>(path, width, height, bands, &options),
        SampleType::Int16 => driver
            .create_with_band_type_with_options::<i16, _>(path, width, height, bands, &options),
        SampleType::Float32 => driver
            .create_with_band_type_with_options::<f32, _>(path, width, height, bands, &options),
    }
}

/// Zstandard where GDAL was built with it, else Deflate: both lossless.
fn creation_options(
    driver: &gdal::Driver,
    layout: &GeoTiffLayout,
) -> gdal::errors::Result<RasterCreationOptions> {
    let (compress, level) =
        if offers_zstd(driver) { ("ZSTD", "ZSTD_LEVEL=1") } else { ("DEFLATE", "ZLEVEL=1") };
    let predictor = if layout.sample_type == SampleType::Float32 { 3 } else { 2 };
    let mut options = RasterCreationOptions::new();
    options.add_string("TILED=YES")?;
    options.add_string(&format!("BLOCKXSIZE={BLOCK}"))?;
    options.add_string(&format!("BLOCKYSIZE={BLOCK}"))?;
    options.add_string(&format!("COMPRESS={compress}"))?;
    options.add_string(level)?;
    options.add_string(&format!("PREDICTOR={predictor}"))?;
    options.add_string("INTERLEAVE=BAND")?;
    options.add_string("BIGTIFF=IF_SAFER")?;
    Ok(options)
}

/// Whether GDAL was built with Zstandard.
fn offers_zstd(driver: &gdal::Driver) -> bool {
    let options = driver.metadata_item("DMD_CREATIONOPTIONLIST", "");
    options.is_some_and(|list| list.contains("ZSTD"))
}

/// Writes place and meaning into the file.
fn describe(dataset: &mut Dataset, layout: &GeoTiffLayout) -> gdal::errors::Result<()> {
    dataset.set_geo_transform(&layout.transform)?;
    if let Some(crs) = &layout.crs {
        dataset.set_spatial_ref(&SpatialRef::from_definition(crs)?)?;
    }
    for (index, declared) in layout.bands.iter().enumerate() {
        let mut band = dataset.rasterband(index + 1)?;
        band.set_no_data_value(layout.nodata)?;
        band.set_description(&declared.name)?;
        if !declared.colours.is_empty() {
            band.set_color_table(&color_table(&declared.colours));
        }
        for (value, category) in declared.categories.iter().enumerate() {
            band.set_metadata_item(&format!("CLASS_{value}"), category, "")?;
        }
    }
    Ok(())
}

fn color_table(colours: &[[u8; 4]]) -> ColorTable<'static> {
    let mut table = ColorTable::default();
    for (value, &[red, green, blue, opacity]) in (0_u16..).zip(colours) {
        let entry = ColorEntry::rgba(red.into(), green.into(), blue.into(), opacity.into());
        table.set_color_entry(value, &entry);
    }
    table
}

/// Copies one block out of a window; what lies beyond the window repeats nothing and stays zero.
fn copy_block<T: GeoTiffSample>(
    samples: &[T],
    window: Window,
    at: (usize, usize),
    block: &mut [T],
) {
    let (column, row) = at;
    let width = BLOCK.min(window.width - column);
    let height = BLOCK.min(window.height - row);
    if width < BLOCK || height < BLOCK {
        block.fill(T::default());
    }
    for line in 0..height {
        let from = (row + line) * window.width + column;
        block[line * BLOCK..][..width].copy_from_slice(&samples[from..from + width]);
    }
}
