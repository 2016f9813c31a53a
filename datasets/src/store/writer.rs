//! Writing a store.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::codec::{compress_mask, compress_rows, compress_samples};
use super::layout::{ArrayLayout, Chunking, MANIFEST, REGISTER, ZARR, group_metadata, layouts};
use super::manifest::{Counts, Manifest, check_patches};
use super::opening::mark_of;
use super::register::RegisterWriter;
use super::shard::ShardWriter;
use super::{CellContent, StoreCell, StoreDefinition, StoreError};
use crate::cells::{CellTableHeader, UniqueIds};
use crate::file_mark::FileMark;
use crate::patch::PatchBatch;
use crate::source::InputDefinition;
use crate::table::{RowBatch, TableDefinition};
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

/// Writes a store, some cells at a time; it appears under its name when it is finished.
///
/// Memory is bounded by two batches, whatever the number of cells. A writer that is dropped unfinished
/// leaves nothing.
pub struct StoreWriter {
    path: PathBuf,
    partial: PathBuf,
    definition: StoreDefinition,
    chunking: Chunking,
    counts: Counts,
    unique: UniqueIds,
    register: Option<RegisterWriter>,
    arrays: Vec<ArrayWriter>,
    /// Rows of a table that do not fill a chunk yet.
    open_rows: Vec<f32>,
    /// Compressed chunks of each array, which are written while the next ones are compressed.
    pending: Vec<Chunks>,
    /// Whether the last call to append came through.
    whole: bool,
    finished: bool,
}

/// Compressed chunks of one array, in order.
type Chunks = Vec<Vec<u8>>;

impl StoreWriter {
    /// Begins the store `path`.
    ///
    /// # Errors
    /// If something has that name, the definition is not usable, or the operating system refuses.
    pub fn create(path: &Path, definition: &StoreDefinition) -> Result<Self, StoreError> {
        if path.exists() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        if let InputDefinition::Patches(patches) = &definition.input {
            let unfit = |reason| StoreError::Unfit { path: path.to_owned(), reason };
            check_patches(patches).map_err(unfit)?;
        }
        let partial = partial_path(path);
        let failed = |source| StoreError::Write { path: partial.clone(), source };
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        fs::create_dir_all(&partial).map_err(failed)?;
        let chunking = Chunking::of(&definition.input);
        let layouts = layouts(&definition.input, chunking).into_iter();
        let mut writer = Self {
            path: path.to_owned(),
            arrays: layouts.map(|layout| ArrayWriter::new(&partial, layout)).collect(),
            counts: Counts::new(definition.classes.len()),
            definition: definition.clone(),
            chunking,
            unique: UniqueIds::default(),
            register: None,
            open_rows: Vec::new(),
            pending: Vec::new(),
            whole: true,
            finished: false,
            partial,
        };
        let header =
            CellTableHeader { classes: definition.classes.clone(), crs: definition.crs.clone() };
        writer.register = Some(RegisterWriter::create(
            &writer.partial.join(REGISTER),
            &header,
            &definition.input,
        )?);
        Ok(writer)
    }

    /// Appends `patches` with their `cells`, which say what is known about them; the labels and positions
    /// of the batch are not looked at.
    ///
    /// # Errors
    /// If they do not fit the store or each other, an id comes twice, or the operating system refuses. The
    /// store cannot be finished then.
    pub fn append(&mut self, patches: &PatchBatch, cells: &[StoreCell]) -> Result<(), StoreError> {
        self.check_patch_batch(patches, cells)?;
        self.take(cells, || compress_patches(patches))
    }

