//! A map as GeoPackage: one row per cell.

use std::path::Path;

use super::qgis_style::qgis_style;
use super::{ColumnData, ColumnKind, MapError, MapHeader, MapReader, MapRows};
use crate::raster::{
    ColumnKind as FieldKind, ColumnValue, CoordinateSystem, GeoPackageLayout, GeoPackageWriter,
};

/// Writes the finished map `map` to `out`: the columns of the grid, those of
/// [`MapOrigin::columns`](super::MapOrigin::columns) (flags as BOOLEAN, numbers as FLOAT), the outline, and a style, so
/// that QGIS draws classes in their colours.
///
/// # Errors
/// If the map cannot be read, or the file cannot be written; nothing is left then.
pub fn write_geopackage(map: &Path, out: &Path) -> Result<(), MapError> {
    let mut reader = MapReader::open(map)?.peekable();
    let header = MapReader::open(map)?.header().clone();
    let points = match reader.peek() {
        Some(Ok(rows)) => are_points(rows),
        _ => false,
    };
    let crs = header.cells.crs.as_ref().map(CoordinateSystem::from_crs).transpose()?;
    let layout = GeoPackageLayout {
        crs: crs.as_ref(),
        classes: &header.cells.classes,
        columns: fields(&header),
        points,
        style: Some(qgis_style(&header.origin.classes, points)),
    };
    let mut writer = GeoPackageWriter::begin(out, &layout)?;
    for rows in reader {
        let rows = rows?;
        let columns = rows.columns(&header.origin);
        let values = |row: usize| columns.iter().map(|column| value(column, row)).collect();
        writer.append_extra(&rows.cells, values)?;
    }
    Ok(writer.finish()?)
}

/// Whether the first cell that has a place is a point.
fn are_points(rows: &MapRows) -> bool {
    let first = rows.cells.iter().find_map(|cell| cell.outline.as_ref());
    first.is_some_and(|outline| outline.corners.len() == 1)
}

fn fields(header: &MapHeader) -> Vec<(String, FieldKind)> {
    let columns = header.origin.columns().into_iter();
    let field = columns.map(|column| {
        let kind = match column.kind {
            ColumnKind::Text => FieldKind::Text,
            ColumnKind::Number => FieldKind::Single,
            ColumnKind::Flag => FieldKind::Flag,
        };
        (column.name, kind)
    });
    field.collect()
}

fn value(column: &ColumnData, row: usize) -> ColumnValue<'_> {
    match column {
        ColumnData::Text(values) => {
            values[row].as_deref().map_or(ColumnValue::Null, |text| ColumnValue::Text(text.into()))
        }
        ColumnData::Number(values) if values[row].is_nan() => ColumnValue::Null,
        ColumnData::Number(values) => ColumnValue::Number(f64::from(values[row])),
        ColumnData::Flag(values) => ColumnValue::Flag(values[row]),
    }
}
