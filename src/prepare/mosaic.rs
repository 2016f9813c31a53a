//! Preparing a mosaic and a grid.

use std::path::Path;

use tesela_datasets::descriptor::{DataKind, Descriptor};
use tesela_datasets::patch::{PatchBatch, PatchDefinition};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition};

use super::origin::{InputMark, Origin, check_checksum};
use super::sink::StoreSink;
use super::{PrepareError, Prepared};
use crate::cutting::{CellSorter, CutPatches, CutterSettings};
use crate::grid::{GridColumns, GridReader, GridRequest};
use crate::progress::Progress;
use crate::raster::{Mosaic, MosaicReading};

/// A mosaic, a grid, and what is to be known about them.
#[derive(Debug, Clone)]
pub struct MosaicInput<'a> {
    /// What the mosaic is.
    pub descriptor: &'a Descriptor,
    /// Where it lies.
    pub mosaic: &'a Path,
    /// Where the grid lies.
    pub grid: &'a Path,
    /// The layer of the grid; `None` takes the only one.
    pub layer: Option<String>,
    /// The columns of the grid.
    pub columns: GridColumns,
}

/// Cuts the patch of every cell of a grid that overlaps a mosaic, and writes them to the store `out`.
///
/// # Errors
/// If an input cannot be used, `out` exists and was made of other inputs, or the user stops. No store is
/// written then.
pub fn prepare_mosaic(
    input: &MosaicInput<'_>,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<Prepared, PrepareError> {
    let descriptor = input.descriptor;
    let (DataKind::Mosaic { patch_pixels: wanted, .. }, Some(imagery)) =
        (descriptor.kind(), descriptor.imagery())
    else {
        return Err(PrepareError::kind(descriptor, "a mosaic"));
    };
    let wanted = *wanted;
    let mosaic = Mosaic::open(input.mosaic, &MosaicReading::of(imagery))?;
    let inputs = vec![InputMark::of_file(input.mosaic)?, InputMark::of_file(input.grid)?];
    let settings = format!("{wanted:?} {:?} {:?}", input.layer, input.columns);
    let origin = Origin::new(descriptor, inputs, settings);
    if origin.is_that_of(out)? {
        return Prepared::found(out);
    }
    check_checksum(descriptor, input.mosaic)?;
    let grid = open_grid(input)?;
    let crs = grid.crs().clone();
    let pixel_metres = mosaic.pixel_metres();
    let mut sorter = CellSorter::new(mosaic, &crs, out)?;
    grid.read(progress, &mut |cells| sorter.extend(cells).map_err(PrepareError::from))?;
    let patch_pixels = match wanted {
        Some(pixels) => pixels,
        None => sorter.patch_pixels()?,
    };
    let scaling = imagery.pixel.scaling;
    let settings = CutterSettings { patch_pixels, scaling, with_cells: true };
    let cutter = sorter.into_cutter(settings)?;
    let definition = StoreDefinition {
        dataset: descriptor.name().to_owned(),
        input: InputDefinition::Patches(PatchDefinition {
            shape: cutter.shape(),
            sample_type: cutter.sample_type(),
            pixel: imagery.pixel.clone(),
        }),
        classes: descriptor.classes().clone(),
        crs: Some(crs.to_crs()),
        pixel_metres: Some(pixel_metres),
    };
    let outside = cutter.outside();
    let mut sink = StoreSink::create(out, definition, &origin)?;
    progress.start("preparing", Some(cutter.len() as u64), "patches");
    let pool = cutter.pool();
    cutter.run(&mut |batch| {
        let (patches, cells) = split(batch);
        sink.append(&patches, &cells, progress)?;
        pool.give_back(patches);
        Ok::<(), PrepareError>(())
    })?;
    sink.finish(outside, progress)
}

fn open_grid(input: &MosaicInput<'_>) -> Result<GridReader, PrepareError> {
    let request = GridRequest {
        columns: input.columns.clone(),
        layer: input.layer.clone(),
        classes: Some(input.descriptor.classes().clone()),
        ..GridRequest::default()
    };
    Ok(GridReader::open(input.grid, &request)?)
}

/// The patches of `batch`, and what the store keeps of their cells.
fn split(batch: CutPatches) -> (PatchBatch, Vec<StoreCell>) {
    let CutPatches { patches, cells, inside_pixels, used_pixels } = batch;
    let pixels = used_pixels.into_iter().zip(inside_pixels);
    let cells = cells.into_iter().zip(pixels);
    let cells = cells.map(|(cell, (used, inside))| StoreCell {
        cell,
        content: CellContent::Pixels { used, inside },
    });
    (patches, cells.collect())
}
