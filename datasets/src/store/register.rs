//! The register of a store: its cells, in the order of their patches.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};

use super::{StoreCell, StoreError};
use crate::cell::Point;
use crate::cells::{
    CellTableHeader, CellTableReader, CellTableWriter, integer_column, integers, numbers,
};

const ROW: &str = "row";
const USED: &str = "used_pixels";
const INSIDE: &str = "inside_pixels";

/// Writes the register of a store.
pub(super) struct RegisterWriter {
    table: CellTableWriter,
    rows: u32,
}

impl RegisterWriter {
    /// Begins the register at `path`.
    pub(super) fn create(path: &Path, header: &CellTableHeader) -> Result<Self, StoreError> {
        let integer = |name| Arc::new(Field::new(name, DataType::UInt32, false)) as FieldRef;
        let number = |name| Arc::new(Field::new(name, DataType::Float64, true)) as FieldRef;
        let extra = [
            integer(ROW),
            integer(USED),
            integer(INSIDE),
            number("centroid_x"),
            number("centroid_y"),
        ];
        Ok(Self { table: CellTableWriter::with_extra(path, header, &extra)?, rows: 0 })
    }

    /// Appends `cells`, whose number the caller has checked.
    pub(super) fn append(&mut self, cells: &[StoreCell]) -> Result<(), StoreError> {
        let centroids: Vec<Option<Point>> =
            cells.iter().map(|cell| cell.cell.outline.as_ref()?.centroid()).collect();
        let extra = vec![
            integers((self.rows..).take(cells.len())),
            integers(cells.iter().map(|cell| cell.used_pixels)),
            integers(cells.iter().map(|cell| cell.inside_pixels)),
            numbers(centroids.iter().map(|centroid| centroid.map(|point| point.x))),
            numbers(centroids.iter().map(|centroid| centroid.map(|point| point.y))),
        ];
        self.table.append_extra(cells.iter().map(|cell| &cell.cell), extra)?;
        self.rows += u32::try_from(cells.len()).expect("a store has fewer than 2^32 cells");
        Ok(())
    }

    /// Completes the register.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        self.table.finish()?;
        Ok(())
    }
}

/// Reads the register at `path`, which must have `len` rows in order, and hands them to `take`.
pub(super) fn read(
    path: &Path,
    len: usize,
    take: &mut dyn FnMut(StoreCell),
) -> Result<CellTableHeader, StoreError> {
    let inconsistent = |reason| StoreError::Inconsistent { path: path.to_owned(), reason };
    let mut table = CellTableReader::open(path)?;
    let header = table.header().clone();
    let mut found = 0_usize;
    while let Some(batch) = table.next_batch() {
        let (cells, batch) = batch?;
        let rows = integer_column(path, &batch, ROW)?;
        let used = integer_column(path, &batch, USED)?;
        let inside = integer_column(path, &batch, INSIDE)?;
        if rows.values().iter().zip(found..).any(|(&row, place)| row as usize != place) {
            return Err(inconsistent(format!("column `{ROW}` does not count up from 0")));
        }
        found += cells.len();
        if found > len {
            return Err(inconsistent(format!("it has more than {len} cells")));
        }
        let counts = used.values().iter().zip(inside.values());
        for (cell, (&used_pixels, &inside_pixels)) in cells.into_iter().zip(counts) {
            take(StoreCell { cell, used_pixels, inside_pixels });
        }
    }
    if found != len {
        return Err(inconsistent(format!("it has {found} cells; the store has {len}")));
    }
    Ok(header)
}
