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

use super::RasterError;
use super::open::keep_quiet;

/// Rows and columns of a block.
const BLOCK: usize = 256;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First column.
    pub column: usize,
    /// First row.
    pub row: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

/// What one band holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BandLayout {
    /// What it is called, such as `nir`.
    pub name: String,
    /// The colour (red, green, blue, opacity) of each value from 0 on; only for one-band `UInt8` and `UInt16`.
    pub colours: Vec<[u8; 4]>,
    /// What each value from 0 on means.
    pub categories: Vec<String>,
}

impl BandLayout {
    /// A band of measurements called `name`.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// Extent, place and meaning of a raster that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoTiffLayout {
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
    /// Type of the numbers.
    pub sample_type: SampleType,
    /// The bands, in the order of the file.
    pub bands: Vec<BandLayout>,
    /// GDAL's six numbers: x of the upper left corner, pixel width, row rotation, y of the upper left
    /// corner, column rotation, negative pixel height.
    pub transform: [f64; 6],
    /// The coordinate reference system in any notation that GDAL reads: `EPSG:6372`, WKT, PROJJSON.
    pub crs: Option<String>,
    /// The number that means "no data".
    pub nodata: Option<f64>,
}

impl GeoTiffLayout {
    /// Rows and columns of a block; windows that begin and end on its multiples are written at once.
    pub const BLOCK: usize = BLOCK;

    /// A raster without place and bands.
    pub fn new(width: usize, height: usize, sample_type: SampleType) -> Self {
        Self {
            width,
            height,
            sample_type,
            bands: Vec::new(),
            transform: [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            crs: None,
            nodata: None,
        }
    }

    /// The windows of `blocks` × `blocks` blocks that cover the raster, row by row.
    pub fn windows(&self, blocks: usize) -> impl Iterator<Item = Window> + use<> {
        let (width, height, step) = (self.width, self.height, BLOCK * blocks.max(1));
        (0..height).step_by(step).flat_map(move |row| {
            (0..width).step_by(step).map(move |column| Window {
                column,
                row,
                width: step.min(width - column),
                height: step.min(height - row),
            })
        })
    }

    /// What makes the layout impossible, if anything.
    fn problem(&self) -> Option<String> {
        let limit = usize::try_from(i32::MAX).unwrap_or(usize::MAX);
        if self.width == 0 || self.height == 0 || self.width > limit || self.height > limit {
            return Some(format!(
                "it has {} × {} pixels; 1 to {limit} each way are possible",
                self.width, self.height
            ));
        }
        if self.bands.is_empty() || self.bands.len() > usize::from(u16::MAX) {
            return Some(format!("it has {} bands; 1 to 65,535 are possible", self.bands.len()));
        }
        let coloured = self.bands.iter().any(|band| !band.colours.is_empty());
        let integers = matches!(self.sample_type, SampleType::UInt8 | SampleType::UInt16);
        if coloured && (self.bands.len() != 1 || !integers) {
            return Some(
                "colours are given; only one-band rasters of type `uint8` or `uint16` have them"
                    .into(),
            );
        }
        None
    }
}

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
        if let Some(message) = layout.problem() {
            return Err(RasterError::Request { path: path.to_owned(), message });
        }
        keep_quiet();
        let partial = partial_path(path);
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
        if let Some(dataset) = self.dataset.take() {
            dataset.close().map_err(RasterError::gdal("write raster", &self.path))?;
        }
        self.verify()?;
        File::open(&self.partial.0)
            .and_then(|file| file.sync_all())
            .map_err(RasterError::io("write raster", &self.path))?;
        write_categories(&self.path, &self.layout)?;
        fs::rename(&self.partial.0, &self.path).map_err(RasterError::io("write raster", &self.path))
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

