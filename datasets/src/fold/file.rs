//! Fold plans as files: Parquet with a row for each cell in each partition.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ListBuilder, RecordBatch, StringArray, UInt16Array, UInt16Builder, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::rows::Rows;
use super::{Design, FoldError, FoldPlan, Partition, Scheme};
use crate::cells::{guarded, parquet_builder};
use crate::whole_file::WholeFile;

/// The key of the file's metadata that holds [`PlanMetadata`].
const KEY: &str = "tesela";
/// The version of the columns.
const FORMAT_VERSION: u32 = 2;
/// The version of plans with a single partition, at random.
const FORMER_VERSION: u32 = 1;

/// What a plan says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct PlanMetadata {
    format: u32,
    partitions: Vec<PartitionMetadata>,
    digest: String,
}

/// What a plan says about one of its partitions.
#[derive(Debug, Serialize, Deserialize)]
struct PartitionMetadata {
    design: Design,
    folds: u16,
}

/// What a plan of the former version says about itself.
#[derive(Debug, Deserialize)]
struct FormerMetadata {
    scheme: Scheme,
    folds: u16,
    seed: u64,
    digest: String,
}

impl FoldPlan {
    /// Writes the plan to `path`, as a whole.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FoldError> {
        self.try_save(path).map_err(|source| FoldError::Write { path: path.to_owned(), source })
    }

    fn try_save(&self, path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let batches = (0..self.partitions.len()).map(|number| self.columns(number));
        let batches = batches.collect::<Vec<_>>();
        let metadata = KeyValue::new(KEY.to_owned(), serde_json::to_string(&self.metadata())?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_key_value_metadata(Some(vec![metadata]))
            .set_created_by(format!("tesela {}", env!("CARGO_PKG_VERSION")))
            .build();
        let schema = Arc::new(schema());
        let file = WholeFile::create(path)?;
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        for columns in batches {
            writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
        }
        writer.into_inner()?.finish()?;
        Ok(())
    }

    fn metadata(&self) -> PlanMetadata {
        let one = |partition: &Partition| PartitionMetadata {
            design: partition.design.clone(),
            folds: partition.folds,
        };
        let partitions = self.partitions.iter().map(one).collect();
        PlanMetadata { format: FORMAT_VERSION, partitions, digest: self.digest() }
    }

    /// The columns of partition `number`, in the order of [`schema`].
    fn columns(&self, number: usize) -> Vec<ArrayRef> {
        let partition = &self.partitions[number];
        let first = self.first_fold(number);
        let name =
            |fold: usize| u16::try_from(first + fold).expect("a plan has at most 1000 folds");
        let mut left_out = vec![Vec::new(); self.len()];
        for (fold, cells) in partition.left_out.iter().enumerate() {
            for &cell in cells {
                left_out[cell as usize].push(name(fold));
            }
        }
        let mut lists = ListBuilder::new(UInt16Builder::new()).with_field(item());
        for folds in left_out {
            lists.values().append_slice(&folds);
            lists.append(true);
        }
        let ids: StringArray = self.cells.iter().map(|id| Some(id.as_str())).collect();
        let places = partition.places.iter();
        let folds: UInt16Array =
            places.clone().map(|place| place.fold.map(|fold| name(usize::from(fold)))).collect();
        let blocks: UInt32Array = places.map(|place| Some(place.block)).collect();
        let number = u16::try_from(number).expect("a plan has at most 1000 partitions");
        let numbers = UInt16Array::from(vec![number; self.len()]);
        vec![
            Arc::new(ids),
            Arc::new(numbers),
            Arc::new(folds),
            Arc::new(blocks),
            Arc::new(lists.finish()),
        ]
    }

    /// Reads the plan at `path`; one of the former version has a single partition, at random.
    ///
    /// # Errors
    /// If the file cannot be read, is no fold plan, or was changed since it was written.
    pub fn load(path: &Path) -> Result<Self, FoldError> {
        guarded(|| Self::try_load(path)).unwrap_or_else(|stopped| {
            Err(FoldError::Read { path: path.to_owned(), source: stopped.into() })
        })
    }

    fn try_load(path: &Path) -> Result<Self, FoldError> {
        let failed = |source| FoldError::Read { path: path.to_owned(), source };
        let malformed = |reason| FoldError::Malformed { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|error| failed(error.into()))?;
        let builder = parquet_builder(file).map_err(|error| failed(error.into()))?;
        let entries = builder.metadata().file_metadata().key_value_metadata();
        let entry = entries.and_then(|entries| entries.iter().find(|entry| entry.key == KEY));
        let text = entry.and_then(|entry| entry.value.as_deref());
        let text = text.ok_or_else(|| malformed(format!("its metadata have no key `{KEY}`")))?;
        let (metadata, is_former) = read_metadata(text).map_err(malformed)?;
        let mut rows = Rows::new(path, is_former);
        for batch in builder.build().map_err(|error| failed(error.into()))? {
            rows.read(&batch.map_err(|error| failed(error.into()))?)?;
        }
        let designs = metadata.partitions.into_iter();
        let designs = designs.map(|partition| (partition.design, partition.folds));
        let plan = rows.finish(designs.collect())?;
        let found = plan.digest();
        if found != metadata.digest {
            let named = metadata.digest;
            return Err(malformed(format!("its digest is {found}, and it names {named}")));
        }
        Ok(plan)
    }
}

