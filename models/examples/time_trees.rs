//! Times the Extra Trees engine on a table made by `benches/peers/trees.py`, and prints one line of JSON.
//!
//! `time_trees DIRECTORY ROWS TEST_ROWS COLUMNS TREES THREADS SEED`; the directory holds `train.f32` and
//! `test.f32` (row by row, little-endian), and `train.u16` and `test.u16` (one class per row).

#![expect(clippy::print_stdout, reason = "the script reads the result from standard output")]

use std::path::Path;
use std::time::Instant;

use tesela_datasets::config::Problems;
use tesela_models::extra_trees::{Matrix, MaxFeatures, Parameters, RawExtraTrees, Sample, fit};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, rows, test_rows, columns, trees, threads, seed] = &arguments[..] else {
        return Err("usage: time_trees DIRECTORY ROWS TEST_ROWS COLUMNS TREES THREADS SEED".into());
    };
    let (columns, threads): (usize, usize) = (columns.parse()?, threads.parse()?);
    let directory = Path::new(directory);
    let train = numbers(&directory.join("train.f32"), rows.parse::<usize>()? * columns)?;
    let train_classes = classes(&directory.join("train.u16"), rows.parse()?)?;
    let test = numbers(&directory.join("test.f32"), test_rows.parse::<usize>()? * columns)?;
    let test_classes = classes(&directory.join("test.u16"), test_rows.parse()?)?;
    let count = usize::from(train_classes.iter().copied().max().unwrap_or(0)) + 1;

    let raw = RawExtraTrees {
        n_trees: trees.parse()?,
        max_features: MaxFeatures::Sqrt,
        ..RawExtraTrees::default()
    };
    let parameters: Parameters =
        raw.check("", &mut Problems::new()).ok_or("the number of trees is out of range")?;
    let before = cpu_seconds()?;
    let clock = Instant::now();
    let sample = Sample::new(Matrix::new(&train, columns)?, &train_classes, count)?;
    let forest = fit(&sample, &parameters, seed.parse()?, Some(threads), &mut |_| true)?;
    let (fit_wall, fit_cpu) = (clock.elapsed().as_secs_f64(), cpu_seconds()? - before);

    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let matrix = Matrix::new(&test, columns)?;
    let before = cpu_seconds()?;
    let clock = Instant::now();
    let probabilities = pool.install(|| forest.predict(matrix))?;
    let (predict_wall, predict_cpu) = (clock.elapsed().as_secs_f64(), cpu_seconds()? - before);
    let (accuracy, log_loss) = scores(&probabilities, &test_classes, count);
    println!(
        "{{\"fit_cpu\":{fit_cpu:.3},\"fit_wall\":{fit_wall:.3},\"predict_cpu\":{predict_cpu:.4},\
         \"predict_wall\":{predict_wall:.4},\"accuracy\":{accuracy:.5},\"log_loss\":{log_loss:.5},\
         \"nodes\":{},\"bytes\":{}}}",
        forest.nodes(),
        forest.to_bytes().len()
    );
    Ok(())
}

fn numbers(path: &Path, count: usize) -> Result<Vec<f32>, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let (words, _) = bytes.as_chunks::<4>();
    let numbers = words.iter().take(count).map(|&word| f32::from_le_bytes(word)).collect();
    Ok(numbers)
}

fn classes(path: &Path, count: usize) -> Result<Vec<u16>, Box<dyn std::error::Error>> {
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
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(ticks as f64 / 100.0)
}
