//! A source of cells that lie in memory: for tests, for few cells, and for programs that have their own.

use std::sync::{Arc, OnceLock};

use crate::class::{ClassMap, Label};
use crate::features::{FeatureExtractor, HistogramMode};
use crate::patch::{PatchBatch, PatchDefinition};
use crate::source::{Batch, BatchStream, CellSource, FeatureMatrix, InputDefinition, SourceError};
use crate::table::{RowBatch, TableDefinition};

/// Cells in memory: patches, or rows of a table.
#[derive(Debug)]
pub struct MemorySource {
    input: InputDefinition,
    classes: ClassMap,
    cells: Batch,
    features: OnceLock<Arc<FeatureMatrix>>,
}

impl MemorySource {
    /// Takes `patches` as they are; their positions become those in this source.
    ///
    /// # Errors
    /// If their shape or type is not that of `input`, or their parts differ in length.
    pub fn new(
        input: PatchDefinition,
        classes: ClassMap,
        mut patches: PatchBatch,
    ) -> Result<Self, SourceError> {
        let (shape, count) = (patches.shape, patches.labels.len());
        let found = (shape, patches.samples.sample_type());
        if found != (input.shape, input.sample_type) {
            let expected = (input.shape, input.sample_type);
            return Err(SourceError::new(format!(
                "the patches are {found:?}; expected {expected:?}"
            )));
        }
        let lengths = [patches.samples.len(), patches.used.len()];
        let expected = [count * shape.samples(), count * shape.pixels()];
        if lengths != expected {
            return Err(SourceError::new(format!(
                "{count} patches have {lengths:?} samples and pixels; expected {expected:?}"
            )));
        }
        patches.positions = (0..).take(count).collect();
        let (input, cells) = (InputDefinition::Patches(input), Batch::Patches(patches));
        Ok(Self { input, classes, cells, features: OnceLock::new() })
    }

    /// Takes `values`, `[row, column]` (`NaN` where a number is missing), with one label a row.
    ///
    /// # Errors
    /// If they do not fill one row for each label, or one is infinite.
    pub fn of_rows(
        table: TableDefinition,
        classes: ClassMap,
        values: Vec<f32>,
        labels: Vec<Label>,
    ) -> Result<Self, SourceError> {
        let (columns, count) = (table.columns().clone(), labels.len());
        if values.len() != count * columns.len() {
            let (found, width) = (values.len(), columns.len());
            return Err(SourceError::new(format!(
                "there are {found} values for {count} rows of {width} columns"
            )));
        }
        if let Some(place) = values.iter().position(|value| value.is_infinite()) {
            let (row, column) = (place / columns.len(), &columns[place % columns.len()]);
            return Err(SourceError::new(format!(
                "row {row}, column `{column}` is {}; expected a finite number",
                values[place]
            )));
        }
        let positions = (0..).take(count).collect();
        let cells = Batch::Rows(RowBatch { columns, values, labels, positions });
        Ok(Self { input: InputDefinition::Table(table), classes, cells, features: OnceLock::new() })
    }

    /// The cells at `positions`.
    fn take(&self, positions: Vec<u32>) -> Batch {
        match &self.cells {
            Batch::Patches(patches) => {
                let sample_type = patches.samples.sample_type();
                let mut taken =
                    PatchBatch::with_capacity(patches.shape, sample_type, positions.len());
                for position in positions {
                    taken.push_from(patches, position as usize);
                }
                Batch::Patches(taken)
            }
            Batch::Rows(rows) => Batch::Rows(RowBatch {
                columns: rows.columns.clone(),
                values: positions.iter().flat_map(|&at| rows.row(at as usize)).copied().collect(),
                labels: positions.iter().map(|&at| rows.labels[at as usize]).collect(),
                positions,
            }),
        }
    }

    fn compute_features(&self) -> FeatureMatrix {
        match (&self.input, &self.cells) {
            (InputDefinition::Patches(input), Batch::Patches(patches)) => {
                let extractor = FeatureExtractor::new(&input.pixel, HistogramMode::default());
                let columns = extractor.columns().to_vec();
                let mut values = vec![0.0; patches.len() * columns.len()];
                extractor.extract_batch(patches, &mut values);
                FeatureMatrix { columns, rows: patches.len(), values }
            }
            (_, Batch::Rows(rows)) => FeatureMatrix {
                columns: rows.columns.to_vec(),
                rows: rows.len(),
                values: rows.values.clone(),
            },
            (InputDefinition::Table(_), Batch::Patches(_)) => {
                unreachable!("a source is made with cells as its definition says")
            }
        }
    }
}

