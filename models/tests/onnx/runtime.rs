//! ONNX Runtime itself, in a Python environment of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tesela_datasets::patch::{PatchBatch, Samples};
use tesela_datasets::source::Batch;
use tesela_models::Classifier;
use tesela_models::classifier::Probabilities;
use tesela_models::onnx::{Naming, OnnxModel};
use tesela_models::operating_point::OperatingPoint;

/// By how much single-precision sums may differ that are taken in another order.
pub(crate) const TOLERANCE: f32 = 1e-5;

/// What ONNX Runtime made of some cells.
pub(crate) struct Outputs {
    folder: tempfile::TempDir,
    /// What it said of the model.
    pub(crate) said: Value,
}

/// One input: its name, its type in numpy's words, its shape, its bytes.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    pub(crate) element: &'static str,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// A Python that has the packages, made once for all tests.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tesela-python");
    let made = Command::new("sh")
        .arg(scripts().join("environment.sh"))
        .arg(folder)
        .arg(scripts().join("onnx.txt"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python")
}

/// `classifier` as ONNX.
pub(crate) fn export(classifier: &dyn Classifier, point: Option<&OperatingPoint>) -> Vec<u8> {
    let mut model = OnnxModel::default();
    let scores = classifier.write_onnx(&mut model).unwrap();
    let facts = BTreeMap::from([("kind".to_owned(), classifier.kind().to_owned())]);
    let naming = Naming { classes: classifier.classes(), operating_point: point, facts: &facts };
    model.finish(&scores, naming).unwrap()
}

/// Runs `model` on `inputs`.
pub(crate) fn run(model: &[u8], inputs: &[Input]) -> Outputs {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("model.onnx"), model).unwrap();
    let mut described = serde_json::Map::new();
    for input in inputs {
        fs::write(path(&format!("{}.bin", input.name)), &input.bytes).unwrap();
        let about = json!({ "type": input.element, "shape": input.shape });
        described.insert(input.name.to_owned(), about);
    }
    fs::write(path("inputs.json"), Value::from(described).to_string()).unwrap();
    let script = scripts().join("run_onnx.py");
    let output = Command::new(python())
        .arg(script)
        .arg(path("model.onnx"))
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let differ = said["batches_differ_by"].as_f64().unwrap();
    assert!(differ <= f64::from(TOLERANCE), "batches differ by {differ}");
    Outputs { folder, said }
}

impl Outputs {
    /// An output of numbers.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f32> {
        let bytes = fs::read(self.folder.path().join(format!("{name}.f32"))).unwrap();
        bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// An output of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        serde_json::from_value(self.said["texts"][name].clone()).unwrap()
    }
}

/// The largest difference; where one is no number, the other is none, either.
pub(crate) fn difference(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(one, other)| one.is_nan() == other.is_nan()));
    let pairs = found.iter().zip(expected);
    pairs.map(|(one, other)| (one - other).abs()).filter(|it| !it.is_nan()).fold(0.0, f32::max)
}

/// Runs `classifier` here and there on `cells`, which must agree on everything; gives the largest difference of
/// probabilities.
pub(crate) fn check(
    classifier: &dyn Classifier,
    point: Option<&OperatingPoint>,
    cells: &Batch,
) -> f32 {
    let outputs = run(&export(classifier, point), &inputs_of(cells));
    assert_eq!(outputs.said["facts"]["kind"], classifier.kind());
    let expected = classifier.predict(cells).unwrap();
    compare(&outputs, &expected, classifier, point)
}

/// Compares all outputs with what `expected` leads to.
pub(crate) fn compare(
    outputs: &Outputs,
    expected: &Probabilities,
    classifier: &dyn Classifier,
    point: Option<&OperatingPoint>,
) -> f32 {
    let classes = classifier.classes();
    let probabilities = outputs.numbers("probabilities");
    let largest = difference(&probabilities, expected.values());
    assert!(largest <= TOLERANCE, "probabilities differ by {largest}");
    let name = |class: Option<_>| class.map_or("", |class| classes.name(class)).to_owned();
    for (label, row) in outputs.texts("label").iter().zip(expected.rows()) {
        let best = Probabilities::most_probable(row);
        let is_tie =
            row.iter().filter(|&&value| row.iter().any(|most| value > most - 1e-4)).count();
        assert!(*label == name(best) || is_tie > 1, "{label} of {row:?}");
    }
    if let Some(point) = point {
        let decided = point.apply_all(expected.values()).unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "outputs are in single precision")]
        let own: Vec<f32> = decided.probabilities.iter().map(|&value| value as f32).collect();
        // A calibration may be steep.
        let apart = difference(&outputs.numbers("calibrated"), &own);
        assert!(apart <= 10.0 * TOLERANCE, "calibrated probabilities differ by {apart}");
        let classes = decided.classes.into_iter().map(name);
        let wrong = outputs.texts("decided").into_iter().zip(classes).filter(|(a, b)| a != b);
        assert_eq!(wrong.count(), 0, "decisions differ");
    }
    largest
}

/// What a model is given of `cells`.
pub(crate) fn inputs_of(cells: &Batch) -> Vec<Input> {
    match cells {
        Batch::Patches(patches) => inputs_of_patches(patches),
        Batch::Rows(rows) => vec![features(&rows.values, rows.columns.len())],
    }
}

/// Rows of numbers.
pub(crate) fn features(values: &[f32], columns: usize) -> Input {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let shape = vec![values.len() / columns, columns];
    Input { name: "features", element: "<f4", shape, bytes }
}

fn inputs_of_patches(patches: &PatchBatch) -> Vec<Input> {
    let (shape, count) = (patches.shape, patches.len());
    let (element, bytes) = match &patches.samples {
        Samples::UInt8(values) => ("u1", values.clone()),
        Samples::UInt16(values) => ("<u2", values.iter().flat_map(|it| it.to_le_bytes()).collect()),
        Samples::Int16(values) => ("<i2", values.iter().flat_map(|it| it.to_le_bytes()).collect()),
        Samples::Float32(values) => {
            ("<f4", values.iter().flat_map(|it| it.to_le_bytes()).collect())
        }
    };
    let used = patches.used.iter().map(|&used| u8::from(used)).collect();
    vec![
        Input {
            name: "bands",
            element,
            shape: vec![count, shape.bands, shape.height, shape.width],
            bytes,
        },
        Input {
            name: "used",
            element: "?",
            shape: vec![count, shape.height, shape.width],
            bytes: used,
        },
    ]
}