/// The metadata, and whether they are of the former version.
fn read_metadata(text: &str) -> Result<(PlanMetadata, bool), String> {
    let unreadable = |error: serde_json::Error| format!("key `{KEY}`: {error}");
    let value: serde_json::Value = serde_json::from_str(text).map_err(unreadable)?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    if format == Some(u64::from(FORMAT_VERSION)) {
        return Ok((serde_json::from_value(value).map_err(unreadable)?, false));
    }
    if format != Some(u64::from(FORMER_VERSION)) {
        let found =
            format.map_or_else(|| "no format".to_owned(), |format| format!("format {format}"));
        return Err(format!("{found}; this build reads {FORMER_VERSION} and {FORMAT_VERSION}"));
    }
    let FormerMetadata { scheme, folds, seed, digest } =
        serde_json::from_value(value).map_err(unreadable)?;
    let design = Design::new(scheme, 0, seed);
    let partitions = vec![PartitionMetadata { design, folds }];
    Ok((PlanMetadata { format: FORMER_VERSION, partitions, digest }, true))
}

fn item() -> Field {
    Field::new("item", DataType::UInt16, false)
}

fn schema() -> Schema {
    Schema::new(vec![
        Field::new("cell_id", DataType::Utf8, false),
        Field::new("partition", DataType::UInt16, false),
        Field::new("fold", DataType::UInt16, true),
        Field::new("block", DataType::UInt32, false),
        Field::new("left_out", DataType::List(Arc::new(item())), false),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::{CellId, Point};
    use crate::class::{ClassId, ClassMap, Label};
    use crate::fold::{BlockSize, FoldCount, Roster};
    use proptest::prelude::*;

    fn roster(count: usize) -> Roster {
        let classes = ClassMap::new(["a", "b"]).unwrap();
        let cell =
            |index| (CellId::new(format!("E{index}")), Label::Class(ClassId::new(index % 2)));
        let cells: Vec<_> = (0..count).map(cell).collect();
        Roster::new(&cells, &classes).unwrap()
    }

    /// A plan of all schemes.
    fn plan(count: usize, seed: u64) -> FoldPlan {
        let roster = roster(count);
        let point = |index: usize| Point { x: (index % 10) as f64, y: (index / 10) as f64 };
        let points: Vec<_> = (0..count).map(|index| Some(point(index))).collect();
        let names: Vec<_> = (0..count).map(|index| Some(["x", "y"][index / 2 % 2])).collect();
        let folds = FoldCount::new(3).unwrap();
        let size = BlockSize { side: 1.5, buffer: 1.0 };
        let partitions = [
            Partition::random(&roster, folds, seed, 0),
            Partition::random(&roster, folds, seed + 1, 1),
            Partition::blocks(&roster, &points, size, folds, seed, 0),
            Partition::regions(&roster, &names, folds, seed),
            Partition::held_out_share(&roster, 0.3, seed),
        ];
        FoldPlan::new(&roster, partitions.into_iter().flatten().collect()).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn plans_survive(count in 40_usize..150, seed in 0..u64::MAX) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("folds.parquet");
            let plan = plan(count, seed);
            plan.save(&path).unwrap();
            prop_assert_eq!(FoldPlan::load(&path).unwrap(), plan);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_damaged_plan_is_refused_or_the_same(
            at in any::<prop::sample::Index>(), value in any::<u8>()
        ) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("folds.parquet");
            let plan = plan(60, 1);
            plan.save(&path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = value;
            std::fs::write(&path, bytes).unwrap();
            if let Ok(read) = FoldPlan::load(&path) {
                prop_assert_eq!(&read.cells, &plan.cells);
                for (read, own) in read.partitions.iter().zip(&plan.partitions) {
                    prop_assert_eq!(&read.places, &own.places);
                    prop_assert_eq!(&read.left_out, &own.left_out);
                }
            }
        }
    }

    /// Writes a plan as the former version did.
    fn save_former(path: &Path, plan: &FoldPlan) {
        let schema = Arc::new(Schema::new(vec![
            Field::new("cell_id", DataType::Utf8, false),
            Field::new("fold", DataType::UInt16, false),
        ]));
        let ids: StringArray = plan.cells.iter().map(|id| Some(id.as_str())).collect();
        let folds: UInt16Array = plan.partitions[0].places.iter().map(|place| place.fold).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(folds)];
        let text = format!(
            r#"{{"format":1,"scheme":"stratified","folds":3,"seed":1,"digest":"{}"}}"#,
            plan.digest()
        );
        let properties = WriterProperties::builder()
            .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_owned(), text)]))
            .build();
        let file = File::create(path).unwrap();
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).unwrap();
        writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn a_plan_of_the_former_version_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("folds.parquet");
        let roster = roster(50);
        let random = Partition::random(&roster, FoldCount::new(3).unwrap(), 1, 0).unwrap();
        let plan = FoldPlan::new(&roster, vec![random]).unwrap();
        save_former(&path, &plan);
        assert_eq!(FoldPlan::load(&path).unwrap(), plan);
    }

    #[test]
    fn other_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("folds.parquet");
        assert!(matches!(FoldPlan::load(&path), Err(FoldError::Read { .. })));
        std::fs::write(&path, b"cell_id,fold\n").unwrap();
        assert!(matches!(FoldPlan::load(&path), Err(FoldError::Read { .. })));
        let newer = read_metadata(r#"{"format":3}"#).unwrap_err();
        assert_eq!(newer, "format 3; this build reads 1 and 2");
    }
}
