//! Writing a store.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::layout::{
    ArrayKind, FORMAT_VERSION, MANIFEST, MAX_EDGE, REGISTER, ZARR, array_metadata, group_metadata,
    patches_per_shard,
};
use super::manifest::{Counts, Manifest};
use super::opening::mark_of;
use super::patch_codec::{compress_mask, compress_samples};
use super::register::RegisterWriter;
use super::shard::ShardWriter;
use super::{StoreCell, StoreDefinition, StoreError};
use crate::cells::{CellTableHeader, UniqueIds};
use crate::file_mark::FileMark;
use crate::patch::{PatchBatch, PatchDefinition, PatchShape};
use crate::whole_file::{partial_path, write_whole};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSummary {
    /// Where the store is.
    pub path: PathBuf,
    /// How many cells there are of each kind.
    pub counts: Counts,
    /// The digest of the whole store.
    pub digest: String,
    /// Bytes of all shards and of the register.
    pub bytes: u64,
}

/// Writes a store, some patches at a time; it appears under its name when it is finished.
///
/// Memory is bounded by two batches, whatever the number of cells. A writer that is dropped unfinished
/// leaves nothing.
pub struct StoreWriter {
    path: PathBuf,
    partial: PathBuf,
    definition: StoreDefinition,
    patches_per_shard: usize,
    counts: Counts,
    unique: UniqueIds,
    register: Option<RegisterWriter>,
    arrays: [ArrayWriter; 2],
    /// Compressed patches that are written while the next ones are compressed.
    pending: Vec<[Vec<u8>; 2]>,
    /// Whether the last call to append came through.
    whole: bool,
    finished: bool,
}

impl StoreWriter {
    /// Begins the store `path`.
    ///
    /// # Errors
    /// If something has that name, the definition is not usable, or the operating system refuses.
    pub fn create(path: &Path, definition: &StoreDefinition) -> Result<Self, StoreError> {
        if path.exists() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let input = check_definition(path, definition)?;
        let partial = partial_path(path);
        let failed = |source| StoreError::Write { path: partial.clone(), source };
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        fs::create_dir_all(&partial).map_err(failed)?;
        let patches_per_shard = patches_per_shard(input.shape, input.sample_type);
        let array = |kind| ArrayWriter::new(&partial, kind, patches_per_shard);
        let mut writer = Self {
            path: path.to_owned(),
            arrays: ArrayKind::ALL.map(array),
            counts: Counts::new(definition.classes.len()),
            definition: definition.clone(),
            patches_per_shard,
            unique: UniqueIds::default(),
            register: None,
            pending: Vec::new(),
            whole: true,
            finished: false,
            partial,
        };
        let header =
            CellTableHeader { classes: definition.classes.clone(), crs: definition.crs.clone() };
        writer.register = Some(RegisterWriter::create(&writer.partial.join(REGISTER), &header)?);
        Ok(writer)
    }

    /// Appends `patches` with their `cells`, which say what is known about them; the labels and positions
    /// of the batch are not looked at.
    ///
    /// # Errors
    /// If they do not fit the store or each other, an id comes twice, or the operating system refuses. The
    /// store cannot be finished then.
    pub fn append(&mut self, patches: &PatchBatch, cells: &[StoreCell]) -> Result<(), StoreError> {
        self.check(patches, cells)?;
        self.whole = false;
        for cell in cells {
            self.unique
                .note(&cell.cell.id)
                .map_err(|source| StoreError::Ids { path: self.path.clone(), source })?;
            if !self.counts.note(cell.cell.label) {
                let id = &cell.cell.id;
                return Err(self.unfit(format!("the class of cell `{id}` is not of the store")));
            }
        }
        let pending = std::mem::take(&mut self.pending);
        let arrays = &mut self.arrays;
        let register = self.register.as_mut().expect("a register is there until the end");
        let (written, compressed) = rayon::join(
            || write_pending(arrays, &pending).and_then(|()| register.append(cells)),
            || compress_all(patches),
        );
        written?;
        self.pending = compressed
            .map_err(|source| StoreError::Write { path: self.partial.clone(), source })?;
        self.whole = true;
        Ok(())
    }

