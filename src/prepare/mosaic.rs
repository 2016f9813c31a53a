//! Preparing a mosaic and a grid.

use std::path::Path;

use tesela_datasets::descriptor::{DataKind, Descriptor};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{StoreCell, StoreDefinition};

use super::origin::{InputMark, Origin, check_checksum};
use super::sink::StoreSink;
use super::{PrepareError, Prepared};
use crate::cutting::{CellList, CutPatches, Cutter, CutterSettings, patch_pixels_for};
use crate::grid::{GridColumns, GridReader, GridRequest};
use crate::progress::Progress;
use crate::raster::{CoordinateSystem, Mosaic, MosaicReading};

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
    let mosaic = Mosaic::open(input.mosaic, &MosaicReading::of(descriptor))?;
    let inputs = vec![InputMark::of_file(input.mosaic)?, InputMark::of_file(input.grid)?];
    let wanted = match descriptor.kind() {
        DataKind::Mosaic { patch_pixels, .. } => *patch_pixels,
        DataKind::Patches { .. } => None,
    };
    let settings = format!("{wanted:?} {:?} {:?}", input.layer, input.columns);
    let origin = Origin::new(descriptor, inputs, settings);
    if origin.is_that_of(out)? {
        return Prepared::found(out);
    }
    check_checksum(descriptor, input.mosaic)?;
    let (cells, crs) = read_grid(input, progress)?;
    let patch_pixels = match wanted {
        Some(pixels) => pixels,
        None => patch_pixels_for(&mosaic, &cells, &crs)?,
    };
    let scaling = descriptor.pixel().scaling;
    let cutter = Cutter::new(mosaic, &cells, &crs, CutterSettings { patch_pixels, scaling })?;
    let definition = StoreDefinition {
        dataset: descriptor.name().to_owned(),
        input: InputDefinition {
            shape: cutter.shape(),
            sample_type: cutter.sample_type(),
            pixel: descriptor.pixel().clone(),
        },
        classes: descriptor.classes().clone(),
        crs: Some(crs.to_crs()),
    };
    let outside = cutter.outside().len() as u64;
    let mut sink = StoreSink::create(out, definition, &origin)?;
    progress.start("preparing", Some(cutter.len() as u64), "patches");
    cutter.run(&mut |batch| sink.append(&batch.patches, &store_cells(&cells, &batch), progress))?;
    sink.finish(outside, progress)
}

fn read_grid(
    input: &MosaicInput<'_>,
    progress: &mut dyn Progress,
) -> Result<(CellList, CoordinateSystem), PrepareError> {
    let request = GridRequest {
        columns: input.columns.clone(),
        layer: input.layer.clone(),
        classes: Some(input.descriptor.classes().clone()),
        ignore_labels: false,
    };
    let reader = GridReader::open(input.grid, &request)?;
    let crs = reader.crs().clone();
    progress.start("reading the grid", reader.cell_count(), "cells");
    let mut cells = CellList::default();
    for batch in reader {
        let batch = batch?;
        cells.extend(&batch);
        progress.advance(batch.len() as u64);
        if progress.wants_stop() {
            return Err(PrepareError::Interrupted);
        }
    }
    Ok((cells, crs))
}

/// What the store keeps of the cells of `batch`.
fn store_cells(cells: &CellList, batch: &CutPatches) -> Vec<StoreCell> {
    let pixels = batch.used_pixels.iter().zip(&batch.inside_pixels);
    let positions = batch.patches.positions.iter();
    positions
        .zip(pixels)
        .map(|(&position, (&used_pixels, &inside_pixels))| StoreCell {
            cell: cells.get(usize::try_from(position).expect("an index fits memory")),
            used_pixels,
            inside_pixels,
        })
        .collect()
}
