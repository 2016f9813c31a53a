//! Predictions: what was known and what was predicted about each cell, as a table.
//!
//! Parquet with the columns `cell_id`, `fold`, `label`, `partition`, `block` and `p_<class>` for each class. A cell has a
//! row in every partition that holds it out; `block` says which cells stay together. Rows without used pixels hold `NaN`.
//! Where the target prevalence tells strata apart, `stratum` after `block` names that of the cell.
//! Tables of the former version, without `partition` and `block`, are read, too: as one partition in which each cell is a
//! block of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, RecordBatch, StringArray, UInt16Array, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Float32Type, Schema, UInt16Type, UInt32Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tesela_datasets::cell::CellId;
use tesela_datasets::cells::{guarded, parquet_builder};
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::whole_file::WholeFile;

use super::{StratumNumbers, TrainingError};
use crate::metrics::{Outcomes, Prevalence};
use crate::statistics::Decided;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// What was known and what was predicted about some cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    classes: ClassMap,
    rows: Vec<HeldOutCell>,
    probabilities: Vec<f32>,
}

/// A cell that was held out, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOutCell {
    /// The cell.
    pub cell: CellId,
    /// The partition of the fold plan, counted from 0.
    pub partition: u16,
    /// The fold; folds are numbered through all partitions.
    pub fold: u16,
    /// What stays together in its partition.
    pub block: u32,
    /// What was known about it.
    pub label: ClassId,
    /// Where it lies, where the target prevalence tells strata apart.
    pub stratum: Option<Arc<str>>,
}

impl Predictions {
    /// Nothing yet about cells of `classes`.
    pub fn new(classes: ClassMap) -> Self {
        Self { classes, rows: Vec::new(), probabilities: Vec::new() }
    }

    /// Adds a cell that was held out.
    ///
    /// # Panics
    /// If there is not one probability per class.
    pub fn push(&mut self, cell: HeldOutCell, probabilities: &[f32]) {
        assert_eq!(probabilities.len(), self.classes.len(), "one probability per class");
        self.rows.push(cell);
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

    /// The classes, in the order of the probabilities.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// Each cell with its probabilities, one per class.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (&HeldOutCell, &[f32])> {
        self.rows.iter().zip(self.probabilities.chunks_exact(self.classes.len()))
    }

    /// The rows of partition `partition`.
    #[must_use]
    pub fn of_partition(&self, partition: usize) -> Self {
        let mut own = Self::new(self.classes.clone());
        for (cell, probabilities) in self.rows() {
            if usize::from(cell.partition) == partition {
                own.push(cell.clone(), probabilities);
            }
        }
        own
    }

    /// What is scored, by the strata of `target` where it tells them apart.
    pub fn outcomes(&self, target: Option<&Prevalence>) -> Outcomes {
        let strata = self.strata(target);
        let mut outcomes = strata.outcomes(self.classes.len());
        for (index, (row, probabilities)) in self.rows().enumerate() {
            outcomes.push_in(strata.at(index), row.label, probabilities);
        }
        outcomes
    }

    /// The cells of which something was predicted, each taken for its most probable class, in the blocks that they were held out
    /// in; by the strata of `target` where it tells them apart.
    pub(crate) fn most_probable(&self, target: Option<&Prevalence>) -> Decided {
        let known = |row: &HeldOutCell, own: &[f32]| {
            own.iter().all(|value| !value.is_nan()).then_some(row.block)
        };
        let blocks: Vec<u32> = self.rows().filter_map(|(row, own)| known(row, own)).collect();
        Decided::most_probable(self.outcomes(target)).with_blocks(&blocks)
    }

    /// The stratum of each cell in `target`.
    pub(crate) fn strata(&self, target: Option<&Prevalence>) -> StratumNumbers {
        StratumNumbers::of(self.rows.iter(), target)
    }

