//! Writes what people look at beside the scores of a run or an evaluation.

use std::path::{Path, PathBuf};

use tesela_datasets::fold::Scheme;
use tesela_datasets::whole_file::write_whole;

use super::{Caption, EventLog, Picture, confusion_csv, confusion_picture};
use crate::training::{Measurement, PartitionMeasurement};

/// Why a picture or a table could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", .path.display())]
pub struct PublishError {
    /// The file.
    path: PathBuf,
    /// Why.
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl PublishError {
    pub(super) fn new(
        path: &Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { path: path.to_owned(), source: source.into() }
    }
}

/// Writes `confusion.csv` and `confusion.png` of the headline into `directory`, and `confusion-<scheme>.csv` and `.png` of
/// every other scheme. Gives the pictures, the headline's first.
///
/// # Errors
/// If the disk refuses.
pub fn publish(
    measurement: &Measurement,
    title: &str,
    directory: &Path,
) -> Result<Vec<(Scheme, Picture)>, PublishError> {
    let mut pictures = Vec::new();
    for scheme in measurement.schemes.iter().map(|one| one.scheme) {
        let name = match scheme {
            own if own == measurement.headline => "confusion".to_owned(),
            other => format!("confusion-{other}"),
        };
        let (csv, picture) = show(measurement, scheme, title);
        write(&directory.join(format!("{name}.csv")), &csv)?;
        let path = directory.join(format!("{name}.png"));
        match picture.to_png() {
            Ok(png) => write(&path, &png)?,
            Err(error) => return Err(PublishError { path, source: error.into() }),
        }
        pictures.push((scheme, picture));
    }
    Ok(pictures)
}

/// The confusion of a scheme as table and picture.
fn show(measurement: &Measurement, scheme: Scheme, title: &str) -> (Vec<u8>, Picture) {
    let classes = &measurement.classes;
    let PartitionMeasurement { confusion, sample, folds, .. } = measurement.first_of(scheme);
    let caption = Caption { title: title.to_owned(), how: how(scheme, folds.len()) };
    let picture = confusion_picture(confusion, &sample.pooled, classes, &caption);
    (confusion_csv(confusion, classes), picture)
}

/// How `folds` folds of a scheme were held out, in words.
pub fn how(scheme: Scheme, folds: usize) -> String {
    match scheme {
        Scheme::Random => format!("{folds} random folds"),
        Scheme::Blocks => format!("{folds} folds of spatial blocks"),
        Scheme::Regions => format!("{folds} folds of regions"),
        Scheme::HeldOut => "held out".to_owned(),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    write_whole(path, bytes)
        .map_err(|error| PublishError { path: path.to_owned(), source: error.into() })
}

/// Logs the scores of a whole run, its confusion, and the cells that it classified `worst` as TensorBoard events in
/// `directory`. Scores of the headline are called `score/…`, those of another scheme `score-<scheme>/…`.
///
/// # Errors
/// If not all events could be written; the message says so.
pub fn log_run(
    measurement: &Measurement,
    pictures: &[(Scheme, Picture)],
    worst: Option<&Picture>,
    directory: &Path,
) -> Result<(), String> {
    if directory.is_dir() {
        std::fs::remove_dir_all(directory)
            .map_err(|error| format!("cannot remove `{}`: {error}", directory.display()))?;
    }
    let log = EventLog::open(directory);
    for (scheme, picture) in pictures {
        let suffix = match *scheme {
            own if own == measurement.headline => String::new(),
            other => format!("-{other}"),
        };
        for figure in measurement.first_of(*scheme).sample.pooled.figures() {
            if let Some(value) = figure.value {
                let name = figure.name.replace(' ', "-");
                log.scalar(&format!("score{suffix}/{name}"), value, 0);
            }
        }
        log.image(&format!("confusion{suffix}"), picture, 0);
    }
    if let Some(worst) = worst {
        log.image("worst-classified", worst, 0);
    }
    log.close()
}
