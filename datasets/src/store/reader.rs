//! Reading a store.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::array::ChunkedArray;
use super::codec::{expand, expand_numbers};
use super::feature_cache::FeatureCache;
use super::manifest::{Counts, Manifest};
use super::opening::{Arrays, Opened, check_mark, open};
use super::{Selection, StoreCell, StoreDefinition, StoreError};
use crate::class::{ClassMap, Label};
use crate::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use crate::source::{Batch, InputDefinition};
use crate::table::RowBatch;

/// An open store.
///
/// Opening reads the description and the register of cells, and checks that every shard is there in its
/// full size; [`StoreReader::verify`] reads every byte. Patches and rows are read and checked chunk by chunk.
pub struct StoreReader {
    path: PathBuf,
    manifest: Manifest,
    digest: String,
    cells: Vec<StoreCell>,
    arrays: Arrays,
    /// Threads of its own: a caller that waits for patches may hold all the shared ones.
    threads: OnceLock<ThreadPool>,
    pub(super) features: FeatureCache,
}

impl StoreReader {
    /// Opens the store `path`.
    ///
    /// # Errors
    /// If there is none, it is of another format version, or its parts are missing or contradict each other.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut cells = Vec::new();
        let Opened { manifest, digest, arrays } = open(path, &mut |_, cell| cells.push(cell))?;
        let (path, threads) = (path.to_owned(), OnceLock::new());
        let features = FeatureCache::default();
        Ok(Self { path, manifest, digest, cells, arrays, threads, features })
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is a store of.
    pub fn definition(&self) -> &StoreDefinition {
        &self.manifest.definition
    }

