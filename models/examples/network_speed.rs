//! How fast a network trains and predicts: `network_speed MODEL DEVICE PATCHES BATCH THREADS EPOCHS`.
//!
//! The model is `lenet` or `resnet`; 0 threads are as many as the machine has. The patches, 33 × 33 pixels of six bands,
//! come from a store that is written before. Prints one line of JSON: patches per second in the best epoch (`train`),
//! in prediction by the network alone, from finished planes in memory (`network`), and in prediction with all that it
//! takes, from the store on (`predict`); and the share of the training that is not spent waiting for patches (`busy`).
//!
//! `network_speed check MODEL DIRECTORY` fits a small network on patches of three bands and writes its weights, the
//! patches (`patches.f32`) and its probabilities (`probabilities.f32`) there. `benches/peers/network.py` and
//! `network_gpu.py` run both: side by side with PyTorch, and against a twin in PyTorch that loads the weights.

#![expect(clippy::print_stdout, reason = "an example program prints its result")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tesela_datasets::cell::{Cell, CellId};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::config::Problems;
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Product};
use tesela_datasets::random::{below, generator};
use tesela_datasets::source::{CellSource, InputDefinition, PatchSource};
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition, StoreReader, StoreWriter};
use tesela_models::config::{FitSettings, ModelConfig};
use tesela_models::lenet::RawLenet;
use tesela_models::network::{InputShape, NetworkFit, RawTraining};
use tesela_models::resnet::RawResnet;
use tesela_models::{Fit, FitEvent, FitObserver, StageTimes};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// Patches that are made at a time.
const PIECE: usize = 4096;
/// Patches whose planes lie in memory, at most: 244 MiB.
const PLANES: usize = 2048;
/// How often a prediction is timed; the best counts.
const TURNS: usize = 3;

/// Keeps the speed of the best epoch, and what the time went into.
#[derive(Default)]
struct Speed {
    best: f64,
    times: Option<StageTimes>,
}

impl FitObserver for Speed {
    fn notice(&mut self, event: &FitEvent) {
        match event {
            FitEvent::Epoch { patches_per_second, .. } => {
                self.best = self.best.max(*patches_per_second);
            }
            FitEvent::Profile(times) => self.times = Some(*times),
            _ => {}
        }
    }
}

/// What the patches of `bands` are.
fn definition(bands: &[Band]) -> Fallible<PatchDefinition> {
    let shape = PatchShape { bands: bands.len(), height: 33, width: 33 };
    let mut pixel = PixelDefinition::of_product(Product::C1);
    pixel.bands = BandSet::new(bands.iter().copied())?;
    Ok(PatchDefinition { shape, sample_type: SampleType::Int16, pixel })
}

fn classes() -> Fallible<ClassMap> {
    Ok(ClassMap::new(["a", "b"])?)
}

/// `count` patches of noise, of two classes in turn.
fn noise(shape: PatchShape, count: usize, seed: u64) -> Fallible<PatchBatch> {
    let mut draws = generator(seed, &[]);
    let samples: Vec<i16> = (0..count * shape.samples())
        .map(|_| i16::try_from(500 + below(&mut draws, 3000)))
        .collect::<Result<_, _>>()?;
    Ok(PatchBatch {
        shape,
        samples: Samples::Int16(samples),
        used: vec![true; count * shape.pixels()],
        labels: (0..count).map(|at| Label::Class(ClassId::new(at % 2))).collect(),
        positions: (0..).take(count).collect(),
    })
}

fn in_memory(count: usize, bands: &[Band]) -> Fallible<MemorySource> {
    let input = definition(bands)?;
    let patches = noise(input.shape, count, 1)?;
    Ok(MemorySource::new(input, classes()?, patches)?)
}

/// Writes a store of `count` patches of six bands.
fn store(path: &Path, count: usize) -> Fallible<Arc<StoreReader>> {
    let input = definition(&Band::ALL)?;
    let shape = input.shape;
    let pixels = u32::try_from(shape.pixels())?;
    let definition = StoreDefinition {
        dataset: "noise".to_owned(),
        input: InputDefinition::Patches(input),
        classes: classes()?,
        crs: None,
        pixel_metres: None,
    };
    let mut writer = StoreWriter::create(path, &definition)?;
    for start in (0..count).step_by(PIECE) {
        let patches = noise(shape, PIECE.min(count - start), start as u64)?;
        let cell = |(at, label): (usize, &Label)| StoreCell {
            cell: Cell {
                id: CellId::new((start + at).to_string()),
                label: *label,
                outline: None,
                year: None,
            },
            content: CellContent::Pixels { used: pixels, inside: pixels },
        };
        let cells: Vec<StoreCell> = patches.labels.iter().enumerate().map(cell).collect();
        writer.append(&patches, &cells)?;
    }
    writer.finish()?;
    Ok(Arc::new(StoreReader::open(path)?))
}

