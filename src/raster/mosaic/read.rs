//! Reading windows of a mosaic.

use std::path::Path;

use gdal::errors::GdalError;
use gdal::raster::GdalType;
use tesela_datasets::patch::{SampleType, Samples};

use super::MosaicError;
use super::open::BandRaster;
use crate::raster::network::{Patience, advice, failure_of_network, is_passing, is_remote};
use crate::raster::open::take_failures;
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
        let fits =
            window.column + window.width <= self.columns && window.row + window.height <= self.rows;
        assert!(fits, "windows are cut to the mosaic before they are read");
        let samples = match self.sample_type {
            SampleType::UInt8 => Samples::UInt8(self.read_numbers(window)?),
            SampleType::UInt16 => Samples::UInt16(self.read_numbers(window)?),
            SampleType::Int16 => Samples::Int16(self.read_numbers(window)?),
            SampleType::Float32 => Samples::Float32(self.read_numbers(window)?),
        };
        Ok(MosaicWindow { window, samples })
    }

    fn read_numbers<T: GdalType + Copy + Default>(
        &self,
        window: Window,
    ) -> Result<Vec<T>, MosaicError> {
        let Window { column, row, width, height } = window;
        let mut numbers = vec![T::default(); self.numbers.len() * width * height];
        if numbers.is_empty() {
            return Ok(numbers);
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
                take_failures();
                let read = raster.read_into_slice(corner, size, size, plane, None);
                read.map_err(|source| Failure { source, messages: take_failures() })
            };
            let is_worth = |failure: &Failure| failure.is_passing(&self.path);
            let read = patience.try_until_done(read, is_worth);
            read.map_err(|(failure, attempts)| failure.into_error(self, band, window, attempts))?;
        }
        Ok(numbers)
    }
}

/// Why GDAL could not read a window.
#[derive(Debug)]
struct Failure {
    source: GdalError,
    /// All that it said, the first causes first.
    messages: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let first = self.messages.first().cloned();
        formatter.write_str(&first.unwrap_or_else(|| self.source.to_string()))
    }
}

impl Failure {
    /// What was said of a network, where `path` or one of its tiles lies behind one.
    fn of_network(&self, path: &Path) -> Option<String> {
        let said = failure_of_network(&self.messages).cloned();
        said.or_else(|| is_remote(path).then(|| self.to_string()))
    }

    /// Whether another attempt may succeed.
    fn is_passing(&self, path: &Path) -> bool {
        self.of_network(path).is_some_and(|said| is_passing(&said))
    }

    fn into_error(
        self,
        raster: &BandRaster,
        band: usize,
        window: Window,
        attempts: u32,
    ) -> MosaicError {
        let path = raster.path.clone();
        if let Some(said) = self.of_network(&path) {
            let advice = advice(&said);
            return MosaicError::Network { path, band, window, attempts, said, advice };
        }
        let missing =
            |said: &&String| said.contains("No such file") || said.contains("does not exist");
        if let Some(said) = self.messages.iter().find(missing) {
            return MosaicError::MissingTile { path, window, said: said.clone() };
        }
        let Window { column, row, width, height } = window;
        MosaicError::Read { path, band, column, row, width, height, source: self.source }
    }
}
