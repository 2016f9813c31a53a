//! Noticing that an id comes twice, in memory that does not grow with the number of cells.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use sha2::{Digest, Sha256};

use crate::cell::CellId;

/// Ids that are held in memory, some 70 MB of them; a run of more is sorted and put on disk.
const HELD: usize = 1_800_000;
/// Bytes of an id on disk.
const RECORD: usize = 24;

/// The ids seen so far, kept as 128 bits of their SHA-256: two texts with equal fingerprints are out of reach.
///
/// Where there are more than memory should hold, they wait in files without names in the system's folder for
/// temporary files, 24 bytes each, and [`Self::finish`] finds those that come twice.
#[derive(Debug)]
pub struct UniqueIds {
    held: HashMap<u128, u64, BuildHasherDefault<OfDigest>>,
    limit: usize,
    noted: u64,
    runs: Vec<File>,
}

/// Why ids are not all different.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UniqueIdsError {
    /// An id was seen before.
    #[error("duplicate cell_id `{id}`; every cell needs an id of its own")]
    Duplicate {
        /// The id.
        id: CellId,
    },
    /// Two cells far apart have the same id.
    #[error(
        "duplicate cell_id: the cells in rows {first} and {second} have the same (counted from 0); every cell needs an id of its own"
    )]
    DuplicateRows {
        /// The row of one, from 0.
        first: u64,
        /// The row of the other.
        second: u64,
    },
    /// The ids could not be put on disk.
    #[error("cannot keep the ids of cells in a temporary file in `{}`", std::env::temp_dir().display())]
    Disk {
        /// What the operating system said.
        #[from]
        source: io::Error,
    },
}

impl Default for UniqueIds {
    fn default() -> Self {
        Self::holding(HELD)
    }
}

impl UniqueIds {
    fn holding(limit: usize) -> Self {
        Self { held: HashMap::default(), limit, noted: 0, runs: Vec::new() }
    }

    /// Notes the id of the next row.
    ///
    /// # Errors
    /// If it is known to have been noted before, or the disk cannot be used.
    pub fn note(&mut self, id: &CellId) -> Result<(), UniqueIdsError> {
        let digest = Sha256::digest(id.as_str().as_bytes());
        let (&half, _) = digest.split_first_chunk::<16>().expect("a digest has 32 bytes");
        if self.held.len() == self.limit {
            self.put_on_disk()?;
        }
        if self.held.insert(u128::from_le_bytes(half), self.noted).is_some() {
            return Err(UniqueIdsError::Duplicate { id: id.clone() });
        }
        self.noted += 1;
        Ok(())
    }

    /// Ends, and looks for ids that came twice among those on disk.
    ///
    /// # Errors
    /// If there are such, or the disk cannot be used.
    pub fn finish(&mut self) -> Result<(), UniqueIdsError> {
        if self.runs.is_empty() {
            return Ok(());
        }
        self.put_on_disk()?;
        let mut runs: Vec<Run> = self.runs.drain(..).map(Run::new).collect::<io::Result<_>>()?;
        let mut next = BinaryHeap::new();
        for (index, run) in runs.iter_mut().enumerate() {
            next.extend(run.next()?.map(|record| Reverse((record, index))));
        }
        let mut before: Option<(u128, u64)> = None;
        while let Some(Reverse(((id, row), index))) = next.pop() {
            if let Some((_, first)) = before.filter(|&(last, _)| last == id) {
                return Err(UniqueIdsError::DuplicateRows { first, second: row });
            }
            before = Some((id, row));
            next.extend(runs[index].next()?.map(|record| Reverse((record, index))));
        }
        Ok(())
    }

    fn put_on_disk(&mut self) -> io::Result<()> {
        let mut sorted: Vec<(u128, u64)> = self.held.drain().collect();
        sorted.sort_unstable();
        let mut file = BufWriter::with_capacity(1 << 18, tempfile::tempfile()?);
        for (id, row) in sorted {
            file.write_all(&id.to_le_bytes())?;
            file.write_all(&row.to_le_bytes())?;
        }
        self.runs.push(file.into_inner().map_err(io::IntoInnerError::into_error)?);
        Ok(())
    }
}

/// Takes a part of a digest for its hash: it is one already.
#[derive(Debug, Clone, Copy, Default)]
struct OfDigest(u64);

impl Hasher for OfDigest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let word = bytes.first_chunk().copied().unwrap_or_default();
        self.0 ^= u64::from_le_bytes(word);
    }
}

/// Reads a sorted run of ids and their rows.
struct Run {
    file: BufReader<File>,
    left: u64,
}

impl Run {
    fn new(mut file: File) -> io::Result<Self> {
        file.rewind()?;
        let left = file.metadata()?.len() / RECORD as u64;
        Ok(Self { file: BufReader::with_capacity(1 << 18, file), left })
    }

    fn next(&mut self) -> io::Result<Option<(u128, u64)>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let (mut id, mut row) = ([0; 16], [0; 8]);
        self.file.read_exact(&mut id)?;
        self.file.read_exact(&mut row)?;
        Ok(Some((u128::from_le_bytes(id), u64::from_le_bytes(row))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn note(ids: &mut UniqueIds, number: u32) -> Result<(), UniqueIdsError> {
        ids.note(&CellId::new(number.to_string()))
    }

    #[test]
    fn only_the_second_of_two_equal_ids_is_refused() {
        let mut ids = UniqueIds::default();
        assert!(note(&mut ids, 1).is_ok() && note(&mut ids, 2).is_ok());
        let error = note(&mut ids, 1).unwrap_err();
        assert!(error.to_string().starts_with("duplicate cell_id `1`;"), "{error}");
    }

    proptest! {
        #[test]
        fn what_memory_cannot_hold_is_compared_on_disk(
            count in 0_u32..200,
            limit in 1_usize..60,
            pair in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
        ) {
            let mut numbers: Vec<u32> = (0..count).collect();
            let pair = pair.filter(|_| count > 0).map(|(one, other)| {
                let (one, other) = (one.index(numbers.len()), other.index(numbers.len()));
                (one.min(other), one.max(other))
            });
            let pair = pair.filter(|(one, other)| one != other);
            if let Some((one, other)) = pair {
                numbers[other] = numbers[one];
            }
            let mut ids = UniqueIds::holding(limit);
            let noted = numbers.iter().try_for_each(|&number| note(&mut ids, number));
            match (noted.and_then(|()| ids.finish()), pair) {
                (Ok(()), None) => {}
                (Err(UniqueIdsError::Duplicate { id }), Some((one, _))) => {
                    prop_assert_eq!(id.as_str(), one.to_string());
                }
                (Err(UniqueIdsError::DuplicateRows { first, second }), Some((one, other))) => {
                    prop_assert_eq!((first, second), (one as u64, other as u64));
                }
                (found, expected) => prop_assert!(false, "{found:?} for {expected:?}"),
            }
        }
    }
}
