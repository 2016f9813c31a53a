//! Opening a mosaic: everything that can be wrong with the file as such.

use std::path::{Path, PathBuf};

use gdal::{Dataset, Metadata};
use tesela_datasets::descriptor::{FileBands, Imagery};
use tesela_datasets::patch::SampleType;
use tesela_datasets::pixel::Scaling;

use super::access::Access;
use super::plane::{MosaicNumber, Plane};
use super::sources::files_behind;
use super::{MosaicError, MosaicWindow, PixelPlacement, numbers};
use crate::raster::open::{limit_cache, open_raster};
use crate::raster::{CoordinateSystem, RasterError, Window};

/// What a mosaic must hold to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct MosaicReading {
    /// Which band each band of the file is.
    pub bands: FileBands,
    /// What the numbers mean.
    pub scaling: Scaling,
}

impl MosaicReading {
    /// What a descriptor says of its pixels.
    pub fn of(imagery: &Imagery) -> Self {
        Self { bands: imagery.file_bands.clone(), scaling: imagery.pixel.scaling }
    }

    /// Whose nodata value is expected, for messages.
    fn rule(&self) -> String {
        match self.scaling.product {
            Some(product) => format!("product `{}`", product.name()),
            None => "the descriptor's `[scale]`".to_owned(),
        }
    }
}

/// An open mosaic. It is used by one thread at a time; others [reopen](Self::reopen) it.
#[derive(Debug)]
pub struct Mosaic {
    raster: BandRaster,
    reading: MosaicReading,
    placement: PixelPlacement,
    crs: CoordinateSystem,
}

impl Mosaic {
    /// Opens the mosaic at `path`.
    ///
    /// # Errors
    /// If the file is missing, damaged or no raster, has no place on the ground, or does not hold what `reading`
    /// expects.
    pub fn open(path: &Path, reading: &MosaicReading) -> Result<Self, MosaicError> {
        limit_cache();
        let dataset = open_raster(path)?;
        let crs = crs_of(&dataset, path)?;
        let placement = placement_of(&dataset, path)?;
        let raster = BandRaster::new(dataset, path, reading)?;
        Ok(Self { raster, reading: reading.clone(), placement, crs })
    }

    /// The same mosaic for another thread.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn reopen(&self) -> Result<Self, MosaicError> {
        Self::open(self.path(), &self.reading)
    }

    /// Where it lies on disk.
    pub fn path(&self) -> &Path {
        &self.raster.path
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.raster.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.raster.rows
    }

    /// Columns and rows of the blocks in which the file is stored.
    pub fn block(&self) -> (usize, usize) {
        self.raster.block
    }

    /// How many bands are read.
    pub fn bands(&self) -> usize {
        self.raster.numbers.len()
    }

    /// The type of the numbers.
    pub fn sample_type(&self) -> SampleType {
        self.raster.sample_type
    }

    /// Where the pixels lie on the ground.
    pub fn placement(&self) -> &PixelPlacement {
        &self.placement
    }

    /// The files that its pixels come from, as far as they lie on this machine: itself, and the sources of a virtual raster. None
    /// where it lies on a server or in an archive.
    pub fn files(&self) -> Vec<PathBuf> {
        files_behind(self.path())
    }

    /// What the file calls each of its bands, in its order; empty where it gives them no name.
    pub fn band_names(&self) -> Vec<String> {
        let dataset = &self.raster.dataset;
        let name = |band| dataset.rasterband(band).and_then(|raster| raster.description());
        (1..=dataset.raster_count()).map(|band| name(band).unwrap_or_default()).collect()
    }

    /// Whether the file says for all bands that are read which number means "no data".
    pub fn declares_nodata(&self) -> bool {
        let declares = |&band: &usize| {
            let raster = self.raster.dataset.rasterband(band);
            raster.is_ok_and(|raster| raster.no_data_value().is_some())
        };
        self.raster.numbers.iter().all(declares)
    }

    /// What ground coordinates mean.
    pub fn crs(&self) -> &CoordinateSystem {
        &self.crs
    }

    /// Side of a pixel on the ground at the centre of the mosaic, in metres: that of a square of the same area.
    pub fn pixel_metres(&self) -> f64 {
        let centre =
            self.placement.to_ground(self.columns() as f64 / 2.0, self.rows() as f64 / 2.0);
        (self.placement.pixel_area() * self.crs.square_metres_at(centre)).sqrt()
    }

    /// Reads `window`.
    ///
    /// # Errors
    /// If the file does not yield it, as happens where it is truncated.
    ///
    /// # Panics
    /// If the window reaches beyond the mosaic.
    pub fn read(&self, window: Window) -> Result<MosaicWindow, MosaicError> {
        self.raster.read(window)
    }

    /// How much is best read at once.
    pub fn access(&self) -> Access {
        self.raster.access
    }

    /// Reads `window` of the band `band`, counted from 0 in canonical order.
    ///
    /// # Errors
    /// As of [`Self::read`].
    ///
    /// # Panics
    /// If the window reaches beyond the mosaic, there is no such band, or its numbers are of another type.
    pub fn read_plane<T: MosaicNumber>(
        &self,
        band: usize,
        window: Window,
    ) -> Result<Plane<T>, MosaicError> {
        self.raster.read_plane(band, window)
    }
}

