//! Files that appear whole: under their final name lies the finished file, or nothing.
//!
//! A [`WholeFile`] is written under a temporary name beside its final one, flushed to the disk, and renamed.
//! Whatever interrupts the program in between, no reader ever meets half a file.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is appended to the name of a file or folder that is not finished.
pub const PARTIAL_SUFFIX: &str = ".partial";

/// A file that is being written; dropped unfinished, it is removed.
#[derive(Debug)]
pub struct WholeFile {
    file: Option<File>,
    partial: PathBuf,
    path: PathBuf,
}

/// The temporary name beside `path`.
pub fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, ToOwned::to_owned);
    name.push(PARTIAL_SUFFIX);
    path.with_file_name(name)
}

impl WholeFile {
    /// Begins a file that will appear at `path`, replacing what is there.
    ///
    /// # Errors
    /// If the temporary file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let partial = partial_path(path);
        let file = File::create(&partial)?;
        Ok(Self { file: Some(file), partial, path: path.to_owned() })
    }

    /// Makes the file appear under its final name.
    ///
    /// # Errors
    /// If the disk refuses; then nothing appears.
    pub fn finish(mut self) -> io::Result<()> {
        let file = self.file.take().expect("a file is finished once");
        file.sync_all()?;
        drop(file);
        fs::rename(&self.partial, &self.path)
    }

    fn file(&mut self) -> &mut File {
        self.file.as_mut().expect("a file is open until it is finished")
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Gone after `finish`; otherwise a leftover that the next attempt overwrites.
        drop(fs::remove_file(&self.partial));
    }
}

/// Writes `bytes` to a file that appears whole at `path`.
///
/// # Errors
/// If the disk refuses.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_when_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"a,b\n").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"a,b\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_file_leaves_the_old_one_and_no_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write_whole(&path, b"old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