    /// Completes the store and gives it its name.
    ///
    /// # Errors
    /// If an earlier append failed, or the operating system refuses; nothing is left then.
    pub fn finish(mut self) -> Result<StoreSummary, StoreError> {
        self.check_whole()?;
        let unique = self.unique.finish();
        unique.map_err(|source| StoreError::Ids { path: self.path.clone(), source })?;
        let pending = std::mem::take(&mut self.pending);
        write_pending(&mut self.arrays, &pending)?;
        for array in &mut self.arrays {
            array.finish_shard()?;
        }
        if let Some(register) = self.register.take() {
            register.finish()?;
        }
        self.write_metadata()?;
        let [bands, mask] = self.arrays.each_ref().map(|array| array.marks.clone());
        let manifest = Manifest {
            format: FORMAT_VERSION,
            definition: self.definition.clone(),
            counts: self.counts.clone(),
            patches_per_shard: self.patches_per_shard,
            bands,
            mask,
            cells: mark_of(&self.partial.join(REGISTER))?,
        };
        let path = self.partial.join(MANIFEST);
        let (text, digest) = manifest
            .to_text()
            .map_err(|source| StoreError::Description { path: path.clone(), source })?;
        write_file(&path, text.as_bytes())?;
        self.sync_shards()?;
        fs::rename(&self.partial, &self.path)
            .map_err(|source| StoreError::Write { path: self.path.clone(), source })?;
        self.finished = true;
        let shards = manifest.bands.iter().chain(&manifest.mask);
        let bytes = shards.map(|mark| mark.bytes).sum::<u64>() + manifest.cells.bytes;
        Ok(StoreSummary { path: self.path.clone(), counts: manifest.counts, digest, bytes })
    }

    fn check_whole(&self) -> Result<(), StoreError> {
        if self.whole {
            return Ok(());
        }
        Err(self.unfit("an earlier batch could not be appended".into()))
    }

    fn check(&self, patches: &PatchBatch, cells: &[StoreCell]) -> Result<(), StoreError> {
        self.check_whole()?;
        let input = self.patches();
        let (found, expected) = (patches.samples.sample_type(), input.sample_type);
        if patches.shape != input.shape || found != expected {
            let (shape, own) = (patches.shape, input.shape);
            return Err(self.unfit(format!(
                "patches are {shape:?} of {found:?}; expected {own:?} of {expected:?}"
            )));
        }
        let count = cells.len();
        let whole = patches.samples.len() == count * input.shape.samples()
            && patches.used.len() == count * input.shape.pixels();
        if !whole {
            return Err(self.unfit(format!("there are {count} cells, and not as many patches")));
        }
        let total = self.counts.cells + count as u64;
        if u32::try_from(total).is_err() {
            return Err(self.unfit(format!("it would have {total} cells; at most {}", u32::MAX)));
        }
        for (cell, used) in cells.iter().zip(patches.used.chunks_exact(input.shape.pixels())) {
            let found = used.iter().filter(|&&used| used).count();
            if found as u64 != u64::from(cell.used_pixels) {
                let (id, named) = (&cell.cell.id, cell.used_pixels);
                return Err(self.unfit(format!(
                    "cell `{id}` has {found} used pixels in its mask, and says {named}"
                )));
            }
        }
        Ok(())
    }

    fn write_metadata(&self) -> Result<(), StoreError> {
        let write = |path: &Path, value: &serde_json::Value| {
            write_file(&self.partial.join(path), format!("{value:#}\n").as_bytes())
        };
        write(Path::new(ZARR), &group_metadata())?;
        let input = self.patches();
        let cells = usize::try_from(self.counts.cells).expect("cells are counted in 32 bits");
        for kind in ArrayKind::ALL {
            let metadata =
                array_metadata(kind, input.shape, input.sample_type, cells, self.patches_per_shard);
            let directory = self.partial.join(kind.name());
            fs::create_dir_all(&directory)
                .map_err(|source| StoreError::Write { path: directory, source })?;
            write(&kind.metadata(), &metadata)?;
        }
        Ok(())
    }

