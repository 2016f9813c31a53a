//! Bundles by someone who knows the format: every digest fits, and the content is anything.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::hex;
use tesela_datasets::source::CellSource;

use super::super::manifest::MANIFEST_FILE;
use super::super::{Extras, Provenance, load, load_applicability, save};
use super::provenance;
use crate::applicability::{Applicability, Limits, Training};
use crate::classifier::Unobserved;
use crate::config::{FitSettings, ModelConfig};
use crate::conformance::toy;

/// A bundle of the model that `settings`, a JSON text, describe, with an area of applicability.
fn bundle(settings: &str) -> TempDir {
    let model: ModelConfig = serde_json::from_str(settings).unwrap();
    let recipe = model.recipe(&FitSettings { threads: Some(1), ..FitSettings::new(1) });
    let train = toy::source(16, 1);
    let fitted = recipe.fit(&train, &toy::source(0, 2), &mut Unobserved).unwrap();
    let features = train.features().unwrap();
    let truths: Vec<_> = train.labels().iter().filter_map(|label| label.class()).collect();
    let training = Training {
        values: &features.values,
        importances: &vec![1.0; features.columns.len()],
        truths: &truths,
        folds: &(0..16).map(|cell| cell % 4).collect::<Vec<u32>>(),
    };
    let area = Applicability::fit(&training, Limits::default(), 1).unwrap().applicability;
    let directory = tempdir().unwrap();
    let provenance = Provenance { model, ..provenance() };
    let extras = Extras { operating_point: None, applicability: Some(&area), trained: None };
    save(&directory.path().join("model"), &*fitted, &provenance, extras).unwrap();
    directory
}

/// Writes `bytes` as the file `name` of the bundle, and makes all digests fit.
fn forge(bundle: &Path, name: &str, mut bytes: Vec<u8>) {
    if name == "forest.bin"
        && let Some(end) = bytes.len().checked_sub(32)
    {
        let digest = Sha256::digest(&bytes[..end]);
        bytes[end..].copy_from_slice(&digest);
    }
    fs::write(bundle.join(name), &bytes).unwrap();
    let mark = FileMark { bytes: bytes.len() as u64, sha256: hex::encode(&Sha256::digest(&bytes)) };
    let path = bundle.join(MANIFEST_FILE);
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["weights"][name] = serde_json::to_value(mark).unwrap();
    fs::write(path, manifest.to_string()).unwrap();
}

/// What is loaded predicts; the rest is refused with a message.
fn check(bundle: &Path) -> Result<(), TestCaseError> {
    match load(bundle, "flex") {
        Err(error) => prop_assert!(!error.to_string().is_empty()),
        Ok((model, manifest)) => {
            let found = model.predict_source(&toy::source(3, 2), &mut |_| true);
            prop_assert!(found.is_ok_and(|found| found.len() == 3));
            // An area that is none is refused, too; one that is some is used below.
            drop(load_applicability(bundle, &manifest));
        }
    }
    Ok(())
}

fn forgeries(settings: &str, files: &'static [&'static str]) {
    let made = bundle(settings);
    let path = made.path().join("model");
    let originals: Vec<Vec<u8>> =
        files.iter().map(|name| fs::read(path.join(name)).unwrap()).collect();
    // Most of what matters stands at the beginning of a file.
    let place =
        prop_oneof![0..400_usize, any::<prop::sample::Index>().prop_map(|at| at.index(1 << 20))];
    let edits = prop::collection::vec((place, any::<u8>()), 1..4);
    let cases = (0..files.len(), edits, any::<Option<prop::sample::Index>>());
    let mut runner = prop::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    runner
        .run(&cases, |(file, edits, cut)| {
            let mut bytes = originals[file].clone();
            for (place, byte) in edits {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            forge(&path, files[file], bytes);
            let checked = check(&path);
            forge(&path, files[file], originals[file].clone());
            checked
        })
        .unwrap();
    assert!(load(&path, "flex").is_ok(), "the bundle itself is one");
}

#[test]
fn forged_forests_are_read_or_refused() {
    forgeries(r#"{"extra-trees": {"n-trees": 4}}"#, &["forest.bin", "applicability.safetensors"]);
}

#[test]
fn forged_networks_are_read_or_refused() {
    forgeries(
        r#"{"resnet": {"width": 2, "blocks": [1], "epochs": 1, "batch-size": 4, "validation-share": 0.0}}"#,
        &["weights.safetensors", "normalisation.json"],
    );
}
