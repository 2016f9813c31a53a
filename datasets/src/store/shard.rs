//! One shard: chunks one after the other, then the index that says where each lies.
//!
//! The index has an offset and a length for each place of the shard, both `u64::MAX` where there is no
//! chunk, and ends with its CRC-32C: the `sharding_indexed` codec of Zarr with the index at the end.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::StoreError;
use crate::file_mark::FileMark;
use crate::hex;

/// Bytes that the index takes for a place.
const ENTRY: usize = 16;
/// Bytes of the checksum of the index.
const CHECKSUM: usize = 4;
/// What the index says where there is no chunk.
const NOTHING: u64 = u64::MAX;

/// Writes a shard, chunk by chunk, taking its digest on the way.
pub(super) struct ShardWriter {
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    places: usize,
    index: Vec<u8>,
    offset: u64,
}

impl ShardWriter {
    /// Begins a shard of `places` places.
    pub(super) fn create(path: &Path, places: usize) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Write { path: path.to_owned(), source };
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let file = BufWriter::with_capacity(1 << 18, File::create(path).map_err(failed)?);
        let index = Vec::with_capacity(places * ENTRY + CHECKSUM);
        Ok(Self { path: path.to_owned(), file, hash: Sha256::new(), places, index, offset: 0 })
    }

    /// Whether every place is taken.
    pub(super) fn is_full(&self) -> bool {
        self.index.len() >= self.places * ENTRY
    }

    /// Appends a compressed chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let length = chunk.len() as u64;
        self.index.extend_from_slice(&self.offset.to_le_bytes());
        self.index.extend_from_slice(&length.to_le_bytes());
        self.offset += length;
        self.hash.update(chunk);
        self.file.write_all(chunk).map_err(|source| self.failed(source))
    }

    /// Appends the index.
    pub(super) fn finish(mut self) -> Result<FileMark, StoreError> {
        while !self.is_full() {
            self.index.extend_from_slice(&NOTHING.to_le_bytes());
            self.index.extend_from_slice(&NOTHING.to_le_bytes());
        }
        let checksum = crc32c::crc32c(&self.index);
        self.index.extend_from_slice(&checksum.to_le_bytes());
        self.hash.update(&self.index);
        let written = self.file.write_all(&self.index).and_then(|()| self.file.flush());
        written.map_err(|source| self.failed(source))?;
        let bytes = self.offset + self.index.len() as u64;
        Ok(FileMark { bytes, sha256: hex::encode(&self.hash.finalize()) })
    }

    fn failed(&self, source: io::Error) -> StoreError {
        StoreError::Write { path: self.path.clone(), source }
    }
}

/// Where the chunks of a shard lie.
pub(super) struct ShardIndex {
    /// Offset and length, both below 4 GiB since a shard is.
    places: Vec<(u32, u32)>,
}

impl ShardIndex {
    /// Reads and checks the index of `file`, which has `bytes` bytes and `places` places of which the first
    /// `chunks` are taken by chunks of at most `longest` bytes.
    pub(super) fn read(
        file: &File,
        bytes: u64,
        places: usize,
        chunks: usize,
        longest: usize,
    ) -> Result<Self, String> {
        let size = places * ENTRY + CHECKSUM;
        let data = bytes.checked_sub(size as u64);
        let data = data.ok_or_else(|| format!("{bytes} bytes; its index alone has {size}"))?;
        let data = u32::try_from(data).map_err(|_| format!("{bytes} bytes are too many"))?;
        let mut index = vec![0; size];
        file.read_exact_at(&mut index, u64::from(data)).map_err(|error| error.to_string())?;
        let (entries, checksum) = index.split_at(places * ENTRY);
        if crc32c::crc32c(entries).to_le_bytes() != checksum {
            return Err("the checksum of its index is wrong".into());
        }
        let (words, _) = entries.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|&word| u64::from_le_bytes(word)).collect();
        let place = |(place, entry): (usize, &[u64])| match *entry {
            [offset, length] if place < chunks => check(offset, length, data, longest)
                .ok_or_else(|| format!("chunk {place} has {length} bytes at {offset} of {data}")),
            [NOTHING, NOTHING] => Ok((0, 0)),
            _ => Err(format!("place {place} is taken; there are {chunks} chunks")),
        };
        let mut places =
            words.chunks_exact(2).enumerate().map(place).collect::<Result<Vec<_>, _>>()?;
        places.truncate(chunks);
        places.shrink_to_fit();
        Ok(Self { places })
    }

    /// Reads the compressed bytes of chunk `place` into `buffer`.
    pub(super) fn read_chunk(
        &self,
        file: &File,
        place: usize,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        let (offset, length) = self.places[place];
        buffer.resize(usize::try_from(length).expect("a length is checked to be short"), 0);
        file.read_exact_at(buffer, u64::from(offset))
    }
}

fn check(offset: u64, length: u64, data: u32, longest: usize) -> Option<(u32, u32)> {
    let end = offset.checked_add(length)?;
    let fits = end <= u64::from(data) && length <= longest as u64;
    let place = (u32::try_from(offset).ok()?, u32::try_from(length).ok()?);
    fits.then_some(place)
}
