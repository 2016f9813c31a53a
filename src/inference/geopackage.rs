//! A map as GeoPackage: one row per cell.

use std::path::Path;

use tesela_datasets::cell::Cell;

use super::deciding::{DISSIMILARITY, INSIDE, SET};
use super::{CellMap, InferenceError};
use crate::raster::{ColumnKind, ColumnValue, GeoPackageWriter};

/// Rows of a transaction.
const BATCH: usize = 8192;

/// Writes `map` to `path`: the columns of the grid, then `class`, `probability_<class>`, `conformal_set` (the classes that
/// cannot be ruled out), `dissimilarity`, `inside_area_of_applicability` (1 or 0; where the model says) and `used_share`.
///
/// # Errors
/// If the file cannot be written; nothing is left then.
pub fn write_geopackage(map: &CellMap, path: &Path) -> Result<(), InferenceError> {
    let mut extra = vec![("class".to_owned(), ColumnKind::Text)];
    let probabilities = map.classes.names().iter().map(|name| format!("probability_{name}"));
    extra.extend(probabilities.map(|name| (name, ColumnKind::Number)));
    if !map.sets.is_empty() {
        extra.push((SET.to_owned(), ColumnKind::Text));
    }
    if !map.dissimilarities.is_empty() {
        extra.push((DISSIMILARITY.to_owned(), ColumnKind::Number));
        extra.push((INSIDE.to_owned(), ColumnKind::Number));
    }
    extra.push(("used_share".to_owned(), ColumnKind::Number));
    let mut writer = GeoPackageWriter::with_extra(path, &map.crs, &map.label_classes, &extra)?;
    for start in (0..map.cells.len()).step_by(BATCH) {
        let rows = start..(start + BATCH).min(map.cells.len());
        let cells: Vec<Cell> = rows.map(|row| map.cells.get(row)).collect();
        writer.append_extra(&cells, |index| values(map, start + index))?;
    }
    Ok(writer.finish()?)
}

/// The further columns of cell `row`.
fn values(map: &CellMap, row: usize) -> Vec<ColumnValue<'_>> {
    let number = |value: f32| {
        if value.is_nan() { ColumnValue::Null } else { ColumnValue::Number(f64::from(value)) }
    };
    let class = map
        .class(row)
        .map_or(ColumnValue::Null, |class| ColumnValue::Text(map.classes.name(class).into()));
    let mut values = vec![class];
    values.extend(map.row(row).iter().copied().map(number));
    values.extend(map.set(row).map(|set| ColumnValue::Text(set.into())));
    if let Some(&dissimilarity) = map.dissimilarities.get(row) {
        values.push(number(dissimilarity));
        values.push(ColumnValue::Number(if map.inside[row] { 1.0 } else { 0.0 }));
    }
    values.push(number(map.used_shares[row]));
    values
}
