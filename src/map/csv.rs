//! A map as CSV, for spreadsheets and scripts: ids and columns, without outlines.

use std::path::Path;

use tesela_datasets::whole_file::WholeFile;

use super::{ColumnData, MapError, MapReader};

/// Writes the map at `map` to `out` as CSV: `cell_id` and the columns of the map. Missing values are empty.
///
/// # Errors
/// If the map cannot be read or `out` not written; nothing is left then.
pub fn write_csv(map: &Path, out: &Path) -> Result<(), MapError> {
    let failed = |source| MapError::Write { path: out.to_owned(), source };
    let reader = MapReader::open(map)?;
    let origin = reader.header().origin.clone();
    let mut writer = csv::Writer::from_writer(WholeFile::create(out).map_err(failed)?);
    let csv_failed = |error: csv::Error| failed(error.into());
    let names = origin.columns().into_iter().map(|column| column.name);
    writer.write_record(["cell_id".to_owned()].into_iter().chain(names)).map_err(csv_failed)?;
    for rows in reader {
        let rows = rows?;
        let columns = rows.columns(&origin);
        for (index, cell) in rows.cells.iter().enumerate() {
            writer.write_field(cell.id.as_str()).map_err(csv_failed)?;
            for column in &columns {
                writer.write_field(text(column, index)).map_err(csv_failed)?;
            }
            writer.write_record(None::<&[u8]>).map_err(csv_failed)?;
        }
    }
    let file =
        writer.into_inner().map_err(|error| failed(std::io::Error::other(error.to_string())))?;
    file.finish().map_err(failed)
}

fn text(column: &ColumnData, index: usize) -> String {
    match column {
        ColumnData::Text(values) => values[index].clone().unwrap_or_default(),
        ColumnData::Number(values) if values[index].is_nan() => String::new(),
        ColumnData::Number(values) => values[index].to_string(),
        ColumnData::Flag(values) => values[index].to_string(),
    }
}
