//! Runs from beginning to end.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::place::{Made, Place, TWO, experiment, repeatable_files};

fn names(folder: &Path) -> Vec<String> {
    let files = repeatable_files(folder).into_iter();
    files.map(|(path, _)| path.display().to_string()).collect()
}

#[test]
fn a_run_leaves_everything_behind_and_is_found_again() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("experiments/some/trees.toml", &experiment("store", ""));
    let first = place.succeed(&["train", "experiments/some/trees.toml"]);
    let run = first.lines().last().unwrap();
    assert!(run.starts_with("runs/some/trees/"), "{run}");
    insta::assert_snapshot!(names(&place.path(run)).join("\n"));
    let before = repeatable_files(&place.path(run));
    let second = place.succeed(&["train", "experiments/some/trees.toml"]);
    assert_eq!(first, second);
    assert!(before == repeatable_files(&place.path(run)));
    let png = image::open(place.path(run).join("confusion.png")).unwrap();
    assert!(png.width() > 300 && png.height() > 300);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "one", "--threads", "1"]);
    place.succeed(&["train", "trees.toml", "--out", "two", "--threads", "3"]);
    assert!(repeatable_files(&place.path("one")) == repeatable_files(&place.path("two")));
}

#[test]
fn single_folds_add_up_to_the_run() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    for fold in ["2", "0"] {
        place.succeed(&["train", "trees.toml", "--out", "parts", "--fold", fold]);
        assert!(!place.path("parts/metrics.json").exists());
    }
    place.succeed(&["train", "trees.toml", "--out", "parts"]);
    place.succeed(&["train", "trees.toml", "--out", "whole"]);
    assert!(repeatable_files(&place.path("parts")) == repeatable_files(&place.path("whole")));
    let message = place.refuse(&["train", "trees.toml", "--out", "whole", "--fold", "3"]);
    assert!(message.contains("there is no fold 3; the plan has folds 0 to 2"), "{message}");
}

#[test]
fn folds_in_processes_of_their_own_give_the_same_bytes() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    let one = place.succeed(&["train", "trees.toml", "--out", "one"]);
    let jobs = place.succeed(&["train", "trees.toml", "--out", "jobs", "--jobs", "2"]);
    assert_eq!(one.lines().count(), jobs.lines().count());
    assert!(repeatable_files(&place.path("one")) == repeatable_files(&place.path("jobs")));
    // What is done is not done again.
    place.succeed(&["train", "trees.toml", "--out", "jobs", "--jobs", "5"]);
    place.succeed(&["train", "trees.toml", "--out", "jobs"]);
    assert!(repeatable_files(&place.path("one")) == repeatable_files(&place.path("jobs")));
}

#[test]
fn what_a_process_of_a_fold_says_is_passed_on() {
    let place = Place::new();
    place.store("store", &TWO);
    let text =
        experiment("store", "").replace("[model.extra-trees]\nn-trees = 20", "[model.lenet]");
    place.write("lenet.toml", &text);
    let message = place.refuse(&["train", "lenet.toml", "--out", "run", "--jobs", "2"]);
    assert!(message.contains("the process of fold"), "{message}");
    assert!(message.contains("5 × 5 pixels"), "{message}");
}

#[test]
fn two_runs_stand_side_by_side() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("experiments/a/few.toml", &experiment("store", ""));
    place.write("experiments/a/deep.toml", &experiment("store", "max-features = \"all\"\n"));
    place.succeed(&["train", "experiments/a/few.toml", "--out", "few"]);
    place.succeed(&["train", "experiments/a/deep.toml", "--out", "deep"]);
    insta::assert_snapshot!(place.succeed(&["compare", "few", "deep"]));
}

#[test]
fn a_folder_that_holds_one_run_stands_for_it() {
    let place = Place::new();
    place.store("store", &TWO);
    place.store("others", &Made { prefix: "another", ..TWO });
    place.write("experiments/few.toml", &experiment("store", ""));
    place.write("experiments/deep.toml", &experiment("store", "max-features = \"all\"\n"));
    let few = place.succeed(&["train", "experiments/few.toml"]);
    let deep = place.succeed(&["train", "experiments/deep.toml"]);
    let runs = [&few, &deep].map(|said| said.lines().last().unwrap());
    let exactly = place.succeed(&["compare", runs[0], runs[1]]);
    assert_eq!(place.succeed(&["compare", "runs/few", "runs/deep"]), exactly);
    let exactly = place.succeed(&["evaluate", runs[0], "others", "--out", "held-out"]);
    assert_eq!(place.succeed(&["evaluate", "runs/few", "others", "--out", "held-out"]), exactly);
}

