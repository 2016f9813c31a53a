//! Cells to learn from, and cells as nobody wants them.

use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::config::Problems;
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Scaling, TasseledCap};
use tesela_datasets::random::{Generator, below, generator};
use tesela_datasets::table::{TableDefinition, TableKeys};
use tesela_models::classifier::Unobserved;
use tesela_models::config::{FitSettings, ModelConfig, RawModelConfig};
use tesela_models::operating_point::{
    Calibration, Decision, Isotonic, OperatingPoint, PriorShift, Sigmoid, Temperature,
};
use tesela_models::{Classifier, Fit};

/// Names of so many classes.
pub(crate) fn classes(count: usize) -> ClassMap {
    ClassMap::new(["no urbana", "urbana", "agua", "selva"].into_iter().take(count)).unwrap()
}

/// Patches of these bands.
pub(crate) fn definition(
    bands: &[Band],
    sample_type: SampleType,
    scaling: Scaling,
    [height, width]: [usize; 2],
) -> PatchDefinition {
    PatchDefinition {
        shape: PatchShape { bands: bands.len(), height, width },
        sample_type,
        pixel: PixelDefinition {
            bands: BandSet::new(bands.iter().copied()).unwrap(),
            scaling,
            tasseled_cap: TasseledCap::OliSr,
            histogram_range: None,
        },
    }
}

/// `count` patches, classes in turn, the next always brighter; one pixel in eight is not used.
pub(crate) fn ordinary(input: &PatchDefinition, classes: usize, count: usize) -> PatchBatch {
    let shape = input.shape;
    let mut draws = generator(5, &[]);
    let mut batch = PatchBatch::with_capacity(shape, input.sample_type, count);
    for index in 0..count {
        let class = index % classes;
        let brightness = 0.05 + 0.1 * class as f64;
        for _ in 0..shape.samples() {
            let reflectance = brightness + 0.0001 * below(&mut draws, 1500) as f64;
            let scaling = input.pixel.scaling;
            push(
                &mut batch.samples,
                (reflectance * scaling.divide - scaling.add) / scaling.multiply,
            );
        }
        batch.used.extend((0..shape.pixels()).map(|_| below(&mut draws, 8) > 0));
        batch.labels.push(Label::Class(ClassId::new(class)));
        batch.positions.push(u32::try_from(index).unwrap());
    }
    batch
}

/// `count` patches of any numbers that the type allows, often the least and the most; masks of all kinds, the first empty.
pub(crate) fn extreme(input: &PatchDefinition, count: usize) -> PatchBatch {
    let shape = input.shape;
    let mut draws = generator(6, &[]);
    let mut batch = PatchBatch::with_capacity(shape, input.sample_type, count);
    for index in 0..count {
        let flat = index % 3 == 1;
        let level = stored(&mut draws, input.sample_type);
        for _ in 0..shape.samples() {
            let number = if flat { level } else { stored(&mut draws, input.sample_type) };
            push(&mut batch.samples, number);
        }
        let share = [0, 1, 4, 8][index % 4];
        batch.used.extend((0..shape.pixels()).map(|_| below(&mut draws, 8) < share));
        batch.labels.push(Label::Undefined);
        batch.positions.push(u32::try_from(index).unwrap());
    }
    batch
}

fn stored(draws: &mut Generator, sample_type: SampleType) -> f64 {
    let bits = below(draws, 1 << 16);
    let ends = below(draws, 4);
    let number = |least: f64, most: f64| match ends {
        0 => least,
        1 => most,
        _ => least + (most - least) * bits as f64 / 65535.0,
    };
    match sample_type {
        SampleType::UInt8 => number(0.0, 255.0).floor(),
        SampleType::UInt16 => number(0.0, 65535.0).floor(),
        SampleType::Int16 => number(-32768.0, 32767.0).floor(),
        SampleType::Float32 => match below(draws, 16) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            _ => number(-1.0, 2.0),
        },
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made to fit")]
fn push(samples: &mut Samples, number: f64) {
    match samples {
        Samples::UInt8(values) => values.push(number as u8),
        Samples::UInt16(values) => values.push(number as u16),
        Samples::Int16(values) => values.push(number as i16),
        Samples::Float32(values) => values.push(number as f32),
    }
}

/// The model that `text`, such as `[lenet]`, leads to.
pub(crate) fn recipe(text: &str) -> Box<dyn Fit> {
    let raw: RawModelConfig = toml::from_str(text).unwrap();
    let mut problems = Problems::new();
    let checked = raw.check(&mut problems);
    let model: ModelConfig = problems.finish(checked).unwrap();
    model.recipe(&FitSettings { threads: Some(1), ..FitSettings::new(3) })
}

/// The model that `text` leads to, fitted on ordinary patches.
pub(crate) fn fitted(text: &str, input: &PatchDefinition, classes: usize) -> Box<dyn Classifier> {
    let source = |count: usize| {
        let patches = ordinary(input, classes, count);
        MemorySource::new(input.clone(), self::classes(classes), patches).unwrap()
    };
    recipe(text).fit(&source(8 * classes), &source(0), &mut Unobserved).unwrap()
}

/// A table of five columns with a number missing here and there; the classes overlap.
pub(crate) fn table(classes: usize, rows: usize) -> MemorySource {
    let mut draws = generator(7, &[]);
    let mut values = Vec::new();
    for row in 0..rows {
        let class = row % classes;
        for column in 0..5_u16 {
            let number =
                below(&mut draws, 1000) as f32 / 500.0 + class as f32 * f32::from(column) / 4.0;
            values.push(if below(&mut draws, 9) == 0 { f32::NAN } else { number });
        }
    }
    let names = ["slope", "lights", "rain", "height", "roads"].map(str::to_owned).to_vec();
    let definition = TableDefinition::new(names, TableKeys::id("plot")).unwrap();
    let labels = (0..rows).map(|row| Label::Class(ClassId::new(row % classes))).collect();
    MemorySource::of_rows(definition, self::classes(classes), values, labels).unwrap()
}

/// Every kind of operating point for so many classes.
pub(crate) fn operating_points(count: usize) -> Vec<OperatingPoint> {
    let classes = classes(count);
    let curves = if count == 2 { 1 } else { count };
    let even = vec![1.0 / count as f64; count];
    let rest = 0.9 / (count - 1) as f64;
    let rare: Vec<f64> = (0..count).map(|class| if class == 1 { 0.1 } else { rest }).collect();
    let prior = PriorShift::new(&classes, &even, &rare).unwrap();
    let sigmoid = Sigmoid { slope: 0.7, offset: -0.3 };
    let isotonic = Isotonic::new(vec![0.1, 0.4, 0.45, 0.9], vec![0.05, 0.05, 0.6, 0.99]).unwrap();
    let single = Isotonic::new(vec![0.3], vec![0.4]).unwrap();
    let threshold = Decision::Threshold { class: ClassId::new(1), at_least: 0.0731 };
    let make = |calibration, prior, decision| {
        OperatingPoint::new(classes.clone(), calibration, prior, decision, None).unwrap()
    };
    vec![
        make(Calibration::None, None, Decision::Argmax),
        make(
            Calibration::Temperature(Temperature { inverse: 1.7 }),
            Some(prior.clone()),
            threshold,
        ),
        make(Calibration::Platt(vec![sigmoid; curves]), Some(prior.clone()), threshold),
        make(Calibration::Isotonic(vec![isotonic; curves]), Some(prior), threshold),
        make(Calibration::Isotonic(vec![single; curves]), None, Decision::Argmax),
    ]
}
