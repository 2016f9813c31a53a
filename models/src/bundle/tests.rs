//! What a bundle must withstand.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tempfile::tempdir;

use super::*;
use crate::classifier::{Classifier, Unobserved};
use crate::config::{FitSettings, ModelConfig};
use crate::conformance::toy;
use crate::extra_trees::{Parameters, RawExtraTrees};
use tesela_datasets::config::Problems;

fn provenance() -> Provenance {
    let parameters: Option<Parameters> =
        RawExtraTrees { n_trees: 5, ..RawExtraTrees::default() }.check("", &mut Problems::new());
    let measured = serde_json::json!({ "accuracy": 0.93, "prevalence": [0.5, 0.5] });
    Provenance {
        model: ModelConfig::ExtraTrees(parameters.unwrap()),
        dataset: "toy".into(),
        store_digest: "00ff".into(),
        pixel_metres: Some(30.0),
        fold_plan_digest: None,
        fold: Some(3),
        seed: 7,
        program_version: "0.1.0".into(),
        measured: measured.as_object().unwrap().clone(),
    }
}

fn fitted() -> Box<dyn Classifier> {
    let settings = FitSettings { threads: Some(1), device: "flex".into(), ..FitSettings::new(7) };
    let recipe = provenance().model.recipe(&settings);
    recipe.fit(&toy::source(30, 1), &toy::source(0, 2), &mut Unobserved).unwrap()
}

fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_bundle_comes_back_and_predicts_the_same() {
    let (directory, fitted) = (tempdir().unwrap(), fitted());
    let path = directory.path().join("model");
    save(&path, &*fitted, &provenance(), Extras::default()).unwrap();
    let (loaded, manifest) = load(&path, "flex").unwrap();
    assert_eq!(manifest.provenance, provenance());
    let source = toy::source(20, 9);
    let expected = fitted.predict_source(&source, &mut |_| true).unwrap();
    assert_eq!(loaded.predict_source(&source, &mut |_| true).unwrap(), expected);
}

#[test]
fn the_same_bundle_has_the_same_bytes_and_replaces_the_old_one() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("model");
    save(&path, &*fitted(), &provenance(), Extras::default()).unwrap();
    let first = files(&path);
    save(&path, &*fitted(), &provenance(), Extras::default()).unwrap();
    assert_eq!(files(&path), first);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left behind");
}

#[test]
fn what_is_not_a_bundle_is_left_alone() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("thesis.txt"), "years of work").unwrap();
    let error = save(directory.path(), &*fitted(), &provenance(), Extras::default()).unwrap_err();
    assert!(error.to_string().contains("is not a bundle"), "{error}");
    assert!(directory.path().join("thesis.txt").exists());
}

/// Writes a bundle, edits its description, and says why it is refused.
fn refusal(edit: impl Fn(String) -> String) -> String {
    let directory = tempdir().unwrap();
    let path = directory.path().join("model");
    save(&path, &*fitted(), &provenance(), Extras::default()).unwrap();
    let manifest = path.join(MANIFEST_FILE);
    fs::write(&manifest, edit(fs::read_to_string(&manifest).unwrap())).unwrap();
    let error = load(&path, "flex").err().expect("the bundle is refused");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn another_version_is_refused_with_both_named() {
    let text = refusal(|text| text.replacen("\"format\": 1", "\"format\": 2", 1));
    assert!(text.contains("has format 2; this build reads 1"), "{text}");
}

#[test]
fn a_description_that_contradicts_the_weights_is_refused() {
    let text = refusal(|text| text.replace("\"urban\"", "\"urban\", \"water\""));
    assert!(text.contains("has 2 classes; the bundle's model has 3"), "{text}");
    let text = refusal(|text| text.replace("forest.bin", "../forest.bin"));
    assert!(text.contains("`../forest.bin` is not the name of a file in the bundle"), "{text}");
    let text = refusal(|text| text.replace("forest.bin", "other.bin"));
    assert!(text.contains("cannot read bundle file"), "{text}");
    let text = refusal(|text| text.replace("\"kind\": \"extra-trees\"", "\"kind\": \"lenet\""));
    assert!(text.contains("the kind is `lenet`; the model's is `extra-trees`"), "{text}");
    let text = refusal(|text| text.replace("\"n-trees\": 5", "\"n-trees\": 0"));
    assert!(text.contains("does not describe a bundle"), "{text}");
    assert!(refusal(|_| String::new()).contains("does not describe a bundle"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn altered_weights_are_refused(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let directory = tempdir().unwrap();
        let path = directory.path().join("model");
        save(&path, &*fitted(), &provenance(), Extras::default()).unwrap();
        let weights = path.join("forest.bin");
        let mut bytes = fs::read(&weights).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        fs::write(&weights, &bytes).unwrap();
        let error = load(&path, "flex").err().expect("the bundle is refused").to_string();
        prop_assert!(error.contains("has digest"), "{}", error);
        fs::write(&weights, &bytes[..place]).unwrap();
        let error = load(&path, "flex").err().expect("the bundle is refused").to_string();
        prop_assert!(error.contains(&format!("has {place} bytes; expected")), "{}", error);
    }
}