    /// Looks for every block in the file: before 3.7 GDAL does not say that closing failed.
    fn verify(&self) -> Result<(), RasterError> {
        let gdal = |error| RasterError::gdal("read back raster", &self.path)(error);
        let length = fs::metadata(&self.partial.0)
            .map_err(RasterError::io("read back raster", &self.path))?
            .len();
        let dataset = Dataset::open(&self.partial.0).map_err(gdal)?;
        let columns = self.layout.width.div_ceil(BLOCK);
        let rows = self.layout.height.div_ceil(BLOCK);
        for index in 0..self.layout.bands.len() {
            let band = dataset.rasterband(index + 1).map_err(gdal)?;
            for (row, column) in
                (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
            {
                let item = |name: &str| -> Option<u64> {
                    band.metadata_item(&format!("{name}_{column}_{row}"), "TIFF")?.parse().ok()
                };
                let end = item("BLOCK_OFFSET").zip(item("BLOCK_SIZE")).map(|(at, size)| at + size);
                if end.is_none_or(|end| end > length) {
                    return Err(RasterError::Incomplete {
                        path: self.path.clone(),
                        message: format!("block ({column}, {row}) of band {index} is missing"),
                    });
                }
            }
        }
        Ok(())
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
    let zstd = driver
        .metadata_item("DMD_CREATIONOPTIONLIST", "")
        .is_some_and(|list| list.contains("ZSTD"));
    let (compress, level) = if zstd { ("ZSTD", "ZSTD_LEVEL=1") } else { ("DEFLATE", "ZLEVEL=1") };
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

/// Writes the names of values where GDAL and QGIS look for them: `<file>.aux.xml`.
fn write_categories(path: &Path, layout: &GeoTiffLayout) -> Result<(), RasterError> {
    let bands: Vec<String> = (1..).zip(&layout.bands).filter_map(category_xml).collect();
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".aux.xml");
    let aux = path.with_file_name(name);
    if bands.is_empty() {
        return match fs::remove_file(&aux) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(RasterError::io("replace", &aux)(error))
            }
            _ => Ok(()),
        };
    }
    fs::write(&aux, format!("<PAMDataset>\n{}</PAMDataset>\n", bands.concat()))
        .map_err(RasterError::io("write", &aux))
}

