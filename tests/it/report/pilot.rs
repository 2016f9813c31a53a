//! The story of the pilot: a balanced sample, random folds, no word of how common towns are, and a table of the country with the
//! training cells in it. Whoever follows it with the defaults is warned, in words.

use std::path::Path;
use std::process::Command;

use crate::program::{command, succeed};

/// What a user writes who knows of nothing.
const NAIVE: &str = "seed = 7\n[data]\nstore = \"store\"\n[data.sample]\nper-class = 40\n\
                     [model.extra-trees]\nn-trees = 20\n";

/// A simulated state, prepared, with a run on a balanced sample of it.
fn pilot(folder: &Path) {
    let run = |arguments: &[&str]| succeed(folder, arguments);
    run(&["simulate", "--size", "64", "--seed", "3", "--out", "state"]);
    let (mosaic, grid) = ("state/mosaic.tif", "state/grid.parquet");
    run(&["prepare", "simulated", "--mosaic", mosaic, "--grid", grid, "--out", "store"]);
    std::fs::write(folder.join("naive.toml"), NAIVE).unwrap();
    run(&["train", "naive.toml", "--out", "naive"]);
}

fn report(folder: &Path, run: &str) -> String {
    std::fs::read_to_string(folder.join(run).join("report.html")).unwrap()
}

fn assert_says(page: &str, all: &[&str]) {
    for words in all {
        assert!(page.contains(words), "the report lacks `{words}`");
    }
}

/// What a command says beside its data.
fn remarks(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn whoever_repeats_the_pilot_is_warned_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pilot(folder);

    // A 50/50 sample and random folds: the figures look good, and the page says first that they are not those of a map.
    let page = report(folder, "naive");
    assert_says(
        &page,
        &[
            "what a map of the country will be like is not known",
            "data-code=\"no-target-prevalence\"",
            "How common the classes are in the country is not given",
            "Where a class is rarer, most of the cells that a map gives to it can be wrong though every figure here looks good.",
            "data-code=\"only-random-folds\"",
            "Cells were held out one by one, next to cells that were trained on",
            "scores well here and worse in places where no cell was labelled",
        ],
    );
    let place = |code: &str| page.find(&format!("data-code=\"{code}\"")).unwrap();
    let figures = page.find("id=\"figures\"").unwrap();
    assert!(place("no-target-prevalence") < figures && place("only-random-folds") < figures);

    // The national table with the training cells: they are left out of every score.
    let said = remarks(command(folder, &["evaluate", "naive", "store", "--out", "national"]));
    let expected = "80 cells of the store are left out: the model was fitted on them";
    assert!(said.contains(expected), "{said}");

    // With the share of towns, and still the most probable class of a balanced sample: the map is mostly wrong, and that is said.
    let told = "[validation]\ntarget-prevalence = { urban = 0.0211 }\n[operating-point]\n\
                calibration = \"none\"\nprior = \"sample\"\nthreshold = \"argmax\"\n[model";
    std::fs::write(folder.join("told.toml"), NAIVE.replace("[model", told)).unwrap();
    succeed(folder, &["train", "told.toml", "--out", "told"]);
    assert_says(
        &report(folder, "told"),
        &[
            "at a prevalence of 2.1 %",
            "data-code=\"low-precision\"",
            "of 10 cells that the map will call urban will be something else",
            "data-code=\"worse-than-commonest\"",
            "Calling every cell non-urban would be right more often than this model",
            "data-code=\"prevalence-not-corrected\"",
            "Probabilities are still those of a sample with 50.0 % urban",
            "data-code=\"only-random-folds\"",
        ],
    );
}
