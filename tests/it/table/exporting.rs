//! `tesela export` of trees on a table: bundles that predict, ONNX that agrees, and what is refused.

use std::fs;
use std::path::Path;

use super::assert_same_files;
use super::place::{Place, experiment};
use crate::onnx;

/// A run whose operating point moves probabilities to a place where towns are rare.
fn trained(more: &str) -> Place {
    let place = Place::new();
    place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
    let text = experiment("store", more);
    let text = text.replace("folds = 3", "folds = 3\ntarget-prevalence = { urban = 0.1 }");
    place.write("trees.toml", &text);
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    place
}

/// The columns of `plots.csv` that the model looks at.
fn rows(place: &Place) -> Vec<Vec<f32>> {
    let text = fs::read_to_string(place.path("plots.csv")).unwrap();
    let row = |line: &str| line.split(',').skip(5).map(|field| field.parse().unwrap()).collect();
    text.lines().skip(1).map(row).collect()
}

/// Predicts `plots.csv` with the bundle `model`, and compares the map with what ONNX Runtime says.
fn assert_onnx_agrees(place: &Place, model: &str) {
    let map = format!("{model}.csv");
    place.succeed(&["predict", model, "--table", "plots.csv", "--out", &map]);
    let outputs = onnx::run(&place.path(model).join("model.onnx"), &rows(place));
    let calibrated = outputs.numbers("calibrated");
    let map = fs::read_to_string(place.path(&map)).unwrap();
    for (row, line) in map.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(outputs.said["texts"]["decided"][row], fields[1], "{line}");
        for (class, field) in fields[2..4].iter().enumerate() {
            let apart = field.parse::<f32>().unwrap() - calibrated[2 * row + class];
            assert!(apart.abs() < 1e-5, "{line}: {apart}");
        }
    }
}

fn manifest(folder: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder.join("bundle.json")).unwrap()).unwrap()
}

#[test]
fn the_final_model_is_exported_as_a_bundle_that_predicts_the_same() {
    let place = trained("");
    let said = place.succeed(&["export", "run", "--out", "model"]);
    for name in ["MODEL_CARD.md", "model.onnx", "features.json"] {
        assert!(said.contains(&format!("model/{name}")), "{said}");
    }
    place.succeed(&["predict", "run", "--table", "plots.csv", "--out", "run.csv"]);
    assert_onnx_agrees(&place, "model");
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    assert!(read("run.csv") == read("model.csv"), "the maps differ");
    // One operator holds the forest.
    let operator = b"TreeEnsembleClassifier";
    let graph = read("model/model.onnx");
    assert_eq!(graph.windows(operator.len()).filter(|own| own == operator).count(), 1);
    let found = manifest(&place.path("model"));
    assert_eq!(found["provenance"]["licence"], "CC0-1.0");
    assert_eq!(found["provenance"]["source"], "made up");
    assert_eq!(found["exports"].as_object().unwrap().len(), 3);
    let measured = &found["provenance"]["measured"];
    assert_eq!(measured["scheme"], "random");
    let interval = &measured["intervals"]["decided"][0]["interval"];
    assert!(interval["lower"].as_f64() < interval["upper"].as_f64(), "{measured}");
    let card = fs::read_to_string(place.path("model/MODEL_CARD.md")).unwrap();
    for part in ["| licence of the data | CC0-1.0 |", "`slope`, `lights`, `rain`", "117 cells"] {
        assert!(card.contains(part), "no `{part}` in {card}");
    }
    let said = place.succeed(&["inspect", "model", "--verify"]);
    assert!(said.contains("CC0-1.0") && said.contains("model.onnx"), "{said}");
    // Once more, and from the bundle instead of the run: the same bytes.
    place.succeed(&["export", "run", "--out", "again"]);
    place.succeed(&["export", "model", "--out", "copy"]);
    assert_same_files(&place.path("model"), &place.path("again"), &[]);
    assert_same_files(&place.path("model"), &place.path("copy"), &[]);
    place.succeed(&["export", "run", "--out", "again", "--format", "onnx"]);
    assert_same_files(&place.path("model"), &place.path("again"), &[]);
    fs::write(place.path("copy/model.onnx"), "other").unwrap();
    assert_eq!(place.run(&["inspect", "copy", "--verify"]).status.code(), Some(1));
}

#[test]
fn all_folds_are_exported_as_one_model() {
    let place = trained("");
    place.succeed(&["export", "run", "--out", "folds", "--model", "ensemble"]);
    assert_onnx_agrees(&place, "folds");
    let found = manifest(&place.path("folds"));
    assert_eq!(found["members"], serde_json::json!(["fold-00", "fold-01", "fold-02"]));
    let whole = manifest(&place.path("run/final/bundle"));
    assert_eq!(found["operating_point"], whole["operating_point"]);
    assert_eq!(
        found["provenance"]["measured"]["accuracy"],
        whole["provenance"]["measured"]["accuracy"]
    );
    assert!(place.path("folds/applicability.safetensors").is_file());
    let card = fs::read_to_string(place.path("folds/MODEL_CARD.md")).unwrap();
    assert!(card.contains("the mean of the probabilities of 3 models"), "{card}");
    let said = place.succeed(&["inspect", "folds"]);
    assert!(said.contains("3 columns: slope, lights, rain"), "{said}");
    // It says something else than the final model, and is a bundle that can be exported and measured itself.
    let read = |name: &str| fs::read(place.path(name)).unwrap();
    place.succeed(&["predict", "run", "--table", "plots.csv", "--out", "run.csv"]);
    assert!(read("run.csv") != read("folds.csv"), "the maps are the same");
    place.succeed(&["export", "folds", "--out", "copy"]);
    assert_same_files(&place.path("folds"), &place.path("copy"), &[]);
}

