//! JSON files of a run: whole, readable, the same bytes for the same values.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tesela_datasets::whole_file::write_whole;

use super::TrainingError;

/// No file of a run that is JSON is larger.
const LARGEST: u64 = 256 << 20;

pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), TrainingError> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|error| TrainingError::write(path, error))?;
    bytes.push(b'\n');
    write_bytes(path, &bytes)
}

pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), TrainingError> {
    write_whole(path, bytes).map_err(|error| TrainingError::write(path, error))
}

pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainingError> {
    let file = File::open(path).map_err(|error| TrainingError::read(path, error))?;
    serde_json::from_reader(BufReader::new(file).take(LARGEST))
        .map_err(|error| TrainingError::read(path, error))
}
