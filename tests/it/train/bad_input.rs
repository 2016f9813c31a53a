//! What cannot be trained is refused with the thing, what was found, and what was expected.

use std::fs;

use super::place::{Made, Place, TWO, experiment};

/// Trains `text` on a store as `made`, and gives the message of the refusal.
fn refusal(made: &Made, text: &str) -> String {
    let place = Place::new();
    place.store("store", made);
    place.write("trees.toml", text);
    let message = place.refuse(&["train", "trees.toml"]);
    assert!(!place.path("runs").exists(), "something was written");
    message
}

#[test]
fn a_class_with_fewer_cells_than_folds() {
    let made = Made { classes: &[("non-urban", 50), ("urban", 2)], ..TWO };
    let message = refusal(&made, &experiment("store", ""));
    assert!(message.contains("class `urban` has 2 cells; 3 folds need at least 3"), "{message}");
}

#[test]
fn all_cells_undefined() {
    let made = Made { classes: &[("non-urban", 0), ("urban", 0)], undefined: 9, ..TWO };
    let message = refusal(&made, &experiment("store", ""));
    assert!(message.contains("of 9 cells, 9 are undefined"), "{message}");
}

#[test]
fn a_misspelt_key() {
    let message = refusal(&TWO, &experiment("store", "n-tres = 3\n"));
    assert!(message.contains("unknown field `n-tres`"), "{message}");
    let message = refusal(&TWO, &experiment("store", "").replace("folds = 3", "fold = 3"));
    assert!(message.contains("did you mean `folds`?"), "{message}");
}

#[test]
fn a_missing_store_is_answered_with_the_command_that_makes_it() {
    let text = experiment("stores/x", "");
    let text =
        text.replace("[validation]", "make = \"tesela prepare x --out stores/x\"\n[validation]");
    let message = refusal(&TWO, &text);
    let expected =
        "store `stores/x` does not exist; make it with `tesela prepare x --out stores/x`";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_class_that_the_store_lacks() {
    let text = experiment("store", "").replace(
        "[validation]",
        "[data.classes]\nurban = [\"urbane\"]\nnon-urban = \"rest\"\n[validation]",
    );
    let message = refusal(&TWO, &text);
    assert!(
        message.contains("names class `urbane`; the classes are non-urban, urban"),
        "{message}"
    );
}

#[test]
fn a_sample_that_is_larger_than_the_class() {
    let text = experiment("store", "")
        .replace("[validation]", "[data.sample]\nper-class = 61\n[validation]");
    let message = refusal(&TWO, &text);
    assert!(message.contains("has 60 usable cells of class `non-urban`"), "{message}");
}

#[test]
fn the_directory_of_another_experiment_or_of_something_else() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("one.toml", &experiment("store", ""));
    place.write("two.toml", &experiment("store", "max-depth = 3\n"));
    place.succeed(&["train", "one.toml", "--out", "run"]);
    let message = place.refuse(&["train", "two.toml", "--out", "run"]);
    assert!(message.contains("`run` holds run"), "{message}");
    assert!(message.contains("of experiment `one`; expected run"), "{message}");
    place.write("letters/to-mother.txt", "dear mother");
    let message = place.refuse(&["train", "two.toml", "--out", "letters"]);
    assert!(message.contains("it holds `to-mother.txt` and no `run.json`"), "{message}");
    assert_eq!(fs::read_dir(place.path("letters")).unwrap().count(), 1);
}

#[test]
fn runs_that_are_not_there_or_not_done() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "part", "--fold", "1"]);
    let message = place.refuse(&["compare", "part", "part"]);
    assert!(message.contains("1 of 3 folds are done; `tesela train` continues"), "{message}");
    let message = place.refuse(&["compare", "part", "nothing"]);
    assert!(message.contains("`nothing` is not a run: it has no file `run.json`"), "{message}");
    let message = place.refuse(&["evaluate", "part", "store", "--out", "x"]);
    assert!(message.contains("its final model is not done"), "{message}");
}

#[test]
fn a_folder_of_several_runs_stands_for_none() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "runs/trees/a"]);
    place.succeed(&["train", "trees.toml", "--out", "runs/trees/b"]);
    let expected =
        "`runs/trees` holds 2 runs: `runs/trees/a`, `runs/trees/b`; expected one of them";
    let message = place.refuse(&["compare", "runs/trees", "runs/trees/a"]);
    assert!(message.contains(expected), "{message}");
    let message = place.refuse(&["evaluate", "runs/trees", "store", "--out", "x"]);
    assert!(message.contains(expected), "{message}");
    let message = place.refuse(&["evaluate", "runs", "store", "--out", "x"]);
    assert!(message.contains("`runs` is neither a bundle nor a run"), "{message}");
}
