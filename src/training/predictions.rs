//! Predictions: what was known and what was predicted about each cell, as a table.
//!
//! Parquet with the columns `cell_id`, `fold`, `label` and `p_<class>` for each class. Rows without used
//! pixels hold `NaN`.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, RecordBatch, StringArray, UInt16Array};
use arrow::datatypes::{DataType, Field, Float32Type, Schema, UInt16Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tesela_datasets::cell::CellId;
use tesela_datasets::cells::{guarded, parquet_builder};
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::whole_file::WholeFile;

use super::TrainingError;
use crate::metrics::Outcomes;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// What was known and what was predicted about some cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    classes: ClassMap,
    rows: Vec<Row>,
    probabilities: Vec<f32>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    cell: CellId,
    fold: u16,
    label: ClassId,
}

impl Predictions {
    /// Nothing yet about cells of `classes`.
    pub fn new(classes: ClassMap) -> Self {
        Self { classes, rows: Vec::new(), probabilities: Vec::new() }
    }

    /// Adds a cell that was held out in `fold`.
    ///
    /// # Panics
    /// If there is not one probability per class, or the fold is beyond what plans can have.
    pub fn push(&mut self, cell: &CellId, fold: usize, label: ClassId, probabilities: &[f32]) {
        assert_eq!(probabilities.len(), self.classes.len(), "one probability per class");
        let fold = u16::try_from(fold).expect("a plan has at most 1000 folds");
        self.rows.push(Row { cell: cell.clone(), fold, label });
        self.probabilities.extend_from_slice(probabilities);
    }

    /// Appends the cells of `other`.
    pub fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.probabilities.extend(other.probabilities);
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The cells.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &CellId> {
        self.rows.iter().map(|row| &row.cell)
    }

    /// What is scored.
    pub fn outcomes(&self) -> Outcomes {
        let mut outcomes = Outcomes::new(self.classes.len());
        let rows = self.rows.iter().zip(self.probabilities.chunks_exact(self.classes.len()));
        for (row, probabilities) in rows {
            outcomes.push(row.label, probabilities);
        }
        outcomes
    }

    /// The `count` cells with the lowest probability of their class, the lowest first and of equal ones those with
    /// the lower id. Cells that nothing was predicted of are left out.
    pub(super) fn worst(&self, count: usize) -> Vec<(f32, CellId)> {
        let rows = self.rows.iter().zip(self.probabilities.chunks_exact(self.classes.len()));
        let own = rows.map(|(row, probabilities)| (probabilities[row.label.index()], &row.cell));
        let mut known: Vec<(f32, &CellId)> = own.filter(|(own, _)| !own.is_nan()).collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        known.into_iter().take(count).map(|(own, cell)| (own, cell.clone())).collect()
    }

