//! The files of an assessment: `metrics.json` and the tables beside it. Each appears whole, `metrics.json` last.

use std::fs;
use std::path::Path;

use tesela_datasets::whole_file::write_whole;

use super::{Assessment, AssessmentError, Stratum};

/// The file that says what a directory holds.
const METRICS: &str = "metrics.json";
/// The largest `metrics.json` that is looked into before it is replaced.
const LARGEST: u64 = 256 << 20;

/// Makes `folder` the directory of an assessment: it may be missing, empty, or hold one that is replaced.
///
/// # Errors
/// If it holds something else, or cannot be made.
pub fn claim(folder: &Path) -> Result<(), AssessmentError> {
    let failed = |error| AssessmentError::write(folder, error);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut entries = fs::read_dir(folder).map_err(failed)?;
    if entries.next().is_none() || is_assessment(&folder.join(METRICS)) {
        return Ok(());
    }
    let reason = "it holds other things; expected a new or empty folder, or a former assessment";
    Err(AssessmentError::Occupied { path: folder.to_owned(), reason: reason.to_owned() })
}

fn is_assessment(path: &Path) -> bool {
    // What cannot be read is not an assessment, and is not replaced.
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= LARGEST);
    let value = || serde_json::from_slice::<serde_json::Value>(&fs::read(path).ok()?).ok();
    small && value().is_some_and(|value| value["kind"] == "assessment")
}

/// Writes `strata.csv`, `edge.csv` and `areas.csv`, where there is something to say, and `metrics.json`.
///
/// # Errors
/// If the disk refuses.
pub fn write_assessment(assessment: &Assessment, folder: &Path) -> Result<(), AssessmentError> {
    let strata = assessment.strata.iter().flat_map(|strata| {
        strata.parts.iter().map(|part| (vec![strata.by.clone(), part.name.clone()], part))
    });
    table(folder, "strata.csv", &["by", "part"], strata.collect(), assessment)?;
    let edge = assessment.edge.iter().flat_map(|edge| {
        edge.bands.iter().map(|band| {
            let metres = |cells: u8| {
                edge.cell_metres
                    .map_or_else(String::new, |side| (f64::from(cells) * side).to_string())
            };
            let to = band.to_cells.map_or_else(String::new, |cells| cells.to_string());
            (vec![band.from_cells.to_string(), to, metres(band.from_cells)], &band.stratum)
        })
    });
    table(
        folder,
        "edge.csv",
        &["from_cells", "to_cells", "from_metres"],
        edge.collect(),
        assessment,
    )?;
    areas(assessment, folder)?;
    let path = folder.join(METRICS);
    let mut json = serde_json::to_vec_pretty(assessment)
        .map_err(|error| AssessmentError::write(&path, error))?;
    json.push(b'\n');
    write_whole(&path, &json).map_err(|error| AssessmentError::write(&path, error))
}

/// One row per part: what it is, how many cells it has, and its figures.
fn table(
    folder: &Path,
    file: &str,
    keys: &[&str],
    rows: Vec<(Vec<String>, &Stratum)>,
    assessment: &Assessment,
) -> Result<(), AssessmentError> {
    if rows.is_empty() {
        return remove(&folder.join(file));
    }
    let of_class = |name: &String| {
        let columns = ["cells", "mapped", "precision", "recall", "f1"];
        columns.map(|column| format!("{name} {column}"))
    };
    let general = ["cells", "accuracy", "log-loss", "brier", "few"];
    let mut header: Vec<String> =
        keys.iter().chain(&general).map(|&name| name.to_owned()).collect();
    header.extend(assessment.classes.names().iter().flat_map(of_class));
    let records = rows.into_iter().map(|(mut record, part)| {
        let scores = &part.scores;
        record.extend([
            scores.cells.to_string(),
            scores.accuracy.to_string(),
            scores.log_loss.to_string(),
            scores.brier.to_string(),
            part.few.join(";"),
        ]);
        for (class, own) in assessment.classes.ids().zip(&scores.classes) {
            let mapped = part.confusion.predicted(class);
            let rate = |value: f64, of: u64| if of > 0 { value.to_string() } else { String::new() };
            record.extend([
                own.support.to_string(),
                mapped.to_string(),
                rate(own.precision, mapped),
                rate(own.recall, own.support),
                rate(own.f1, own.support),
            ]);
        }
        record
    });
    write_csv(&folder.join(file), std::iter::once(header).chain(records))
}

fn areas(assessment: &Assessment, folder: &Path) -> Result<(), AssessmentError> {
    let path = folder.join("areas.csv");
    let Some(areas) = &assessment.areas else { return remove(&path) };
    let header = [
        "class",
        "mapped_cells",
        "mapped_share",
        "sampled_cells",
        "share",
        "standard_error",
        "lower",
        "upper",
        "square_kilometres",
        "square_kilometres_lower",
        "square_kilometres_upper",
    ];
    let records = areas.classes.iter().map(|one| {
        let country = areas.cell_square_kilometres.map(|cell| cell * areas.cells as f64);
        let ground =
            |share: f64| country.map_or_else(String::new, |country| (share * country).to_string());
        let share = one.share;
        vec![
            one.class.clone(),
            one.mapped_cells.to_string(),
            one.mapped_share.to_string(),
            one.sampled_cells.to_string(),
            share.value.to_string(),
            share.standard_error.to_string(),
            share.interval.lower.to_string(),
            share.interval.upper.to_string(),
            ground(share.value),
            ground(share.interval.lower),
            ground(share.interval.upper),
        ]
    });
    let header = header.map(str::to_owned).to_vec();
    write_csv(&path, std::iter::once(header).chain(records))
}

fn write_csv(
    path: &Path,
    records: impl Iterator<Item = Vec<String>>,
) -> Result<(), AssessmentError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(&record).expect("all records have one length, and memory takes them");
    }
    let bytes = writer.into_inner().expect("memory takes what is left");
    write_whole(path, &bytes).map_err(|error| AssessmentError::write(path, error))
}

/// Removes what a former assessment has left and this one has nothing to say of.
fn remove(path: &Path) -> Result<(), AssessmentError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(AssessmentError::write(path, error))
        }
        _ => Ok(()),
    }
}
