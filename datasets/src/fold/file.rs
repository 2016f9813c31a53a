//! Fold plans as files: Parquet with the columns `cell_id` and `fold`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray, UInt16Array};
use arrow::datatypes::{DataType, Field, Schema, UInt16Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::{FoldCount, FoldError, FoldPlan, Scheme};
use crate::cell::CellId;
use crate::cells::{guarded, parquet_builder, table_column};
use crate::whole_file::WholeFile;

/// The key of the file's metadata that holds [`PlanMetadata`].
const KEY: &str = "tesela";
/// The version of the columns.
const FORMAT_VERSION: u32 = 1;

/// What a plan says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct PlanMetadata {
    format: u32,
    scheme: Scheme,
    folds: FoldCount,
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
        let schema = Arc::new(Schema::new(vec![
            Field::new("cell_id", DataType::Utf8, false),
            Field::new("fold", DataType::UInt16, false),
        ]));
        let ids: StringArray = self.assignment.keys().map(|id| Some(id.as_str())).collect();
        let folds: UInt16Array = self.assignment.values().copied().collect();
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(ids), Arc::new(folds)])?;
        let metadata = PlanMetadata {
            format: FORMAT_VERSION,
            scheme: self.scheme,
            folds: self.folds,
            seed: self.seed,
            digest: self.digest(),
        };
        let metadata = KeyValue::new(KEY.to_owned(), serde_json::to_string(&metadata)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_key_value_metadata(Some(vec![metadata]))
            .set_created_by(format!("tesela {}", env!("CARGO_PKG_VERSION")))
            .build();
        let mut writer = ArrowWriter::try_new(WholeFile::create(path)?, schema, Some(properties))?;
        writer.write(&batch)?;
        writer.into_inner()?.finish()?;
        Ok(())
    }

    /// Reads the plan at `path`.
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
        let metadata: PlanMetadata = serde_json::from_str(text)
            .map_err(|error| malformed(format!("key `{KEY}`: {error}")))?;
        if metadata.format != FORMAT_VERSION {
            let found = metadata.format;
            return Err(malformed(format!("format {found}; this build reads {FORMAT_VERSION}")));
        }
        let mut assignment = BTreeMap::new();
        for batch in builder.build().map_err(|error| failed(error.into()))? {
            let batch = batch.map_err(|error| failed(error.into()))?;
            read_batch(path, &batch, metadata.folds, &mut assignment)?;
        }
        let PlanMetadata { scheme, folds, seed, digest, .. } = metadata;
        let plan = Self { scheme, folds, seed, assignment };
        if plan.digest() != digest {
            let found = plan.digest();
            return Err(malformed(format!("its digest is {found}, and it names {digest}")));
        }
        Ok(plan)
    }
}

fn read_batch(
    path: &Path,
    batch: &RecordBatch,
    folds: FoldCount,
    assignment: &mut BTreeMap<CellId, u16>,
) -> Result<(), FoldError> {
    let malformed = |reason| Err(FoldError::Malformed { path: path.to_owned(), reason });
    let ids = table_column(path, batch, "cell_id", &DataType::Utf8)?;
    let own = table_column(path, batch, "fold", &DataType::UInt16)?;
    if ids.null_count() + own.null_count() > 0 {
        return malformed("a `cell_id` or `fold` is missing".into());
    }
    let (ids, own) = (ids.as_string::<i32>(), own.as_primitive::<UInt16Type>());
    for (id, &fold) in ids.iter().flatten().zip(own.values()) {
        if usize::from(fold) >= folds.get() {
            return malformed(format!("cell `{id}` is in fold {fold} of {}", folds.get()));
        }
        if assignment.insert(CellId::new(id), fold).is_some() {
            return Err(FoldError::Duplicate { id: id.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::{ClassId, ClassMap, Label};
    use proptest::prelude::*;

    fn plan(count: usize, seed: u64) -> FoldPlan {
        let classes = ClassMap::new(["a"]).unwrap();
        let cells: Vec<_> = (0..count)
            .map(|index| (CellId::new(format!("E{index}")), Label::Class(ClassId::new(0))))
            .collect();
        FoldPlan::stratified(&cells, &classes, FoldCount::new(3).unwrap(), seed).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn plans_survive(count in 3_usize..100, seed in any::<u64>()) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("folds.parquet");
            let plan = plan(count, seed);
            plan.save(&path).unwrap();
            prop_assert_eq!(FoldPlan::load(&path).unwrap(), plan);
        }

        #[test]
        fn a_damaged_plan_is_refused_or_the_same(
            at in any::<prop::sample::Index>(), value in any::<u8>()
        ) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("folds.parquet");
            let plan = plan(50, 1);
            plan.save(&path).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = value;
            std::fs::write(&path, bytes).unwrap();
            if let Ok(read) = FoldPlan::load(&path) {
                prop_assert_eq!(read.assignment, plan.assignment);
            }
        }
    }

    #[test]
    fn other_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("folds.parquet");
        assert!(matches!(FoldPlan::load(&path), Err(FoldError::Read { .. })));
        std::fs::write(&path, b"cell_id,fold\n").unwrap();
        assert!(matches!(FoldPlan::load(&path), Err(FoldError::Read { .. })));
    }
}
