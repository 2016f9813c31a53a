//! How fast LeNet trains and predicts: `lenet_speed PATCHES BATCH THREADS`; prints JSON, patches per second.
//!
//! `lenet_speed check DIRECTORY` fits a small network on patches of three bands and writes its weights, the patches
//! (`patches.f32`) and its probabilities (`probabilities.f32`) there. `benches/peers/network.py` runs both: side by
//! side with PyTorch, and against a twin in PyTorch that loads the weights.

#![expect(clippy::print_stdout, reason = "an example program prints its result")]

use std::path::Path;
use std::time::Instant;

use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Product};
use tesela_datasets::random::{below, generator};
use tesela_datasets::source::PatchSource;
use tesela_models::config::{FitSettings, ModelConfig};
use tesela_models::lenet::RawLenet;
use tesela_models::{Fit, FitEvent, FitObserver};

/// Keeps the speed of the last epoch.
struct Speed(f64);

impl FitObserver for Speed {
    fn notice(&mut self, event: &FitEvent) {
        if let FitEvent::Epoch { patches_per_second, .. } = event {
            self.0 = self.0.max(*patches_per_second);
        }
    }
}

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn patches(count: usize, bands: &[Band]) -> Fallible<MemorySource> {
    let shape = PatchShape { bands: bands.len(), height: 33, width: 33 };
    let mut draws = generator(1, &[]);
    let samples: Vec<i16> = (0..count * shape.samples())
        .map(|_| i16::try_from(500 + below(&mut draws, 3000)))
        .collect::<Result<_, _>>()?;
    let labels: Vec<Label> = (0..count).map(|at| Label::Class(ClassId::new(at % 2))).collect();
    let batch = PatchBatch {
        shape,
        samples: Samples::Int16(samples),
        used: vec![true; count * shape.pixels()],
        labels,
        positions: (0..).take(count).collect(),
    };
    let mut pixel = PixelDefinition::of_product(Product::C1);
    pixel.bands = BandSet::new(bands.iter().copied())?;
    let input = PatchDefinition { shape, sample_type: SampleType::Int16, pixel };
    Ok(MemorySource::new(input, ClassMap::new(["a", "b"])?, batch)?)
}

fn recipe(epochs: u64, batch_size: u64, threads: Option<usize>) -> Fallible<Box<dyn Fit>> {
    let raw = RawLenet { epochs, batch_size, validation_share: 0.0, ..RawLenet::default() };
    let mut problems = tesela_datasets::config::Problems::new();
    let checked = raw.check("model.lenet", &mut problems);
    let settings = FitSettings { threads, device: "flex".to_owned(), ..FitSettings::new(1) };
    Ok(ModelConfig::Lenet(problems.finish(checked)?).recipe(&settings))
}

fn check(directory: &Path) -> Fallible<()> {
    let source = patches(32, &Band::ALL[..3])?;
    let model = recipe(2, 8, None)?.fit(&source, &patches(0, &Band::ALL[..3])?, &mut Speed(0.0))?;
    model.save_weights(directory)?;
    let order: Vec<u32> = (0..32).collect();
    let stream = PatchSource::of(&source).ok_or("no patches")?.stream(&order, 32);
    let batch = stream?.next().ok_or("no patches")??;
    let mut numbers = vec![0.0; batch.samples.len()];
    batch.samples.copy_to_f32(0, &mut numbers);
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(directory.join(name), bytes);
    write("patches.f32", bytes(&numbers))?;
    write("probabilities.f32", bytes(model.predict(&batch.into())?.values()))?;
    Ok(())
}

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, directory] = arguments.as_slice()
        && mode == "check"
    {
        return check(Path::new(directory));
    }
    let numbers: Vec<usize> =
        arguments.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let (count, batch) = match numbers.as_slice() {
        [count, batch, ..] => (*count, *batch as u64),
        _ => (2048, 64),
    };
    let recipe = recipe(3, batch, numbers.get(2).copied())?;
    let (train, mut speed) = (patches(count, &Band::ALL)?, Speed(0.0));
    let model = recipe.fit(&train, &patches(0, &Band::ALL)?, &mut speed)?;
    let mut predicted = 0.0_f64;
    for _ in 0..3 {
        let started = Instant::now();
        model.predict_source(&train, &mut |_| true)?;
        predicted = predicted.max(count as f64 / started.elapsed().as_secs_f64());
    }
    println!("{{\"train\": {:.1}, \"predict\": {predicted:.1}}}", speed.0);
    Ok(())
}
