//! The ledger: what the models said of the cells of a part, kept on disk as it is computed, so that nothing is computed
//! twice.
//!
//! A file of records in the order in which they came, under a temporary name until it is complete. It begins with a header that says what was predicted by what, and
//! goes on in blocks, each with the checksum of its content. A block that is not whole (the process was killed while it
//! was written, the disk was full) and all behind it are cut off when the file is opened again. An empty block at the end
//! says that the part is complete.
//!
//! | bytes | what (numbers are little-endian) |
//! |---|---|
//! | 8 | `TESLEDGR` |
//! | 4 | format version, 2 |
//! | 4, 4 | length *n* of the header, CRC-32C of its text |
//! | *n* | JSON: [`LedgerHeader`] |
//! | … | blocks: number of records *m* (4), CRC-32C of what follows (4), *m* records |
//!
//! A record has the number of the cell in the grid (4), used pixels and pixels inside the cell (4, 4), and the numbers of
//! [`RawLayout`](super::RawLayout) in single precision.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tesela_datasets::whole_file::partial_path;

use super::identity::Identity;
use crate::cutting::Part;

const MAGIC: &[u8; 8] = b"TESLEDGR";
const FORMAT_VERSION: u32 = 2;
/// The longest header that is read.
const MOST_HEADER_BYTES: u32 = 16 << 20;
/// The most records of a block.
const MOST_RECORDS: u32 = 1 << 16;
/// Bytes of a record before its numbers.
const FIXED_BYTES: usize = 12;

/// What stands at the beginning of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerHeader {
    /// What was predicted by what; equal in all parts of a map.
    pub identity: Identity,
    /// Which part, from 1.
    pub part: u32,
    /// How many parts there are.
    pub of: u32,
    /// How many cells this part has.
    pub cells: u64,
    /// Where the grid lay.
    pub grid: PathBuf,
    /// The layer of the grid that was taken; `None`: its only one.
    pub layer: Option<String>,
    /// The column of ids of the grid.
    pub id_column: String,
    /// Where the bundles of the models lay.
    pub bundles: Vec<PathBuf>,
}

impl LedgerHeader {
    /// The part.
    ///
    /// # Errors
    /// If there is no such part.
    pub(super) fn part(&self) -> Result<Part, String> {
        Part::new(self.part, self.of)
    }
}

/// What is known of some cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Records {
    /// Numbers of the cells in the grid.
    pub(super) cells: Vec<u32>,
    /// Used pixels of each.
    pub(super) used: Vec<u32>,
    /// Pixels inside each, measured or not.
    pub(super) inside: Vec<u32>,
    /// What the models say, as [`RawLayout`](super::RawLayout) has it.
    pub(super) values: Vec<f32>,
}

impl Records {
    fn encode(&self, width: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.cells.len() * record_bytes(width));
        for (index, &cell) in self.cells.iter().enumerate() {
            for number in [cell, self.used[index], self.inside[index]] {
                bytes.extend(number.to_le_bytes());
            }
            for value in &self.values[index * width..(index + 1) * width] {
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes
    }

    fn decode(bytes: &[u8], width: usize) -> Self {
        let mut records = Self::default();
        for record in bytes.chunks_exact(record_bytes(width)) {
            let mut words = record.as_chunks::<4>().0.iter();
            let mut next = || words.next().copied().unwrap_or_default();
            records.cells.push(u32::from_le_bytes(next()));
            records.used.push(u32::from_le_bytes(next()));
            records.inside.push(u32::from_le_bytes(next()));
            records.values.extend((0..width).map(|_| f32::from_le_bytes(next())));
        }
        records
    }
}

fn record_bytes(width: usize) -> usize {
    FIXED_BYTES + 4 * width
}

/// Why a ledger could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The operating system refused.
    #[error("cannot {doing} `{}`", .path.display())]
    Io {
        /// `read`, `write` or `lock`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The file is no ledger, or an altered one.
    #[error("`{}` is not a part that `tesela predict` has made: {reason}", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The ledger is of another format version.
    #[error(
        "`{}` has format {found}; this build reads {FORMAT_VERSION}: finish it with the version of tesela that began it, or remove it",
        .path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        found: u32,
    },
    /// Something else was predicted there.
    #[error("`{}` holds another prediction: {difference}; remove it, or choose another `--out`", .path.display())]
    Different {
        /// The file.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// Another process is at it.
    #[error("`{}` is being written by another process; wait for it, or predict another part", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The part is not complete.
    #[error("`{}` (part {part}) has {found} of {expected} cells; `tesela predict` with `--part {part}` goes on from there", .path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// Which part.
        part: String,
        /// Cells that are there.
        found: u64,
        /// Cells that it should have.
        expected: u64,
    },
}

