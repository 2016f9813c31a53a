//! `tesela simulate` as its users meet it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

fn simulate(arguments: &[&str], out: &Path) -> Output {
    let mut command = Command::cargo_bin("tesela").expect("the program is built with its tests");
    command.args(["simulate", "--out"]).arg(out).args(arguments);
    command.output().expect("the program can be started")
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_country_appears_whole_and_only_once() {
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("state");
    let output = simulate(&["--size", "10x8", "--seed", "3"], &out);
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), out.to_str().unwrap());
    assert!(messages.contains("80 cells"), "{messages}");
    let mut files: Vec<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    let expected = ["country.toml", "grid.parquet", "mosaic.tif", "overview.png", "truth.parquet"];
    assert_eq!(files, expected);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");

    let settings = out.join("country.toml");
    let before = fs::read(out.join("mosaic.tif")).unwrap();
    let refused = error(&simulate(&["--size", "10", "--seed", "3"], &out));
    assert!(refused.contains("exists already"), "{refused}");
    assert_eq!(fs::read(out.join("mosaic.tif")).unwrap(), before);

    let again = directory.path().join("again");
    let output = simulate(&["--country", settings.to_str().unwrap()], &again);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read(again.join("mosaic.tif")).unwrap(), before, "its settings make it again");
}

#[test]
fn mistakes_are_named_and_leave_nothing() {
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("state");
    let file = directory.path().join("country.toml");
    let with = |text: &str, arguments: &[&str]| {
        fs::write(&file, text).unwrap();
        let arguments = [&["--country", file.to_str().unwrap()], arguments].concat();
        let message = error(&simulate(&arguments, &out));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "{message}");
        message
    };
    let misspelt = with("seed = 3\nsize = [8, 8]\nurban-shar = 0.1", &[]);
    assert!(misspelt.contains("did you mean `urban-share`?"), "{misspelt}");
    let several = with("aridity = 7.0", &["--size", "3"]);
    for problem in ["`seed`: is missing", "`size`: is 3 cells wide", "`aridity`: is 7"] {
        assert!(several.contains(problem), "{several}");
    }
    let crs = with("seed = 3\nsize = [8, 8]\ncrs = \"EPSG:4326\"", &[]);
    assert!(crs.contains("degrees"), "{crs}");
    let towns = with("seed = 3\norigin = [0, 0]\ntowns = \"no-such.gpkg\"", &["--size", "8"]);
    assert!(towns.contains("`no-such.gpkg` does not exist"), "{towns}");
}

#[test]
fn a_seed_must_be_given() {
    let directory = TempDir::new().unwrap();
    let message = error(&simulate(&["--size", "8"], &directory.path().join("state")));
    assert!(message.contains("`seed`: is missing; give `--seed N`"), "{message}");
}
