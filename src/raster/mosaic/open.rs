//! Opening a mosaic: everything that can be wrong with the file as such.

use std::path::{Path, PathBuf};
use std::sync::Once;

use gdal::Dataset;
use tesela_datasets::descriptor::{Descriptor, FileBands};
use tesela_datasets::patch::SampleType;
use tesela_datasets::pixel::Scaling;

use super::{MosaicError, PixelPlacement, numbers};
use crate::raster::open::open_raster;
use crate::raster::{CoordinateSystem, RasterError};

/// Megabytes of decoded blocks that GDAL keeps. Enough for a row of blocks of a window, so that the blocks at
/// its edges are still there when the neighbouring window is read.
const CACHE_MEGABYTES: &str = "128";

/// What a mosaic must hold to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct MosaicReading {
    /// Which band each band of the file is.
    pub bands: FileBands,
    /// What the numbers mean.
    pub scaling: Scaling,
}

impl MosaicReading {
    /// What `descriptor` says.
    pub fn of(descriptor: &Descriptor) -> Self {
        Self { bands: descriptor.file_bands().clone(), scaling: descriptor.pixel().scaling }
    }

    /// Whose nodata value is expected, for messages.
    fn rule(&self) -> String {
        match self.scaling.product {
            Some(product) => format!("product `{}`", product.name()),
            None => "the descriptor's `[scale]`".to_owned(),
        }
    }
}

/// An open mosaic. It is used by one thread at a time.
#[derive(Debug)]
pub struct Mosaic {
    pub(super) dataset: Dataset,
    pub(super) path: PathBuf,
    pub(super) numbers: Vec<usize>,
    columns: usize,
    rows: usize,
    block: (usize, usize),
    sample_type: SampleType,
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
        let mosaic = Self::open_unplaced(dataset, path, reading)?;
        let UnplacedRaster { dataset, columns, rows, block, sample_type } = mosaic;
        let numbers = reading.bands.numbers().to_vec();
        let path = path.to_owned();
        Ok(Self { dataset, path, numbers, columns, rows, block, sample_type, placement, crs })
    }

    fn open_unplaced(
        dataset: Dataset,
        path: &Path,
        reading: &MosaicReading,
    ) -> Result<UnplacedRaster, MosaicError> {
        let (found, expected) = (dataset.raster_count(), reading.bands.count());
        if found != expected {
            return Err(MosaicError::BandCount { path: path.to_owned(), found, expected });
        }
        let sample_type = check_types(&dataset, path, reading)?;
        check_nodata(&dataset, path, reading, sample_type)?;
        let first = reading.bands.numbers()[0];
        let band = dataset.rasterband(first).map_err(RasterError::gdal("open a band of", path))?;
        let (block, (columns, rows)) = (band.block_size(), dataset.raster_size());
        Ok(UnplacedRaster { dataset, columns, rows, block, sample_type })
    }

    /// Where it lies on disk.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns and rows of the blocks in which the file is stored.
    pub fn block(&self) -> (usize, usize) {
        self.block
    }

    /// How many bands are read.
    pub fn bands(&self) -> usize {
        self.numbers.len()
    }

    /// The type of the numbers.
    pub fn sample_type(&self) -> SampleType {
        self.sample_type
    }

    /// Where the pixels lie on the ground.
    pub fn placement(&self) -> &PixelPlacement {
        &self.placement
    }

    /// What ground coordinates mean.
    pub fn crs(&self) -> &CoordinateSystem {
        &self.crs
    }
}

/// A raster that holds the right numbers, wherever it lies.
struct UnplacedRaster {
    dataset: Dataset,
    columns: usize,
    rows: usize,
    block: (usize, usize),
    sample_type: SampleType,
}

/// Unless the user has set GDAL's cache, it would take a share of the machine's memory.
fn limit_cache() {
    static ONCE: Once = Once::new();
    const KEY: &str = "GDAL_CACHEMAX";
    ONCE.call_once(|| {
        if std::env::var_os(KEY).is_none() {
            // Failing only means a cache of another size.
            drop(gdal::config::set_config_option(KEY, CACHE_MEGABYTES));
        }
    });
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
