//! One array of a store, read chunk by chunk.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::StoreError;
use super::codec::compressed_bound;
use super::layout::ArrayLayout;
use super::shard::ShardIndex;
use crate::file_mark::FileMark;

/// The most shards of an array that are kept open; the others are opened for each chunk.
const MAX_OPEN: usize = 256;

thread_local! {
    static COMPRESSED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The shards of one array, their indexes read when they are first needed.
pub(super) struct ChunkedArray {
    shards: Vec<Shard>,
    places: usize,
    /// The most bytes that a chunk can take compressed.
    longest: usize,
    open: AtomicUsize,
}

struct Shard {
    path: PathBuf,
    bytes: u64,
    chunks: usize,
    file: OnceLock<File>,
    index: OnceLock<ShardIndex>,
}

impl ChunkedArray {
    /// The array of `cells` cells of the store in `directory`, whose shards must be there in the sizes that `marks`
    /// has for them.
    pub(super) fn open(
        directory: &Path,
        layout: &ArrayLayout,
        marks: &[FileMark],
        cells: usize,
    ) -> Result<Self, StoreError> {
        let places = layout.chunking.chunks_per_shard;
        let mut shards = Vec::with_capacity(marks.len());
        for (index, mark) in marks.iter().enumerate() {
            let path = directory.join(layout.shard(index));
            check_size(&path, mark.bytes)?;
            let chunks = layout.chunks(cells).saturating_sub(index * places).min(places);
            let (file, index) = (OnceLock::new(), OnceLock::new());
            shards.push(Shard { path, bytes: mark.bytes, chunks, file, index });
        }
        let longest = compressed_bound(layout.chunk_bytes());
        Ok(Self { shards, places, longest, open: AtomicUsize::new(0) })
    }

    /// Reads chunk `chunk` and gives its compressed bytes to `decode`.
    pub(super) fn read(
        &self,
        chunk: usize,
        decode: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let shard = &self.shards[chunk / self.places];
        let damaged = |reason: String| StoreError::Shard { path: shard.path.clone(), reason };
        let opened;
        let file = if let Some(file) = self.kept(shard)? {
            file
        } else {
            opened = shard.open()?;
            &opened
        };
        let index = if let Some(index) = shard.index.get() {
            index
        } else {
            let read = ShardIndex::read(file, shard.bytes, self.places, shard.chunks, self.longest);
            let read = read.map_err(damaged)?;
            shard.index.get_or_init(|| read)
        };
        COMPRESSED.with_borrow_mut(|bytes| {
            let place = chunk % self.places;
            let read = index.read_chunk(file, place, bytes);
            read.map_err(|source| StoreError::Read { path: shard.path.clone(), source })?;
            decode(bytes).map_err(|error| damaged(format!("chunk {place}: {error}")))
        })
    }

    /// The open file of `shard`, unless too many are kept open already.
    fn kept<'a>(&self, shard: &'a Shard) -> Result<Option<&'a File>, StoreError> {
        if let Some(file) = shard.file.get() {
            return Ok(Some(file));
        }
        if self.open.fetch_add(1, Ordering::Relaxed) >= MAX_OPEN {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Ok(None);
        }
        let file = shard.open()?;
        Ok(Some(shard.file.get_or_init(|| file)))
    }
}

impl Shard {
    fn open(&self) -> Result<File, StoreError> {
        File::open(&self.path)
            .map_err(|source| StoreError::Read { path: self.path.clone(), source })
    }
}

/// Checks that the file at `path` is there and has `expected` bytes.
fn check_size(path: &Path, expected: u64) -> Result<(), StoreError> {
    let metadata = std::fs::metadata(path)
        .map_err(|source| StoreError::Read { path: path.to_owned(), source })?;
    if metadata.len() == expected {
        Ok(())
    } else {
        let path = path.to_owned();
        Err(StoreError::Size { path, found: metadata.len(), expected })
    }
}
