//! The register of a store: its cells, in the order of their patches or rows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};

use super::{CellContent, StoreCell, StoreError};
use crate::cell::Point;
use crate::cells::{
    CellTableHeader, CellTableReader, CellTableWriter, integer_column, integers, numbers,
    table_column,
};
use crate::source::InputDefinition;

const ROW: &str = "row";
const USED: &str = "used_pixels";
const INSIDE: &str = "inside_pixels";
const KNOWN: &str = "known_values";
const GROUP: &str = "group";

/// Writes the register of a store.
pub(super) struct RegisterWriter {
    table: CellTableWriter,
    of_table: bool,
    rows: u32,
}

impl RegisterWriter {
    /// Begins the register at `path` of a store of cells like `input`.
    pub(super) fn create(
        path: &Path,
        header: &CellTableHeader,
        input: &InputDefinition,
    ) -> Result<Self, StoreError> {
        let field = |name, data_type, nullable| -> FieldRef {
            Arc::new(Field::new(name, data_type, nullable))
        };
        let integer = |name| field(name, DataType::UInt32, false);
        let of_table = input.table().is_some();
        let content = if of_table {
            [integer(KNOWN), field(GROUP, DataType::Utf8, true)]
        } else {
            [integer(USED), integer(INSIDE)]
        };
        let [first, second] = content;
        let extra = [
            integer(ROW),
            first,
            second,
            field("centroid_x", DataType::Float64, true),
            field("centroid_y", DataType::Float64, true),
        ];
        Ok(Self { table: CellTableWriter::with_extra(path, header, &extra)?, of_table, rows: 0 })
    }

    /// Appends `cells`, whose number and content the caller has checked.
    pub(super) fn append(&mut self, cells: &[StoreCell]) -> Result<(), StoreError> {
        let centroids: Vec<Option<Point>> =
            cells.iter().map(|cell| cell.cell.outline.as_ref()?.centroid()).collect();
        let [first, second] = self.content(cells);
        let extra = vec![
            integers((self.rows..).take(cells.len())),
            first,
            second,
            numbers(centroids.iter().map(|centroid| centroid.map(|point| point.x))),
            numbers(centroids.iter().map(|centroid| centroid.map(|point| point.y))),
        ];
        self.table.append_extra(cells.iter().map(|cell| &cell.cell), extra)?;
        self.rows += u32::try_from(cells.len()).expect("a store has fewer than 2^32 cells");
        Ok(())
    }

    fn content(&self, cells: &[StoreCell]) -> [ArrayRef; 2] {
        let contents = cells.iter().map(|cell| &cell.content);
        if self.of_table {
            let pairs = contents.map(|content| match content {
                CellContent::Row { known, group } => (*known, group.as_deref()),
                CellContent::Pixels { .. } => (0, None),
            });
            let groups: StringArray = pairs.clone().map(|(_, group)| group).collect();
            return [integers(pairs.map(|(known, _)| known)), Arc::new(groups)];
        }
        let pairs = contents.map(|content| match content {
            CellContent::Pixels { used, inside } => (*used, *inside),
            CellContent::Row { .. } => (0, 0),
        });
        [integers(pairs.clone().map(|(used, _)| used)), integers(pairs.map(|(_, inside)| inside))]
    }

    /// Completes the register.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        self.table.finish()?;
        Ok(())
    }
}

/// Reads the register at `path` of a store of cells like `input`, which must have `len` rows in order, and hands
/// them to `take`.
pub(super) fn read(
    path: &Path,
    input: &InputDefinition,
    len: usize,
    take: &mut dyn FnMut(StoreCell),
) -> Result<CellTableHeader, StoreError> {
    let inconsistent = |reason| StoreError::Inconsistent { path: path.to_owned(), reason };
    let mut table = CellTableReader::open(path)?;
    let header = table.header().clone();
    let mut found = 0_usize;
    let mut groups = BTreeSet::new();
    while let Some(batch) = table.next_batch() {
        let (cells, batch) = batch?;
        let rows = integer_column(path, &batch, ROW)?;
        if rows.values().iter().zip(found..).any(|(&row, place)| row as usize != place) {
            return Err(inconsistent(format!("column `{ROW}` does not count up from 0")));
        }
        found += cells.len();
        if found > len {
            return Err(inconsistent(format!("it has more than {len} cells")));
        }
        let contents = match input {
            InputDefinition::Patches(_) => pixels(path, &batch)?,
            InputDefinition::Table(_) => known(path, &batch, &mut groups)?,
        };
        for (cell, content) in cells.into_iter().zip(contents) {
            take(StoreCell { cell, content });
        }
    }
    if found != len {
        return Err(inconsistent(format!("it has {found} cells; the store has {len}")));
    }
    Ok(header)
}

fn pixels(path: &Path, batch: &RecordBatch) -> Result<Vec<CellContent>, StoreError> {
    let used = integer_column(path, batch, USED)?;
    let inside = integer_column(path, batch, INSIDE)?;
    let pairs = used.values().iter().zip(inside.values());
    Ok(pairs.map(|(&used, &inside)| CellContent::Pixels { used, inside }).collect())
}

/// `names` holds each name of a group once, so that equal ones share their text.
fn known(
    path: &Path,
    batch: &RecordBatch,
    names: &mut BTreeSet<Arc<str>>,
) -> Result<Vec<CellContent>, StoreError> {
    let known = integer_column(path, batch, KNOWN)?;
    let groups = table_column(path, batch, GROUP, &DataType::Utf8)?;
    let mut shared = |name: &str| {
        if let Some(own) = names.get(name) {
            return Arc::clone(own);
        }
        let own: Arc<str> = name.into();
        names.insert(Arc::clone(&own));
        own
    };
    let groups = groups.as_string::<i32>().iter();
    let pairs = known.values().iter().zip(groups);
    let content = |(&known, group): (&u32, Option<&str>)| CellContent::Row {
        known,
        group: group.map(&mut shared),
    };
    Ok(pairs.map(content).collect())
}
