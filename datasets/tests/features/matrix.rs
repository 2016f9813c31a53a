//! The features of a whole source.

use std::sync::Arc;

use tesela_datasets::class::{ClassMap, Label};
use tesela_datasets::features::{FeatureExtractor, HistogramMode};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{below, generator, unit};
use tesela_datasets::source::{
    Batch, BatchStream, CellSource, FeatureMatrix, InputDefinition, PatchSource, SourceError,
};

const SHAPE: PatchShape = PatchShape { bands: 6, height: 3, width: 5 };

/// What a source does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Unreadable,
    TooFew,
    TooMany,
    OtherShape,
}

struct Source {
    input: InputDefinition,
    classes: ClassMap,
    labels: Vec<Label>,
    fault: Fault,
}

impl Source {
    fn new(len: usize, fault: Fault) -> Self {
        let pixel = PixelDefinition::of_product(Product::C1);
        Self {
            input: InputDefinition::Patches(PatchDefinition {
                shape: SHAPE,
                sample_type: SampleType::Int16,
                pixel,
            }),
            classes: ClassMap::new(["all"]).expect("one class is enough"),
            labels: vec![Label::Undefined; len],
            fault,
        }
    }

    fn extractor(&self) -> FeatureExtractor {
        let definition = self.input.patches().expect("the source has patches");
        FeatureExtractor::new(&definition.pixel, HistogramMode::Fixed)
    }

    /// Patch `position` alone decides its numbers.
    fn batch(&self, positions: &[u32]) -> PatchBatch {
        let mut shape = SHAPE;
        if self.fault == Fault::OtherShape {
            shape = PatchShape { height: SHAPE.width, width: SHAPE.height, ..SHAPE };
        }
        let (mut samples, mut used) = (Vec::new(), Vec::new());
        for &position in positions {
            let mut draws = generator(9, &[u64::from(position)]);
            samples.extend((0..shape.samples()).map(|_| {
                i16::try_from(below(&mut draws, 6000)).expect("a number below 6,000 is short")
            }));
            used.extend((0..shape.pixels()).map(|_| unit(&mut draws) < 0.6));
        }
        PatchBatch {
            shape,
            samples: Samples::Int16(samples),
            used,
            labels: vec![Label::Undefined; positions.len()],
            positions: positions.to_vec(),
        }
    }
}

impl CellSource for Source {
    fn input(&self) -> &InputDefinition {
        &self.input
    }

    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn labels(&self) -> &[Label] {
        &self.labels
    }

    fn stream<'a>(&'a self, order: &[u32], batch: usize) -> Result<BatchStream<'a>, SourceError> {
        let mut order = order.to_vec();
        match self.fault {
            Fault::TooFew => drop(order.pop()),
            Fault::TooMany => order.push(0),
            _ => {}
        }
        let chunks: Vec<Vec<u32>> = order.chunks(batch).map(<[u32]>::to_vec).collect();
        Ok(Box::new(chunks.into_iter().map(|positions| {
            if self.fault == Fault::Unreadable {
                return Err(SourceError::new("shard `0` cannot be read"));
            }
            Ok(Batch::Patches(self.batch(&positions)))
        })))
    }

    fn features(&self) -> Result<Arc<FeatureMatrix>, SourceError> {
        matrix(self, 1).map(Arc::new)
    }
}

fn matrix(source: &Source, threads: usize) -> Result<FeatureMatrix, SourceError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let extractor = source.extractor();
    let mut heard = 0;
    let patches = PatchSource::of(source).expect("the source has patches");
    let matrix = pool.install(|| extractor.matrix_of(patches, &mut |count| heard += count))?;
    assert_eq!(heard, source.len());
    Ok(matrix)
}

fn bits(matrix: &FeatureMatrix) -> Vec<u32> {
    matrix.values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn the_matrix_has_the_same_bits_at_any_number_of_threads() {
    let source = Source::new(3000, Fault::None);
    let one = matrix(&source, 1).expect("a matrix");
    let four = matrix(&source, 4).expect("a matrix");
    assert_eq!((one.rows, one.columns.len()), (3000, 486));
    assert!(bits(&one) == bits(&four));
    let extractor = source.extractor();
    let mut batch = vec![0.0; 10 * 486];
    extractor.extract_batch(&source.batch(&(2990..3000).collect::<Vec<_>>()), &mut batch);
    let last = FeatureMatrix { columns: one.columns.clone(), rows: 10, values: batch };
    assert!(bits(&last) == bits(&one)[2990 * 486..]);
}

#[test]
fn a_source_without_patches_has_a_matrix_without_rows() {
    let empty = matrix(&Source::new(0, Fault::None), 1).expect("a matrix");
    assert_eq!((empty.rows, empty.columns.len(), empty.values.len()), (0, 486, 0));
}

#[test]
fn a_source_that_breaks_its_promise_is_named_with_what_it_delivers() {
    for (fault, expected) in [
        (Fault::Unreadable, "shard `0` cannot be read"),
        (Fault::TooFew, "the source delivers 2999 patches; expected 3000"),
        (Fault::TooMany, "the source delivers more patches than the 3000 it announces"),
        (
            Fault::OtherShape,
            "the source delivers patches of 3 x 5 pixels and 6 bands; expected 5 x 3 pixels",
        ),
    ] {
        let error = matrix(&Source::new(3000, fault), 2).expect_err("the source is faulty");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