    /// Appends `rows` of a table with their `cells`, which say what is known about them; the labels and positions
    /// of the batch are not looked at.
    ///
    /// # Errors
    /// If they do not fit the store or each other, an id comes twice, or the operating system refuses. The
    /// store cannot be finished then.
    pub fn append_rows(&mut self, rows: &RowBatch, cells: &[StoreCell]) -> Result<(), StoreError> {
        let width = self.check_row_batch(rows, cells)?.columns().len();
        let mut values = std::mem::take(&mut self.open_rows);
        values.extend_from_slice(&rows.values);
        let chunk = self.chunking.cells_per_chunk * width;
        let whole = values.len() / chunk * chunk;
        self.take(cells, || Ok(vec![compress_chunks(&values[..whole], chunk)?]))?;
        values.drain(..whole);
        self.open_rows = values;
        Ok(())
    }

    /// Notes `cells` and writes what is pending while `compress` makes what is pending next.
    fn take(
        &mut self,
        cells: &[StoreCell],
        compress: impl FnOnce() -> io::Result<Vec<Chunks>> + Send,
    ) -> Result<(), StoreError> {
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
            compress,
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
        self.close_rows()?;
        for array in &mut self.arrays {
            array.finish_shard()?;
        }
        if let Some(register) = self.register.take() {
            register.finish()?;
        }
        self.write_metadata()?;
        let manifest = Manifest {
            definition: self.definition.clone(),
            counts: self.counts.clone(),
            chunking: self.chunking,
            shards: self.arrays.iter().map(|array| array.marks.clone()).collect(),
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
        let bytes = manifest.files().iter().map(|(_, mark)| mark.bytes).sum();
        Ok(StoreSummary { path: self.path.clone(), counts: manifest.counts, digest, bytes })
    }

    fn check_whole(&self) -> Result<(), StoreError> {
        if self.whole {
            return Ok(());
        }
        Err(self.unfit("an earlier batch could not be appended".into()))
    }

    fn check_patch_batch(
        &self,
        patches: &PatchBatch,
        cells: &[StoreCell],
    ) -> Result<(), StoreError> {
        self.check_whole()?;
        let input = self.definition.input.patches().ok_or_else(|| self.other_kind("patches"))?;
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
        self.check_total(count)?;
        for (cell, used) in cells.iter().zip(patches.used.chunks_exact(input.shape.pixels())) {
            let found = used.iter().filter(|&&used| used).count();
            let CellContent::Pixels { used: named, .. } = cell.content else {
                return Err(self.unfit(format!("cell `{}` has no pixels", cell.cell.id)));
            };
            if found as u64 != u64::from(named) {
                let id = &cell.cell.id;
                return Err(self.unfit(format!(
                    "cell `{id}` has {found} used pixels in its mask, and says {named}"
                )));
            }
        }
        Ok(())
    }

    fn check_row_batch(
        &self,
        rows: &RowBatch,
        cells: &[StoreCell],
    ) -> Result<&TableDefinition, StoreError> {
        self.check_whole()?;
        let table = self.definition.input.table().ok_or_else(|| self.other_kind("rows"))?;
        if rows.columns != *table.columns() {
            return Err(self.unfit("the columns are not those of the store, in their order".into()));
        }
        let (count, width) = (cells.len(), table.columns().len());
        if rows.values.len() != count * width {
            return Err(self.unfit(format!("there are {count} cells, and not as many rows")));
        }
        self.check_total(count)?;
        for (cell, row) in cells.iter().zip(rows.values.chunks_exact(width)) {
            let id = &cell.cell.id;
            if let Some(column) = row.iter().position(|value| value.is_infinite()) {
                let (name, value) = (&table.columns()[column], row[column]);
                return Err(self.unfit(format!("column `{name}` of cell `{id}` is {value}")));
            }
            let found = row.iter().filter(|value| !value.is_nan()).count();
            let named = match &cell.content {
                CellContent::Row { known, .. } => *known,
                CellContent::Pixels { .. } => {
                    return Err(self.unfit(format!("cell `{id}` has pixels")));
                }
            };
            if found as u64 != u64::from(named) {
                return Err(self.unfit(format!(
                    "cell `{id}` has {found} numbers in its row, and says {named}"
                )));
            }
        }
        Ok(table)
    }

    fn check_total(&self, more: usize) -> Result<(), StoreError> {
        let total = self.counts.cells + more as u64;
        if u32::try_from(total).is_err() {
            return Err(self.unfit(format!("it would have {total} cells; at most {}", u32::MAX)));
        }
        Ok(())
    }

    /// Writes the rows that do not fill a chunk, as the beginning of one.
    fn close_rows(&mut self) -> Result<(), StoreError> {
        if self.open_rows.is_empty() {
            return Ok(());
        }
        let width = self.definition.input.table().map_or(1, |table| table.columns().len());
        self.open_rows.resize(self.chunking.cells_per_chunk * width, f32::NAN);
        let chunk = compress_rows(&self.open_rows)
            .map_err(|source| StoreError::Write { path: self.partial.clone(), source })?;
        write_pending(&mut self.arrays, &[vec![chunk]])
    }

    fn write_metadata(&self) -> Result<(), StoreError> {
        let write = |path: &Path, value: &serde_json::Value| {
            write_file(&self.partial.join(path), format!("{value:#}\n").as_bytes())
        };
        write(Path::new(ZARR), &group_metadata())?;
        let cells = usize::try_from(self.counts.cells).expect("cells are counted in 32 bits");
        for array in &self.arrays {
            let directory = self.partial.join(array.layout.name());
            fs::create_dir_all(&directory)
                .map_err(|source| StoreError::Write { path: directory, source })?;
            write(&array.layout.metadata_path(), &array.layout.metadata(cells))?;
        }
        Ok(())
    }

    /// Waits until the shards are on the disk, once at the end and not once a shard.
    fn sync_shards(&self) -> Result<(), StoreError> {
        for array in &self.arrays {
            for index in 0..array.marks.len() {
                let path = self.partial.join(array.layout.shard(index));
                let synced = File::open(&path).and_then(|file| file.sync_all());
                synced.map_err(|source| StoreError::Write { path, source })?;
            }
        }
        Ok(())
    }

    fn other_kind(&self, found: &str) -> StoreError {
        self.unfit(format!(
            "it holds {}, and {found} are to be appended",
            self.definition.input.words()
        ))
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
    layout: ArrayLayout,
    shard: Option<ShardWriter>,
    marks: Vec<FileMark>,
}

impl ArrayWriter {
    fn new(directory: &Path, layout: ArrayLayout) -> Self {
        Self { directory: directory.to_owned(), layout, shard: None, marks: Vec::new() }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let shard = if let Some(shard) = &mut self.shard {
            shard
        } else {
            let path = self.directory.join(self.layout.shard(self.marks.len()));
            self.shard.insert(ShardWriter::create(&path, self.layout.chunking.chunks_per_shard)?)
        };
        shard.push(chunk)?;
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

fn write_pending(arrays: &mut [ArrayWriter], pending: &[Chunks]) -> Result<(), StoreError> {
    for (array, chunks) in arrays.iter_mut().zip(pending) {
        chunks.iter().try_for_each(|chunk| array.push(chunk))?;
    }
    Ok(())
}

/// One chunk a patch, of bands and of the mask.
fn compress_patches(patches: &PatchBatch) -> io::Result<Vec<Chunks>> {
    let (samples, pixels) = (patches.shape.samples(), patches.shape.pixels());
    let count = patches.used.len() / pixels;
    let compress = |index: usize| {
        let bands = compress_samples(&patches.samples, index * samples, samples)?;
        Ok((bands, compress_mask(patches.used_of(index))?))
    };
    let pairs = (0..count).into_par_iter().with_min_len(8).map(compress);
    let (bands, mask) = pairs.collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
    Ok(vec![bands, mask])
}

/// Chunks of `chunk` numbers each.
fn compress_chunks(values: &[f32], chunk: usize) -> io::Result<Chunks> {
    values.par_chunks_exact(chunk).map(compress_rows).collect()
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_whole(path, bytes).map_err(|source| StoreError::Write { path: path.to_owned(), source })
}
