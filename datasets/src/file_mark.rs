//! Marks of files: size and digest, by which a file is known again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex;

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 20;

/// Size and digest of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileMark {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 digest, in hexadecimal.
    pub sha256: String,
}

impl FileMark {
    /// The mark of the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::within(path, u64::MAX)
    }

    /// The mark of a file that holds `bytes`.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: hex::encode(&Sha256::digest(bytes)) }
    }

    /// The mark of the file at `path`, of which at most `limit` bytes are read.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn within(path: &Path, limit: u64) -> io::Result<Self> {
        let mut file = File::open(path)?.take(limit);
        let (mut digest, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER]);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(Self { bytes, sha256: hex::encode(&digest.finalize()) });
            }
            digest.update(&buffer[..read]);
            bytes += read as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_size_and_digest_of_what_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let mark = FileMark::of(&path).unwrap();
        // FIPS 180-4, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((mark.bytes, mark.sha256.as_str()), (3, expected));
        assert_eq!(FileMark::of_bytes(b"abc"), mark);
        std::fs::write(&path, "abcd").unwrap();
        assert_eq!(FileMark::within(&path, 3).unwrap(), mark);
        assert!(FileMark::of(&directory.path().join("missing")).is_err());
    }
}
