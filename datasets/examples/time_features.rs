//! Times the channels or the features of the golden patches, on one thread, for the scripts that compare
//! with peers.
//!
//! `time_features channels|features REPEATS DN.npy INSIDE.npy` reads patches as `tests/data/golden` holds
//! them, keeps the five ordinary ones, works through them `REPEATS` times, and prints one line: patches, and
//! processor seconds as the system counts them.

use std::env;
use std::fmt::Display;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};

use npyz::NpyFile;
use tesela_datasets::channels::ChannelKernel;
use tesela_datasets::features::{FeatureExtractor, FeatureScratch, HistogramMode};
use tesela_datasets::patch::PatchShape;
use tesela_datasets::pixel::{PixelDefinition, Product};

/// The first golden patches are ordinary land of Collection 1; the others are edge cases.
const ORDINARY: usize = 5;

struct Patch {
    samples: Vec<f32>,
    used: Vec<bool>,
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, repeats, numbers, inside] = arguments.as_slice() else {
        return Err("usage: time_features channels|features REPEATS DN.npy INSIDE.npy".to_owned());
    };
    let repeats: usize = repeats.parse().map_err(|error| format!("`{repeats}`: {error}"))?;
    let definition = PixelDefinition::of_product(Product::C1);
    let (shape, patches) = read(&definition, numbers, inside)?;
    let before = processor_seconds()?;
    match what.as_str() {
        "channels" => channels(&definition, shape, &patches, repeats),
        "features" => features(&definition, shape, &patches, repeats),
        other => return Err(format!("`{other}`: expected `channels` or `features`")),
    }
    let seconds = processor_seconds()? - before;
    writeln!(io::stdout(), "{} {seconds}", repeats * patches.len()).map_err(text)
}

fn channels(pixel: &PixelDefinition, shape: PatchShape, patches: &[Patch], repeats: usize) {
    let kernel = ChannelKernel::new(pixel);
    let mut out = vec![0.0; kernel.channels().len() * shape.pixels()];
    for Patch { samples, used } in (0..repeats).flat_map(|_| patches) {
        kernel.compute(shape, black_box(samples), used, &mut out);
        black_box(&mut out);
    }
}

fn features(pixel: &PixelDefinition, shape: PatchShape, patches: &[Patch], repeats: usize) {
    let extractor = FeatureExtractor::new(pixel, HistogramMode::Fixed);
    let mut scratch = FeatureScratch::default();
    let mut out = vec![0.0; extractor.columns().len()];
    for Patch { samples, used } in (0..repeats).flat_map(|_| patches) {
        extractor.extract(&mut scratch, shape, black_box(samples), used, &mut out);
        black_box(&mut out);
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

/// Seconds of processor time of this process, user and system.
fn processor_seconds() -> Result<f64, String> {
    let stat = fs::read_to_string("/proc/self/schedstat").map_err(text)?;
    let nanoseconds = stat.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds.map(|value| value / 1e9).ok_or_else(|| format!("`/proc/self/schedstat`: `{stat}`"))
}

/// Patches in the layout of a store, from arrays `[patch, row, column, band]` and `[patch, row, column]`.
fn read(
    definition: &PixelDefinition,
    numbers: &str,
    inside: &str,
) -> Result<(PatchShape, Vec<Patch>), String> {
    let bytes = fs::read(numbers).map_err(|error| format!("`{numbers}`: {error}"))?;
    let array = NpyFile::new(&bytes[..]).map_err(text)?;
    let &[_, height, width, bands] = array.shape() else {
        return Err(format!("`{numbers}` has shape {:?}; expected four axes", array.shape()));
    };
    let size = |axis: u64| usize::try_from(axis).map_err(text);
    let shape = PatchShape { bands: size(bands)?, height: size(height)?, width: size(width)? };
    let numbers: Vec<i32> = array.into_vec().map_err(text)?;
    let bytes = fs::read(inside).map_err(|error| format!("`{inside}`: {error}"))?;
    let inside: Vec<u8> = NpyFile::new(&bytes[..]).and_then(NpyFile::into_vec).map_err(text)?;
    let pixels = shape.pixels();
    let patches = numbers.chunks_exact(shape.samples()).zip(inside.chunks_exact(pixels));
    let patches = patches.take(ORDINARY).map(|(numbers, inside)| {
        let sample = |at: usize| numbers[at % pixels * shape.bands + at / pixels] as f32;
        let samples: Vec<f32> = (0..shape.samples()).map(sample).collect();
        let valid = |pixel: usize| {
            samples.iter().skip(pixel).step_by(pixels).all(|&x| definition.scaling.is_valid(x))
        };
        let used = (0..pixels).map(|pixel| inside[pixel] == 1 && valid(pixel)).collect();
        Patch { samples, used }
    });
    Ok((shape, patches.collect()))
}