impl CellSource for MemorySource {
    fn input(&self) -> &InputDefinition {
        &self.input
    }

    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn labels(&self) -> &[Label] {
        self.cells.labels()
    }

    fn stream<'a>(&'a self, order: &[u32], batch: usize) -> Result<BatchStream<'a>, SourceError> {
        let count = self.len();
        if let Some(position) = order.iter().find(|&&position| position as usize >= count) {
            let message = format!("there is no cell {position}; there are {count}");
            return Err(SourceError::new(message));
        }
        let parts: Vec<Vec<u32>> = order.chunks(batch.max(1)).map(<[u32]>::to_vec).collect();
        Ok(Box::new(parts.into_iter().map(move |part| Ok(self.take(part)))))
    }

    fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError> {
        let features = self.features.get_or_init(|| Arc::new(self.compute_features()));
        Ok(Arc::clone(features))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::ClassId;
    use crate::patch::{PatchShape, SampleType, Samples};
    use crate::pixel::{PixelDefinition, Product};
    use crate::source::PatchSource;
    use crate::table::TableKeys;

    fn source() -> Result<MemorySource, SourceError> {
        let shape = PatchShape { bands: 6, height: 1, width: 1 };
        let input = PatchDefinition {
            shape,
            sample_type: SampleType::UInt16,
            pixel: PixelDefinition::of_product(Product::C1),
        };
        let patches = PatchBatch {
            shape,
            samples: Samples::UInt16((0..18).collect()),
            used: vec![true, true, false],
            labels: vec![Label::Undefined, Label::Class(ClassId::new(0)), Label::Undefined],
            positions: vec![9, 9, 9],
        };
        MemorySource::new(input, ClassMap::new(["a"]).unwrap(), patches)
    }

    #[test]
    fn patches_come_in_the_order_of_the_request() {
        let source = source().unwrap();
        let patches = PatchSource::of(&source).unwrap();
        let batches: Vec<PatchBatch> =
            patches.stream(&[2, 0, 1], 2).unwrap().collect::<Result<_, _>>().unwrap();
        let positions: Vec<Vec<u32>> =
            batches.iter().map(|batch| batch.positions.clone()).collect();
        assert_eq!(positions, [vec![2, 0], vec![1]]);
        assert_eq!(batches[1].samples, Samples::UInt16((6..12).collect()));
        assert!(source.stream(&[3], 1).is_err());
    }

    #[test]
    fn features_stand_in_the_order_of_the_patches() {
        let features = source().unwrap().features().unwrap();
        assert_eq!(features.rows, 3);
        assert!(features.row(0).iter().all(|value| value.is_finite()));
        assert!(features.row(2).iter().all(|value| value.is_nan()));
    }

    fn rows(values: Vec<f32>) -> Result<MemorySource, SourceError> {
        let keys = TableKeys::id("plot");
        let table = TableDefinition::new(vec!["slope".into(), "rain".into()], keys).unwrap();
        MemorySource::of_rows(
            table,
            ClassMap::new(["a"]).unwrap(),
            values,
            vec![Label::Undefined; 2],
        )
    }

    #[test]
    fn rows_of_a_table_come_in_the_order_of_the_request_and_are_their_own_features() {
        let source = rows(vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!(PatchSource::of(&source).is_none());
        let batch = source.stream(&[1, 0], 5).unwrap().next().unwrap().unwrap();
        assert_eq!(batch.positions(), [1, 0]);
        let Batch::Rows(batch) = batch else { panic!("the source holds rows") };
        assert_eq!(batch.values, [3.0, 4.0, 1.0, 2.0]);
        let features = source.features().unwrap();
        assert_eq!((features.columns[1].as_str(), features.row(1)), ("rain", &[3.0, 4.0][..]));
    }

    #[test]
    fn rows_that_are_not_whole_or_not_finite_are_refused() {
        let message = |values| rows(values).unwrap_err().to_string();
        assert!(message(vec![1.0]).contains("1 values for 2 rows of 2 columns"));
        let infinite = message(vec![1.0, 2.0, 3.0, f32::NEG_INFINITY]);
        assert_eq!(infinite, "row 1, column `rain` is -inf; expected a finite number");
        assert!(rows(vec![f32::NAN; 4]).is_ok());
    }
}
