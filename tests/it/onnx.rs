//! ONNX Runtime, which runs exported models.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// What ONNX Runtime made of rows of numbers.
pub(crate) struct Outputs {
    folder: tempfile::TempDir,
    /// What it said of the model.
    pub(crate) said: Value,
}

/// Runs the model in the file `model` on `rows`, in batches of several sizes.
pub(crate) fn run(model: &Path, rows: &[Vec<f32>]) -> Outputs {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let environment = Command::new("sh")
        .arg(scripts.join("environment.sh"))
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tesela-python"))
        .arg(scripts.join("onnx.txt"))
        .output()
        .unwrap();
    assert!(environment.status.success(), "{}", String::from_utf8_lossy(&environment.stderr));
    let folder = tempfile::tempdir().unwrap();
    let shape = [rows.len(), rows[0].len()];
    let inputs = json!({ "features": { "type": "<f4", "shape": shape } });
    fs::write(folder.path().join("inputs.json"), inputs.to_string()).unwrap();
    let bytes: Vec<u8> = rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(folder.path().join("features.bin"), bytes).unwrap();
    let python = String::from_utf8(environment.stdout).unwrap();
    let output = Command::new(python.trim())
        .arg(scripts.join("run_onnx.py"))
        .arg(model)
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Outputs { said: serde_json::from_slice(&output.stdout).unwrap(), folder }
}

impl Outputs {
    /// An output of numbers.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f32> {
        let bytes = fs::read(self.folder.path().join(format!("{name}.f32"))).unwrap();
        bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}
