//! Reading a store.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::array::PatchArray;
use super::feature_cache::FeatureCache;
use super::layout::{ArrayKind, REGISTER};
use super::manifest::{Counts, Manifest};
use super::opening::{Opened, check_mark, open};
use super::patch_codec::{expand, expand_numbers};
use super::{Selection, StoreCell, StoreDefinition, StoreError};
use crate::class::{ClassMap, Label};
use crate::patch::{PatchDefinition, SampleType, Samples};

/// An open store.
///
/// Opening reads the description and the register of cells, and checks that every shard is there in its
/// full size; [`StoreReader::verify`] reads every byte. Patches are read and checked one by one.
pub struct StoreReader {
    path: PathBuf,
    manifest: Manifest,
    digest: String,
    cells: Vec<StoreCell>,
    bands: PatchArray,
    mask: PatchArray,
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
        let Opened { manifest, digest, bands, mask } = open(path, &mut |cell| cells.push(cell))?;
        let (path, threads) = (path.to_owned(), OnceLock::new());
        let features = FeatureCache::default();
        Ok(Self { path, manifest, digest, cells, bands, mask, threads, features })
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is a store of.
    pub fn definition(&self) -> &StoreDefinition {
        &self.manifest.definition
    }

    /// What its patches are.
    pub(super) fn patches(&self) -> &PatchDefinition {
        self.manifest.patches()
    }

    /// Its cells, in the order of their patches.
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

    /// The digest of the whole store: changes when any byte of patches, cells or definition does.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Reads every file and compares its digest with the one that was written.
    ///
    /// # Errors
    /// If a file cannot be read, or has other bytes than when it was written; the error names it.
    pub fn verify(&self) -> Result<(), StoreError> {
        let mut files = vec![(self.path.join(REGISTER), &self.manifest.cells)];
        for kind in ArrayKind::ALL {
            let shards = self.manifest.shards(kind).iter().enumerate();
            files.extend(shards.map(|(index, mark)| (self.path.join(kind.shard(index)), mark)));
        }
        files.par_iter().try_for_each(|(path, expected)| check_mark(path, expected))
    }

    /// A part of the store with labels of its own, so that an experiment can regroup classes: patch `i` of
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

    /// All patches with the labels of the store.
    pub fn select_all(self: &Arc<Self>) -> Selection {
        let labels = self.cells.iter().map(|cell| cell.cell.label).collect();
        let rows = (0..).take(self.len()).collect();
        self.select(rows, labels, self.definition().classes.clone())
    }

    /// Reads the patches `rows`, in that order: the stored numbers `[patch, band, row, column]` and the used
    /// pixels `[patch, row, column]`.
    ///
    /// # Errors
    /// If there is no such patch, or it cannot be read.
    pub fn read(&self, rows: &[u32]) -> Result<(Samples, Vec<bool>), StoreError> {
        if let Some(&row) = rows.iter().find(|&&row| row as usize >= self.len()) {
            return Err(StoreError::NoPatch { path: self.path.clone(), row, len: self.len() });
        }
        self.threads()?.install(|| {
            let (samples, used) = rayon::join(|| self.read_samples(rows), || self.read_used(rows));
            Ok((samples?, used?))
        })
    }

    fn read_samples(&self, rows: &[u32]) -> Result<Samples, StoreError> {
        Ok(match self.patches().sample_type {
            SampleType::UInt8 => Samples::UInt8(self.numbers(rows, u8::from_le_bytes)?),
            SampleType::UInt16 => Samples::UInt16(self.numbers(rows, u16::from_le_bytes)?),
            SampleType::Int16 => Samples::Int16(self.numbers(rows, i16::from_le_bytes)?),
            SampleType::Float32 => Samples::Float32(self.numbers(rows, f32::from_le_bytes)?),
        })
    }

    fn numbers<T: Default + Clone + Send, const N: usize>(
        &self,
        rows: &[u32],
        from: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let length = self.patches().shape.samples();
        let mut all = vec![T::default(); rows.len() * length];
        let patches = all.par_chunks_exact_mut(length).zip(rows).with_min_len(4);
        patches.try_for_each(|(into, &row)| {
            self.bands.read(row as usize, |bytes| expand_numbers(bytes, into, from))
        })?;
        Ok(all)
    }

    fn read_used(&self, rows: &[u32]) -> Result<Vec<bool>, StoreError> {
        let length = self.patches().shape.pixels();
        let mut all = vec![false; rows.len() * length];
        let patches = all.par_chunks_exact_mut(length).zip(rows).with_min_len(16);
        patches.try_for_each_init(
            || vec![0; length],
            |scratch, (into, &row)| {
                self.mask.read(row as usize, |bytes| {
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
