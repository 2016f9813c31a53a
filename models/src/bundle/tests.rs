//! What a bundle must withstand.

mod hostile;

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
use tesela_datasets::source::{CellSource, InputDefinition};

fn provenance() -> Provenance {
    let parameters: Option<Parameters> =
        RawExtraTrees { n_trees: 5, ..RawExtraTrees::default() }.check("", &mut Problems::new());
    let measured = serde_json::json!({ "accuracy": 0.93, "prevalence": [0.5, 0.5] });
    Provenance {
        model: ModelConfig::ExtraTrees(parameters.unwrap()),
        dataset: "toy".into(),
        source: Some("made up".into()),
        licence: None,
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

/// The bundle at `path` is refused with `flip` on a byte of its file `weights`, and with all behind that byte cut off.
fn check_alterations(
    path: &Path,
    weights: &Path,
    place: prop::sample::Index,
    flip: u8,
) -> Result<(), TestCaseError> {
    let mut bytes = fs::read(weights).unwrap();
    let place = place.index(bytes.len());
    bytes[place] ^= flip;
    for (bytes, expected) in [
        (&bytes[..], "has digest".to_owned()),
        (&bytes[..place], format!("has {place} bytes; expected")),
    ] {
        fs::write(weights, bytes).unwrap();
        let error = load(path, "flex").err().expect("the bundle is refused").to_string();
        prop_assert!(error.contains(&expected), "{}", error);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn altered_weights_are_refused(place in any::<prop::sample::Index>(), flip in 1_u8..) {
        let directory = tempdir().unwrap();
        let path = directory.path().join("model");
        save(&path, &*fitted(), &provenance(), Extras::default()).unwrap();
        check_alterations(&path, &path.join("forest.bin"), place, flip)?;
    }

    #[test]
    fn any_description_is_read_or_refused_and_never_panics(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let ensemble = ensemble();
        let manifest = ensemble.path().join("ensemble").join(MANIFEST_FILE);
        let mut bytes = fs::read(&manifest).unwrap();
        let place = place.index(bytes.len());
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        fs::write(&manifest, &bytes).unwrap();
        // A changed letter of a name is a bundle; what is loaded works.
        match load(&ensemble.path().join("ensemble"), "flex") {
            Ok((loaded, _)) => {
                let source = toy::source(2, 1);
                let found = loaded.predict_source(&source, &mut |_| true);
                // What the numbers stand for no batch says: that is compared before anything is read.
                let outside = |input: &InputDefinition| {
                    input.patches().map(|patches| (patches.shape, patches.sample_type))
                };
                prop_assert_eq!(found.is_ok(), outside(loaded.input()) == outside(source.input()));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn altered_members_are_refused(
        member in 0..3_usize, place in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let ensemble = ensemble();
        let path = ensemble.path().join("ensemble");
        let weights = path.join(format!("fold-{member:02}")).join("forest.bin");
        check_alterations(&path, &weights, place, flip)?;
    }
}

/// Three bundles, and an ensemble of them that has gone through the disk.
fn ensemble() -> tempfile::TempDir {
    let directory = tempdir().unwrap();
    let members: Vec<(String, std::path::PathBuf)> = (0..3)
        .map(|fold| {
            let path = directory.path().join(format!("model-{fold}"));
            let provenance = Provenance { fold: Some(fold), ..provenance() };
            let settings = FitSettings { threads: Some(1), ..FitSettings::new(u64::from(fold)) };
            let recipe = provenance.model.recipe(&settings);
            let fitted = recipe.fit(&toy::source(30, 1), &toy::source(0, 2), &mut Unobserved);
            save(&path, &*fitted.unwrap(), &provenance, Extras::default()).unwrap();
            (format!("fold-{fold:02}"), path)
        })
        .collect();
    let gathering = Gathering::ensemble(&members, None).unwrap();
    let written = gathering.write(&directory.path().join("ensemble"), |_, _| {
        Ok::<Vec<String>, BundleError>(Vec::new())
    });
    assert_eq!(written.unwrap().members.len(), 3);
    directory
}

#[test]
fn an_ensemble_comes_back_as_the_mean_of_its_members() {
    let directory = ensemble();
    let source = toy::source(20, 9);
    let say = |name: &str| {
        let (classifier, _) = load(&directory.path().join(name), "flex").unwrap();
        classifier.predict_source(&source, &mut |_| true).unwrap()
    };
    let members = [say("model-0"), say("model-1"), say("model-2")];
    let all = say("ensemble");
    for (place, &value) in all.values().iter().enumerate() {
        let sum: f64 = members.iter().map(|member| f64::from(member.values()[place])).sum();
        assert!((sum / 3.0 - f64::from(value)).abs() < 1e-7);
    }
    let (_, manifest) = load(&directory.path().join("ensemble"), "flex").unwrap();
    assert_eq!((manifest.provenance.fold, manifest.weights.len()), (None, 3));
    assert!(manifest.provenance.measured.is_empty());
}

#[test]
fn members_that_lead_out_of_the_bundle_or_repeat_are_refused() {
    let directory = ensemble();
    let path = directory.path().join("ensemble");
    let manifest = path.join(MANIFEST_FILE);
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to, expected) in [
        ("\"fold-01\"", "\"..\"", "`..` is not the name of a folder"),
        ("\"fold-01\"", "\"fold-01/x\"", "`fold-01/x` is not the name of a folder"),
        ("\"fold-01\"", "\"fold-00\"", "some have the same name"),
        ("fold-01/forest.bin", "../forest.bin", "is not the name of a file in the bundle"),
        ("fold-01/forest.bin", "/forest.bin", "is not the name of a file in the bundle"),
        ("fold-01/forest.bin", "fold-01/x/forest.bin", "is not the name of a file in the bundle"),
        ("fold-01/forest.bin", "fold-07/forest.bin", "is not the name of a file in the bundle"),
    ] {
        assert!(text.contains(from), "{text}");
        fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        let error = load(&path, "flex").err().expect("the bundle is refused").to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn bundles_of_other_settings_are_not_joined_and_strangers_are_not_lost() {
    let directory = ensemble();
    let path = |name: &str| directory.path().join(name);
    let manifest = path("model-1").join(MANIFEST_FILE);
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("00ff", "00fe")).unwrap();
    let members = [("a".to_owned(), path("model-0")), ("b".to_owned(), path("model-1"))];
    let error = Gathering::ensemble(&members, None).unwrap_err().to_string();
    assert!(
        error.contains("cannot be joined") && error.contains("it has another store"),
        "{error}"
    );
    fs::write(path("ensemble").join("thesis.txt"), "years of work").unwrap();
    let copy = Gathering::copy(&path("model-0")).unwrap();
    let written = copy.write(&path("ensemble"), |_, _| Ok::<_, BundleError>(Vec::new()));
    let error = written.unwrap_err().to_string();
    assert!(error.contains("holds `thesis.txt` beside a bundle"), "{error}");
    assert!(path("ensemble").join("thesis.txt").exists());
}
