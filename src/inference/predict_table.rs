//! Predicting the rows of a table.

use std::path::Path;

use tesela_datasets::descriptor::TableSource;
use tesela_datasets::source::Batch;
use tesela_datasets::table::{ColumnOrder, TableDefinition, TableKeys};
use tesela_datasets::table_file::{ColumnChoice, ColumnKind, FileColumn, TableFile};
use tesela_models::classifier::Classifier;

use super::row_map::{RowFormat, RowMapWriter};
use super::{Deciding, InferenceError};
use crate::progress::Progress;
use crate::raster::CoordinateSystem;

/// What is predicted.
#[derive(Debug, Clone)]
pub struct TablePredictInput<'a> {
    /// Where the table lies: CSV or Parquet.
    pub table: &'a Path,
    /// How its columns are meant; `None`: as those of the table that the model was fitted on.
    pub source: Option<&'a TableSource>,
    /// The column of ids, where it is called otherwise.
    pub id: Option<String>,
}

/// What was predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSummary {
    /// How many rows are of each class, in order.
    pub counts: Vec<u64>,
    /// Rows without a number, which have no class.
    pub unknown: u64,
}

/// Predicts every row of a table, labelled or not, and writes them to `out` as they come: memory does not grow
/// with the table.
///
/// Columns are found by name, whatever their order.
///
/// # Errors
/// If the table cannot be read, has other columns of numbers than the model was fitted on, `out` cannot be
/// written, or the user stops; nothing is left then.
pub fn predict_table(
    classifier: &dyn Classifier,
    deciding: Deciding<'_>,
    input: &TablePredictInput<'_>,
    format: RowFormat,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<RowSummary, InferenceError> {
    let expected = classifier.input();
    let model = expected
        .table()
        .ok_or_else(|| InferenceError::NeedsPixels { expected: expected.words() })?;
    let file = TableFile::open(input.table)?;
    let table = table_of(&file, model, input)?;
    let crs = input.source.and_then(|source| source.crs.as_deref());
    let crs = crs.map(CoordinateSystem::parse).transpose();
    let crs = crs.map_err(|error| InferenceError::Coordinates(Box::new(error)))?;
    let rows = file.rows(&table, None)?;
    let classes = classifier.classes();
    let mut writer =
        RowMapWriter::create(out, format, classes, deciding, crs.map(|crs| crs.to_crs()))?;
    let mut summary = RowSummary { counts: vec![0; classes.len()], unknown: 0 };
    progress.start("predicting", file.row_count(), "rows");
    for batch in rows {
        if progress.wants_stop() {
            return Err(InferenceError::Interrupted);
        }
        let batch = batch?;
        let rows = Batch::Rows(batch.rows);
        let decided = deciding.decide(&rows, classifier.predict(&rows)?)?;
        for class in &decided.classes {
            match class {
                Some(class) => summary.counts[class.index()] += 1,
                None => summary.unknown += 1,
            }
        }
        writer.append(&batch.cells, &decided)?;
        progress.advance(batch.cells.len() as u64);
    }
    writer.finish()?;
    Ok(summary)
}

/// The columns of the model, as the file has them.
fn table_of(
    file: &TableFile,
    model: &TableDefinition,
    input: &TablePredictInput<'_>,
) -> Result<TableDefinition, InferenceError> {
    let keys = input.source.map_or(model.keys(), |source| &source.keys);
    let id = input.id.clone().unwrap_or_else(|| keys.id.clone());
    let is_key =
        |name: &str| name == id || keys.names().chain(model.keys().names()).any(|key| key == name);
    let found = match input.source.map(|source| &source.columns) {
        Some(ColumnChoice::Named(names)) => names.clone(),
        choice => {
            let ignored = match choice {
                Some(ColumnChoice::AllBut(ignored)) => ignored.as_slice(),
                _ => &[],
            };
            let counts = |column: &&FileColumn| {
                // A column that the model needs is looked at whatever it holds: its content is the better message.
                let wanted = model.columns().contains(&column.name);
                wanted
                    || (column.kind == ColumnKind::Numbers
                        && !is_key(&column.name)
                        && !ignored.contains(&column.name))
            };
            file.columns().iter().filter(counts).map(|column| column.name.clone()).collect()
        }
    };
    ColumnOrder::find(model.columns(), &found)
        .map_err(|source| InferenceError::Columns { path: file.path().to_owned(), source })?;
    let there = |name: &Option<String>| name.clone().filter(|name| file.has(name));
    let placed = [&keys.x, &keys.y].into_iter().all(|name| there(name).is_some());
    let own = TableKeys {
        id,
        label: None,
        group: None,
        year: there(&keys.year),
        x: keys.x.clone().filter(|_| placed),
        y: keys.y.clone().filter(|_| placed),
    };
    let columns = model.columns().to_vec();
    Ok(TableDefinition::new(columns, own).map_err(|source| {
        tesela_datasets::table_file::TableFileError::Columns {
            path: file.path().to_owned(),
            source,
        }
    })?)
}
