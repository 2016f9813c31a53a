//! The card, as its readers see it.

use std::path::Path;

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::config::Problems;
use tesela_datasets::source::CellSource;

use super::super::{Format, export};
use crate::bundle::{self, Extras, Gathering, Provenance};
use crate::classifier::Unobserved;
use crate::config::{FitSettings, ModelConfig, RawModelConfig};
use crate::conformance::toy;
use crate::operating_point::{Calibration, Decision, OperatingPoint, PriorShift, Sigmoid};

fn provenance(model: &str, measured: &serde_json::Value) -> Provenance {
    let raw: RawModelConfig = toml::from_str(model).unwrap();
    let mut problems = Problems::new();
    let checked: Option<ModelConfig> = raw.check(&mut problems);
    Provenance {
        model: problems.finish(checked).unwrap(),
        dataset: "toy".into(),
        source: Some("made up | for tests".into()),
        licence: Some("CC0-1.0".into()),
        store_digest: "00ff".into(),
        pixel_metres: Some(30.0),
        fold_plan_digest: Some("11ee".into()),
        fold: None,
        seed: 7,
        program_version: "0.1.0".into(),
        measured: measured.as_object().unwrap().clone(),
    }
}

fn scores(shares: [f64; 2], precision: f64) -> serde_json::Value {
    let class = |class: usize, name: &str| {
        serde_json::json!({
            "class": name, "support": 60 + 90 * class, "prevalence": shares[class],
            "precision": precision, "recall": 0.8, "f1": 0.75,
        })
    };
    serde_json::json!({
        "cells": 210, "accuracy": 0.9, "macro": { "precision": 0.9, "recall": 0.9, "f1": 0.9 },
        "classes": [class(0, "non-urban"), class(1, "urban")],
    })
}

fn measured() -> serde_json::Value {
    let mut all = scores([0.5, 0.5], 0.9);
    all["scheme"] = "random".into();
    all["folds"] = 3.into();
    all["at_target_prevalence"] = scores([0.98, 0.02], 0.21);
    all["with_operating_point"] = scores([0.98, 0.02], 0.7);
    let interval = |name: &str| serde_json::json!([{ "name": name, "value": 0.9, "interval": { "lower": 0.87, "upper": 0.93 } }]);
    all["intervals"] = serde_json::json!({
        "level": 0.95, "sample": interval("accuracy"), "target": [],
        "decided": interval("urban precision"),
    });
    all["expected_map"] =
        serde_json::json!({ "cells": 10_000, "figures": interval("urban recall") });
    all
}

fn point() -> OperatingPoint {
    let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
    let prior = PriorShift::new(&classes, &[0.5, 0.5], &[0.98, 0.02]).unwrap();
    let platt = Calibration::Platt(vec![Sigmoid { slope: 0.5, offset: 0.1 }]);
    let decision = Decision::Threshold { class: ClassId::new(1), at_least: 0.02 };
    OperatingPoint::new(classes, platt, Some(prior), decision, None).unwrap()
}

/// Writes a bundle of `model`, fitted on `train`, exports it, and gives the card.
fn card(directory: &Path, provenance: &Provenance, train: &dyn CellSource) -> String {
    let settings = FitSettings { threads: Some(1), ..FitSettings::new(7) };
    let recipe = provenance.model.recipe(&settings);
    let fitted = recipe.fit(train, &toy::source(0, 2), &mut Unobserved).unwrap();
    let path = directory.join("bundle");
    let point = provenance.measured.contains_key("with_operating_point").then(point);
    let extras = Extras { operating_point: point.as_ref(), applicability: None, trained: None };
    bundle::save(&path, &*fitted, provenance, extras).unwrap();
    let out = directory.join("exported");
    let manifest = export(Gathering::copy(&path).unwrap(), &out, None).unwrap();
    assert_eq!(bundle::load(&out, "flex").unwrap().1, manifest);
    std::fs::read_to_string(out.join("MODEL_CARD.md")).unwrap()
}

/// The card without what the size and the bytes of weights are.
fn masked(card: &str) -> String {
    let mask = |line: &str| match line.rsplit_once(" | `") {
        Some((start, digest)) if digest.trim_end_matches("` |").len() == 64 => {
            format!("{} | … | … |", start.rsplit_once(" | ").unwrap().0)
        }
        _ => line.to_owned(),
    };
    card.lines().map(|line| mask(line) + "\n").collect()
}

#[test]
fn the_card_of_a_network_says_everything() {
    let directory = tempfile::tempdir().unwrap();
    let model = "[lenet]\nbatch-size = 4\nepochs = 1\nvalidation-share = 0.0\n";
    let card = card(directory.path(), &provenance(model, &measured()), &toy::source(8, 1));
    insta::assert_snapshot!(masked(&card));
}

#[test]
fn the_card_of_trees_on_a_table_without_figures_warns() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = serde_json::json!({});
    let mut provenance = provenance("[extra-trees]\nn-trees = 3\n", &nothing);
    (provenance.fold, provenance.licence) = (Some(2), None);
    let card = card(directory.path(), &provenance, &toy::table(30, 1));
    insta::assert_snapshot!(masked(&card));
}

#[test]
fn the_features_of_patches_are_outside_of_the_graph_and_the_card_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let provenance = provenance("[random-forest]\nn-trees = 3\n", &measured());
    let card = card(directory.path(), &provenance, &toy::source(20, 1));
    assert!(card.contains("The graph begins with the 486 features of a patch."), "{card}");
    let text = std::fs::read(directory.path().join("exported/features.json")).unwrap();
    let names: Vec<String> = serde_json::from_slice(&text).unwrap();
    assert_eq!((names.len(), names[0].as_str()), (486, "blue_mean"));
}

#[test]
fn trees_have_no_tensors() {
    let directory = tempfile::tempdir().unwrap();
    let provenance = provenance("[extra-trees]\nn-trees = 3\n", &measured());
    card(directory.path(), &provenance, &toy::table(20, 1));
    let gathering = Gathering::copy(&directory.path().join("bundle")).unwrap();
    let out = directory.path().join("other");
    let error = export(gathering, &out, Some(&[Format::Safetensors])).unwrap_err();
    assert!(error.to_string().contains("kind `extra-trees` has no tensors"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left behind");
}
