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
use crate::training::{HeldOutCell, Operation};

/// Rows that are encoded at a time.
const BATCH: usize = 8192;

/// The held-out cells of one partition that not all runs take for the same class, be it the most probable one or that of the
/// operating point.
#[derive(Debug)]
pub struct Differences {
    classes: ClassMap,
    /// The store of the first run, where outlines come from.
    store: PathBuf,
    runs: Vec<RunDecisions>,
    cells: Vec<HeldOutCell>,
    all: HeadlineDecisions,
}

/// What the runs take every cell of the partition for: by their operating points where all have one, else by the most probable
/// class.
#[derive(Debug)]
pub struct HeadlineDecisions {
    /// The cells.
    pub cells: Vec<CellId>,
    /// The known class of each cell.
    pub known: Vec<ClassId>,
    /// The class of each cell by each run, `[run][cell]`.
    pub runs: Vec<Vec<ClassId>>,
}

/// What one run says about these cells.
#[derive(Debug)]
struct RunDecisions {
    name: String,
    decisions: Vec<ClassId>,
    probabilities: Vec<Vec<f32>>,
    /// What the operating point of the run decides; `None` where some run has none.
    by_operating_point: Option<Vec<ClassId>>,
}

impl Differences {
    pub(super) fn of(
        runs: &[PairedRun<'_>],
        operations: Option<&[Operation]>,
        partition: usize,
    ) -> Self {
        let all: Vec<_> = runs.iter().map(|run| run.partition(partition)).collect();
        let probable: Vec<Vec<ClassId>> = all.iter().map(PartitionCells::decisions).collect();
        let decided = operations.map(|operations| {
            let classes = |own: &Operation| own.fitted.assessment.classes.clone();
            operations.iter().map(classes).collect::<Vec<_>>()
        });
        let differ = |decisions: &[Vec<ClassId>], place: usize| {
            decisions.iter().any(|run| run[place] != decisions[0][place])
        };
        let places: Vec<usize> = (0..probable[0].len())
            .filter(|&place| {
                differ(&probable, place)
                    || decided.as_ref().is_some_and(|decided| differ(decided, place))
            })
            .collect();
        let at = |decisions: &[ClassId]| places.iter().map(|&place| decisions[place]).collect();
        let of_run = |(place, run): (usize, &PairedRun<'_>)| RunDecisions {
            name: run.name.clone(),
            decisions: at(&probable[place]),
            probabilities: places
                .iter()
                .map(|&cell| all[place].probabilities[cell].clone())
                .collect(),
            by_operating_point: decided.as_ref().map(|decided| at(&decided[place])),
        };
        Self {
            classes: runs[0].classes().clone(),
            store: runs[0].directory.manifest().store.clone(),
            runs: runs.iter().enumerate().map(of_run).collect(),
            cells: places.iter().map(|&place| all[0].cells[place].clone()).collect(),
            all: HeadlineDecisions {
                cells: all[0].cells.iter().map(|cell| cell.cell.clone()).collect(),
                known: all[0].cells.iter().map(|cell| cell.label).collect(),
                runs: decided.unwrap_or(probable),
            },
        }
    }

    /// The store of the first run.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// What the runs take every cell for, also where they agree.
    pub fn decisions(&self) -> &HeadlineDecisions {
        &self.all
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether all runs decide the same about every cell.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Writes the cells to `path`: the columns of a table of cells, `fold`, and for each run `class_<run>`, the most probable
    /// one, `probability_<class>_<run>`, and `decided_<run>`, what its operating point decides, where all runs have one. Gives a
    /// remark where the store of the first run, which knows the outlines, is not there any more or has changed: the table then has none.
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
            if run.by_operating_point.is_some() {
                fields.push(field(format!("decided_{}", run.name), DataType::Utf8));
            }
        }
        fields
    }

    fn columns(&self, rows: std::ops::Range<usize>) -> Vec<ArrayRef> {
        let folds: UInt16Array =
            self.cells[rows.clone()].iter().map(|cell| Some(cell.fold)).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(folds)];
        for run in &self.runs {
            columns.push(self.names(&run.decisions[rows.clone()]));
            for class in self.classes.ids() {
                let values =
                    run.probabilities[rows.clone()].iter().map(|row| Some(row[class.index()]));
                columns.push(Arc::new(values.collect::<Float32Array>()));
            }
            if let Some(decided) = &run.by_operating_point {
                columns.push(self.names(&decided[rows.clone()]));
            }
        }
        columns
    }

    fn names(&self, classes: &[ClassId]) -> ArrayRef {
        let names = classes.iter().map(|&class| Some(self.classes.name(class)));
        Arc::new(names.collect::<StringArray>())
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
