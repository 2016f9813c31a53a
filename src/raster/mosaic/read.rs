//! Reading windows of a mosaic.

use gdal::errors::GdalError;
use tesela_datasets::patch::{SampleType, Samples};

use super::MosaicError;
use super::access::{Access, block_of};
use super::open::BandRaster;
use super::plane::{MosaicNumber, Plane};
use crate::raster::network::{NetworkFailure, Patience, advice, forget, is_passing, is_remote};
use crate::raster::open::take_messages;
use crate::raster::{RasterError, Window};

/// The numbers of a window, all bands.
#[derive(Debug, Clone, PartialEq)]
pub struct MosaicWindow {
    /// Which pixels.
    pub window: Window,
    /// Their numbers: `[band, row, column]`, bands in canonical order.
    pub samples: Samples,
}

impl BandRaster {
    /// Reads `window`, which lies in the raster.
    pub(super) fn read(&self, window: Window) -> Result<MosaicWindow, MosaicError> {
        let samples = match self.sample_type {
            SampleType::UInt8 => self.read_bands::<u8>(window)?,
            SampleType::UInt16 => self.read_bands::<u16>(window)?,
            SampleType::Int16 => self.read_bands::<i16>(window)?,
            SampleType::Float32 => self.read_bands::<f32>(window)?,
        };
        Ok(MosaicWindow { window, samples })
    }

    fn read_bands<T: MosaicNumber>(&self, window: Window) -> Result<Samples, MosaicError> {
        let mut numbers = Vec::with_capacity(self.numbers.len() * window.width * window.height);
        for band in 0..self.numbers.len() {
            numbers.extend(self.read_plane::<T>(band, window)?.into_numbers());
        }
        Ok(T::into_samples(numbers))
    }

    /// Reads `window` of the band `band`, counted from 0 in canonical order.
    pub(super) fn read_plane<T: MosaicNumber>(
        &self,
        band: usize,
        window: Window,
    ) -> Result<Plane<T>, MosaicError> {
        let Window { column, row, width, height } = window;
        let fits = column + width <= self.columns && row + height <= self.rows;
        assert!(fits, "windows are cut to the mosaic before they are read");
        let band = self.numbers[band];
        let raster = self
            .dataset
            .rasterband(band)
            .map_err(RasterError::gdal("open a band of", &self.path))?;
        let block = match self.access {
            Access::Blocks => block_of(window, self.block, (self.columns, self.rows)),
            Access::Windows { .. } => None,
        };
        let offset = |value: usize| isize::try_from(value).expect("a raster fits the memory map");
        let read = || match block {
            Some(place) => raster.read_block::<T>(place),
            None => {
                let (corner, size) = ((offset(column), offset(row)), (width, height));
                raster.read_as(corner, size, size, None)
            }
        };
        let numbers = self.read_patiently(read, band, window)?;
        let stride = if block.is_some() { self.block.0 } else { width };
        Ok(Plane::new(window, stride, numbers.into_shape_and_vec().1))
    }

    /// What `read` gives, tried again where a network fails.
    fn read_patiently<R>(
        &self,
        read: impl Fn() -> Result<R, GdalError>,
        band: usize,
        window: Window,
    ) -> Result<R, MosaicError> {
        let attempt = || {
            take_messages();
            read().map_err(|source| {
                let failure = NetworkFailure { source, messages: take_messages() };
                failure.files().iter().for_each(|file| forget(file));
                failure
            })
        };
        let is_worth =
            |failure: &NetworkFailure| self.is_of_network(failure) && is_passing(&failure.said());
        let done = Patience::of_settings().try_until_done(&self.path, attempt, is_worth);
        done.map_err(|(failure, attempts)| self.failure(failure, band, window, attempts))
    }

    /// Whether the raster, or the tile of it that failed, lies behind a network.
    fn is_of_network(&self, failure: &NetworkFailure) -> bool {
        is_remote(&self.path) || failure.files().iter().any(|file| is_remote(file))
    }

    fn failure(
        &self,
        failure: NetworkFailure,
        band: usize,
        window: Window,
        attempts: u32,
    ) -> MosaicError {
        let (path, said) = (self.path.clone(), failure.said());
        if let Some(said) = failure.missing_file() {
            return MosaicError::MissingTile { path, window, said };
        }
        if self.is_of_network(&failure) {
            let advice = advice(&said);
            return MosaicError::Network { path, band, window, attempts, said, advice };
        }
        let Window { column, row, width, height } = window;
        MosaicError::Read { path, band, column, row, width, height, source: failure.source }
    }
}
