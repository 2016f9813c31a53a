//! Writes what people look at beside the scores of a run or an evaluation.

use std::path::{Path, PathBuf};

use tesela_datasets::whole_file::write_whole;

use super::{Caption, EventLog, Picture, confusion_csv, confusion_picture};
use crate::training::Measurement;

/// Why a picture or a table could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", .path.display())]
pub struct PublishError {
    /// The file.
    path: PathBuf,
    /// Why.
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Writes `confusion.csv` and `confusion.png` into `directory`.
///
/// # Errors
/// If the disk refuses.
pub fn publish(
    measurement: &Measurement,
    caption: &Caption,
    directory: &Path,
) -> Result<Picture, PublishError> {
    let Measurement { classes, confusion, sample, .. } = measurement;
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        write_whole(&path, bytes).map_err(|error| PublishError { path, source: error.into() })
    };
    write("confusion.csv", &confusion_csv(confusion, classes))?;
    let picture = confusion_picture(confusion, &sample.pooled, classes, caption);
    let png = picture.to_png().map_err(|error| PublishError {
        path: directory.join("confusion.png"),
        source: error.into(),
    })?;
    write("confusion.png", &png)?;
    Ok(picture)
}

/// Logs the scores of a whole run, its confusion, and the cells that it classified `worst` as TensorBoard events in
/// `directory`.
///
/// # Errors
/// If not all events could be written; the message says so.
pub fn log_run(
    measurement: &Measurement,
    picture: &Picture,
    worst: Option<&Picture>,
    directory: &Path,
) -> Result<(), String> {
    if directory.is_dir() {
        std::fs::remove_dir_all(directory)
            .map_err(|error| format!("cannot remove `{}`: {error}", directory.display()))?;
    }
    let log = EventLog::open(directory);
    log.scores(&measurement.sample.pooled);
    log.image("confusion", picture, 0);
    if let Some(worst) = worst {
        log.image("worst-classified", worst, 0);
    }
    log.close()
}
