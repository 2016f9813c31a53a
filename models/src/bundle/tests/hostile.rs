//! Bundles by someone who knows the format: every digest fits, and the content is anything.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::hex;
use tesela_datasets::source::{CellSource, InputDefinition};

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

const FOREST: &str = r#"{"extra-trees": {"n-trees": 4}}"#;
const NETWORK: &str = r#"{"resnet": {"width": 2, "blocks": [1], "epochs": 1, "batch-size": 4, "validation-share": 0.0}}"#;

#[test]
fn forged_forests_are_read_or_refused() {
    forgeries(FOREST, &["forest.bin", "applicability.safetensors"]);
}

#[test]
fn forged_networks_are_read_or_refused() {
    forgeries(NETWORK, &["weights.safetensors", "normalisation.json"]);
}

/// A bundle of trees on a table.
fn bundle_of_table() -> TempDir {
    let model: ModelConfig = serde_json::from_str(FOREST).unwrap();
    let recipe = model.recipe(&FitSettings { threads: Some(1), ..FitSettings::new(1) });
    let fitted = recipe.fit(&toy::table(16, 1), &toy::table(0, 2), &mut Unobserved).unwrap();
    let directory = tempdir().unwrap();
    let provenance = Provenance { model, ..provenance() };
    save(&directory.path().join("model"), &*fitted, &provenance, Extras::default()).unwrap();
    directory
}

fn bundles() -> [TempDir; 3] {
    [bundle(FOREST), bundle(NETWORK), bundle_of_table()]
}

fn description(bundle: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(bundle.join(MANIFEST_FILE)).unwrap()).unwrap()
}

/// Why the bundle is refused with `value` at the place `pointer` of its description.
fn refusal(bundle: &Path, pointer: &str, value: serde_json::Value) -> String {
    let original = description(bundle);
    let mut edited = original.clone();
    *edited.pointer_mut(pointer).unwrap() = value;
    fs::write(bundle.join(MANIFEST_FILE), edited.to_string()).unwrap();
    let refused = load(bundle, "flex").err().unwrap_or_else(|| panic!("{pointer} is accepted"));
    fs::write(bundle.join(MANIFEST_FILE), original.to_string()).unwrap();
    let causes = std::iter::successors(Some(&refused as &dyn std::error::Error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn patches_of_impossible_size_or_meaning_are_refused_by_forests_and_networks() {
    use serde_json::json;
    let described = "does not describe a bundle";
    for made in [bundle(FOREST), bundle(NETWORK)] {
        let path = made.path().join("model");
        for (pointer, value, words) in [
            ("/input/shape/width", json!(0), "patches have 16 × 0 pixels; expected 1 to 4096"),
            ("/input/shape/height", json!(1_000_001), "1000001 × 16 pixels"),
            ("/input/shape/width", json!(u64::MAX), "pixels; expected 1 to 4096 each way"),
            ("/input/shape/width", json!(-1), described),
            ("/input/shape/width", json!(16.5), described),
            ("/input/shape/width", json!("16"), described),
            ("/input/shape/bands", json!(5), "patches have 5 bands; their pixels have 6"),
            ("/input/shape/bands", json!(1_u64 << 60), "bands; their pixels have 6"),
            ("/input/pixel/bands", json!(["red"]), "patches have 6 bands; their pixels have 1"),
            ("/input/pixel/bands", json!([]), described),
            ("/input/pixel/scaling/multiply", json!(0), "the scaling has factor 0"),
            ("/input/pixel/scaling/divide", json!(0), "divisor 0"),
            ("/input/pixel/scaling/add", json!(7), "is not that of product `c1`"),
            ("/input/pixel/scaling/nodata", json!(null), "is not that of product `c1`"),
            ("/input/pixel/histogram_range", json!([1, 0]), "histogram range is [1, 0]"),
        ] {
            let message = refusal(&path, pointer, value.clone());
            assert!(message.contains(words), "{pointer} {value}: {message}");
        }
    }
    let made = bundle_of_table();
    let path = made.path().join("model");
    for (pointer, value) in [
        ("/input/columns", json!([])),
        ("/input/columns", json!(["slope"])),
        ("/input/columns", json!(["slope", "slope", "rain"])),
        ("/input/columns", json!(70_000)),
        ("/input", description(&bundle(FOREST).path().join("model"))["input"].clone()),
    ] {
        assert!(!refusal(&path, pointer, value).is_empty());
    }
}

/// The places of all numbers, texts and lists in `value`.
fn places(value: &serde_json::Value, at: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found));
        }
        serde_json::Value::Array(items) => {
            found.push(at.to_owned());
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| places(item, &format!("{at}/{i}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

#[test]
fn any_value_at_any_place_of_a_description_is_refused_or_predicts() {
    use serde_json::json;
    let hostile = [
        json!(0),
        json!(-1),
        json!(0.5),
        json!(2),
        json!(4096),
        json!(1_000_001),
        json!(u64::MAX),
        json!(1e300),
        json!(null),
        json!(""),
        json!("c2"),
        json!([]),
        json!([0]),
        json!({}),
    ];
    for made in bundles() {
        let path = made.path().join("model");
        let original = description(&path);
        let mut all = Vec::new();
        places(&original, "", &mut all);
        all.retain(|place| !place.starts_with("/weights"));
        let cases = (prop::sample::select(all), prop::sample::select(hostile.to_vec()));
        let mut runner = prop::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
        runner
            .run(&cases, |(pointer, value)| {
                let mut edited = original.clone();
                *edited.pointer_mut(&pointer).unwrap() = value;
                fs::write(path.join(MANIFEST_FILE), edited.to_string()).unwrap();
                match load(&path, "flex") {
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                    Ok((model, _)) => {
                        let predicted = match model.input().table() {
                            Some(_) => model.predict_source(&toy::table(3, 2), &mut |_| true),
                            None => model.predict_source(&toy::source(3, 2), &mut |_| true),
                        };
                        // Cells of another kind may be refused, all others not.
                        let is_same = model.input() == &input_of(&original);
                        prop_assert!(predicted.is_ok_and(|found| found.len() == 3) || !is_same);
                    }
                }
                Ok(())
            })
            .unwrap();
        fs::write(path.join(MANIFEST_FILE), original.to_string()).unwrap();
        assert!(load(&path, "flex").is_ok(), "the bundle itself is one");
    }
}

fn input_of(description: &serde_json::Value) -> InputDefinition {
    serde_json::from_value(description["input"].clone()).unwrap()
}
