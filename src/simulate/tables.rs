//! The tables of a simulated country: its grid as the census sees it, and the truth.
//!
//! `truth.parquet` has one row per cell, also for those that are undefined in the grid: `cell_id`, `label`
//! (the true class) and `built_share`, so that a map can be measured against what really is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use tesela_datasets::cell::Cell;
use tesela_datasets::cells::{CellTableError, CellTableHeader, CellTableWriter, Crs, CrsError};
use tesela_datasets::class::ClassMap;
use tesela_datasets::whole_file::WholeFile;

use super::census::{Census, Surveyed, classes};
use super::config::CountryConfig;
use super::frame::CELL_METRES;
use super::write::Simulated;
use crate::grid::{GridError, GridSpec};
use crate::raster::{CoordinateSystem, RasterError};

/// Rows that are written at a time.
const BATCH: usize = 65_536;

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The coordinate reference system is unknown or not projected.
    #[error(transparent)]
    CoordinateSystem(#[from] RasterError),
    /// The coordinate reference system cannot be carried by tables.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// The grid is impossible.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The table of the census.
    #[error(transparent)]
    Cells(#[from] CellTableError),
    /// The table of truth.
    #[error("cannot write table `{}`", .path.display())]
    Truth {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: ParquetError,
    },
}

/// The grid of a country: its cells have the ids that `tesela label` would give them.
pub(crate) fn grid_of(config: &CountryConfig) -> Result<GridSpec, TableError> {
    let crs = CoordinateSystem::parse(&config.raw().crs)?;
    Ok(GridSpec::new(crs, CELL_METRES, config.extent())?)
}

/// Writes the tables of the counted country into `directory`, and counts their classes.
pub(crate) fn write_tables(
    grid: &GridSpec,
    census: &Census,
    directory: &Path,
) -> Result<Simulated, TableError> {
    let classes = classes();
    let crs = Crs::from_projjson(grid.crs().projjson())?;
    let header = CellTableHeader { classes: classes.clone(), crs: Some(crs) };
    let mut known = CellTableWriter::create(&directory.join("grid.parquet"), &header)?;
    let path = directory.join("truth.parquet");
    let failed = |source| TableError::Truth { path: path.clone(), source };
    let mut truth = Truth::create(&path).map_err(failed)?;
    let mut summary = Simulated::default();
    let mut surveyed = census.cells().peekable();
    while surveyed.peek().is_some() {
        let batch: Vec<Surveyed> = surveyed.by_ref().take(BATCH).collect();
        let cells: Vec<Cell> = batch.iter().map(|cell| table_row(grid, census, cell)).collect();
        count(&batch, &mut summary);
        known.append(&cells)?;
        truth.append(&cells, &classes, &batch).map_err(failed)?;
    }
    known.finish()?;
    truth.finish().map_err(failed)?;
    Ok(summary)
}

fn table_row(grid: &GridSpec, census: &Census, cell: &Surveyed) -> Cell {
    Cell {
        id: grid.id(cell.row, cell.column),
        label: cell.label,
        outline: Some(grid.outline(cell.row, cell.column)),
        year: Some(census.year()),
    }
}

fn count(batch: &[Surveyed], summary: &mut Simulated) {
    for cell in batch {
        summary.cells += 1;
        summary.truly_urban += cell.truth.index();
        match cell.label.class() {
            Some(class) if class.index() == 1 => summary.urban += 1,
            Some(_) => summary.non_urban += 1,
            None => {}
        }
    }
}

struct Truth {
    schema: Arc<Schema>,
    writer: ArrowWriter<WholeFile>,
}

impl Truth {
    fn create(path: &Path) -> Result<Self, ParquetError> {
        let schema = Arc::new(Schema::new(vec![
            Field::new("cell_id", DataType::Utf8, false),
            Field::new("label", DataType::Utf8, false),
            Field::new("built_share", DataType::Float32, false),
        ]));
        let properties = WriterProperties::builder()
            .set_compression(
                parquet::basic::Compression::ZSTD(parquet::basic::ZstdLevel::default()),
            )
            .build();
        let writer =
            ArrowWriter::try_new(WholeFile::create(path)?, schema.clone(), Some(properties))?;
        Ok(Self { schema, writer })
    }

    fn append(
        &mut self,
        cells: &[Cell],
        classes: &ClassMap,
        batch: &[Surveyed],
    ) -> Result<(), ParquetError> {
        let ids = StringArray::from_iter_values(cells.iter().map(|cell| cell.id.as_str()));
        let labels =
            StringArray::from_iter_values(batch.iter().map(|cell| classes.name(cell.truth)));
        #[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
        let shares =
            Float32Array::from_iter_values(batch.iter().map(|cell| cell.built_share as f32));
        let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(labels), Arc::new(shares)];
        self.writer.write(&RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    fn finish(self) -> Result<(), ParquetError> {
        Ok(self.writer.into_inner()?.finish()?)
    }
}
