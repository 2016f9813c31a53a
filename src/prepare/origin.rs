//! What a store was made of, written beside it so that the same work is not done twice.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tesela_datasets::descriptor::Descriptor;
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::hex;
use tesela_datasets::whole_file::{partial_path, write_whole};

use super::PrepareError;
use crate::raster::is_remote;

/// The file in the folder of a store.
const ORIGIN: &str = "origin.json";
/// The largest such file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// What a store was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    /// Version of the program.
    program: String,
    /// What the descriptor says of the numbers, bands and classes.
    descriptor: String,
    /// Where the imagery is from and how it may be used.
    source: String,
    licence: String,
    citation: Option<String>,
    inputs: Vec<InputMark>,
    /// What else shapes the store.
    settings: String,
}

/// Where the data of a store are from, and how they may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What the data are and who made them.
    pub source: String,
    /// Their licence.
    pub licence: String,
}

impl Terms {
    /// What `tesela prepare` has noted beside the store `store`; `None` where the store was made in another way.
    pub fn of_store(store: &Path) -> Option<Self> {
        let Origin { source, licence, .. } = read(&store.join(ORIGIN))?;
        Some(Self { source, licence })
    }
}

/// How an input is told from another of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputMark {
    pub(super) path: String,
    pub(super) files: usize,
    pub(super) bytes: u64,
    /// Seconds since 1970 of the last change.
    pub(super) changed: u64,
}

impl InputMark {
    /// The mark of the file at `path`; of a path that only GDAL understands, the name alone.
    pub(super) fn of_file(path: &Path) -> Result<Self, PrepareError> {
        let mut mark = Self { path: full(path), files: 1, bytes: 0, changed: 0 };
        if path.exists() {
            mark.bytes = 0;
            mark.note(&fs::metadata(path).map_err(PrepareError::read(path))?);
        }
        Ok(mark)
    }

    /// The mark of a folder in which nothing was seen yet.
    pub(super) fn of_folder(path: &Path) -> Self {
        Self { path: full(path), files: 0, bytes: 0, changed: 0 }
    }

    /// Takes in one more file.
    pub(super) fn note(&mut self, metadata: &fs::Metadata) {
        self.bytes += metadata.len();
        let changed = metadata.modified().ok();
        let seconds = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.changed = self.changed.max(seconds.map_or(0, |seconds| seconds.as_secs()));
    }
}

/// The path from the root where it can be found, so that it means the same everywhere.
fn full(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

impl Origin {
    /// The origin of a store that is made of `inputs` under `descriptor`.
    pub(super) fn new(descriptor: &Descriptor, inputs: Vec<InputMark>, settings: String) -> Self {
        Self {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            descriptor: hex::encode(&Sha256::digest(format!("{descriptor:?}").as_bytes())),
            source: descriptor.source().to_owned(),
            licence: descriptor.licence().to_owned(),
            citation: descriptor.citation().map(str::to_owned),
            inputs,
            settings,
        }
    }

    /// Whether the store `out` is there and was made of the same.
    ///
    /// # Errors
    /// If something else is there.
    pub(super) fn is_that_of(&self, out: &Path) -> Result<bool, PrepareError> {
        if !out.exists() {
            return Ok(false);
        }
        let difference = match read(&out.join(ORIGIN)) {
            None => "it is no store that `tesela prepare` has made".to_owned(),
            Some(found) => match self.difference(&found) {
                None => return Ok(true),
                Some(what) => format!("{what} was another when it was made"),
            },
        };
        Err(PrepareError::Exists { path: out.to_owned(), difference })
    }

    fn difference(&self, found: &Self) -> Option<&'static str> {
        if found.program != self.program {
            Some("the version of the program")
        } else if found.descriptor != self.descriptor {
            Some("the descriptor")
        } else if found.settings != self.settings {
            Some("the size of patches")
        } else if found.inputs != self.inputs {
            Some("its input")
        } else {
            None
        }
    }

    /// Writes it into the store `out`, which is being written and not yet under its name.
    pub(super) fn write(&self, out: &Path) -> Result<(), PrepareError> {
        let path = partial_path(out).join(ORIGIN);
        let text = serde_json::to_string_pretty(self).expect("text and numbers are JSON") + "\n";
        write_whole(&path, text.as_bytes())
            .map_err(|source| PrepareError::Write { path: path.clone(), source })
    }
}

/// What lies there, if it is an origin.
fn read(path: &Path) -> Option<Origin> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Checks the file at `path` against the checksum that `descriptor` has for its name, if it has one. What lies on a server
/// is not checked: it is read by parts, and never as a whole.
///
/// # Errors
/// If it has another, or cannot be read.
pub(super) fn check_checksum(descriptor: &Descriptor, path: &Path) -> Result<(), PrepareError> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let Some(expected) = name.and_then(|name| descriptor.checksum(&name).map(str::to_owned)) else {
        return Ok(());
    };
    if is_remote(path) {
        let path = path.display();
        tracing::warn!("`{path}` lies on a server, so its checksum is not compared");
        return Ok(());
    }
    let found = FileMark::of(path).map_err(PrepareError::read(path))?.sha256;
    if found == expected {
        return Ok(());
    }
    Err(PrepareError::Checksum { path: path.to_owned(), found, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(settings: &str) -> Origin {
        let descriptor = Descriptor::load(Path::new("simulated")).unwrap();
        Origin::new(&descriptor, Vec::new(), settings.to_owned())
    }

    #[test]
    fn a_store_is_known_again_and_others_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("x.zarr");
        assert!(!origin("33").is_that_of(&out).unwrap());
        fs::create_dir(partial_path(&out)).unwrap();
        origin("33").write(&out).unwrap();
        fs::rename(partial_path(&out), &out).unwrap();
        assert!(origin("33").is_that_of(&out).unwrap());
        let terms = Terms::of_store(&out).unwrap();
        assert_eq!(terms.licence, Descriptor::load(Path::new("simulated")).unwrap().licence());
        assert_eq!(Terms::of_store(directory.path()), None);
        let error = origin("35").is_that_of(&out).unwrap_err().to_string();
        assert!(error.contains("size of patches") && error.contains("rm -r"), "{error}");
        fs::write(out.join(ORIGIN), "{}").unwrap();
        let error = origin("33").is_that_of(&out).unwrap_err().to_string();
        assert!(error.contains("no store"), "{error}");
    }
}