#[test]
fn a_fold_is_exported_and_a_run_without_a_final_model_as_an_ensemble() {
    let place = Place::new();
    place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
    let text = format!("final-model = false\n{}", experiment("store", ""));
    place.write("trees.toml", &text);
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    let message = place.refuse(&["export", "run", "--out", "model"]);
    assert!(message.contains("`final-model = false`"), "{message}");
    let message = place.refuse(&["predict", "run", "--table", "plots.csv", "--out", "map.csv"]);
    assert!(message.contains("`tesela export run --model ensemble --out DIR`"), "{message}");
    assert!(!message.contains("when all folds are done"), "{message}");
    place.succeed(&["export", "run", "--out", "model", "--model", "ensemble"]);
    let found = manifest(&place.path("model"));
    assert!(found["operating_point"].is_object(), "{found}");
    assert!(found["provenance"]["measured"]["accuracy"].is_f64(), "{found}");
    // It knows the cells of all its members, each of which lacks some.
    place.succeed(&["predict", "model", "--table", "plots.csv", "--out", "map.csv"]);
    let map = fs::read_to_string(place.path("map.csv")).unwrap();
    assert!(map.lines().next().unwrap().ends_with(",trained_on"), "{map}");
    assert_eq!(map.lines().filter(|line| line.ends_with(",true")).count(), 117);
    let card = fs::read_to_string(place.path("model/MODEL_CARD.md")).unwrap();
    assert!(card.contains("Nothing here tells cells that are unlike all training cells"), "{card}");
    let again = place.succeed(&["inspect", "model", "--verify"]);
    assert!(again.contains("trained-cells.jsonl"), "{again}");
    place.succeed(&["export", "run", "--out", "fold", "--model", "fold-2"]);
    let found = manifest(&place.path("fold"));
    assert_eq!(found["provenance"]["fold"], 2);
    let card = fs::read_to_string(place.path("fold/MODEL_CARD.md")).unwrap();
    assert!(card.contains("It is the model of fold 2"), "{card}");
    assert!(card.contains("39 cells were spread at random"), "{card}");
}

#[test]
fn what_cannot_be_exported_is_refused_with_what_helps() {
    let place = trained("");
    let message = place.refuse(&["export", "run", "--out", "model", "--model", "fold-03"]);
    assert!(message.contains("has no fold 3; it has folds 0 to 2"), "{message}");
    let message = place.refuse(&["export", "run", "--out", "model", "--model", "best"]);
    assert!(message.contains("expected `final`, `ensemble`"), "{message}");
    let message = place.refuse(&["export", "run", "--out", "model", "--format", "onnx,pickle"]);
    assert!(message.contains("expected `onnx` or `safetensors`"), "{message}");
    let message = place.refuse(&["export", "run", "--out", "model", "--format", "safetensors"]);
    assert!(message.contains("has no tensors for PyTorch"), "{message}");
    let message = place.refuse(&["export", "store", "--out", "model"]);
    assert!(message.contains("`store` is not a run"), "{message}");
    let message = place.refuse(&["export", "run", "--out", "store"]);
    assert!(message.contains("`store` exists and is not a bundle"), "{message}");
    assert!(place.path("store/store.json").is_file());
    let bundle = "run/final/bundle";
    let message = place.refuse(&["export", bundle, "--out", "model", "--model", "ensemble"]);
    assert!(message.contains("is a bundle and holds one model"), "{message}");
    assert!(!place.path("model").exists());

    let forest = place.path("run/final/bundle/forest.bin");
    let bytes = fs::read(&forest).unwrap();
    fs::write(&forest, &bytes[..bytes.len() - 1]).unwrap();
    let message = place.refuse(&["export", "run", "--out", "model"]);
    assert!(message.contains("forest.bin") && message.contains("expected a file of"), "{message}");
    fs::write(place.path("run/final/bundle/bundle.json"), "{").unwrap();
    let message = place.refuse(&["export", "run", "--out", "model"]);
    assert!(message.contains("does not describe a bundle"), "{message}");
    fs::remove_dir_all(place.path("run/final")).unwrap();
    let message = place.refuse(&["export", "run", "--out", "model"]);
    assert!(message.contains("has no final model yet; `tesela train`"), "{message}");
    fs::remove_dir_all(place.path("run/fold-01")).unwrap();
    let message = place.refuse(&["export", "run", "--out", "model", "--model", "fold-01"]);
    assert!(message.contains("fold 1 of run") && message.contains("is not done"), "{message}");
    assert!(!place.path("model").exists());
    assert!(!place.path("model.partial").exists());
}
