//! Why a store could not be written or read.

use std::path::PathBuf;

use super::layout::{FORMAT_VERSION, TABLE_FORMAT_VERSION};
use crate::cells::{CellTableError, UniqueIdsError};

/// Why a store could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no store.
    #[error("there is no store at `{}`; `tesela prepare` makes one", .path.display())]
    Missing {
        /// Where one was expected.
        path: PathBuf,
    },
    /// There is something already.
    #[error("`{}` exists already; a store is written once", .path.display())]
    Exists {
        /// Where the store was to be written.
        path: PathBuf,
    },
    /// The operating system refused to read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The operating system refused to write.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The store is of another format version.
    #[error(
        "store `{}` has format {found}; this build reads {FORMAT_VERSION} (patches) and {TABLE_FORMAT_VERSION} (tables)",
        .path.display()
    )]
    Version {
        /// The store.
        path: PathBuf,
        /// The version that it names.
        found: u64,
    },
    /// The description of the store is not JSON of the right form.
    #[error("`{}` does not describe a store", .path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// The description contradicts itself or the files beside it.
    #[error("`{}` is inconsistent: {reason}", .path.display())]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A file has another size than when it was written.
    #[error("`{}` has {found} bytes; {expected} were written", .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its size.
        found: u64,
        /// Its size when it was written.
        expected: u64,
    },
    /// A file has other bytes than when it was written.
    #[error("`{}` has digest {found}; expected {expected}", .path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// Its digest.
        found: String,
        /// Its digest when it was written.
        expected: String,
    },
    /// A shard cannot be decoded.
    #[error("shard `{}` is damaged: {reason}", .path.display())]
    Shard {
        /// The shard.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The store holds cells of another kind.
    #[error("store `{}` holds {found}; expected {expected}", .path.display())]
    Kind {
        /// The store.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// What was asked for.
        expected: &'static str,
    },
    /// There is no such cell.
    #[error("store `{}` has no cell {row}; it has {len}", .path.display())]
    NoCell {
        /// The store.
        path: PathBuf,
        /// The row that was asked for.
        row: u32,
        /// How many there are.
        len: usize,
    },
    /// What is to be written does not fit the store.
    #[error("cannot append to store `{}`: {reason}", .path.display())]
    Unfit {
        /// The store.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// Two cells have the same id.
    #[error("cannot append to store `{}`", .path.display())]
    Ids {
        /// The store.
        path: PathBuf,
        /// The id.
        source: UniqueIdsError,
    },
    /// The register of cells cannot be written or read.
    #[error("the register of cells cannot be used")]
    Register {
        /// Why.
        #[from]
        source: CellTableError,
    },
}
