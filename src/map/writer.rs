//! A map as GeoParquet: one row per cell.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use tesela_datasets::cells::CellTableWriter;

use super::{ColumnData, ColumnKind, MapColumn, MapError, MapHeader, MapOrigin, MapRows};

/// The key of the file's metadata under which the [`MapOrigin`] lies.
pub(super) const KEY: &str = "tesela:map";

/// Writes a map, some cells at a time; it appears under its name when it is finished.
pub struct MapWriter {
    path: PathBuf,
    origin: MapOrigin,
    table: CellTableWriter,
}

impl MapWriter {
    /// Begins a map at `path`: the columns of the grid, those of [`MapOrigin::columns`], and the outline.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(path: &Path, header: &MapHeader) -> Result<Self, MapError> {
        let fields: Vec<FieldRef> = header.origin.columns().iter().map(field).collect();
        let mut table = CellTableWriter::with_extra(path, &header.cells, &fields)?;
        let text = serde_json::to_string(&header.origin).expect("an origin is text and numbers");
        table.describe(KEY, text);
        Ok(Self { path: path.to_owned(), origin: header.origin.clone(), table })
    }

    /// Appends `rows`.
    ///
    /// # Errors
    /// If they are not like the header says, or the disk refuses.
    pub fn append(&mut self, rows: &MapRows) -> Result<(), MapError> {
        if let Some(reason) = rows.problem(self.origin.classes.len(), self.origin.content) {
            return Err(MapError::Rows { path: self.path.clone(), reason });
        }
        let columns = rows.columns(&self.origin).into_iter().map(array).collect();
        Ok(self.table.append_extra(rows.cells.iter(), columns)?)
    }

    /// Completes the map and gives it its name; returns the number of cells.
    ///
    /// # Errors
    /// If the disk refuses; nothing is left then.
    pub fn finish(self) -> Result<u64, MapError> {
        Ok(self.table.finish()?)
    }
}

fn field(column: &MapColumn) -> FieldRef {
    let data_type = match column.kind {
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Number => DataType::Float32,
        ColumnKind::Flag => DataType::Boolean,
    };
    Arc::new(Field::new(&column.name, data_type, column.nullable))
}

fn array(data: ColumnData) -> ArrayRef {
    match data {
        ColumnData::Text(values) => Arc::new(StringArray::from(values)),
        ColumnData::Number(values) => {
            let known = |value: f32| Some(value).filter(|value| !value.is_nan());
            Arc::new(values.into_iter().map(known).collect::<Float32Array>())
        }
        ColumnData::Flag(values) => Arc::new(BooleanArray::from(values)),
    }
}
