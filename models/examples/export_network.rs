//! Fits a small network, exports it, and says what it makes of some patches: `export_network SETTINGS DIRECTORY PATCHES`.
//!
//! The settings are those of a model as JSON, such as `{"lenet": {"epochs": 1}}`. The bundle goes to `DIRECTORY/bundle`; beside it
//! lie the patches, 33 × 33 pixels of six bands of which one in eight is not used (`bands.i16`, `used.u8`), and the probabilities
//! (`probabilities.f32`). Prints one line of JSON: patches predicted per second. `benches/peers/export.py` runs it.

#![expect(clippy::print_stdout, reason = "an example program prints its result")]

use std::path::Path;
use std::time::Instant;

use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{below, generator};
use tesela_datasets::source::Batch;
use tesela_models::bundle::{self, Extras, Gathering, Provenance};
use tesela_models::classifier::Unobserved;
use tesela_models::config::{FitSettings, ModelConfig};
use tesela_models::export::export;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Patches to fit on.
const TRAINING: usize = 48;
/// Times that the patches are predicted; the fastest counts.
const ROUNDS: usize = 3;

/// What the patches are.
fn definition() -> PatchDefinition {
    PatchDefinition {
        shape: PatchShape { bands: 6, height: 33, width: 33 },
        sample_type: SampleType::Int16,
        pixel: PixelDefinition::of_product(Product::C1),
    }
}

/// `count` patches of noise, those of the second class brighter.
fn noise(count: usize, seed: u64) -> Fallible<PatchBatch> {
    let (shape, mut draws) = (definition().shape, generator(seed, &[]));
    let mut samples = Vec::with_capacity(count * shape.samples());
    for patch in 0..count {
        for _ in 0..shape.samples() {
            samples.push(i16::try_from(below(&mut draws, 4000) + 400 * (patch as u64 % 2))?);
        }
    }
    Ok(PatchBatch {
        shape,
        samples: Samples::Int16(samples),
        used: (0..count * shape.pixels()).map(|_| below(&mut draws, 8) > 0).collect(),
        labels: (0..count).map(|at| Label::Class(ClassId::new(at % 2))).collect(),
        positions: (0..).take(count).collect(),
    })
}

fn source(count: usize) -> Fallible<MemorySource> {
    Ok(MemorySource::new(definition(), ClassMap::new(["a", "b"])?, noise(count, 1)?)?)
}

fn run(model: ModelConfig, directory: &Path, count: usize) -> Fallible<f64> {
    let fitted =
        model.recipe(&FitSettings::new(1)).fit(&source(TRAINING)?, &source(0)?, &mut Unobserved)?;
    let provenance = Provenance {
        model,
        dataset: "noise".to_owned(),
        source: None,
        licence: None,
        store_digest: String::new(),
        pixel_metres: None,
        fold_plan_digest: None,
        fold: None,
        seed: 1,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        measured: serde_json::Map::new(),
    };
    let path = directory.join("bundle");
    bundle::save(&path, &*fitted, &provenance, Extras::default())?;
    export(Gathering::copy(&path)?, &path, None)?;
    let patches = noise(count, 2)?;
    let Samples::Int16(samples) = &patches.samples else { return Err("other numbers".into()) };
    let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>();
    std::fs::write(directory.join("bands.i16"), bytes)?;
    let used: Vec<u8> = patches.used.iter().map(|&used| u8::from(used)).collect();
    std::fs::write(directory.join("used.u8"), used)?;
    let cells = Batch::Patches(patches);
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let found = fitted.predict(&cells)?;
        best = best.max(count as f64 / started.elapsed().as_secs_f64());
        let bytes = found.values().iter().flat_map(|value| value.to_le_bytes());
        std::fs::write(directory.join("probabilities.f32"), bytes.collect::<Vec<u8>>())?;
    }
    Ok(best)
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [settings, directory, count] = arguments.as_slice() else {
        return Err("usage: export_network SETTINGS DIRECTORY PATCHES".into());
    };
    let model: ModelConfig = serde_json::from_str(settings)?;
    let predict = run(model, Path::new(directory), count.parse()?)?;
    println!("{}", serde_json::json!({ "predict": predict }));
    Ok(())
}
