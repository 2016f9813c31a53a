//! Asking the models about every cell of a part.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::identity::{GridDigest, Identity, MosaicMark};
use super::ledger::{LedgerHeader, LedgerWriter, Records};
use super::{GridInput, InferenceError, Models, MosaicInput, part_name};
use crate::cutting::{CellSet, CellSorter, CutPatches, Cutter, CutterSettings, Part, PatchPool};
use crate::map::LatticeFinder;
use crate::plausibility::NirMedian;
use crate::progress::Progress;
use tesela_datasets::source::Batch;

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSummary {
    /// The file with what the models said.
    pub ledger: PathBuf,
    /// Cells of this part.
    pub cells: u64,
    /// How many of them an earlier attempt had done.
    pub known: u64,
}

/// Asks `models` about the cells of `part`, labelled or not, and keeps what they say in a file in `folder`, which is made
/// where it is missing. What an earlier attempt has left there is not computed again.
///
/// # Errors
/// If an input cannot be used, the mosaic is not what the models were fitted on, the folder holds another prediction, or
/// the user stops.
pub fn predict_part(
    models: &Models,
    mosaic: &MosaicInput<'_>,
    grid: &GridInput,
    part: Part,
    folder: &Path,
    progress: &mut dyn Progress,
) -> Result<PartSummary, InferenceError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| InferenceError::Write { path: folder.to_owned(), source })?;
    let (cutter, identity) = prepare(models, mosaic, grid, folder, progress)?;
    let cutter = cutter.part(part);
    let nir = models.input().patches().and_then(|patches| NirMedian::of(&patches.pixel));
    let header = LedgerHeader {
        identity,
        part: part.number(),
        of: part.of(),
        cells: cutter.len() as u64,
        grid: grid.path.clone(),
        layer: grid.layer.clone(),
        id_column: grid.id_column.clone(),
        bundles: models.facts().iter().map(|facts| facts.name.clone()).collect(),
    };
    let path = folder.join(part_name(part));
    let mut done = CellSet::default();
    let mut note = |records: Records| {
        for cell in records.cells {
            done.insert(cell);
        }
    };
    let ledger = LedgerWriter::open(&path, &header, &mut note)?;
    let known = done.len() as u64;
    if let Some(ledger) = ledger {
        progress.start("predicting", Some(header.cells), "cells");
        progress.skip(known);
        compute(models, cutter.without(done), (ledger, nir), progress)?;
    }
    Ok(PartSummary { ledger: path, cells: header.cells, known })
}

/// Finds the cells of `grid` in the mosaic, and says what will be predicted.
fn prepare(
    models: &Models,
    mosaic: &MosaicInput<'_>,
    grid: &GridInput,
    folder: &Path,
    progress: &mut dyn Progress,
) -> Result<(Cutter, Identity), InferenceError> {
    let input = models.input();
    let expected =
        input.patches().ok_or_else(|| InferenceError::NeedsTable { expected: input.words() })?;
    let (mosaic, reading) = mosaic.open(models, expected, progress)?;
    let mark = MosaicMark::of(&mosaic, &reading);
    let reader = grid.open()?;
    let crs = reader.crs().clone();
    let mut digest = GridDigest::default();
    let mut sorter = CellSorter::new(mosaic, &crs, folder)?;
    let no_lattice = |reason| InferenceError::NoLattice { path: grid.path.clone(), reason };
    let mut lattice = grid.as_raster.then(LatticeFinder::default);
    reader.read(progress, &mut |batch| {
        digest.extend(batch);
        if let Some(lattice) = &mut lattice {
            batch.iter().try_for_each(|cell| lattice.add(cell)).map_err(no_lattice)?;
        }
        sorter.extend(batch).map_err(InferenceError::from)
    })?;
    lattice.map_or(Ok(()), LatticeFinder::check).map_err(no_lattice)?;
    let patch_pixels = expected.shape.width;
    // Missing pixels are those of this mosaic, also where its scale is not that of the model.
    let scaling = reading.scaling;
    let settings = CutterSettings { patch_pixels, scaling, with_cells: false };
    let cutter = sorter.into_cutter(settings)?;
    let mut identity = Identity::new(models, &mark, digest);
    identity.overlapping = cutter.overlapping();
    Ok((cutter, identity))
}

/// Cuts, computes and writes side by side. Where the mosaic fails or the user stops, what is under way is kept; not behind a
/// block that could not be written. What the model takes for near-infrared reflectance is looked at on the way.
fn compute(
    models: &Models,
    cutter: Cutter,
    (mut ledger, nir): (LedgerWriter, Option<NirMedian>),
    progress: &mut dyn Progress,
) -> Result<(), InferenceError> {
    let (pool, nir) = (cutter.pool(), Mutex::new(nir));
    let work = |cut: CutPatches| {
        if let Some(nir) = &mut *nir.lock().unwrap_or_else(PoisonError::into_inner) {
            nir.note_few(&cut.patches);
        }
        records_of(models, cut, &pool)
    };
    let mut stopped = false;
    let mut keep = |records: Result<Records, InferenceError>| {
        let records = records?;
        ledger.append(&records)?;
        progress.advance(records.cells.len() as u64);
        stopped |= progress.wants_stop();
        let went = if stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        Ok::<_, InferenceError>(went)
    };
    cutter.run_by(models.crew(), &work, &mut keep)?;
    if stopped {
        return Err(InferenceError::Interrupted);
    }
    let nir = nir.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(warning) = nir.as_ref().and_then(NirMedian::warning) {
        progress.warn(&warning);
    }
    Ok(ledger.finish()?)
}

/// What `models` say of some cells, whose memory goes to `pool`.
fn records_of(
    models: &Models,
    cut: CutPatches,
    pool: &PatchPool,
) -> Result<Records, InferenceError> {
    let CutPatches { patches, used_pixels, inside_pixels, .. } = cut;
    let cells = patches.positions.clone();
    let patches = Batch::Patches(patches);
    let values = models.compute(&patches)?;
    if let Batch::Patches(patches) = patches {
        pool.give_back(patches);
    }
    Ok(Records { cells, used: used_pixels, inside: inside_pixels, values })
}
