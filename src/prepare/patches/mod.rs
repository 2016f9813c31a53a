//! Preparing ready-made patches: a folder or zip archive with one folder per class.

mod decode;
mod listing;

use std::path::Path;

use rayon::prelude::*;
use tesela_datasets::cell::{Cell, CellId};
use tesela_datasets::class::Label;
use tesela_datasets::descriptor::{DataKind, Descriptor, Imagery};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition};

use self::decode::{DecodedPatch, decode};
use self::listing::{Entry, PatchFiles};
use super::origin::{Origin, check_checksum};
use super::sink::StoreSink;
use super::{PrepareError, Prepared};
use crate::progress::Progress;
use crate::raster::{MosaicReading, sample_type_name};

/// Files that are read, and then decoded by all cores, at a time.
const BATCH: usize = 512;

/// Ready-made patches, and what is to be known about them.
#[derive(Debug, Clone)]
pub struct PatchesInput<'a> {
    /// What the patches are.
    pub descriptor: &'a Descriptor,
    /// The folder or zip archive.
    pub patches: &'a Path,
}

/// Writes the patches of a folder or zip archive to the store `out`, in the order of their paths.
///
/// # Errors
/// If an input cannot be used, `out` exists and was made of other inputs, or the user stops. No store is
/// written then.
pub fn prepare_patches(
    input: &PatchesInput<'_>,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<Prepared, PrepareError> {
    let descriptor = input.descriptor;
    let (DataKind::Patches { pattern, .. }, Some(imagery)) =
        (descriptor.kind(), descriptor.imagery())
    else {
        return Err(PrepareError::kind(descriptor, "patches"));
    };
    let mut files = PatchFiles::open(input.patches)?;
    let origin = Origin::new(descriptor, vec![files.mark()?], pattern.as_str().into());
    if origin.is_that_of(out)? {
        return Prepared::found(out);
    }
    if input.patches.is_file() {
        check_checksum(descriptor, input.patches)?;
    }
    let entries = files.entries(pattern, descriptor.classes())?;
    let reading = MosaicReading::of(imagery);
    progress.start("preparing", Some(entries.len() as u64), "patches");
    let mut sink: Option<(StoreSink, PatchDefinition)> = None;
    for entries in entries.chunks(BATCH) {
        let bytes: Vec<Vec<u8>> =
            entries.iter().map(|entry| files.read(entry)).collect::<Result<_, _>>()?;
        let decoded: Vec<DecodedPatch> = bytes
            .into_par_iter()
            .zip(entries)
            .map(|(bytes, entry)| decode(bytes, &files.full_path(entry), &reading))
            .collect::<Result<_, _>>()?;
        if sink.is_none() {
            let input = patches_like(imagery, &decoded[0]);
            let definition = StoreDefinition {
                dataset: descriptor.name().to_owned(),
                input: InputDefinition::Patches(input.clone()),
                classes: descriptor.classes().clone(),
                crs: None,
                pixel_metres: None,
            };
            sink = Some((StoreSink::create(out, definition, &origin)?, input));
        }
        let (sink, definition) = sink.as_mut().expect("it was made above");
        check_alike(&decoded, entries, definition, &files)?;
        let (patches, cells) = gather(&decoded, entries, definition);
        sink.append(&patches, &cells, progress)?;
    }
    let (sink, _) = sink.expect("an empty listing is refused");
    sink.finish(0, progress)
}

fn patches_like(imagery: &Imagery, first: &DecodedPatch) -> PatchDefinition {
    let pixel = imagery.pixel.clone();
    let shape = PatchShape { bands: pixel.bands.len(), height: first.height, width: first.width };
    PatchDefinition { shape, sample_type: first.samples.sample_type(), pixel }
}

fn check_alike(
    decoded: &[DecodedPatch],
    entries: &[Entry],
    definition: &PatchDefinition,
    files: &PatchFiles,
) -> Result<(), PrepareError> {
    let words = |height: usize, width: usize, sample_type: SampleType| {
        format!("{height} × {width} pixels of {}", sample_type_name(sample_type))
    };
    let PatchShape { height, width, .. } = definition.shape;
    let expected = words(height, width, definition.sample_type);
    for (patch, entry) in decoded.iter().zip(entries) {
        let found = words(patch.height, patch.width, patch.samples.sample_type());
        if found != expected {
            return Err(PrepareError::Unlike {
                path: files.full_path(entry),
                found: format!("has {found}"),
                expected: format!("{expected}, as the first patch has"),
            });
        }
    }
    Ok(())
}

fn gather(
    decoded: &[DecodedPatch],
    entries: &[Entry],
    definition: &PatchDefinition,
) -> (PatchBatch, Vec<StoreCell>) {
    let shape = definition.shape;
    let mut patches = PatchBatch::with_capacity(shape, definition.sample_type, decoded.len());
    let mut cells = Vec::with_capacity(decoded.len());
    let inside = u32::try_from(shape.pixels()).expect("a patch has few pixels");
    let mut values = vec![0.0; shape.samples()];
    for (patch, entry) in decoded.iter().zip(entries) {
        patches.samples.extend_from(&patch.samples, 0..patch.samples.len());
        patch.samples.copy_to_f32(0, &mut values);
        let start = patches.used.len();
        patches.used.resize(start + shape.pixels(), true);
        let used = &mut patches.used[start..];
        for plane in values.chunks_exact(shape.pixels()) {
            for (used, &value) in used.iter_mut().zip(plane) {
                *used &= definition.pixel.scaling.is_valid(value);
            }
        }
        let count = used.iter().filter(|&&used| used).count();
        let label = Label::Class(entry.class);
        patches.labels.push(label);
        patches.positions.push(0);
        let id = CellId::new(entry.id.as_str());
        cells.push(StoreCell {
            cell: Cell { id, label, outline: None, year: None },
            content: CellContent::Pixels {
                used: u32::try_from(count).expect("a patch has few pixels"),
                inside,
            },
        });
    }
    (patches, cells)
}
