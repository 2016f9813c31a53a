//! Reading windows of a mosaic.

use gdal::raster::GdalType;
use tesela_datasets::patch::Samples;

use super::MosaicError;
use super::open::BandRaster;
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
        self.read_into(window, Samples::with_capacity(self.sample_type, 0))
    }

    /// As [`Self::read`], into the memory of `spare` where that is of the same type.
    pub(super) fn read_into(
        &self,
        window: Window,
        spare: Samples,
    ) -> Result<MosaicWindow, MosaicError> {
        let fits =
            window.column + window.width <= self.columns && window.row + window.height <= self.rows;
        assert!(fits, "windows are cut to the mosaic before they are read");
        let mut samples = match spare.sample_type() == self.sample_type {
            true => spare,
            false => Samples::with_capacity(self.sample_type, 0),
        };
        match &mut samples {
            Samples::UInt8(numbers) => self.read_numbers(window, numbers)?,
            Samples::UInt16(numbers) => self.read_numbers(window, numbers)?,
            Samples::Int16(numbers) => self.read_numbers(window, numbers)?,
            Samples::Float32(numbers) => self.read_numbers(window, numbers)?,
        }
        Ok(MosaicWindow { window, samples })
    }

    fn read_numbers<T: GdalType + Copy + Default>(
        &self,
        window: Window,
        numbers: &mut Vec<T>,
    ) -> Result<(), MosaicError> {
        let Window { column, row, width, height } = window;
        numbers.resize(self.numbers.len() * width * height, T::default());
        if numbers.is_empty() {
            return Ok(());
        }
        let offset = |value: usize| isize::try_from(value).expect("a raster fits the memory map");
        for (&band, plane) in self.numbers.iter().zip(numbers.chunks_exact_mut(width * height)) {
            let raster = self
                .dataset
                .rasterband(band)
                .map_err(RasterError::gdal("open a band of", &self.path))?;
            let (corner, size) = ((offset(column), offset(row)), (width, height));
            let patience = Patience::of_settings();
            let read = || {
                take_messages();
                let read = raster.read_into_slice(corner, size, size, plane, None);
                read.map_err(|source| {
                    let failure = NetworkFailure { source, messages: take_messages() };
                    failure.files().iter().for_each(|file| forget(file));
                    failure
                })
            };
            let is_worth = |failure: &NetworkFailure| {
                self.is_of_network(failure) && is_passing(&failure.said())
            };
            let read = patience.try_until_done(&self.path, read, is_worth);
            read.map_err(|(failure, attempts)| self.failure(failure, band, window, attempts))?;
        }
        Ok(())
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
