//! The cells that runs decide differently about, as a table with their outlines.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, StringArray, UInt16Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use tesela_datasets::cell::{Cell, CellId};
use tesela_datasets::cells::{CellTableHeader, CellTableWriter, Crs};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::store::StoreReader;

use super::ComparisonError;
use super::paired::{PairedRun, PartitionCells};
use crate::training::HeldOutCell;

/// Rows that are encoded at a time.
const BATCH: usize = 8192;

/// The held-out cells of one partition that not all runs take for the same class.
#[derive(Debug)]
pub struct Differences {
    classes: ClassMap,
    /// The store of the first run, where outlines come from.
    store: PathBuf,
    runs: Vec<RunDecisions>,
    cells: Vec<HeldOutCell>,
}

/// What one run says about these cells.
#[derive(Debug)]
struct RunDecisions {
    name: String,
    decisions: Vec<ClassId>,
    probabilities: Vec<Vec<f32>>,
}

impl Differences {
    pub(super) fn of(runs: &[PairedRun], partition: usize) -> Self {
        let all: Vec<_> = runs.iter().map(|run| run.partition(partition)).collect();
        let decisions: Vec<Vec<ClassId>> = all.iter().map(PartitionCells::decisions).collect();
        let differ =
            |place: &usize| decisions.iter().any(|run| run[*place] != decisions[0][*place]);
        let places: Vec<usize> = (0..decisions[0].len()).filter(differ).collect();
        let of_run = |((run, cells), decisions): ((&PairedRun, &PartitionCells), &Vec<ClassId>)| {
            RunDecisions {
                name: run.name.clone(),
                decisions: places.iter().map(|&place| decisions[place]).collect(),
                probabilities: places
                    .iter()
                    .map(|&place| cells.probabilities[place].clone())
                    .collect(),
            }
        };
        Self {
            classes: runs[0].classes().clone(),
            store: runs[0].directory.manifest().store.clone(),
            runs: runs.iter().zip(&all).zip(&decisions).map(of_run).collect(),
            cells: places.iter().map(|&place| all[0].cells[place].clone()).collect(),
        }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether all runs decide the same about every cell.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Writes the cells to `path`: the columns of a table of cells, `fold`, and for each run `class_<run>` and
    /// `probability_<class>_<run>`. Gives a remark where the store of the first run, which knows the outlines, is not
    /// there any more or has changed: the table then has none.
    pub(super) fn write(&self, path: &Path) -> Result<Option<String>, ComparisonError> {
        let (ground, remark) = match Ground::open(&self.store) {
            Ok(ground) => (ground, None),
            Err(reason) => (Ground::default(), Some(reason)),
        };
        let header = CellTableHeader { classes: self.classes.clone(), crs: ground.crs.clone() };
        let mut writer = CellTableWriter::with_extra(path, &header, &self.fields())?;
        for start in (0..self.cells.len()).step_by(BATCH) {
            let rows = start..(start + BATCH).min(self.cells.len());
            let cells: Vec<Cell> =
                self.cells[rows.clone()].iter().map(|cell| ground.cell(cell)).collect();
            writer.append_extra(cells.iter(), self.columns(rows))?;
        }
        writer.finish()?;
        Ok(remark)
    }

    fn fields(&self) -> Vec<FieldRef> {
        let field = |name: String, kind| Arc::new(Field::new(name, kind, false)) as FieldRef;
        let mut fields = vec![field("fold".to_owned(), DataType::UInt16)];
        for run in &self.runs {
            fields.push(field(format!("class_{}", run.name), DataType::Utf8));
            for class in self.classes.names() {
                fields.push(field(format!("probability_{class}_{}", run.name), DataType::Float32));
            }
        }
        fields
    }

    fn columns(&self, rows: std::ops::Range<usize>) -> Vec<ArrayRef> {
        let folds: UInt16Array =
            self.cells[rows.clone()].iter().map(|cell| Some(cell.fold)).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(folds)];
        for run in &self.runs {
            let names =
                run.decisions[rows.clone()].iter().map(|&class| Some(self.classes.name(class)));
            columns.push(Arc::new(names.collect::<StringArray>()));
            for class in self.classes.ids() {
                let values =
                    run.probabilities[rows.clone()].iter().map(|row| Some(row[class.index()]));
                columns.push(Arc::new(values.collect::<Float32Array>()));
            }
        }
        columns
    }
}

/// Where cells lie.
#[derive(Default)]
struct Ground {
    crs: Option<Crs>,
    /// Looked up by id alone, so its order reaches no result.
    cells: HashMap<CellId, Cell>,
}

impl Ground {
    fn open(store: &Path) -> Result<Self, String> {
        let reader = StoreReader::open(store).map_err(|error| {
            format!(
                "the cells that differ have no outlines: the store `{}` cannot be read: {error}",
                store.display()
            )
        })?;
        let cells = reader.cells().iter().map(|one| (one.cell.id.clone(), one.cell.clone()));
        Ok(Self { crs: reader.definition().crs.clone(), cells: cells.collect() })
    }

    /// The cell with the label that the runs know it by.
    fn cell(&self, held_out: &HeldOutCell) -> Cell {
        let label = Label::Class(held_out.label);
        match self.cells.get(&held_out.cell) {
            Some(cell) => Cell { label, ..cell.clone() },
            None => Cell { id: held_out.cell.clone(), label, outline: None, year: None },
        }
    }
}
