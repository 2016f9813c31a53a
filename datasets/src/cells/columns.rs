//! Cells as columns, and columns as cells.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, PrimitiveArray, RecordBatch, StringArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, FieldRef, Float64Type, Int32Type, Schema, UInt32Type,
};
use arrow::error::ArrowError;
use geoarrow_array::GeoArrowArray;
use geoarrow_array::builder::WkbBuilder;
use geoarrow_schema::{Crs as GeoCrs, GeoArrowType, Metadata, WkbType};

use super::{CellTableError, CellTableHeader, geo, wkb};
use crate::cell::{Cell, CellId};
use crate::class::{ClassMap, Label};

pub(super) const ID: &str = "cell_id";
const LABEL: &str = "label";
const YEAR: &str = "year";

/// The columns of a table of cells: the key, label and year, then `extra`, then the outline.
pub(super) fn schema(header: &CellTableHeader, extra: &[FieldRef]) -> Schema {
    let mut fields: Vec<FieldRef> = vec![
        Arc::new(Field::new(ID, DataType::Utf8, false)),
        Arc::new(Field::new(LABEL, DataType::Utf8, true)),
        Arc::new(Field::new(YEAR, DataType::Int32, true)),
    ];
    fields.extend(extra.iter().cloned());
    let geometry = GeoArrowType::Wkb(geometry_type(header));
    fields.push(Arc::new(geometry.to_field(geo::COLUMN, true)));
    Schema::new(fields)
}

fn geometry_type(header: &CellTableHeader) -> WkbType {
    let crs = header.crs.clone().map(|crs| GeoCrs::from_projjson(crs.into()));
    WkbType::new(Arc::new(Metadata::new(crs.unwrap_or_default(), None)))
}

/// `cells` as columns in the order of [`schema`].
pub(super) fn encode<'a>(
    header: &CellTableHeader,
    cells: impl Iterator<Item = &'a Cell> + Clone,
    extra: Vec<ArrayRef>,
) -> Result<Vec<ArrayRef>, Box<dyn std::error::Error + Send + Sync>> {
    let ids: StringArray = cells.clone().map(|cell| Some(cell.id.as_str())).collect();
    let name = |label: Label| label.class().map(|class| header.classes.name(class));
    let labels: StringArray = cells.clone().map(|cell| name(cell.label)).collect();
    let years: Int32Array = cells.clone().map(|cell| cell.year).collect();
    let mut outlines = WkbBuilder::<i32>::new(geometry_type(header));
    for cell in cells {
        let polygon = cell.outline.as_ref().map(wkb::encode);
        outlines.push_wkb(polygon.as_deref()).map_err(|error| error.to_string())?;
    }
    let mut columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(labels), Arc::new(years)];
    columns.extend(extra);
    columns.push(outlines.finish().to_array_ref());
    Ok(columns)
}

/// The cells of `batch`, which begins at row `first_row` of `path`.
pub(super) fn decode(
    path: &Path,
    classes: &ClassMap,
    batch: &RecordBatch,
    first_row: u64,
) -> Result<Vec<Cell>, CellTableError> {
    let ids = column(path, batch, ID, &DataType::Utf8)?;
    let labels = column(path, batch, LABEL, &DataType::Utf8)?;
    let years = column(path, batch, YEAR, &DataType::Int32)?;
    let outlines = column(path, batch, geo::COLUMN, &DataType::Binary)?;
    let (ids, labels) = (ids.as_string::<i32>(), labels.as_string::<i32>());
    let (years, outlines) = (years.as_primitive::<Int32Type>(), outlines.as_binary::<i32>());
    let cell = |row: usize| {
        if ids.is_null(row) {
            let row = first_row + row as u64;
            return Err(CellTableError::NoId { path: path.to_owned(), row });
        }
        let id = CellId::new(ids.value(row));
        let label = labels.is_valid(row).then(|| labels.value(row));
        let label = label.map(|label| class_of(path, classes, &id, label)).transpose()?;
        let outline = outlines.is_valid(row).then(|| wkb::decode(outlines.value(row))).transpose();
        let outline = outline.map_err(|reason| CellTableError::Outline {
            path: path.to_owned(),
            id: id.to_string(),
            reason,
        })?;
        let year = years.is_valid(row).then(|| years.value(row));
        Ok(Cell { id, label: label.unwrap_or(Label::Undefined), outline, year })
    };
    (0..batch.num_rows()).map(cell).collect()
}

fn class_of(
    path: &Path,
    classes: &ClassMap,
    id: &CellId,
    label: &str,
) -> Result<Label, CellTableError> {
    match classes.id(label) {
        Some(class) => Ok(Label::Class(class)),
        None => Err(CellTableError::UnknownClass {
            path: path.to_owned(),
            id: id.to_string(),
            label: label.to_owned(),
            classes: classes.to_string(),
        }),
    }
}

/// The names of the columns that every table of cells has.
pub(super) fn required() -> [&'static str; 4] {
    [ID, LABEL, YEAR, geo::COLUMN]
}

/// The column `name` of `batch`, which was read from `path`, as `expected`; converted where nothing is lost by it.
///
/// # Errors
/// If there is none, or it holds something else.
pub fn column(
    path: &Path,
    batch: &RecordBatch,
    name: &str,
    expected: &DataType,
) -> Result<ArrayRef, CellTableError> {
    let column = batch.column_by_name(name).ok_or_else(|| CellTableError::NoColumn {
        path: path.to_owned(),
        column: name.to_owned(),
    })?;
    if column.data_type() == expected {
        return Ok(column.clone());
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let converted: Result<ArrayRef, ArrowError> = cast_with_options(column, expected, &options);
    converted.map_err(|_| CellTableError::ColumnType {
        path: path.to_owned(),
        column: name.to_owned(),
        found: column.data_type().to_string(),
        expected: expected.to_string(),
    })
}

/// The column `name` of whole numbers without gaps.
pub(crate) fn integer_column(
    path: &Path,
    batch: &RecordBatch,
    name: &str,
) -> Result<PrimitiveArray<UInt32Type>, CellTableError> {
    full_column::<UInt32Type>(path, batch, name)
}

fn full_column<T: ArrowPrimitiveType>(
    path: &Path,
    batch: &RecordBatch,
    name: &str,
) -> Result<PrimitiveArray<T>, CellTableError> {
    let column = column(path, batch, name, &T::DATA_TYPE)?;
    if column.null_count() > 0 {
        return Err(CellTableError::ColumnType {
            path: path.to_owned(),
            column: name.to_owned(),
            found: format!("{} with missing values", column.data_type()),
            expected: format!("{} without", T::DATA_TYPE),
        });
    }
    Ok(column.as_primitive::<T>().clone())
}

/// A column of whole numbers.
pub(crate) fn integers(values: impl Iterator<Item = u32>) -> ArrayRef {
    Arc::new(PrimitiveArray::<UInt32Type>::from_iter_values(values))
}

/// A column of numbers, some of them unknown.
pub(crate) fn numbers(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<PrimitiveArray<Float64Type>>())
}
