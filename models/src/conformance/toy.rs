//! Cells that are easily told apart: bright patches are urban, and so are rows with many lights.

use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{below, generator, unit};
use tesela_datasets::table::{TableDefinition, TableKeys};

/// Wide enough for two convolutions of five pixels, each halved.
const SHAPE: PatchShape = PatchShape { bands: 6, height: 16, width: 16 };

/// So many patches, the two classes in turn.
pub(crate) fn source(patches: usize, seed: u64) -> MemorySource {
    let labels: Vec<Label> =
        (0..patches).map(|patch| Label::Class(ClassId::new(patch % 2))).collect();
    labelled(&labels, seed)
}

/// One patch for each label.
pub(crate) fn labelled(labels: &[Label], seed: u64) -> MemorySource {
    let mut draws = generator(seed, &[]);
    let mut samples = Vec::with_capacity(labels.len() * SHAPE.samples());
    for label in labels {
        let bright = label.class().is_some_and(|class| class.index() == 1);
        let base = if bright { 3000 } else { 1000 };
        samples.extend((0..SHAPE.samples()).map(|_| {
            base + i16::try_from(below(&mut draws, 1200)).expect("a draw lies below its bound")
        }));
    }
    let batch = PatchBatch {
        shape: SHAPE,
        samples: Samples::Int16(samples),
        used: vec![true; labels.len() * SHAPE.pixels()],
        labels: labels.to_vec(),
        positions: (0..).take(labels.len()).collect(),
    };
    let input = PatchDefinition {
        shape: SHAPE,
        sample_type: SampleType::Int16,
        pixel: PixelDefinition::of_product(Product::C1),
    };
    let classes = ClassMap::new(["non-urban", "urban"]).expect("two names are two classes");
    MemorySource::new(input, classes, batch).expect("the patches are of their own shape")
}

/// The same patches with their numbers in another type.
pub(crate) fn as_floats(batch: &PatchBatch) -> PatchBatch {
    let mut numbers = vec![0.0; batch.samples.len()];
    batch.samples.copy_to_f32(0, &mut numbers);
    PatchBatch { samples: Samples::Float32(numbers), ..batch.clone() }
}

/// The columns of [`table`].
pub(crate) const COLUMNS: [&str; 3] = ["slope", "lights", "rain"];

/// So many rows, the two classes in turn.
pub(crate) fn table(rows: usize, seed: u64) -> MemorySource {
    let labels: Vec<Label> = (0..rows).map(|row| Label::Class(ClassId::new(row % 2))).collect();
    let mut draws = generator(seed, &[]);
    let mut number = |low: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "tables hold single precision")]
        let number = (low + unit(&mut draws)) as f32;
        number
    };
    let values = (0..rows).flat_map(|row| [number(0.0), number((row % 2) as f64), number(0.0)]);
    let values = values.collect();
    let names = COLUMNS.map(str::to_owned).to_vec();
    let table = TableDefinition::new(names, TableKeys::id("plot")).expect("the names differ");
    let classes = ClassMap::new(["non-urban", "urban"]).expect("two names are two classes");
    MemorySource::of_rows(table, classes, values, labels).expect("every label has its row")
}
