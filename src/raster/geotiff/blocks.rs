//! The blocks of a written GeoTIFF: are all of them in the file?

use std::fs;
use std::path::Path;

use gdal::raster::RasterBand;
use gdal::{Dataset, Metadata};

use crate::raster::RasterError;

/// Looks for every block of the first `bands` bands, and of their overviews, in the file `written`, which errors
/// ascribe to `path`: before 3.7 GDAL does not say that closing failed.
///
/// # Errors
/// If one is missing or reaches beyond the end.
pub(super) fn verify_blocks(written: &Path, path: &Path, bands: usize) -> Result<(), RasterError> {
    let length = fs::metadata(written).map_err(RasterError::io("read back raster", path))?.len();
    let missing = || -> gdal::errors::Result<Option<String>> {
        let dataset = Dataset::open(written)?;
        for index in 1..=bands {
            let band = dataset.rasterband(index)?;
            let mut found = missing_block(&band, length);
            for overview in 0..usize::try_from(band.overview_count()?)? {
                found = found.or(missing_block(&band.overview(overview)?, length));
            }
            if let Some((column, row)) = found {
                return Ok(Some(format!("block ({column}, {row}) of band {index} is missing")));
            }
        }
        Ok(None)
    };
    match missing().map_err(RasterError::gdal("read back raster", path))? {
        Some(message) => Err(RasterError::Incomplete { path: path.to_owned(), message }),
        None => Ok(()),
    }
}

/// Column and row of the first block of `band` that does not lie within the first `length` bytes of the file.
fn missing_block(band: &RasterBand<'_>, length: u64) -> Option<(usize, usize)> {
    let ((width, height), (block_width, block_height)) = (band.size(), band.block_size());
    let (columns, rows) = (width.div_ceil(block_width), height.div_ceil(block_height));
    let is_there = |&(column, row): &(usize, usize)| {
        let item = |name: &str| -> Option<u64> {
            band.metadata_item(&format!("{name}_{column}_{row}"), "TIFF")?.parse().ok()
        };
        let end = item("BLOCK_OFFSET").zip(item("BLOCK_SIZE")).map(|(at, size)| at + size);
        end.is_some_and(|end| end <= length)
    };
    let mut blocks = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
    blocks.find(|block| !is_there(block))
}
