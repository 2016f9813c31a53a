//! Tables as Parquet.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::TableFileError;
use super::file::{ColumnKind, FileColumn};
use super::gather::{FileBatch, Gatherer, RowKeys};
use crate::cells::{guarded, parquet_builder};

/// The columns of the file at `path`, and how many rows it has.
pub(super) fn columns(path: &Path) -> Result<(Vec<FileColumn>, Option<u64>), TableFileError> {
    let (schema, rows) = within(path, || {
        let builder = parquet_builder(open(path)?).map_err(|error| damaged(path, error))?;
        check_compression(path, builder.metadata())?;
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
        Ok((builder.schema().clone(), rows))
    })?;
    let column = |field: &arrow::datatypes::FieldRef| FileColumn {
        name: field.name().clone(),
        kind: kind(field.data_type()),
    };
    Ok((schema.fields().iter().map(column).collect(), rows))
}

/// Answers a compression that this build does not read before any column is read.
fn check_compression(path: &Path, metadata: &ParquetMetaData) -> Result<(), TableFileError> {
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let known = |found: &Compression| {
        matches!(found, Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_))
    };
    match columns.map(ColumnChunkMetaData::compression).find(|found| !known(found)) {
        None => Ok(()),
        Some(found) => Err(TableFileError::Compression {
            path: path.to_owned(),
            found: found.to_string().to_lowercase(),
        }),
    }
}

fn kind(data_type: &DataType) -> ColumnKind {
    let numbers = data_type.is_numeric() || matches!(data_type, DataType::Boolean | DataType::Null);
    if numbers { ColumnKind::Numbers } else { ColumnKind::Other(data_type.to_string()) }
}

fn open(path: &Path) -> Result<File, TableFileError> {
    File::open(path).map_err(|source| TableFileError::Read { path: path.to_owned(), source })
}

fn damaged(
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> TableFileError {
    TableFileError::Damaged { path: path.to_owned(), format: "Parquet", source: source.into() }
}

/// Runs `decode` on the file at `path`, where a decoder that stops the program makes an error.
fn within<T>(
    path: &Path,
    decode: impl FnOnce() -> Result<T, TableFileError>,
) -> Result<T, TableFileError> {
    guarded(decode).unwrap_or_else(|stopped| Err(damaged(path, stopped)))
}

/// Begins to read the columns `wanted` of the file at `path`, `batch` rows at a time.
pub(super) fn batches<'a>(
    path: &Path,
    wanted: impl Iterator<Item = &'a str>,
    batch: usize,
) -> Result<ParquetRecordBatchReader, TableFileError> {
    within(path, || {
        let builder = parquet_builder(open(path)?).map_err(|error| damaged(path, error))?;
        let roots: Vec<usize> =
            wanted.filter_map(|name| builder.schema().index_of(name).ok()).collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let builder = builder.with_projection(mask).with_batch_size(batch);
        builder.build().map_err(|error| damaged(path, error))
    })
}

/// The next rows that are not empty; nothing at the end.
pub(super) fn next(
    path: &Path,
    batches: &mut ParquetRecordBatchReader,
) -> Result<Option<RecordBatch>, TableFileError> {
    let batch = within(path, || batches.next().transpose().map_err(|error| damaged(path, error)))?;
    Ok(batch.filter(|batch| batch.num_rows() > 0))
}

/// Streams the rows of a file.
pub(super) struct ParquetRows {
    batches: ParquetRecordBatchReader,
    gatherer: Gatherer,
}

impl ParquetRows {
    /// Begins to read the file of `gatherer`, `batch` rows at a time.
    pub(super) fn open(gatherer: Gatherer, batch: usize) -> Result<Self, TableFileError> {
        let path = &gatherer.path;
        let table = &gatherer.table;
        let wanted = table.keys().names().chain(table.columns().iter().map(String::as_str));
        let batches = batches(path, wanted, batch)?;
        Ok(Self { batches, gatherer })
    }

    /// The next rows; nothing at the end.
    pub(super) fn next_batch(&mut self) -> Result<Option<FileBatch>, TableFileError> {
        let Self { batches, gatherer } = self;
        let path = gatherer.path.clone();
        match next(&path, batches)? {
            None => gatherer.finish().map(|()| None),
            Some(batch) => {
                gather(gatherer, &batch)?;
                Ok(Some(gatherer.take()))
            }
        }
    }
}

fn gather(gatherer: &mut Gatherer, batch: &RecordBatch) -> Result<(), TableFileError> {
    let path = gatherer.path.clone();
    let keys = gatherer.table.keys().clone();
    let text = |name: &str| texts(&path, batch, name);
    let maybe_text = |name: &Option<String>| name.as_deref().map(text).transpose();
    let maybe_number =
        |name: &Option<String>| name.as_deref().map(|name| numbers(&path, batch, name)).transpose();
    let (ids, labels, groups) =
        (text(&keys.id)?, maybe_text(&keys.label)?, maybe_text(&keys.group)?);
    let (years, x, y) = (maybe_number(&keys.year)?, maybe_number(&keys.x)?, maybe_number(&keys.y)?);
    for row in 0..batch.num_rows() {
        let word = |column: &'_ Option<StringArray>| {
            column
                .as_ref()
                .filter(|column| column.is_valid(row))
                .map(|column| column.value(row).to_owned())
        };
        let number = |column: &Option<Float64Array>| {
            column
                .as_ref()
                .filter(|column| column.is_valid(row))
                .map_or(f64::NAN, |column| column.value(row))
        };
        let (label, group) = (word(&labels), word(&groups));
        gatherer.begin(&RowKeys {
            id: if ids.is_valid(row) { ids.value(row) } else { "" },
            label: label.as_deref(),
            group: group.as_deref(),
            year: number(&years),
            x: number(&x),
            y: number(&y),
        })?;
    }
    let names = gatherer.table.columns().clone();
    let width = names.len();
    let mut values = vec![0.0; batch.num_rows() * width];
    for (column, name) in names.iter().enumerate() {
        let numbers = numbers(&path, batch, name)?;
        for row in 0..numbers.len() {
            let value = if numbers.is_valid(row) { numbers.value(row) } else { f64::NAN };
            values[row * width + column] = gatherer.number(row, column, value)?;
        }
    }
    *gatherer.values() = values;
    Ok(())
}

/// The column `name` as text.
pub(super) fn texts(
    path: &Path,
    batch: &RecordBatch,
    name: &str,
) -> Result<StringArray, TableFileError> {
    Ok(converted(path, batch, name, &DataType::Utf8, "text")?.as_string::<i32>().clone())
}

/// The column `name` as numbers.
fn numbers(path: &Path, batch: &RecordBatch, name: &str) -> Result<Float64Array, TableFileError> {
    let column = converted(path, batch, name, &DataType::Float64, "numbers")?;
    Ok(column.as_primitive::<Float64Type>().clone())
}

fn converted(
    path: &Path,
    batch: &RecordBatch,
    name: &str,
    wanted: &DataType,
    words: &str,
) -> Result<ArrayRef, TableFileError> {
    let column = batch.column_by_name(name).ok_or_else(|| TableFileError::NoColumn {
        path: path.to_owned(),
        column: name.to_owned(),
        suggestion: String::new(),
    })?;
    if column.data_type() == wanted {
        return Ok(column.clone());
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, wanted, &options).map_err(|_| TableFileError::ColumnType {
        path: path.to_owned(),
        column: name.to_owned(),
        found: format!("{}, which are no {words}", column.data_type()),
    })
}
