//! Writing a table of cells.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{FieldRef, SchemaRef};
use geoparquet::writer::{GeoParquetRecordBatchEncoder, GeoParquetWriterOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::{CellTableError, CellTableHeader, columns, geo};
use crate::cell::Cell;
use crate::class::ClassMap;
use crate::whole_file::WholeFile;

/// The key under which a table of cells keeps what GeoParquet has no place for.
pub(super) const KEY: &str = "tesela";
/// The version of the columns.
pub(super) const FORMAT_VERSION: u32 = 1;
/// Rows held in memory before they are written.
const ROW_GROUP: usize = 32_768;

/// The value of [`KEY`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TableMetadata {
    pub(super) format: u32,
    pub(super) classes: ClassMap,
}

/// Writes a table of cells, some at a time; the table appears when it is finished.
///
/// ```
/// use tesela_datasets::cell::{Cell, CellId, Outline};
/// use tesela_datasets::cells::{CellTableHeader, CellTableReader, CellTableWriter};
/// use tesela_datasets::class::{ClassId, ClassMap, Label};
///
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("grid.parquet");
/// let header = CellTableHeader { classes: ClassMap::new(["non-urban", "urban"])?, crs: None };
/// let cell = Cell {
///     id: CellId::new("E2599N4695"),
///     label: Label::Class(ClassId::new(1)),
///     outline: Some(Outline::square(2_599_000.0, 4_695_000.0, 1000.0)),
///     year: Some(2010),
/// };
/// let mut writer = CellTableWriter::create(&path, &header)?;
/// writer.append(&[cell.clone()])?;
/// writer.finish()?;
///
/// let reader = CellTableReader::open(&path)?;
/// assert_eq!(reader.header(), &header);
/// assert_eq!(reader.read_all()?, [cell]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CellTableWriter {
    path: PathBuf,
    header: CellTableHeader,
    input: SchemaRef,
    encoder: GeoParquetRecordBatchEncoder,
    writer: ArrowWriter<WholeFile>,
    descriptions: Vec<KeyValue>,
    rows: u64,
}

impl CellTableWriter {
    /// Begins a table at `path`.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(path: &Path, header: &CellTableHeader) -> Result<Self, CellTableError> {
        Self::with_extra(path, header, &[])
    }

    /// Begins a table that has further columns, which come before the outlines.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn with_extra(
        path: &Path,
        header: &CellTableHeader,
        extra: &[FieldRef],
    ) -> Result<Self, CellTableError> {
        let failed = |source| CellTableError::Write { path: path.to_owned(), source };
        let input = Arc::new(columns::schema(header, extra));
        let encoder =
            GeoParquetRecordBatchEncoder::try_new(&input, &GeoParquetWriterOptions::default())
                .map_err(|error| failed(error.into()))?;
        let file = WholeFile::create(path).map_err(|error| failed(error.into()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            // No two cells have the same.
            .set_column_dictionary_enabled(columns::ID.into(), false)
            .set_column_dictionary_enabled(geo::COLUMN.into(), false)
            .set_created_by(format!("tesela {}", env!("CARGO_PKG_VERSION")))
            .build();
        let writer = ArrowWriter::try_new(file, encoder.target_schema(), Some(properties))
            .map_err(|error| failed(error.into()))?;
        Ok(Self {
            path: path.to_owned(),
            header: header.clone(),
            input,
            encoder,
            writer,
            descriptions: Vec::new(),
            rows: 0,
        })
    }

    /// Lets the metadata of the file say `text` under `key`; [`CellTableReader::description`] finds it again.
    ///
    /// [`CellTableReader::description`]: super::CellTableReader::description
    pub fn describe(&mut self, key: &str, text: String) {
        self.descriptions.push(KeyValue::new(key.to_owned(), text));
    }

    /// Appends `cells`.
    ///
    /// # Errors
    /// If the table cannot be written.
    ///
    /// # Panics
    /// If a label is of another, larger class map.
    pub fn append(&mut self, cells: &[Cell]) -> Result<(), CellTableError> {
        self.append_extra(cells.iter(), Vec::new())
    }

    /// Appends `cells` with their values of the further columns.
    ///
    /// # Errors
    /// If the table cannot be written, or the columns are not those that were announced.
    ///
    /// # Panics
    /// If a label is of another, larger class map.
    pub fn append_extra<'a>(
        &mut self,
        cells: impl ExactSizeIterator<Item = &'a Cell> + Clone,
        extra: Vec<ArrayRef>,
    ) -> Result<(), CellTableError> {
        let rows = cells.len() as u64;
        if rows == 0 {
            return Ok(());
        }
        let columns =
            columns::encode(&self.header, cells, extra).map_err(|error| self.failed(error))?;
        let batch = RecordBatch::try_new(self.input.clone(), columns)
            .map_err(|error| self.failed(error.into()))?;
        let batch = self.encoder.encode_record_batch(&batch);
        let batch = batch.map_err(|error| self.failed(error.into()))?;
        self.writer.write(&batch).map_err(|error| self.failed(error.into()))?;
        self.rows += rows;
        Ok(())
    }

    /// Completes the table and gives it its name; returns the number of rows.
    ///
    /// # Errors
    /// If the table cannot be written; nothing is left then.
    pub fn finish(mut self) -> Result<u64, CellTableError> {
        let path = self.path;
        let failed = |source| CellTableError::Write { path: path.clone(), source };
        let metadata = self.encoder.into_geoparquet_metadata();
        let geo_text = geo::describe(&metadata).map_err(|error| failed(error.into()))?;
        let own = TableMetadata { format: FORMAT_VERSION, classes: self.header.classes };
        let own_text = serde_json::to_string(&own).map_err(|error| failed(error.into()))?;
        self.writer.append_key_value_metadata(KeyValue::new(geo::KEY.to_owned(), geo_text));
        self.writer.append_key_value_metadata(KeyValue::new(KEY.to_owned(), own_text));
        for description in self.descriptions {
            self.writer.append_key_value_metadata(description);
        }
        let file = self.writer.into_inner().map_err(|error| failed(error.into()))?;
        file.finish().map_err(|error| failed(error.into()))?;
        Ok(self.rows)
    }

    fn failed(&self, source: Box<dyn std::error::Error + Send + Sync>) -> CellTableError {
        CellTableError::Write { path: self.path.clone(), source }
    }
}
