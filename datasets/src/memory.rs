//! A source of patches that lie in memory: for tests, and for few patches.

use std::sync::{Arc, OnceLock};

use crate::class::{ClassMap, Label};
use crate::features::{FeatureExtractor, HistogramMode};
use crate::patch::PatchBatch;
use crate::source::{FeatureMatrix, InputDefinition, PatchSource, PatchStream, SourceError};

/// Patches in memory.
#[derive(Debug)]
pub struct MemorySource {
    input: InputDefinition,
    classes: ClassMap,
    patches: PatchBatch,
    features: OnceLock<Arc<FeatureMatrix>>,
}

impl MemorySource {
    /// Takes `patches` as they are; their positions become those in this source.
    ///
    /// # Errors
    /// If their shape or type is not that of `input`, or their parts differ in length.
    pub fn new(
        input: InputDefinition,
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
        Ok(Self { input, classes, patches, features: OnceLock::new() })
    }
}

impl PatchSource for MemorySource {
    fn input(&self) -> &InputDefinition {
        &self.input
    }

    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn labels(&self) -> &[Label] {
        &self.patches.labels
    }

    fn stream<'a>(&'a self, order: &[u32], batch: usize) -> Result<PatchStream<'a>, SourceError> {
        let count = self.len();
        if let Some(position) = order.iter().find(|&&position| position as usize >= count) {
            let message = format!("there is no patch {position}; there are {count}");
            return Err(SourceError::new(message));
        }
        let parts: Vec<Vec<u32>> = order.chunks(batch.max(1)).map(<[u32]>::to_vec).collect();
        Ok(Box::new(parts.into_iter().map(move |part| {
            let sample_type = self.input.sample_type;
            let mut taken = PatchBatch::with_capacity(self.input.shape, sample_type, part.len());
            for position in part {
                taken.push_from(&self.patches, position as usize);
            }
            Ok(taken)
        })))
    }

    fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError> {
        let features = self.features.get_or_init(|| {
            let extractor = FeatureExtractor::new(&self.input.pixel, HistogramMode::default());
            let columns = extractor.columns().to_vec();
            let mut values = vec![0.0; self.len() * columns.len()];
            extractor.extract_batch(&self.patches, &mut values);
            Arc::new(FeatureMatrix { columns, rows: self.len(), values })
        });
        Ok(Arc::clone(features))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::ClassId;
    use crate::patch::{PatchShape, SampleType, Samples};
    use crate::pixel::{PixelDefinition, Product};

    fn source() -> Result<MemorySource, SourceError> {
        let shape = PatchShape { bands: 6, height: 1, width: 1 };
        let input = InputDefinition {
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
        let batches: Vec<PatchBatch> =
            source.stream(&[2, 0, 1], 2).unwrap().collect::<Result<_, _>>().unwrap();
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
}