/// Appends to a ledger, which has a temporary name until it is complete.
#[derive(Debug)]
pub(super) struct LedgerWriter {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    width: usize,
}

impl LedgerWriter {
    /// Opens what will be the ledger at `path`, or begins it; `known` hears of all records that are there, some of them
    /// twice. `None` where it is complete already.
    pub(super) fn open(
        path: &Path,
        header: &LedgerHeader,
        known: &mut dyn FnMut(Records),
    ) -> Result<Option<Self>, LedgerError> {
        let partial = partial_path(path);
        let write = |source| LedgerError::Io { doing: "write", path: partial.clone(), source };
        if path.exists() {
            if begun(path)? && read_known(path, header, known)?.complete {
                return Ok(None);
            }
            // Something was lost after it was finished.
            fs::rename(path, &partial).map_err(write)?;
        }
        let width = header.identity.width();
        let path = path.to_owned();
        let options = OpenOptions::new().write(true).create(true).truncate(false).to_owned();
        let mut file = options.open(&partial).map_err(write)?;
        take(&file, &partial)?;
        let end = match begun(&partial)? {
            true => read_known(&partial, header, known)?.end,
            false => 0,
        };
        file.set_len(end).map_err(write)?;
        file.seek(SeekFrom::Start(end)).map_err(write)?;
        if end == 0 {
            file.write_all(&header_bytes(header)).map_err(write)?;
        }
        Ok(Some(Self { path, partial, file, width }))
    }

    /// Appends `records`.
    pub(super) fn append(&mut self, records: &Records) -> Result<(), LedgerError> {
        let most = usize::try_from(MOST_RECORDS).expect("a block fits memory");
        assert!(records.cells.len() <= most, "a batch is a block");
        if records.cells.is_empty() {
            return Ok(());
        }
        self.write_block(records)
    }

    /// Says that all is there, and gives the ledger its name.
    pub(super) fn finish(mut self) -> Result<(), LedgerError> {
        self.write_block(&Records::default())?;
        let named = self.file.sync_all().and_then(|()| fs::rename(&self.partial, &self.path));
        named.map_err(|source| self.failed(source))
    }