/// A raster that holds the right numbers, wherever it lies.
#[derive(Debug)]
pub(super) struct BandRaster {
    pub(super) dataset: Dataset,
    pub(super) path: PathBuf,
    /// Numbers of the bands in the file, in canonical order of the bands.
    pub(super) numbers: Vec<usize>,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) block: (usize, usize),
    pub(super) access: Access,
    pub(super) sample_type: SampleType,
}

impl BandRaster {
    /// Checks that `dataset`, which was read from `path`, holds what `reading` expects.
    pub(super) fn new(
        dataset: Dataset,
        path: &Path,
        reading: &MosaicReading,
    ) -> Result<Self, MosaicError> {
        let (found, expected) = (dataset.raster_count(), reading.bands.count());
        if found != expected {
            return Err(MosaicError::BandCount { path: path.to_owned(), found, expected });
        }
        let sample_type = check_types(&dataset, path, reading)?;
        check_nodata(&dataset, path, reading, sample_type)?;
        let numbers = reading.bands.numbers().to_vec();
        let band =
            dataset.rasterband(numbers[0]).map_err(RasterError::gdal("open a band of", path))?;
        let (block, (columns, rows)) = (band.block_size(), dataset.raster_size());
        let access = Access::of(&dataset, path, block, sample_type.bytes());
        let path = path.to_owned();
        Ok(Self { dataset, path, numbers, columns, rows, block, access, sample_type })
    }
}

fn crs_of(dataset: &Dataset, path: &Path) -> Result<CoordinateSystem, RasterError> {
    let missing = |_| RasterError::NoCrs { path: path.to_owned() };
    let reference = dataset.spatial_ref().map_err(missing)?;
    CoordinateSystem::from_gdal(&reference).map_err(missing)
}

fn placement_of(dataset: &Dataset, path: &Path) -> Result<PixelPlacement, MosaicError> {
    let unusable = |reason: String| MosaicError::Place { path: path.to_owned(), reason };
    let transform = dataset
        .geo_transform()
        .map_err(|_| unusable("it has none; expected one that places it on the ground".into()))?;
    PixelPlacement::new(transform).map_err(unusable)
}

fn check_types(
    dataset: &Dataset,
    path: &Path,
    reading: &MosaicReading,
) -> Result<SampleType, MosaicError> {
    let mut common = None;
    for &band in reading.bands.numbers() {
        let raster = dataset.rasterband(band).map_err(RasterError::gdal("open a band of", path))?;
        let found = raster.band_type();
        let sample_type = numbers::sample_type(found).ok_or_else(|| MosaicError::SampleType {
            path: path.to_owned(),
            band,
            found: format!("{found:?}").to_lowercase(),
        })?;
        let (first, expected) = *common.get_or_insert((band, sample_type));
        if sample_type != expected {
            return Err(MosaicError::MixedTypes {
                path: path.to_owned(),
                band,
                found: numbers::name(sample_type).to_owned(),
                first,
                expected: numbers::name(expected).to_owned(),
            });
        }
    }
    Ok(common.expect("a band set is never empty").1)
}

fn check_nodata(
    dataset: &Dataset,
    path: &Path,
    reading: &MosaicReading,
    sample_type: SampleType,
) -> Result<(), MosaicError> {
    let nodata = reading.scaling.nodata;
    if let Some(nodata) = nodata.filter(|&nodata| !numbers::holds(sample_type, nodata)) {
        return Err(MosaicError::UnholdableNodata {
            path: path.to_owned(),
            found: numbers::name(sample_type).to_owned(),
            nodata,
            rule: reading.rule(),
        });
    }
    for &band in reading.bands.numbers() {
        let raster = dataset.rasterband(band).map_err(RasterError::gdal("open a band of", path))?;
        // A file may leave it out, and what is not a number is invalid under every rule.
        let declared = raster.no_data_value().filter(|value| !value.is_nan());
        if let Some(found) = declared.filter(|&found| Some(found) != nodata) {
            return Err(MosaicError::Nodata {
                path: path.to_owned(),
                band,
                found,
                rule: reading.rule(),
                expected: nodata.map_or_else(|| "none".to_owned(), |value| value.to_string()),
            });
        }
    }
    Ok(())
}