/// The settings of `model`, whose training does not stop early.
fn config(model: &str, epochs: u64, batch_size: u64) -> Fallible<ModelConfig> {
    let mut training = RawTraining { epochs, batch_size, ..RawTraining::default() };
    training.validation_share = 0.0;
    let mut problems = Problems::new();
    let checked = match model {
        "lenet" => {
            let raw = RawLenet::default().with_training(&training);
            raw.check("model.lenet", &mut problems).map(ModelConfig::Lenet)
        }
        "resnet" => {
            let raw = RawResnet::default().with_training(&training);
            raw.check("model.resnet", &mut problems).map(ModelConfig::Resnet)
        }
        other => return Err(format!("`{other}` is no network; expected lenet or resnet").into()),
    };
    Ok(problems.finish(checked)?)
}

fn check(model: &str, directory: &Path) -> Fallible<()> {
    let settings = FitSettings::new(1);
    let (bands, mut unheard) = (&Band::ALL[..3], Speed::default());
    let source = in_memory(32, bands)?;
    let recipe = config(model, 2, 8)?.recipe(&settings);
    let fitted = recipe.fit(&source, &in_memory(0, bands)?, &mut unheard)?;
    fitted.save_weights(directory)?;
    let order: Vec<u32> = (0..32).collect();
    let stream = PatchSource::of(&source).ok_or("no patches")?.stream(&order, 32);
    let batch = stream?.next().ok_or("no patches")??;
    let mut numbers = vec![0.0; batch.samples.len()];
    batch.samples.copy_to_f32(0, &mut numbers);
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(directory.join(name), bytes);
    write("patches.f32", bytes(&numbers))?;
    write("probabilities.f32", bytes(fitted.predict(&batch.into())?.values()))?;
    Ok(())
}

/// The most patches a second in some turns of `work`, which takes `patches` of them.
fn best(patches: usize, mut work: impl FnMut() -> Fallible<()>) -> Fallible<f64> {
    let mut best = 0.0_f64;
    for _ in 0..TURNS {
        let started = Instant::now();
        work()?;
        best = best.max(patches as f64 / started.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// How fast the network of `recipe` alone is, with `patches` whose planes lie in memory, `batch` at a time.
fn network_alone(recipe: &NetworkFit, patches: usize, batch: usize) -> Fallible<f64> {
    let count = patches.min(PLANES);
    let network = recipe.untrained(InputShape::new(28, [33, 33], 2)?)?;
    let mut draws = generator(1, &[]);
    let planes: Vec<f32> =
        (0..count * 28 * 33 * 33).map(|_| below(&mut draws, 1000) as f32 / 500.0 - 1.0).collect();
    best(count, || {
        for planes in planes.chunks(batch * 28 * 33 * 33) {
            std::hint::black_box(network.logits(planes));
        }
        Ok(())
    })
}

/// Trains on `train` and predicts it; gives the figures as JSON.
fn measure(
    config: &ModelConfig,
    settings: &FitSettings,
    batch: usize,
    train: &dyn CellSource,
) -> Fallible<serde_json::Value> {
    let recipe = config.network_recipe(settings).ok_or("the model is no network")?;
    let mut speed = Speed::default();
    let fitted = recipe.fit(train, &in_memory(0, &Band::ALL)?, &mut speed)?;
    let predicted = best(train.len(), || {
        fitted.predict_source(train, &mut |_| true)?;
        Ok(())
    })?;
    let alone = network_alone(&recipe, train.len(), batch)?;
    let times = speed.times.ok_or("the training does not tell its times")?;
    let busy = times.computing / (times.computing + times.waiting).max(1e-9);
    Ok(serde_json::json!({
        "train": speed.best, "network": alone, "predict": predicted, "busy": busy
    }))
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check", model, directory] => check(model, Path::new(directory)),
        [model, device, patches, batch, threads, epochs] => {
            let threads = Some(threads.parse()?).filter(|&threads| threads > 0);
            rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0)).build_global()?;
            let settings =
                FitSettings { threads, device: (*device).to_owned(), ..FitSettings::new(1) };
            let config = config(model, epochs.parse()?, batch.parse()?)?;
            let folder = tempfile::tempdir()?;
            let reader = store(&folder.path().join("store"), patches.parse()?)?;
            println!("{}", measure(&config, &settings, batch.parse()?, &reader.select_all())?);
            Ok(())
        }
        _ => Err("usage: network_speed MODEL DEVICE PATCHES BATCH THREADS EPOCHS".into()),
    }
}
