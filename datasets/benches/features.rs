//! Patches a second on one core: 27 channels, 486 features, and their parts.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tesela_datasets::channels::ChannelKernel;
use tesela_datasets::features::{FeatureExtractor, FeatureScratch, HistogramMode};
use tesela_datasets::patch::PatchShape;
use tesela_datasets::pixel::{PixelDefinition, Product};
use tesela_datasets::random::{below, generator, unit};

const SHAPE: PatchShape = PatchShape { bands: 6, height: 33, width: 33 };

/// A patch of blocks of surfaces with noise, of which `share` of the pixels are used.
fn patch(share: f64) -> (Vec<f32>, Vec<bool>) {
    let mut draws = generator(33, &[]);
    let mut samples = Vec::with_capacity(SHAPE.samples());
    for band in 0..SHAPE.bands {
        for pixel in 0..SHAPE.pixels() {
            let (row, column) = (pixel / SHAPE.width, pixel % SHAPE.width);
            let surface = ((row / 6) * 7 + (column / 6) * 5) % 9;
            let level = 500 + 250 * (surface + band);
            let noise = below(&mut draws, level as u64 / 5);
            samples.push((level as u64 * 9 / 10 + noise) as f32);
        }
    }
    let used = (0..SHAPE.pixels()).map(|_| unit(&mut draws) < share).collect();
    (samples, used)
}

fn channels(criterion: &mut Criterion) {
    let kernel = ChannelKernel::new(&PixelDefinition::of_product(Product::C1));
    let mut out = vec![0.0; kernel.channels().len() * SHAPE.pixels()];
    let mut group = criterion.benchmark_group("channels");
    group.throughput(Throughput::Elements(1));
    for (name, share) in [("full", 1.0), ("masked", 0.8)] {
        let (samples, used) = patch(share);
        group.bench_function(name, |bencher| {
            bencher.iter(|| kernel.compute(SHAPE, black_box(&samples), &used, &mut out));
        });
    }
    group.finish();
}

fn features(criterion: &mut Criterion) {
    let mut scratch = FeatureScratch::default();
    let mut group = criterion.benchmark_group("features");
    group.throughput(Throughput::Elements(1));
    for (mode, name) in [(HistogramMode::Fixed, "fixed"), (HistogramMode::Patch, "patch")] {
        let extractor = FeatureExtractor::new(&PixelDefinition::of_product(Product::C1), mode);
        let mut out = vec![0.0; extractor.columns().len()];
        for (kind, share) in [("full", 1.0), ("masked", 0.8)] {
            let (samples, used) = patch(share);
            group.bench_function(format!("{name}/{kind}"), |bencher| {
                bencher.iter(|| {
                    extractor.extract(&mut scratch, SHAPE, black_box(&samples), &used, &mut out)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, channels, features);
criterion_main!(benches);
