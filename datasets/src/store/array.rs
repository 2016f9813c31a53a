//! One array of a store, read patch by patch.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::StoreError;
use super::layout::ArrayKind;
use super::manifest::Manifest;
use super::patch_codec::compressed_bound;
use super::shard::ShardIndex;

/// The most shards of an array that are kept open; the others are opened for each patch.
const MAX_OPEN: usize = 256;

thread_local! {
    static COMPRESSED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The shards of one array, their indexes read when they are first needed.
pub(super) struct PatchArray {
    shards: Vec<Shard>,
    places: usize,
    /// The most bytes that a patch can take compressed.
    longest: usize,
    open: AtomicUsize,
}

struct Shard {
    path: PathBuf,
    bytes: u64,
    patches: usize,
    file: OnceLock<File>,
    index: OnceLock<ShardIndex>,
}

impl PatchArray {
    /// The array `kind` of the store in `directory`, whose shards must be there in their full sizes.
    pub(super) fn open(
        directory: &Path,
        kind: ArrayKind,
        manifest: &Manifest,
    ) -> Result<Self, StoreError> {
        let places = manifest.patches_per_shard;
        let mut shards = Vec::with_capacity(manifest.shard_count());
        for (index, mark) in manifest.shards(kind).iter().enumerate() {
            let path = directory.join(kind.shard(index));
            check_size(&path, mark.bytes)?;
            let patches = (manifest.len() - index * places).min(places);
            let (file, index) = (OnceLock::new(), OnceLock::new());
            shards.push(Shard { path, bytes: mark.bytes, patches, file, index });
        }
        let input = manifest.patches();
        let longest = compressed_bound(kind.patch_bytes(input.shape, input.sample_type));
        Ok(Self { shards, places, longest, open: AtomicUsize::new(0) })
    }

    /// Reads patch `row` and gives its compressed bytes to `decode`.
    pub(super) fn read(
        &self,
        row: usize,
        decode: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let shard = &self.shards[row / self.places];
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
            let read =
                ShardIndex::read(file, shard.bytes, self.places, shard.patches, self.longest);
            let read = read.map_err(damaged)?;
            shard.index.get_or_init(|| read)
        };
        COMPRESSED.with_borrow_mut(|bytes| {
            let place = row % self.places;
            let read = index.read_patch(file, place, bytes);
            read.map_err(|source| StoreError::Read { path: shard.path.clone(), source })?;
            decode(bytes).map_err(|error| damaged(format!("patch {place}: {error}")))
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
