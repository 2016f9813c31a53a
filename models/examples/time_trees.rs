//! Times the engine of the forests on a table made by `benches/peers/trees.py`, and prints one line of JSON.
//!
//! `time_trees MODEL DIRECTORY ROWS TEST_ROWS MANY_ROWS COLUMNS TREES THREADS SEED`; the model is `extra-trees` or
//! `random-forest`, and the directory holds `train.f32` and `test.f32` (row by row, little-endian), and `train.u16` and `test.u16` (one class per row). `MANY_ROWS` are
//! predicted from copies of the test rows, so many at a time as a program would that streams them; 0 for none.
//! The forest is left in `forest.bin`.

#![expect(clippy::print_stdout, reason = "the script reads the result from standard output")]

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use tesela_datasets::config::Problems;
use tesela_models::extra_trees::{
    Forest, ForestView, Matrix, MaxFeatures, Parameters, RawExtraTrees, RawRandomForest, Sample,
    fit,
};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// How often the test rows are predicted, for times that the clock can tell.
const TURNS: usize = 5;
/// Rows of the copies that are predicted at a time.
const MANY_AT_A_TIME: usize = 100_000;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, directory, counts @ ..] = &arguments[..] else {
        return Err("the model and the directory are missing".into());
    };
    let counts: Vec<usize> = counts.iter().map(|count| count.parse()).collect::<Result<_, _>>()?;
    let [rows, test_rows, many_rows, columns, trees, threads, seed] = counts[..] else {
        return Err(
            "usage: time_trees MODEL DIRECTORY ROWS TEST_ROWS MANY_ROWS COLUMNS TREES THREADS SEED"
                .into(),
        );
    };
    let directory = Path::new(directory);
    let train = numbers(&directory.join("train.f32"), rows * columns)?;
    let train_classes = classes(&directory.join("train.u16"), rows)?;
    let count = usize::from(train_classes.iter().copied().max().unwrap_or(0)) + 1;
    let start_peak = peak_bytes()?;
    let before = cpu_seconds()?;
    let sample = Sample::new(Matrix::new(&train, columns)?, &train_classes, count)?;
    let forest =
        fit(&sample, &parameters(model, trees)?, seed as u64, Some(threads), &mut |_| true)?;
    let fit_cpu = cpu_seconds()? - before;
    let fit_peak = peak_bytes()?;
    drop(train);

    let test = numbers(&directory.join("test.f32"), test_rows * columns)?;
    let test_classes = classes(&directory.join("test.u16"), test_rows)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let before = cpu_seconds()?;
    let mut probabilities = Vec::new();
    for _ in 0..TURNS {
        probabilities = pool.install(|| forest.predict(Matrix::new(&test, columns)?))?;
    }
    let predict_cpu = (cpu_seconds()? - before) / TURNS as f64;
    let (accuracy, log_loss) = scores(&probabilities, &test_classes, count);
    let many_cpu = pool.install(|| predict_many(&forest, &test, many_rows))?;
    let bytes = forest.to_bytes();
    std::fs::write(directory.join("forest.bin"), &bytes)?;
    let before = cpu_seconds()?;
    for _ in 0..TURNS {
        Forest::from_bytes(&bytes)?;
    }
    let load_cpu = (cpu_seconds()? - before) / TURNS as f64;
    let mappable = forest.view().to_bytes();
    let before = cpu_seconds()?;
    for _ in 0..TURNS {
        ForestView::from_bytes(&mappable)?;
    }
    let view_cpu = (cpu_seconds()? - before) / TURNS as f64;
    println!(
        "{{\"fit_cpu\":{fit_cpu:.3},\"predict_cpu\":{predict_cpu:.4},\"many_cpu\":{many_cpu:.3},\
         \"load_cpu\":{load_cpu:.4},\"view_cpu\":{view_cpu:.5},\"view_bytes\":{},\
         \"accuracy\":{accuracy:.5},\"log_loss\":{log_loss:.5},\"nodes\":{},\"bytes\":{},\
         \"start_peak_bytes\":{start_peak},\"fit_peak_bytes\":{fit_peak}}}",
        mappable.len(),
        forest.nodes(),
        bytes.len()
    );
    Ok(())
}

fn parameters(model: &str, trees: usize) -> Result<Parameters, AnyError> {
    let settings = |raw: RawExtraTrees| RawExtraTrees {
        n_trees: trees as u64,
        max_features: MaxFeatures::Sqrt,
        ..raw
    };
    let problems = &mut Problems::new();
    let parameters = match model {
        "extra-trees" => settings(RawExtraTrees::default()).check("", problems),
        "random-forest" => {
            RawRandomForest(settings(RawRandomForest::default().0)).check("", problems)
        }
        other => return Err(format!("`{other}` is no model of forests").into()),
    };
    Ok(parameters.ok_or("the number of trees is out of range")?)
}

/// CPU seconds for `many` rows, copies of those in `test`.
fn predict_many(forest: &Forest, test: &[f32], many: usize) -> Result<f64, AnyError> {
    let columns = forest.columns();
    let rows: Vec<f32> =
        test.iter().copied().cycle().take(MANY_AT_A_TIME.min(many) * columns).collect();
    let before = cpu_seconds()?;
    let mut left = many;
    while left > 0 {
        let now = left.min(MANY_AT_A_TIME);
        forest.predict(Matrix::new(&rows[..now * columns], columns)?)?;
        left -= now;
    }
    Ok(cpu_seconds()? - before)
}

/// The first `count` numbers of a file.
fn numbers(path: &Path, count: usize) -> Result<Vec<f32>, AnyError> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut numbers, mut word) = (Vec::with_capacity(count), [0; 4]);
    for _ in 0..count {
        file.read_exact(&mut word)?;
        numbers.push(f32::from_le_bytes(word));
    }
    Ok(numbers)
}

fn classes(path: &Path, count: usize) -> Result<Vec<u16>, AnyError> {
    let bytes = std::fs::read(path)?;
    let (words, _) = bytes.as_chunks::<2>();
    Ok(words.iter().take(count).map(|&word| u16::from_le_bytes(word)).collect())
}

/// Accuracy and log-loss, probabilities clipped at 0.001.
fn scores(probabilities: &[f32], classes: &[u16], count: usize) -> (f64, f64) {
    let (mut right, mut loss) = (0_usize, 0.0);
    for (row, &class) in probabilities.chunks_exact(count).zip(classes) {
        let own = row[usize::from(class)];
        right += usize::from(
            row.iter()
                .enumerate()
                .all(|(other, &value)| value < own || other >= usize::from(class) && value <= own),
        );
        loss -= f64::from(own).clamp(1e-3, 1.0 - 1e-3).ln();
    }
    (right as f64 / classes.len() as f64, loss / classes.len() as f64)
}

/// User and system time of this process, in seconds, as the kernel counts it.
fn cpu_seconds() -> Result<f64, AnyError> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(ticks as f64 / 100.0)
}

/// The most memory that this process has had so far.
fn peak_bytes() -> Result<u64, AnyError> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
    Ok(kilobytes.parse::<u64>()? * 1024)
}
