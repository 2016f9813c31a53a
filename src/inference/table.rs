//! A map as GeoParquet: one row per cell.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use tesela_datasets::cell::Cell;
use tesela_datasets::cells::{CellTableHeader, CellTableWriter};

use super::deciding::{DISSIMILARITY, INSIDE, SET};
use super::{CellMap, InferenceError};

/// Rows that are encoded at a time.
const BATCH: usize = 8192;

/// Writes `map` to `path`: the columns of the grid, then `class`, `probability_<class>`, `conformal_set` (the classes that
/// cannot be ruled out), `dissimilarity`, `inside_area_of_applicability` (where the model says) and `used_share`.
///
/// # Errors
/// If the file cannot be written; nothing is left then.
pub fn write_table(map: &CellMap, path: &Path) -> Result<(), InferenceError> {
    let mut extra = vec![Arc::new(Field::new("class", DataType::Utf8, true)) as FieldRef];
    let number = |name: String, nullable| Arc::new(Field::new(name, DataType::Float32, nullable));
    for name in map.classes.names() {
        extra.push(number(format!("probability_{name}"), true));
    }
    if !map.sets.is_empty() {
        extra.push(Arc::new(Field::new(SET, DataType::Utf8, false)));
    }
    if !map.dissimilarities.is_empty() {
        extra.push(number(DISSIMILARITY.to_owned(), true));
        extra.push(Arc::new(Field::new(INSIDE, DataType::Boolean, false)));
    }
    extra.push(number("used_share".to_owned(), false));
    let header =
        CellTableHeader { classes: map.label_classes.clone(), crs: Some(map.crs.to_crs()) };
    let mut writer = CellTableWriter::with_extra(path, &header, &extra)?;
    for start in (0..map.cells.len()).step_by(BATCH) {
        let rows = start..(start + BATCH).min(map.cells.len());
        let cells: Vec<Cell> = rows.clone().map(|row| map.cells.get(row)).collect();
        writer.append_extra(cells.iter(), columns(map, rows))?;
    }
    writer.finish()?;
    Ok(())
}

fn columns(map: &CellMap, rows: std::ops::Range<usize>) -> Vec<ArrayRef> {
    let class = |row| map.class(row).map(|class| map.classes.name(class));
    let classes: StringArray = rows.clone().map(class).collect();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(classes)];
    for class in map.classes.ids() {
        let probability = |row| Some(map.row(row)[class.index()]).filter(|value| !value.is_nan());
        let values: Float32Array = rows.clone().map(probability).collect();
        columns.push(Arc::new(values));
    }
    if !map.sets.is_empty() {
        let sets: StringArray = rows.clone().map(|row| map.set(row)).collect();
        columns.push(Arc::new(sets));
    }
    if !map.dissimilarities.is_empty() {
        let known = |row: usize| Some(map.dissimilarities[row]).filter(|value| !value.is_nan());
        columns.push(Arc::new(rows.clone().map(known).collect::<Float32Array>()));
        columns.push(Arc::new(BooleanArray::from(map.inside[rows.clone()].to_vec())));
    }
    let shares: Float32Array = rows.map(|row| Some(map.used_shares[row])).collect();
    columns.push(Arc::new(shares));
    columns
}