/// The names of the values of one numbered band, if it has any.
fn category_xml((number, band): (usize, &BandLayout)) -> Option<String> {
    let category = |name: &String| format!("      <Category>{}</Category>\n", escape(name));
    let names: Vec<String> = band.categories.iter().map(category).collect();
    (!names.is_empty()).then(|| {
        format!(
            "  <PAMRasterBand band=\"{number}\">\n    <CategoryNames>\n{}    </CategoryNames>\n  \
             </PAMRasterBand>\n",
            names.concat()
        )
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layout(width: usize, height: usize) -> GeoTiffLayout {
        GeoTiffLayout {
            bands: vec![BandLayout::named("red"), BandLayout::named("nir")],
            transform: [2_400_000.0, 30.0, 0.0, 1_100_000.0, 0.0, -30.0],
            crs: Some("EPSG:6372".into()),
            nodata: Some(-9999.0),
            ..GeoTiffLayout::new(width, height, SampleType::Int16)
        }
    }

    /// A number that tells pixels and bands apart.
    fn sample(band: usize, row: usize, column: usize) -> i16 {
        i16::try_from((band * 7919 + row * 613 + column * 31) % 20_011).unwrap()
    }

    fn fill(writer: &mut GeoTiffWriter, window: Window) {
        for band in 0..2 {
            let samples: Vec<i16> = (0..window.height)
                .flat_map(|row| (0..window.width).map(move |column| (row, column)))
                .map(|(row, column)| sample(band, window.row + row, window.column + column))
                .collect();
            writer.write(band, window, &samples).unwrap();
        }
    }

    fn assert_filled(path: &Path, width: usize, height: usize) {
        let dataset = Dataset::open(path).unwrap();
        assert_eq!(dataset.raster_size(), (width, height));
        for band in 0..2 {
            let read = dataset.rasterband(band + 1).unwrap().read_band_as::<i16>().unwrap();
            for (index, &value) in read.data().iter().enumerate() {
                assert_eq!(value, sample(band, index / width, index % width));
            }
        }
    }

    proptest! {
            #![proptest_config(ProptestConfig::with_cases(12))]
            #[test]
            fn what_is_written_block_by_block_is_read_back(width in 1_usize..700, height in 1_usize..600) {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("map.tif");
                let mut writer = GeoTiffWriter::create(&path, layout(width, height)).unwrap();
                let windows: Vec<Window> = writer.layout().windows(2).collect();
                for window in windows {
        fill(&mut writer, window);
    }
                writer.finish().unwrap();
                assert_filled(&path, width, height);
            }

            #[test]
            fn what_is_written_in_strips_is_read_back(step in 1_usize..90, height in 1_usize..300) {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("map.tif");
                let mut writer = GeoTiffWriter::create(&path, layout(70, height)).unwrap();
                for row in (0..height).step_by(step) {
                    fill(&mut writer, Window { column: 0, row, width: 70, height: step.min(height - row) });
                }
                writer.finish().unwrap();
                assert_filled(&path, 70, height);
            }
        }

    #[test]
    fn place_and_meaning_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classes.tif");
        let mut layout = GeoTiffLayout::new(3, 2, SampleType::UInt8);
        layout.transform = [2_400_000.0, 1000.0, 0.0, 1_100_000.0, 0.0, -1000.0];
        layout.crs = Some("EPSG:6372".into());
        layout.nodata = Some(255.0);
        layout.bands = vec![BandLayout {
            name: "class".into(),
            colours: vec![[230, 230, 200, 255], [200, 0, 0, 255]],
            categories: vec!["non-urban".into(), "urban & <new>".into()],
        }];
        let mut writer = GeoTiffWriter::create(&path, layout.clone()).unwrap();
        let all = Window { column: 0, row: 0, width: 3, height: 2 };
        writer.write(0, all, &[0_u8, 1, 1, 255, 0, 1]).unwrap();
        writer.finish().unwrap();

        let dataset = Dataset::open(&path).unwrap();
        assert_eq!(dataset.geo_transform().unwrap(), layout.transform);
        assert_eq!(dataset.spatial_ref().unwrap().auth_code().unwrap(), 6372);
        let band = dataset.rasterband(1).unwrap();
        assert_eq!(band.no_data_value(), Some(255.0));
        assert_eq!(band.description().unwrap(), "class");
        assert_eq!(band.color_table().unwrap().entry_as_rgb(1).unwrap().r, 200);
        assert_eq!(band.metadata_item("CLASS_1", "").as_deref(), Some("urban & <new>"));
        assert_eq!(band.read_band_as::<u8>().unwrap().data(), [0, 1, 1, 255, 0, 1]);
        let names = fs::read_to_string(folder.path().join("classes.tif.aux.xml")).unwrap();
        assert!(names.contains("<Category>urban &amp; &lt;new&gt;</Category>"), "{names}");
    }

    #[test]
    fn dropped_unfinished_it_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer =
            GeoTiffWriter::create(&folder.path().join("map.tif"), layout(300, 300)).unwrap();
        fill(&mut writer, Window { column: 0, row: 0, width: 256, height: 256 });
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn impossible_requests_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.tif");
        assert!(GeoTiffWriter::create(&path, layout(0, 5)).is_err());
        assert!(GeoTiffWriter::create(&folder.path().join("no/map.tif"), layout(5, 5)).is_err());
        let mut writer = GeoTiffWriter::create(&path, layout(10, 10)).unwrap();
        let window = Window { column: 8, row: 0, width: 4, height: 1 };
        let error = writer.write(0, window, &[0_i16; 4]).unwrap_err().to_string();
        assert!(error.contains("10 × 10"), "{error}");
        let window = Window { column: 0, row: 0, width: 2, height: 2 };
        assert!(writer.write(0, window, &[0_u8; 4]).is_err());
        assert!(writer.write(0, window, &[0_i16; 3]).is_err());
        assert!(writer.write(2, window, &[0_i16; 4]).is_err());
    }

    #[test]
    fn a_file_that_lost_its_end_is_not_given_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.tif");
        let mut writer = GeoTiffWriter::create(&path, layout(300, 300)).unwrap();
        let windows: Vec<Window> = writer.layout().windows(1).collect();
        for window in windows {
            fill(&mut writer, window);
        }
        writer.dataset.take().unwrap().close().unwrap();
        let file = File::options().write(true).open(&writer.partial.0).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        let error = writer.finish().unwrap_err();
        assert!(!path.exists(), "{error}");
    }
}