    /// Its cells, in the order of their patches or rows.
    pub fn cells(&self) -> &[StoreCell] {
        &self.cells
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many cells there are of each kind.
    pub fn counts(&self) -> &Counts {
        &self.manifest.counts
    }

    /// The digest of the whole store: changes when any number, cell or the definition does.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Reads every file and compares its digest with the one that was written.
    ///
    /// # Errors
    /// If a file cannot be read, or has other bytes than when it was written; the error names it.
    pub fn verify(&self) -> Result<(), StoreError> {
        self.manifest
            .files()
            .par_iter()
            .try_for_each(|(file, expected)| check_mark(&self.path.join(file), expected))
    }

    /// A part of the store with labels of its own, so that an experiment can regroup classes: cell `i` of
    /// the selection is row `rows[i]` of the store and has label `labels[i]` of `classes`.
    ///
    /// # Panics
    /// If there are not as many labels as rows, or a row or a label is out of range.
    pub fn select(
        self: &Arc<Self>,
        rows: Vec<u32>,
        labels: Vec<Label>,
        classes: ClassMap,
    ) -> Selection {
        Selection::new(self.clone(), rows, labels, classes)
    }

    /// All cells with the labels of the store.
    pub fn select_all(self: &Arc<Self>) -> Selection {
        let labels = self.cells.iter().map(|cell| cell.cell.label).collect();
        let rows = (0..).take(self.len()).collect();
        self.select(rows, labels, self.definition().classes.clone())
    }

    /// Reads the cells `rows`, in that order, which are given `labels` and `positions`.
    pub(super) fn read_batch(
        &self,
        rows: &[u32],
        labels: Vec<Label>,
        positions: Vec<u32>,
    ) -> Result<Batch, StoreError> {
        match &self.definition().input {
            InputDefinition::Patches(patches) => {
                let (samples, used) = self.read(rows)?;
                let shape = patches.shape;
                Ok(Batch::Patches(PatchBatch { shape, samples, used, labels, positions }))
            }
            InputDefinition::Table(table) => {
                let (columns, values) = (table.columns().clone(), self.read_rows(rows)?);
                Ok(Batch::Rows(RowBatch { columns, values, labels, positions }))
            }
        }
    }

    /// Reads the patches `rows`, in that order: the stored numbers `[patch, band, row, column]` and the used
    /// pixels `[patch, row, column]`.
    ///
    /// # Errors
    /// If the store holds a table, there is no such patch, or it cannot be read.
    pub fn read(&self, rows: &[u32]) -> Result<(Samples, Vec<bool>), StoreError> {
        self.check_rows(rows)?;
        let (InputDefinition::Patches(input), Arrays::Patches { bands, mask }) =
            (&self.definition().input, &self.arrays)
        else {
            return Err(self.other_kind("patches"));
        };
        self.threads()?.install(|| {
            let (samples, used) = rayon::join(
                || read_samples(bands, input, rows),
                || read_used(mask, input.shape, rows),
            );
            Ok((samples?, used?))
        })
    }

    /// Reads the rows `rows` of a table, in that order: `[row, column]`, `NaN` where a number is missing.
    ///
    /// # Errors
    /// If the store holds patches, there is no such row, or it cannot be read.
    pub fn read_rows(&self, rows: &[u32]) -> Result<Vec<f32>, StoreError> {
        self.check_rows(rows)?;
        let (InputDefinition::Table(table), Arrays::Table { features }) =
            (&self.definition().input, &self.arrays)
        else {
            return Err(self.other_kind("a table"));
        };
        let (width, together) = (table.columns().len(), self.manifest.chunking.cells_per_chunk);
        let mut values = vec![0.0; rows.len() * width];
        // Rows of a chunk are read together, wherever they stand in the request.
        let mut wanted: Vec<(usize, &mut [f32])> =
            rows.iter().map(|&row| row as usize).zip(values.chunks_exact_mut(width)).collect();
        wanted.sort_by_key(|(row, _)| *row);
        let same_chunk =
            |a: &(usize, &mut [f32]), b: &(usize, &mut [f32])| a.0 / together == b.0 / together;
        self.threads()?.install(|| {
            wanted.par_chunk_by_mut(same_chunk).try_for_each_init(
                || vec![0.0; together * width],
                |chunk, wanted| -> Result<(), StoreError> {
                    let number = wanted.first().map_or(0, |(row, _)| row / together);
                    features
                        .read(number, |bytes| expand_numbers(bytes, chunk, f32::from_le_bytes))?;
                    for (row, into) in wanted {
                        let start = *row % together * width;
                        into.copy_from_slice(&chunk[start..start + width]);
                    }
                    Ok(())
                },
            )
        })?;
        Ok(values)
    }

    fn check_rows(&self, rows: &[u32]) -> Result<(), StoreError> {
        match rows.iter().find(|&&row| row as usize >= self.len()) {
            None => Ok(()),
            Some(&row) => Err(StoreError::NoCell { path: self.path.clone(), row, len: self.len() }),
        }
    }

    fn other_kind(&self, expected: &'static str) -> StoreError {
        let found = self.definition().input.words();
        StoreError::Kind { path: self.path.clone(), found, expected }
    }

    fn threads(&self) -> Result<&ThreadPool, StoreError> {
        if let Some(threads) = self.threads.get() {
            return Ok(threads);
        }
        let built = ThreadPoolBuilder::new()
            .num_threads(rayon::current_num_threads())
            .thread_name(|index| format!("store-{index}"))
            .build();
        let built = built.map_err(|error| StoreError::Read {
            path: self.path.clone(),
            source: io::Error::other(error),
        })?;
        Ok(self.threads.get_or_init(|| built))
    }
}

fn read_samples(
    bands: &ChunkedArray,
    input: &PatchDefinition,
    rows: &[u32],
) -> Result<Samples, StoreError> {
    let length = input.shape.samples();
    Ok(match input.sample_type {
        SampleType::UInt8 => Samples::UInt8(numbers(bands, length, rows, u8::from_le_bytes)?),
        SampleType::UInt16 => Samples::UInt16(numbers(bands, length, rows, u16::from_le_bytes)?),
        SampleType::Int16 => Samples::Int16(numbers(bands, length, rows, i16::from_le_bytes)?),
        SampleType::Float32 => Samples::Float32(numbers(bands, length, rows, f32::from_le_bytes)?),
    })
}

fn numbers<T: Default + Clone + Send, const N: usize>(
    bands: &ChunkedArray,
    length: usize,
    rows: &[u32],
    from: impl Fn([u8; N]) -> T + Sync,
) -> Result<Vec<T>, StoreError> {
    let mut all = vec![T::default(); rows.len() * length];
    let patches = all.par_chunks_exact_mut(length).zip(rows).with_min_len(4);
    patches.try_for_each(|(into, &row)| {
        bands.read(row as usize, |bytes| expand_numbers(bytes, into, &from))
    })?;
    Ok(all)
}

fn read_used(
    mask: &ChunkedArray,
    shape: PatchShape,
    rows: &[u32],
) -> Result<Vec<bool>, StoreError> {
    let length = shape.pixels();
    let mut all = vec![false; rows.len() * length];
    let patches = all.par_chunks_exact_mut(length).zip(rows).with_min_len(16);
    patches.try_for_each_init(
        || vec![0; length],
        |scratch, (into, &row)| {
            mask.read(row as usize, |bytes| {
                expand(bytes, scratch)?;
                for (to, &byte) in into.iter_mut().zip(scratch.iter()) {
                    *to = byte != 0;
                }
                Ok(())
            })
        },
    )?;
    Ok(all)
}
