//! Writing a comparison into a directory.

use std::fs;
use std::path::Path;

use tesela_datasets::whole_file::write_whole;

use super::compare::{Comparison, SchemeComparison};
use super::differences::Differences;
use super::{ComparisonError, PairComparison};

/// Writes `comparison.json`, `agreement.csv` and `differences.parquet` into `folder`, which is made where it is missing.
/// Gives what the user should know about them.
///
/// # Errors
/// If the folder or a file cannot be written.
pub fn write_comparison(
    comparison: &Comparison,
    differences: &Differences,
    folder: &Path,
) -> Result<Option<String>, ComparisonError> {
    fs::create_dir_all(folder).map_err(|error| ComparisonError::write(folder, error))?;
    let path = folder.join("comparison.json");
    let mut json = serde_json::to_vec_pretty(comparison)
        .map_err(|error| ComparisonError::write(&path, error))?;
    json.push(b'\n');
    write_whole(&path, &json).map_err(|error| ComparisonError::write(&path, error))?;
    let path = folder.join("agreement.csv");
    let csv = agreement_csv(comparison).map_err(|error| ComparisonError::write(&path, error))?;
    write_whole(&path, &csv).map_err(|error| ComparisonError::write(&path, error))?;
    differences.write(&folder.join("differences.parquet"))
}

/// One row per scheme, pair, class by the first run and class by the second.
fn agreement_csv(comparison: &Comparison) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "scheme",
        "first",
        "second",
        "class_by_first",
        "class_by_second",
        "cells",
    ])?;
    for scheme in &comparison.schemes {
        for pair in &scheme.pairs {
            write_pair(&mut writer, comparison, scheme, pair)?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn write_pair(
    writer: &mut csv::Writer<Vec<u8>>,
    comparison: &Comparison,
    scheme: &SchemeComparison,
    pair: &PairComparison,
) -> Result<(), csv::Error> {
    let [first, second] = [pair.first, pair.second].map(|run| comparison.runs[run].name.as_str());
    for (by_first, row) in comparison.classes.names().iter().zip(&pair.agreement.cells) {
        for (by_second, cells) in comparison.classes.names().iter().zip(row) {
            let cells = cells.to_string();
            writer.write_record([
                scheme.scheme.name(),
                first,
                second,
                by_first,
                by_second,
                &cells,
            ])?;
        }
    }
    Ok(())
}
