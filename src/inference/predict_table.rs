//! Predicting the rows of a table.

use std::path::Path;

use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::descriptor::TableSource;
use tesela_datasets::source::Batch;
use tesela_datasets::table::{ColumnOrder, TableDefinition, TableKeys};
use tesela_datasets::table_file::{ColumnChoice, ColumnKind, FileColumn, TableFile, TableRows};

use super::said_of_rows::SaidOfRows;
use super::settling::FreshCells;
use super::{Decider, InferenceError, MapSummary, Models};
use crate::map::{MapHeader, MapOrigin, MapWriter};
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

/// Predicts every row of a table, labelled or not, and writes them to the map `out` as they come: memory does not grow
/// with the table, but where the prevalence is to be estimated first; then it holds what the models say of all rows.
///
/// Columns are found by name, whatever their order.
///
/// # Errors
/// If the table cannot be read, has other columns of numbers than the models were fitted on, `out` cannot be
/// written, or the user stops; nothing is left then.
pub fn predict_table(
    models: &Models,
    decider: &Decider<'_>,
    input: &TablePredictInput<'_>,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<MapSummary, InferenceError> {
    let expected = models.input();
    let model = expected
        .table()
        .ok_or_else(|| InferenceError::NeedsPixels { expected: expected.words() })?;
    let file = TableFile::open(input.table)?;
    let table = table_of(&file, model, input)?;
    let crs = input.source.and_then(|source| source.crs.as_deref());
    let crs = crs.map(CoordinateSystem::parse).transpose();
    let crs = crs.map_err(|error| InferenceError::Coordinates(Box::new(error)))?;
    let settled;
    let (decider, mut said) = match decider.is_unsettled() {
        true => {
            progress.start("estimating prevalence", file.row_count(), "rows");
            let (at_place, said) = settle(models, decider, file.rows(&table, None)?, progress)?;
            settled = at_place;
            (&settled, Some(said))
        }
        false => (decider, None),
    };
    let rows = file.rows(&table, None)?;
    let classes = models.classes();
    let content = decider.content(false);
    let mut origin = MapOrigin::new(classes.clone(), content);
    origin.models = decider.origins();
    origin.operating_point = decider.has_operating_point();
    let cells = CellTableHeader { classes: classes.clone(), crs: crs.map(|crs| crs.to_crs()) };
    let mut summary = MapSummary {
        counts: vec![0; classes.len()],
        trained: content.training.then_some(0),
        settled: origin.settled(),
        ..MapSummary::default()
    };
    let mut writer = MapWriter::create(out, &MapHeader { cells, origin })?;
    let changed = || InferenceError::Changed { path: file.path().to_owned() };
    progress.start("predicting", file.row_count(), "rows");
    for batch in rows {
        if progress.wants_stop() {
            return Err(InferenceError::Stopped);
        }
        let batch = batch?;
        let values = match &mut said {
            Some(said) => said.take(&batch.cells).ok_or_else(changed)?.to_vec(),
            None => models.compute(&Batch::Rows(batch.rows))?,
        };
        let rows = decider.decide(batch.cells, &values)?;
        summary.note(&rows);
        writer.append(&rows)?;
        progress.advance(rows.len() as u64);
    }
    if said.is_some_and(|said| !said.is_taken()) {
        return Err(changed());
    }
    writer.finish()?;
    Ok(summary)
}

/// Settles what the operating points leave open on all rows that were not trained on.
fn settle<'a>(
    models: &Models,
    decider: &Decider<'a>,
    rows: TableRows,
    progress: &mut dyn Progress,
) -> Result<(Decider<'a>, SaidOfRows), InferenceError> {
    let mut fresh = FreshCells::new(decider);
    let mut said = SaidOfRows::new(decider.width());
    for batch in rows {
        if progress.wants_stop() {
            return Err(InferenceError::Stopped);
        }
        let batch = batch?;
        let values = models.compute(&Batch::Rows(batch.rows))?;
        fresh.extend(decider, &batch.cells, &values);
        said.push(&batch.cells, &values);
        progress.advance(batch.cells.len() as u64);
    }
    Ok((decider.settle(&fresh)?, said))
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
