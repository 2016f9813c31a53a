//! A map as CSV: one line per cell, without its outline.

use std::path::Path;

use tesela_datasets::cell::Cell;
use tesela_datasets::class::ClassMap;
use tesela_datasets::whole_file::WholeFile;

use super::{ColumnData, MapError, MapReader};

/// Writes the finished map `map` to `out`: `cell_id`, `label`, `year`, and the columns of
/// [`MapOrigin::columns`](super::MapOrigin::columns). Flags are 1 or 0; what is missing is empty.
///
/// # Errors
/// If the map cannot be read, or the file cannot be written; nothing is left then.
pub fn write_csv(map: &Path, out: &Path) -> Result<(), MapError> {
    let failed = |source| MapError::Write { path: out.to_owned(), source };
    let refused = |error: csv::Error| failed(error.into());
    let reader = MapReader::open(map)?;
    let header = reader.header().clone();
    let mut writer = csv::Writer::from_writer(WholeFile::create(out).map_err(failed)?);
    let own = ["cell_id", "label", "year"].map(str::to_owned);
    let columns = header.origin.columns().into_iter().map(|column| column.name);
    writer.write_record(own.into_iter().chain(columns)).map_err(refused)?;
    for rows in reader {
        let rows = rows?;
        let columns = rows.columns(&header.origin);
        for (row, cell) in rows.cells.iter().enumerate() {
            let own = own_values(cell, &header.cells.classes);
            let further = columns.iter().map(|column| value(column, row));
            writer.write_record(own.into_iter().chain(further)).map_err(refused)?;
        }
    }
    let file = writer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.finish().map_err(failed)
}

fn own_values(cell: &Cell, classes: &ClassMap) -> [String; 3] {
    let label = cell.label.class().map(|class| classes.name(class).to_owned());
    let year = cell.year.map(|year| year.to_string());
    [cell.id.to_string(), label.unwrap_or_default(), year.unwrap_or_default()]
}

fn value(column: &ColumnData, row: usize) -> String {
    match column {
        ColumnData::Text(values) => values[row].clone().unwrap_or_default(),
        ColumnData::Number(values) if values[row].is_nan() => String::new(),
        ColumnData::Number(values) => values[row].to_string(),
        ColumnData::Flag(values) => u8::from(values[row]).to_string(),
    }
}
