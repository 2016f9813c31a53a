//! Preparing a table.

use std::path::Path;

use tesela_datasets::descriptor::{DataKind, Descriptor};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition};
use tesela_datasets::table::RowBatch;
use tesela_datasets::table_file::{FileBatch, TableFile};

use super::origin::{InputMark, Origin, check_checksum};
use super::sink::StoreSink;
use super::{PrepareError, Prepared};
use crate::progress::Progress;
use crate::raster::CoordinateSystem;

/// The most names of columns that a warning lists.
const LISTED: usize = 10;

/// A table, and what is to be known about it.
#[derive(Debug, Clone)]
pub struct TableInput<'a> {
    /// What the table is.
    pub descriptor: &'a Descriptor,
    /// Where it lies: CSV or Parquet.
    pub table: &'a Path,
}

/// Writes the rows of a table to the store `out`, in the order of the file. The same rows make the same store,
/// whatever the format of the file.
///
/// # Errors
/// If the table cannot be used, `out` exists and was made of other inputs, or the user stops. No store is
/// written then.
pub fn prepare_table(
    input: &TableInput<'_>,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<Prepared, PrepareError> {
    let descriptor = input.descriptor;
    let DataKind::Table(source) = descriptor.kind() else {
        return Err(PrepareError::kind(descriptor, "a table"));
    };
    let file = TableFile::open(input.table)?;
    let origin = Origin::new(descriptor, vec![InputMark::of_file(input.table)?], String::new());
    if origin.is_that_of(out)? {
        return Prepared::found(out);
    }
    check_checksum(descriptor, input.table)?;
    let chosen = file.define(&source.keys, &source.columns)?;
    if !chosen.no_numbers.is_empty() {
        progress.warn(&format!("left out for not holding numbers: {}", list(&chosen.no_numbers)));
    }
    let crs = source.crs.as_deref().map(CoordinateSystem::parse).transpose();
    let crs = crs.map_err(|error| PrepareError::Coordinates(Box::new(error)))?;
    let classes = descriptor.classes();
    let rows = file.rows(&chosen.table, Some(classes))?;
    let definition = StoreDefinition {
        dataset: descriptor.name().to_owned(),
        input: InputDefinition::Table(chosen.table),
        classes: classes.clone(),
        crs: crs.map(|crs| crs.to_crs()),
        pixel_metres: None,
    };
    let mut sink = StoreSink::create(out, definition, &origin)?;
    progress.start("preparing", file.row_count(), "rows");
    for batch in rows {
        let (rows, cells) = split(batch?);
        sink.append_rows(&rows, &cells, progress)?;
    }
    sink.finish(0, progress)
}

/// The first of `names`, and how many more there are.
fn list(names: &[String]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}

/// The rows of `batch`, and what the store keeps of their cells.
fn split(batch: FileBatch) -> (RowBatch, Vec<StoreCell>) {
    let FileBatch { cells, groups, rows } = batch;
    let numbers = rows.values.chunks_exact(rows.columns.len());
    let known = numbers.map(|row| row.iter().filter(|value| !value.is_nan()).count());
    let known = known.map(|count| u32::try_from(count).expect("a table has few columns"));
    let contents = known.zip(groups).map(|(known, group)| CellContent::Row { known, group });
    let cells = cells.into_iter().zip(contents);
    let cells = cells.map(|(cell, content)| StoreCell { cell, content }).collect();
    (rows, cells)
}