#[test]
fn the_folds_of_one_run_serve_another() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write(
        "one.toml",
        &experiment("store", "").replace("[model", "[data.sample]\nper-class = 30\n[model"),
    );
    place.succeed(&["train", "one.toml", "--out", "one"]);
    let other = experiment("store", "").replace("seed = 7", "seed = 8");
    place.write("other.toml", &other.replace("folds = 3", "plan = \"one/folds.parquet\""));
    place.succeed(&["train", "other.toml", "--out", "other"]);
    let table = place.succeed(&["compare", "one", "other"]);
    assert!(table.contains("The runs share their fold plan: 60 cells in 3 folds."), "{table}");
    place.write("all.toml", &experiment("store", ""));
    place.succeed(&["train", "all.toml", "--out", "all"]);
    let message = place.refuse(&["compare", "one", "all"]);
    assert!(
        message
            .contains("are not on the same cells: 0 of 60 are missing in the other, which has 60"),
        "{message}"
    );
}

#[test]
fn a_model_is_measured_on_a_store_that_it_does_not_know() {
    let place = Place::new();
    place.store("store", &TWO);
    let others = Made { prefix: "another", undefined: 3, ..TWO };
    place.store("others", &others);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    let table = place.succeed(&["evaluate", "run", "others", "--out", "held-out"]);
    assert!(table.contains("accuracy"), "{table}");
    for file in ["confusion.csv", "confusion.png", "metrics.json", "predictions.parquet"] {
        assert!(place.path("held-out").join(file).is_file(), "{file}");
    }
    let from_bundle = place.succeed(&["evaluate", "run/final/bundle", "others", "--out", "again"]);
    assert_eq!(table.lines().count(), from_bundle.lines().count());
    let message = place.refuse(&["evaluate", "run", "others", "--fold", "0", "--out", "again"]);
    assert!(message.contains("it holds an evaluation of another model or store"), "{message}");
    let message = place.refuse(&["evaluate", "run", "others", "--out", "run"]);
    assert!(message.contains("it holds other things; expected an empty folder"), "{message}");
    let message = place.refuse(&["evaluate", "run", "store", "--out", "known"]);
    assert!(message.contains("the model was fitted on 120"), "{message}");
    assert!(!place.path("known").exists());
    let output = place.run(&["evaluate", "run", "store", "--fold", "1", "--out", "fold"]);
    let remark = String::from_utf8(output.stderr).unwrap();
    assert!(remark.contains("80 cells of the store are left out"), "{remark}");
}

/// What TensorBoard itself reads from `folder`.
fn events(folder: &Path) -> serde_json::Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = root.join("tests/python");
    let environment = Command::new("sh")
        .arg(scripts.join("environment.sh"))
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("tesela-python"))
        .arg(scripts.join("tensorboard.txt"))
        .output()
        .unwrap();
    assert!(environment.status.success(), "{}", String::from_utf8_lossy(&environment.stderr));
    let python = String::from_utf8(environment.stdout).unwrap();
    let script = scripts.join("read_events.py");
    let output = Command::new(python.trim()).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn tensorboard_reads_how_a_network_learned() {
    let place = Place::new();
    place.store("store", &Made { side: 16, ..TWO });
    let text = experiment("store", "").replace("folds = 3", "folds = 2");
    let text = text
        .replace("[model.extra-trees]\nn-trees = 20", "[model.lenet]\nbatch-size = 16\nepochs = 2");
    place.write("lenet.toml", &text);
    place.succeed(&["train", "lenet.toml", "--out", "run", "--fold", "1"]);
    let fold = events(&place.path("run/tensorboard/fold-01"));
    let points = |kind: &str, tag: &str| fold[kind][tag].as_array().map_or(0, Vec::len);
    for tag in ["epoch/train-loss", "epoch/validation-loss", "epoch/patches-per-second"] {
        assert_eq!(points("scalars", tag), 2, "{tag}");
    }
    let weights = &fold["histograms"]["weights/conv1.weight"];
    assert_eq!(weights.as_array().map_or(0, Vec::len), 2);
    // 20 filters of 5 × 5 over 27 channels and the mask.
    assert_eq!(weights[1]["num"], 14_000.0);
    assert_eq!(weights[1]["bins"], 14_000.0);
}

#[test]
fn tensorboard_reads_the_events() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    let read = |folder: &str| events(&place.path("run/tensorboard").join(folder));
    let metrics = fs::read(place.path("run/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    let all = read("all");
    let near = |a: &serde_json::Value, b: &serde_json::Value| {
        (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-6
    };
    let accuracy = &all["scalars"]["score/accuracy"][0][1];
    assert!(near(accuracy, &metrics["sample"]["pooled"]["accuracy"]));
    assert_eq!(all["images"]["confusion"][0]["png"], true);
    assert_eq!(all["images"]["worst-classified"][0]["png"], true);
    let fold = read("fold-01");
    let accuracy = &fold["scalars"]["score/accuracy"][0][1];
    assert!(near(accuracy, &metrics["sample"]["folds"][1]["accuracy"]));
}
