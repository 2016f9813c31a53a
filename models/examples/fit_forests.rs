//! Fits forests for `benches/peers/trees_quality.py`, and prints one line of JSON for each.
//!
//! `fit_forests DIRECTORY` reads there `task.json`, `train.f32` and `test.f32` (row by row, little-endian),
//! `train.u16` (one class per row), and `weights.f64` where the task says so; it leaves in `said.f32` what each
//! forest says of the test rows, one after the other: `[forest, row, class]`.

#![expect(clippy::print_stdout, reason = "the script reads the result from standard output")]

use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use tesela_models::config::{ModelConfig, RawModelConfig};
use tesela_models::extra_trees::{Matrix, Sample, fit_assessed};

/// What is to be fitted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    columns: usize,
    classes: usize,
    weighted: bool,
    seeds: Vec<u64>,
    model: RawModelConfig,
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    let directory = std::env::args().nth(1).ok_or("the directory is missing")?;
    let directory = Path::new(&directory);
    let task: Task = serde_json::from_slice(&std::fs::read(directory.join("task.json"))?)?;
    let (ModelConfig::ExtraTrees(parameters) | ModelConfig::RandomForest(parameters)) =
        ModelConfig::try_from(task.model)?
    else {
        return Err("the model is no forest".into());
    };
    let train = read(&directory.join("train.f32"), f32::from_le_bytes)?;
    let test = read(&directory.join("test.f32"), f32::from_le_bytes)?;
    let labels = read(&directory.join("train.u16"), u16::from_le_bytes)?;
    let sample = Sample::new(Matrix::new(&train, task.columns)?, &labels, task.classes)?;
    let weights = match task.weighted {
        true => read(&directory.join("weights.f64"), f64::from_le_bytes)?,
        false => vec![1.0; sample.rows()],
    };
    let sample = if task.weighted { sample.with_weights(&weights)? } else { sample };
    let mut said = std::io::BufWriter::new(std::fs::File::create(directory.join("said.f32"))?);
    for seed in task.seeds {
        let assessed = fit_assessed(&sample, &parameters, seed, None, &mut |_| true)?;
        for share in assessed.forest.predict(Matrix::new(&test, task.columns)?)? {
            said.write_all(&share.to_le_bytes())?;
        }
        let out = assessed.out_of_bag.map(|out| accuracy(&out.probabilities, &labels));
        println!(
            "{}",
            serde_json::json!({
                "nodes": assessed.forest.nodes(),
                "importances": assessed.importances,
                "out_of_bag_accuracy": out,
            })
        );
    }
    said.flush()?;
    Ok(())
}

/// The numbers of a file.
fn read<T, const BYTES: usize>(
    path: &Path,
    number: fn([u8; BYTES]) -> T,
) -> Result<Vec<T>, std::io::Error> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.as_chunks::<BYTES>().0.iter().map(|&word| number(word)).collect())
}

/// The share of rows whose own class is the most probable one, the first where several are.
fn accuracy(probabilities: &[f32], labels: &[u16]) -> f64 {
    let classes = probabilities.len() / labels.len();
    let right = probabilities.chunks_exact(classes).zip(labels).filter(|(row, label)| {
        let best =
            (0..classes).fold(0, |best, class| if row[class] > row[best] { class } else { best });
        best == usize::from(**label)
    });
    right.count() as f64 / labels.len() as f64
}
