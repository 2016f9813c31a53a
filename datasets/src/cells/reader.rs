//! Reading a table of cells.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue};

use super::writer::{FORMAT_VERSION, KEY, TableMetadata};
use super::{CellTableError, CellTableHeader, UniqueIds, columns, geo, guarded};
use crate::cell::Cell;

/// Rows that are read at a time.
const BATCH: usize = 8192;

/// Reads a table of cells, some at a time; an id that comes twice is an error, and nothing follows an error.
pub struct CellTableReader {
    path: PathBuf,
    header: CellTableHeader,
    len: u64,
    batches: ParquetRecordBatchReader,
    /// `None` where ids are known to differ.
    unique: Option<UniqueIds>,
    descriptions: BTreeMap<String, String>,
    row: u64,
    /// Nothing more is read: the table is at its end, or it cannot be read.
    ended: bool,
}

impl CellTableReader {
    /// Opens the table at `path`.
    ///
    /// # Errors
    /// If the file cannot be read, or is no table of cells.
    pub fn open(path: &Path) -> Result<Self, CellTableError> {
        guarded(|| Self::try_open(path)).unwrap_or_else(|stopped| {
            Err(CellTableError::Damaged { path: path.to_owned(), source: stopped.into() })
        })
    }

    fn try_open(path: &Path) -> Result<Self, CellTableError> {
        let read = |source| CellTableError::Read { path: path.to_owned(), source };
        let damaged = |source| CellTableError::Damaged { path: path.to_owned(), source };
        let file = File::open(path).map_err(read)?;
        let builder = parquet_builder(file).map_err(|error| damaged(error.into()))?;
        for name in columns::required() {
            if builder.schema().column_with_name(name).is_none() {
                let column = name.to_owned();
                return Err(CellTableError::NoColumn { path: path.to_owned(), column });
            }
        }
        let metadata = builder.metadata().file_metadata();
        let header = header(path, metadata)?;
        let entries = metadata.key_value_metadata().into_iter().flatten();
        let described = |entry: &KeyValue| Some((entry.key.clone(), entry.value.clone()?));
        let descriptions = entries.filter_map(described).collect();
        let len = u64::try_from(metadata.num_rows()).unwrap_or(0);
        let batches =
            builder.with_batch_size(BATCH).build().map_err(|error| damaged(error.into()))?;
        let path = path.to_owned();
        let unique = Some(UniqueIds::default());
        Ok(Self { path, header, len, batches, unique, descriptions, row: 0, ended: false })
    }

    /// Leaves out the search for ids that come twice: for a table that was read before.
    #[must_use]
    pub fn with_known_ids(mut self) -> Self {
        self.unique = None;
        self
    }

    /// What holds for every cell.
    pub fn header(&self) -> &CellTableHeader {
        &self.header
    }

    /// What the metadata of the file say under `key`.
    pub fn description(&self, key: &str) -> Option<&str> {
        self.descriptions.get(key).map(String::as_str)
    }

    /// Number of cells that the file promises.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads the cells that are left.
    ///
    /// # Errors
    /// If the table cannot be read, or an id comes twice.
    pub fn read_all(self) -> Result<Vec<Cell>, CellTableError> {
        let mut cells = Vec::new();
        for batch in self {
            cells.extend(batch?);
        }
        Ok(cells)
    }

    /// The next cells with all their columns; `None` after the last and after an error.
    ///
    /// # Errors
    /// If the table cannot be read, or an id comes twice.
    pub fn next_batch(&mut self) -> Option<Result<(Vec<Cell>, RecordBatch), CellTableError>> {
        if self.ended {
            return None;
        }
        let damaged = |source| CellTableError::Damaged { path: self.path.clone(), source };
        let batch = match guarded(|| self.batches.next()) {
            Ok(Some(batch)) => batch.map_err(|error| damaged(error.into())),
            Ok(None) => return self.end().err().map(Err),
            Err(stopped) => Err(damaged(stopped.into())),
        };
        let cells = batch.and_then(|batch| self.decode(batch));
        self.ended = cells.is_err();
        Some(cells)
    }

    /// Looks for ids that come twice among all that were read.
    fn end(&mut self) -> Result<(), CellTableError> {
        self.ended = true;
        let unique = self.unique.as_mut().map_or(Ok(()), UniqueIds::finish);
        unique.map_err(|source| CellTableError::Ids { path: self.path.clone(), source })
    }

    fn decode(&mut self, batch: RecordBatch) -> Result<(Vec<Cell>, RecordBatch), CellTableError> {
        let cells = columns::decode(&self.path, &self.header.classes, &batch, self.row)?;
        self.row += cells.len() as u64;
        if let Some(unique) = &mut self.unique {
            cells
                .iter()
                .try_for_each(|cell| unique.note(&cell.id))
                .map_err(|source| CellTableError::Ids { path: self.path.clone(), source })?;
        }
        Ok((cells, batch))
    }
}

impl Iterator for CellTableReader {
    type Item = Result<Vec<Cell>, CellTableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.next_batch()?;
        Some(batch.map(|(cells, _)| cells))
    }
}

/// Begins to read `file`, taking the types of columns from Parquet itself: the description in Arrow's own
/// format, which most writers add, is decoded by code that stops the program at an unknown type.
///
/// # Errors
/// If the file is not Parquet. Decoding can still panic at damaged bytes: see [`guarded`].
pub fn parquet_builder(file: File) -> Result<ParquetRecordBatchReaderBuilder<File>, ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
}

fn header(path: &Path, metadata: &FileMetaData) -> Result<CellTableHeader, CellTableError> {
    let foreign = |reason: String| CellTableError::Foreign { path: path.to_owned(), reason };
    let value = |key: &str| {
        let entries = metadata.key_value_metadata();
        let entry = entries.and_then(|entries| entries.iter().find(|entry| entry.key == key));
        entry.and_then(|entry| entry.value.as_deref())
    };
    let own = value(KEY).ok_or_else(|| {
        foreign(format!("its metadata have no key `{KEY}`; `tesela label` writes tables of cells"))
    })?;
    let own: TableMetadata =
        serde_json::from_str(own).map_err(|error| foreign(format!("key `{KEY}`: {error}")))?;
    if own.format != FORMAT_VERSION {
        let found = own.format;
        return Err(foreign(format!("it has format {found}; this build reads {FORMAT_VERSION}")));
    }
    let geo_text = value(geo::KEY)
        .ok_or_else(|| foreign(format!("its metadata have no key `{}`", geo::KEY)))?;
    let crs = geo::crs(geo_text)
        .map_err(|source| CellTableError::Crs { path: path.to_owned(), source })?;
    Ok(CellTableHeader { classes: own.classes, crs })
}