    /// The cells in order of their ids.
    #[must_use]
    pub fn sorted(self) -> Self {
        let width = self.classes.len();
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|&a, &b| self.rows[a].cell.cmp(&self.rows[b].cell));
        let rows = order.iter().map(|&index| self.rows[index].clone()).collect();
        let probabilities = order
            .iter()
            .flat_map(|&index| &self.probabilities[index * width..(index + 1) * width])
            .copied()
            .collect();
        Self { classes: self.classes, rows, probabilities }
    }

    /// Writes the table to `path`, as a whole.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainingError> {
        self.try_save(path).map_err(|error| TrainingError::write(path, error))
    }

    fn try_save(&self, path: &Path) -> Result<(), AnyError> {
        let schema = Arc::new(schema(&self.classes));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by(format!("tesela {}", env!("CARGO_PKG_VERSION")))
            .build();
        let file = WholeFile::create(path)?;
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        writer.write(&RecordBatch::try_new(schema, self.columns())?)?;
        writer.into_inner()?.finish()?;
        Ok(())
    }

    fn columns(&self) -> Vec<ArrayRef> {
        let rows = self.rows.iter();
        let ids: StringArray = rows.clone().map(|row| Some(row.cell.as_str())).collect();
        let folds: UInt16Array = rows.clone().map(|row| Some(row.fold)).collect();
        let labels: StringArray = rows.map(|row| Some(self.classes.name(row.label))).collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(folds), Arc::new(labels)];
        for class in self.classes.ids() {
            let values = self.probabilities.iter().skip(class.index()).step_by(self.classes.len());
            columns.push(Arc::new(values.copied().map(Some).collect::<Float32Array>()));
        }
        columns
    }

    /// Reads the table at `path`, which speaks of `classes`.
    ///
    /// # Errors
    /// If the file cannot be read, or is not such a table.
    pub fn load(path: &Path, classes: &ClassMap) -> Result<Self, TrainingError> {
        let loaded = guarded(|| Self::try_load(path, classes));
        loaded
            .unwrap_or_else(|stopped| Err(stopped.into()))
            .map_err(|error| TrainingError::read(path, error))
    }

    fn try_load(path: &Path, classes: &ClassMap) -> Result<Self, AnyError> {
        let builder = parquet_builder(File::open(path)?)?;
        let expected = schema(classes);
        let found = builder.schema().fields().iter().map(|field| (field.name(), field.data_type()));
        if !found.eq(expected.fields().iter().map(|field| (field.name(), field.data_type()))) {
            let names: Vec<&str> =
                expected.fields().iter().map(|field| field.name().as_str()).collect();
            return Err(format!("the columns differ; expected {}", names.join(", ")).into());
        }
        let mut all = Self::new(classes.clone());
        for batch in builder.build()? {
            all.read(&batch?)?;
        }
        Ok(all)
    }

    fn read(&mut self, batch: &RecordBatch) -> Result<(), AnyError> {
        if batch.columns().iter().any(|column| column.null_count() > 0) {
            return Err("a value is missing".into());
        }
        let ids = batch.column(0).as_string::<i32>();
        let folds = batch.column(1).as_primitive::<UInt16Type>();
        let labels = batch.column(2).as_string::<i32>();
        for row in 0..batch.num_rows() {
            let name = labels.value(row);
            let label = self.classes.id(name).ok_or_else(|| format!("unknown class `{name}`"))?;
            let cell = CellId::new(ids.value(row));
            self.rows.push(Row { cell, fold: folds.value(row), label });
            for column in &batch.columns()[3..] {
                self.probabilities.push(column.as_primitive::<Float32Type>().value(row));
            }
        }
        Ok(())
    }
}

fn schema(classes: &ClassMap) -> Schema {
    let mut fields = vec![
        Field::new("cell_id", DataType::Utf8, false),
        Field::new("fold", DataType::UInt16, false),
        Field::new("label", DataType::Utf8, false),
    ];
    let names = classes.names().iter();
    fields.extend(names.map(|name| Field::new(format!("p_{name}"), DataType::Float32, false)));
    Schema::new(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> Predictions {
        let mut predictions = Predictions::new(ClassMap::new(["a", "b"]).unwrap());
        predictions.push(&CellId::new("y"), 1, ClassId::new(1), &[0.25, 0.75]);
        predictions.push(&CellId::new("x"), 0, ClassId::new(0), &[0.5, 0.5]);
        predictions
    }

    #[test]
    fn tables_survive_and_are_the_same_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let (first, second) =
            (directory.path().join("1.parquet"), directory.path().join("2.parquet"));
        some().save(&first).unwrap();
        let read = Predictions::load(&first, &ClassMap::new(["a", "b"]).unwrap()).unwrap();
        assert_eq!(read, some());
        read.save(&second).unwrap();
        assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
    }

    #[test]
    fn tables_of_other_classes_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.parquet");
        some().save(&path).unwrap();
        let error = Predictions::load(&path, &ClassMap::new(["a", "c"]).unwrap()).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "the columns differ; expected cell_id, fold, label, p_a, p_c");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn damaged_tables_are_read_as_written_or_refused(
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            length in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("p.parquet");
            some().save(&path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if let Some(length) = length {
                bytes.truncate(length.index(bytes.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            let classes = ClassMap::new(["a", "b"]).unwrap();
            let read = Predictions::load(&path, &classes);
            prop_assert!(length.is_none() || read.is_err());
        }
    }

    #[test]
    fn sorting_moves_whole_rows() {
        let sorted = some().sorted();
        let ids: Vec<&str> = sorted.cells().map(CellId::as_str).collect();
        assert_eq!(ids, ["x", "y"]);
        assert_eq!(sorted.probabilities, [0.5, 0.5, 0.25, 0.75]);
    }
}