    /// Waits until the shards are on the disk, once at the end and not once a shard.
    fn sync_shards(&self) -> Result<(), StoreError> {
        for array in &self.arrays {
            for index in 0..array.marks.len() {
                let path = self.partial.join(array.kind.shard(index));
                let synced = File::open(&path).and_then(|file| file.sync_all());
                synced.map_err(|source| StoreError::Write { path, source })?;
            }
        }
        Ok(())
    }

    fn patches(&self) -> &PatchDefinition {
        self.definition.input.patches().expect("the definition is checked to be of patches")
    }

    fn unfit(&self, reason: String) -> StoreError {
        StoreError::Unfit { path: self.path.clone(), reason }
    }
}

impl Drop for StoreWriter {
    fn drop(&mut self) {
        if !self.finished {
            self.register = None;
            // Nobody hears of a failure while dropping, and the next writer removes what is left.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Writes one array, shard after shard.
struct ArrayWriter {
    directory: PathBuf,
    kind: ArrayKind,
    places: usize,
    shard: Option<ShardWriter>,
    marks: Vec<FileMark>,
}

impl ArrayWriter {
    fn new(directory: &Path, kind: ArrayKind, places: usize) -> Self {
        Self { directory: directory.to_owned(), kind, places, shard: None, marks: Vec::new() }
    }

    fn push(&mut self, patch: &[u8]) -> Result<(), StoreError> {
        let shard = if let Some(shard) = &mut self.shard {
            shard
        } else {
            let path = self.directory.join(self.kind.shard(self.marks.len()));
            self.shard.insert(ShardWriter::create(&path, self.places)?)
        };
        shard.push(patch)?;
        if shard.is_full() {
            self.finish_shard()?;
        }
        Ok(())
    }

    fn finish_shard(&mut self) -> Result<(), StoreError> {
        if let Some(shard) = self.shard.take() {
            self.marks.push(shard.finish()?);
        }
        Ok(())
    }
}

fn write_pending(
    arrays: &mut [ArrayWriter; 2],
    pending: &[[Vec<u8>; 2]],
) -> Result<(), StoreError> {
    for patch in pending {
        for (array, bytes) in arrays.iter_mut().zip(patch) {
            array.push(bytes)?;
        }
    }
    Ok(())
}

fn compress_all(patches: &PatchBatch) -> io::Result<Vec<[Vec<u8>; 2]>> {
    let (samples, pixels) = (patches.shape.samples(), patches.shape.pixels());
    let count = patches.used.len() / pixels;
    let compress = |index: usize| {
        let bands = compress_samples(&patches.samples, index * samples, samples)?;
        Ok([bands, compress_mask(patches.used_of(index))?])
    };
    (0..count).into_par_iter().with_min_len(8).map(compress).collect()
}

fn check_definition<'a>(
    path: &Path,
    definition: &'a StoreDefinition,
) -> Result<&'a PatchDefinition, StoreError> {
    let unfit = |reason| StoreError::Unfit { path: path.to_owned(), reason };
    let input = definition.input.patches().ok_or_else(|| unfit("it holds no patches".into()))?;
    let shape = input.shape;
    let named = input.pixel.bands.len();
    let edges = 1..=MAX_EDGE;
    let reason = if shape.bands != named {
        format!("its patches have {} bands, and {named} are named", shape.bands)
    } else if !edges.contains(&shape.height) || !edges.contains(&shape.width) {
        let PatchShape { height, width, .. } = shape;
        format!("its patches have {height} by {width} pixels; expected 1 to {MAX_EDGE} each")
    } else {
        return Ok(input);
    };
    Err(unfit(reason))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_whole(path, bytes).map_err(|source| StoreError::Write { path: path.to_owned(), source })
}
