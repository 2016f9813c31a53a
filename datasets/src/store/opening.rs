//! Opening a store: its parts are there, and do not contradict each other.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::array::ChunkedArray;
use super::layout::{ArrayLayout, MANIFEST, REGISTER};
use super::manifest::{Counts, Manifest};
use super::{StoreCell, StoreDefinition, StoreError, register};
use crate::cells::CellTableHeader;
use crate::file_mark::FileMark;
use crate::source::InputDefinition;

/// The parts of a store, but its cells.
pub(super) struct Opened {
    pub(super) manifest: Manifest,
    pub(super) digest: String,
    pub(super) arrays: Arrays,
}

/// The arrays that hold the numbers.
pub(super) enum Arrays {
    Patches { bands: ChunkedArray, mask: ChunkedArray },
    Table { features: ChunkedArray },
}

impl Arrays {
    fn open(path: &Path, manifest: &Manifest) -> Result<Self, StoreError> {
        let layouts = manifest.layouts();
        let open = |array: usize| {
            ChunkedArray::open(path, &layouts[array], &manifest.shards[array], manifest.len())
        };
        Ok(match manifest.definition.input {
            InputDefinition::Patches(_) => Self::Patches { bands: open(0)?, mask: open(1)? },
            InputDefinition::Table(_) => Self::Table { features: open(0)? },
        })
    }
}

/// What a store is, as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreOverview {
    /// What it is a store of.
    pub definition: StoreDefinition,
    /// How many cells there are of each kind.
    pub counts: Counts,
    /// The digest of the whole store.
    pub digest: String,
}

/// Is shown cells.
type Look<'a> = &'a mut dyn FnMut(&StoreDefinition, StoreCell);

impl StoreOverview {
    /// Checks the store `path` as [`StoreReader::open`](super::StoreReader::open) does, and shows its cells to
    /// `look`, with what it is a store of, in the order of their patches or rows; none is held, so memory is bounded whatever their number.
    ///
    /// # Errors
    /// As for [`StoreReader::open`](super::StoreReader::open).
    pub fn of(path: &Path, look: Look<'_>) -> Result<Self, StoreError> {
        let Opened { manifest, digest, .. } = open(path, look)?;
        Ok(Self { definition: manifest.definition, counts: manifest.counts, digest })
    }
}

/// Opens the store `path` and hands its cells to `take`.
pub(super) fn open(path: &Path, take: Look<'_>) -> Result<Opened, StoreError> {
    let (manifest, digest) = Manifest::read(path)?;
    let arrays = Arrays::open(path, &manifest)?;
    for layout in manifest.layouts() {
        check_metadata(path, &layout, manifest.len())?;
    }
    let register_path = path.join(REGISTER);
    // Its digest comes first: a damaged table is better not decoded at all.
    check_mark(&register_path, &manifest.cells)?;
    let (mut counts, mut known) = (Counts::new(manifest.definition.classes.len()), true);
    let definition = &manifest.definition;
    let header = register::read(&register_path, &definition.input, manifest.len(), &mut |cell| {
        known &= counts.note(cell.cell.label);
        take(definition, cell);
    })?;
    check_register(path, &manifest, &header, known.then_some(&counts))?;
    Ok(Opened { manifest, digest, arrays })
}

/// Checks that the file at `path` is the one that was written.
pub(super) fn check_mark(path: &Path, expected: &FileMark) -> Result<(), StoreError> {
    let found = mark_of(path)?;
    if found.bytes != expected.bytes {
        let (path, found, expected) = (path.to_owned(), found.bytes, expected.bytes);
        return Err(StoreError::Size { path, found, expected });
    }
    if found.sha256 != expected.sha256 {
        let (path, expected) = (path.to_owned(), expected.sha256.clone());
        return Err(StoreError::Digest { path, found: found.sha256, expected });
    }
    Ok(())
}

/// The mark of the file at `path`.
pub(super) fn mark_of(path: &Path) -> Result<FileMark, StoreError> {
    FileMark::of(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })
}

/// Checks that `zarr.json` says what the description of the store says: others read by the one, and this
/// program by the other.
fn check_metadata(directory: &Path, layout: &ArrayLayout, cells: usize) -> Result<(), StoreError> {
    let path = directory.join(layout.metadata_path());
    let file =
        File::open(&path).map_err(|source| StoreError::Read { path: path.clone(), source })?;
    let found: Value = serde_json::from_reader(file.take(1 << 16))
        .map_err(|source| StoreError::Description { path: path.clone(), source })?;
    let expected = layout.metadata(cells);
    for key in ["zarr_format", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "codecs"] {
        if found.get(key) != expected.get(key) {
            let (found, expected) = (&found[key], &expected[key]);
            let reason = format!("`{key}` is {found}; `{MANIFEST}` says {expected}");
            return Err(StoreError::Inconsistent { path, reason });
        }
    }
    Ok(())
}

fn check_register(
    directory: &Path,
    manifest: &Manifest,
    header: &CellTableHeader,
    counts: Option<&Counts>,
) -> Result<(), StoreError> {
    let definition = &manifest.definition;
    let reason = if header.classes != definition.classes {
        format!("its classes are {}; `{MANIFEST}` names {}", header.classes, definition.classes)
    } else if header.crs != definition.crs {
        format!("its coordinate reference system is not the one that `{MANIFEST}` names")
    } else if counts != Some(&manifest.counts) {
        format!("its labels are not the ones that `{MANIFEST}` counts")
    } else {
        return Ok(());
    };
    Err(StoreError::Inconsistent { path: directory.join(REGISTER), reason })
}