    /// Whether every cell has a stratum.
    fn is_stratified(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.stratum.is_some())
    }

    /// The `count` cells with the lowest probability of their class, the lowest first and of equal ones those with
    /// the lower id. Cells that nothing was predicted of are left out.
    pub(super) fn worst(&self, count: usize) -> Vec<(f32, CellId)> {
        let own =
            self.rows().map(|(row, probabilities)| (probabilities[row.label.index()], &row.cell));
        let mut known: Vec<(f32, &CellId)> = own.filter(|(own, _)| !own.is_nan()).collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        known.into_iter().take(count).map(|(own, cell)| (own, cell.clone())).collect()
    }

    /// The cells in order of partitions, and of their ids.
    #[must_use]
    pub fn sorted(self) -> Self {
        let width = self.classes.len();
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        let key = |row: &usize| (self.rows[*row].partition, &self.rows[*row].cell);
        order.sort_by(|a, b| key(a).cmp(&key(b)));
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
        let places = if self.is_stratified() { &STRATA[..] } else { &STRATA[..PLACES] };
        let schema = Arc::new(schema(&self.classes, places));
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
        let labels: StringArray =
            rows.clone().map(|row| Some(self.classes.name(row.label))).collect();
        let partitions: UInt16Array = rows.clone().map(|row| Some(row.partition)).collect();
        let blocks: UInt32Array = rows.clone().map(|row| Some(row.block)).collect();
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(ids),
            Arc::new(folds),
            Arc::new(labels),
            Arc::new(partitions),
            Arc::new(blocks),
        ];
        if self.is_stratified() {
            let strata: StringArray = rows.map(|row| row.stratum.as_deref()).collect();
            columns.push(Arc::new(strata));
        }
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
        let found = builder.schema().fields().iter();
        let found: Vec<_> = found.map(|field| (field.name(), field.data_type())).collect();
        let is_like = |places: &[(&str, DataType)]| {
            let expected = schema(classes, places);
            let fields = expected.fields().iter().map(|field| (field.name(), field.data_type()));
            found.iter().copied().eq(fields)
        };
        let places = [0, PLACES, STRATA.len()].into_iter().find(|&count| is_like(&STRATA[..count]));
        let Some(places) = places else {
            let expected = schema(classes, &STRATA[..PLACES]);
            let names: Vec<&str> =
                expected.fields().iter().map(|field| field.name().as_str()).collect();
            return Err(format!("the columns differ; expected {}", names.join(", ")).into());
        };
        let mut all = Self::new(classes.clone());
        let mut known = BTreeMap::new();
        for batch in builder.build()? {
            all.read(&batch?, places, &mut known)?;
        }
        Ok(all)
    }

    /// Adds the rows of `batch`, which has so many columns of places; `known` are the strata met so far.
    fn read(
        &mut self,
        batch: &RecordBatch,
        places: usize,
        known: &mut BTreeMap<String, Arc<str>>,
    ) -> Result<(), AnyError> {
        if batch.columns().iter().any(|column| column.null_count() > 0) {
            return Err("a value is missing".into());
        }
        let ids = batch.column(0).as_string::<i32>();
        let folds = batch.column(1).as_primitive::<UInt16Type>();
        let labels = batch.column(2).as_string::<i32>();
        let first = 3 + places;
        let strata = (places > PLACES).then(|| batch.column(3 + PLACES).as_string::<i32>());
        for row in 0..batch.num_rows() {
            let name = labels.value(row);
            let label = self.classes.id(name).ok_or_else(|| format!("unknown class `{name}`"))?;
            let (partition, block) = if places == 0 {
                (0, u32::try_from(self.rows.len())?)
            } else {
                let partitions = batch.column(3).as_primitive::<UInt16Type>();
                (partitions.value(row), batch.column(4).as_primitive::<UInt32Type>().value(row))
            };
            let (cell, fold) = (CellId::new(ids.value(row)), folds.value(row));
            let stratum = strata.map(|strata| {
                let name = strata.value(row);
                let known = known.entry(name.to_owned()).or_insert_with(|| Arc::from(name));
                known.clone()
            });
            self.rows.push(HeldOutCell { cell, partition, fold, block, label, stratum });
            for column in &batch.columns()[first..] {
                self.probabilities.push(column.as_primitive::<Float32Type>().value(row));
            }
        }
        Ok(())
    }
}

/// The columns that tell where a cell was held out, and in which stratum it lies.
const STRATA: [(&str, DataType); 3] =
    [("partition", DataType::UInt16), ("block", DataType::UInt32), ("stratum", DataType::Utf8)];
/// How many of them are always there, but in the former version, which has none.
const PLACES: usize = 2;

fn schema(classes: &ClassMap, places: &[(&str, DataType)]) -> Schema {
    let mut fields = vec![
        Field::new("cell_id", DataType::Utf8, false),
        Field::new("fold", DataType::UInt16, false),
        Field::new("label", DataType::Utf8, false),
    ];
    let places = places.iter();
    fields.extend(places.map(|(name, kind)| Field::new(*name, kind.clone(), false)));
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
        predictions.push(cell("y", 0, 1), &[0.25, 0.75]);
        predictions.push(cell("x", 1, 2), &[0.125, 0.875]);
        predictions.push(cell("x", 0, 0), &[0.5, 0.5]);
        predictions
    }

    fn cell(id: &str, partition: u16, fold: u16) -> HeldOutCell {
        let label = ClassId::new(usize::from(fold) % 2);
        HeldOutCell { cell: CellId::new(id), partition, fold, block: 7, label, stratum: None }
    }

    #[test]
    fn strata_have_a_column_where_they_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.parquet");
        let classes = ClassMap::new(["a", "b"]).unwrap();
        let mut stratified = Predictions::new(classes.clone());
        for (number, (one, row)) in some().rows().enumerate() {
            let stratum = Some(["north", "south"][number % 2].into());
            stratified.push(HeldOutCell { stratum, ..one.clone() }, row);
        }
        stratified.save(&path).unwrap();
        let read = Predictions::load(&path, &classes).unwrap();
        assert_eq!(read, stratified);
        assert_eq!(read.sorted().rows().next().unwrap().0.stratum.as_deref(), Some("north"));
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
        assert_eq!(
            cause,
            "the columns differ; expected cell_id, fold, label, partition, block, p_a, p_c"
        );
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
        assert_eq!(ids, ["x", "y", "x"]);
        assert_eq!(sorted.probabilities, [0.5, 0.5, 0.25, 0.75, 0.125, 0.875]);
        assert_eq!(sorted.of_partition(1).probabilities, [0.125, 0.875]);
    }

    #[test]
    fn a_table_of_the_former_version_is_a_single_partition() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p.parquet");
        let predictions = some().of_partition(0);
        let mut columns = predictions.columns();
        columns.drain(3..5);
        let schema = Arc::new(schema(&predictions.classes, &[]));
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema.clone(), None).unwrap();
        writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
        writer.close().unwrap();
        let read = Predictions::load(&path, &predictions.classes).unwrap();
        let places: Vec<_> = read.rows.iter().map(|row| (row.partition, row.block)).collect();
        assert_eq!(places, [(0, 0), (0, 1)]);
        assert_eq!(read.probabilities, predictions.probabilities);
    }
}
