//! Runs from beginning to end.

use std::path::Path;

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
