//! The rows of a fold plan's file, gathered and checked.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, ListArray, RecordBatch, UInt16Array};
use arrow::datatypes::{DataType, UInt16Type, UInt32Type};

use super::{Design, FoldError, FoldPlan, Partition, Place};
use crate::cell::CellId;
use crate::cells::table_column;

/// One row of the file.
struct Row {
    partition: u16,
    cell: CellId,
    /// Numbered through.
    fold: Option<u16>,
    block: u32,
    /// Numbered through.
    left_out: Vec<u16>,
}

/// The rows of a plan that is being read.
pub(super) struct Rows {
    path: PathBuf,
    is_former: bool,
    found: Vec<Row>,
}

impl Rows {
    /// None yet of the file `path`, which may be of the former version.
    pub(super) fn new(path: &Path, is_former: bool) -> Self {
        Self { path: path.to_owned(), is_former, found: Vec::new() }
    }

    /// Adds the rows of `batch`.
    pub(super) fn read(&mut self, batch: &RecordBatch) -> Result<(), FoldError> {
        let column = |name, kind| table_column(&self.path, batch, name, &kind);
        let ids = column("cell_id", DataType::Utf8)?;
        let folds = column("fold", DataType::UInt16)?;
        if self.is_former {
            if ids.null_count() + folds.null_count() > 0 {
                return Err(self.malformed("a `cell_id` or `fold` is missing".to_owned()));
            }
            let folds = folds.as_primitive::<UInt16Type>();
            for (id, fold) in ids.as_string::<i32>().iter().flatten().zip(folds) {
                let row = Row {
                    partition: 0,
                    cell: CellId::new(id),
                    fold,
                    block: 0,
                    left_out: Vec::new(),
                };
                self.found.push(row);
            }
            return Ok(());
        }
        let partitions = column("partition", DataType::UInt16)?;
        let blocks = column("block", DataType::UInt32)?;
        let left_out = left_out(batch).map_err(|reason| self.malformed(reason))?;
        if ids.null_count() + partitions.null_count() + blocks.null_count() > 0 {
            return Err(self.malformed("a `cell_id`, `partition` or `block` is missing".to_owned()));
        }
        let (ids, folds) = (ids.as_string::<i32>(), folds.as_primitive::<UInt16Type>());
        let partitions = partitions.as_primitive::<UInt16Type>().values();
        let blocks = blocks.as_primitive::<UInt32Type>().values();
        for row in 0..batch.num_rows() {
            let list = left_out.value(row);
            self.found.push(Row {
                partition: partitions[row],
                cell: CellId::new(ids.value(row)),
                fold: folds.is_valid(row).then(|| folds.value(row)),
                block: blocks[row],
                left_out: list.as_primitive::<UInt16Type>().values().to_vec(),
            });
        }
        Ok(())
    }

    /// The plan of all rows, whose partitions are as `designs` say: how each came about, and how many folds it has.
    pub(super) fn finish(mut self, designs: Vec<(Design, u16)>) -> Result<FoldPlan, FoldError> {
        let folds: usize = designs.iter().map(|(_, folds)| usize::from(*folds)).sum();
        if designs.is_empty() || folds > 1000 || designs.iter().any(|(_, folds)| *folds == 0) {
            let found = designs.len();
            return Err(self.malformed(format!(
                "it has {found} partitions with {folds} folds; expected 1 to 1000 folds"
            )));
        }
        self.found.sort_by(|a, b| (a.partition, &a.cell).cmp(&(b.partition, &b.cell)));
        let per_partition = self.found.len() / designs.len();
        let mut cells = Vec::new();
        let mut partitions = Vec::new();
        let mut first = 0;
        for (number, (design, folds)) in (0_u16..).zip(designs) {
            let of = |row: &&Row| row.partition == number;
            let rows: Vec<&Row> = self.found.iter().filter(of).collect();
            self.check_ids(&rows, number, per_partition, &mut cells)?;
            partitions.push(self.partition(&rows, design, folds, first)?);
            first += folds;
        }
        if cells.is_empty() || partitions.len() * cells.len() != self.found.len() {
            let reason = "some rows belong to no partition, or there are none";
            return Err(self.malformed(reason.to_owned()));
        }
        Ok(FoldPlan { cells, partitions })
    }

    /// Checks that the rows of a partition speak of every cell once; the first partition says which there are.
    fn check_ids(
        &self,
        rows: &[&Row],
        number: u16,
        expected: usize,
        cells: &mut Vec<CellId>,
    ) -> Result<(), FoldError> {
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].cell == pair[1].cell) {
            return Err(FoldError::Duplicate { id: pair[0].cell.to_string() });
        }
        if number == 0 {
            cells.extend(rows.iter().map(|row| row.cell.clone()));
        }
        let same = rows.iter().map(|row| &row.cell).eq(cells.iter());
        if same && rows.len() == expected {
            return Ok(());
        }
        let found = rows.len();
        Err(self.malformed(format!(
            "partition {number} has {found} cells; expected the {expected} of all partitions"
        )))
    }

    /// The partition of `rows`, whose first fold has the number `first`.
    fn partition(
        &self,
        rows: &[&Row],
        design: Design,
        folds: u16,
        first: u16,
    ) -> Result<Partition, FoldError> {
        let own = |row: &Row, fold: u16| {
            let own = fold.checked_sub(first).filter(|own| *own < folds);
            own.ok_or_else(|| {
                let (id, last) = (&row.cell, first + folds - 1);
                self.malformed(format!("cell `{id}` is in fold {fold} of {first} to {last}"))
            })
        };
        let mut places = Vec::with_capacity(rows.len());
        let mut left_out = vec![Vec::new(); usize::from(folds)];
        for (cell, row) in (0_u32..).zip(rows) {
            let fold = row.fold.map(|fold| own(row, fold)).transpose()?;
            places.push(Place { fold, block: if self.is_former { cell } else { row.block } });
            for &fold in &row.left_out {
                left_out[usize::from(own(row, fold)?)].push(cell);
            }
        }
        Ok(Partition { design, folds, places, left_out })
    }

    fn malformed(&self, reason: String) -> FoldError {
        FoldError::Malformed { path: self.path.clone(), reason }
    }
}

/// The column of lists of folds, without missing values in it.
fn left_out(batch: &RecordBatch) -> Result<&ListArray, String> {
    let wrong = || "it has no column `left_out` of lists of 16-bit numbers".to_owned();
    let column = batch.column_by_name("left_out").ok_or_else(wrong)?;
    let lists = column.as_list_opt::<i32>().ok_or_else(wrong)?;
    let numbers = lists.values().as_any().downcast_ref::<UInt16Array>().ok_or_else(wrong)?;
    if lists.null_count() + numbers.null_count() > 0 {
        return Err("a value of `left_out` is missing".to_owned());
    }
    Ok(lists)
}