    fn write_block(&mut self, records: &Records) -> Result<(), LedgerError> {
        let content = records.encode(self.width);
        let count = u32::try_from(records.cells.len()).expect("a block is small");
        let mut bytes = Vec::with_capacity(8 + content.len());
        bytes.extend(count.to_le_bytes());
        bytes.extend(crc32c::crc32c(&content).to_le_bytes());
        bytes.extend(content);
        self.file.write_all(&bytes).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> LedgerError {
        LedgerError::Io { doing: "write", path: self.partial.clone(), source }
    }
}

/// Keeps other processes from the ledger until `file` is closed, where the file system can.
fn take(file: &File, path: &Path) -> Result<(), LedgerError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(LedgerError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) if source.kind() != io::ErrorKind::Unsupported => {
            Err(LedgerError::Io { doing: "lock", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Where what is known ends, and whether that is all.
struct KnownEnd {
    end: u64,
    complete: bool,
}

/// Whether a ledger was begun at `path`: one whose header is not whole was not, and holds nothing.
fn begun(path: &Path) -> Result<bool, LedgerError> {
    match LedgerReader::open(path) {
        Ok(_) => Ok(true),
        Err(LedgerError::Io { source, .. }) if source.kind() == io::ErrorKind::UnexpectedEof => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Reads all whole blocks of the ledger at `path`, which must be of the prediction that `header` names.
fn read_known(
    path: &Path,
    header: &LedgerHeader,
    known: &mut dyn FnMut(Records),
) -> Result<KnownEnd, LedgerError> {
    let mut reader = LedgerReader::open(path)?;
    if let Some(difference) = difference(reader.header(), header) {
        return Err(LedgerError::Different { path: path.to_owned(), difference });
    }
    while let Some(records) = reader.next_block()? {
        known(records);
    }
    Ok(KnownEnd { end: reader.end, complete: reader.complete })
}

/// What differs between two headers of which one continues the other.
fn difference(found: &LedgerHeader, expected: &LedgerHeader) -> Option<String> {
    let parts = |header: &LedgerHeader| format!("part {} of {}", header.part, header.of);
    if (found.part, found.of) != (expected.part, expected.of) {
        return Some(format!("it is {}; expected {}", parts(found), parts(expected)));
    }
    found.identity.difference(&expected.identity)
}

fn header_bytes(header: &LedgerHeader) -> Vec<u8> {
    let text = serde_json::to_vec(header).expect("a header is text and numbers");
    let mut bytes = MAGIC.to_vec();
    bytes.extend(FORMAT_VERSION.to_le_bytes());
    bytes.extend(u32::try_from(text.len()).expect("a header is small").to_le_bytes());
    bytes.extend(crc32c::crc32c(&text).to_le_bytes());
    bytes.extend(text);
    bytes
}

/// Reads a ledger, block by block, as far as it is whole.
#[derive(Debug)]
pub(super) struct LedgerReader {
    path: PathBuf,
    file: BufReader<File>,
    header: LedgerHeader,
    /// Where the last whole block ends; the mark of completeness is not counted.
    end: u64,
    complete: bool,
}

impl LedgerReader {
    /// Opens the ledger at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let read = |source| LedgerError::Io { doing: "read", path: path.to_owned(), source };
        let foreign = |reason| LedgerError::Foreign { path: path.to_owned(), reason };
        let mut file = BufReader::new(File::open(path).map_err(read)?);
        let mut start = [0; 20];
        file.read_exact(&mut start).map_err(read)?;
        let word = |at: usize| {
            let bytes = start[at..at + 4].try_into().expect("four bytes");
            u32::from_le_bytes(bytes)
        };
        if &start[..8] != MAGIC {
            return Err(foreign("it does not begin with `TESLEDGR`".to_owned()));
        }
        if word(8) != FORMAT_VERSION {
            return Err(LedgerError::Version { path: path.to_owned(), found: word(8) });
        }
        let length = word(12);
        if length > MOST_HEADER_BYTES {
            return Err(foreign(format!(
                "its header has {length} bytes; at most {MOST_HEADER_BYTES} are read"
            )));
        }
        let mut text = Vec::new();
        file.by_ref().take(u64::from(length)).read_to_end(&mut text).map_err(read)?;
        if text.len() < length as usize {
            return Err(read(io::ErrorKind::UnexpectedEof.into()));
        }
        if crc32c::crc32c(&text) != word(16) {
            return Err(foreign("its header was altered".to_owned()));
        }
        let header: LedgerHeader = serde_json::from_slice(&text)
            .map_err(|error| foreign(format!("its header: {error}")))?;
        header.part().and(header.identity.check()).map_err(foreign)?;
        let end = start.len() as u64 + u64::from(length);
        Ok(Self { path: path.to_owned(), file, header, end, complete: false })
    }

    /// What was predicted.
    pub(super) fn header(&self) -> &LedgerHeader {
        &self.header
    }

    /// Whether the mark of completeness was met.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The next block; `None` at the end, or where a block is not whole.
    pub(super) fn next_block(&mut self) -> Result<Option<Records>, LedgerError> {
        if self.complete {
            return Ok(None);
        }
        let path = self.path.clone();
        let read = |source| LedgerError::Io { doing: "read", path: path.clone(), source };
        let mut start = Vec::new();
        self.file.by_ref().take(8).read_to_end(&mut start).map_err(&read)?;
        let Some((count, checksum)) = start.split_at_checked(4) else { return Ok(None) };
        let (Ok(count), Ok(checksum)) = (count.try_into(), checksum.try_into()) else {
            return Ok(None);
        };
        let (count, checksum) = (u32::from_le_bytes(count), u32::from_le_bytes(checksum));
        if count > MOST_RECORDS {
            return Ok(None);
        }
        let width = self.header.identity.width();
        let length = count as usize * record_bytes(width);
        let mut content = Vec::new();
        self.file.by_ref().take(length as u64).read_to_end(&mut content).map_err(&read)?;
        if content.len() < length || crc32c::crc32c(&content) != checksum {
            return Ok(None);
        }
        if count == 0 {
            self.complete = true;
            return Ok(None);
        }
        self.end += 8 + length as u64;
        Ok(Some(Records::decode(&content, width)))
    }
}
