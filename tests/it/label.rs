//! `tesela label` as its users meet it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

/// The data folder, where it is there.
fn data() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("TESELA_DATA").map_or(root.join("../shared/data"), PathBuf::from);
    let there = folder.join("olinda/olinda1.shp").exists();
    if !there {
        eprintln!("skipped: no `{}`", folder.join("olinda/olinda1.shp").display());
    }
    there.then_some(folder)
}

fn tesela(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("tesela").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap()
}

fn error(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn python() -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tesela-python");
    let made = Command::new(scripts.join("environment.sh")).arg(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim())
}

#[test]
fn geopandas_and_shapely_give_olinda_the_same_labels() {
    let Some(data) = data() else { return };
    let directory = TempDir::new().unwrap();
    for (size, cells) in [("250m", "1680"), ("1km", "121")] {
        let grid = directory.path().join(format!("{size}.gpkg"));
        let plan = format!("experiments/olinda/labels-{size}.toml");
        let output = tesela(&["label", &plan, "--out", grid.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/label_shares.py");
        let tracts = data.join("olinda/olinda1.shp");
        let check = Command::new(python())
            .arg(script)
            .args([&grid, &tracts])
            .args(["TIPO", "URBANO"])
            .output()
            .unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        assert_eq!(String::from_utf8_lossy(&check.stdout).trim(), cells);
    }
}

/// A label file whose source is `source`, in `directory`.
fn plan(directory: &TempDir, source: &str) -> PathBuf {
    let path = directory.path().join("labels.toml");
    let text = format!(
        "[grid]\ncrs = 'EPSG:6372'\ncell-size = 1000\nextent = [0, 0, 4000, 4000]\n\
         [source]\nfile = '{source}'\nclass = 'kind'\n[classes.urban]\nvalues = ['U']\n"
    );
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn bad_sources_are_named_and_nothing_is_left() {
    let directory = TempDir::new().unwrap();
    let inside = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let out = inside("grid.gpkg");
    fs::write(inside("empty.gpkg"), "").unwrap();
    fs::write(inside("notes.txt"), "hello").unwrap();
    fs::write(inside("place.csv"), "kind,WKT\nU,\"POLYGON((0 0,1 0,1 1,0 0))\"\n").unwrap();
    for (name, expected) in [
        ("none.gpkg", "does not exist"),
        ("empty.gpkg", "is empty (0 bytes)"),
        ("notes.txt", "cannot be opened as a vector file"),
        ("place.csv", "has no coordinate reference system"),
    ] {
        let plan = plan(&directory, &inside(name));
        let message = error(&tesela(&["label", plan.to_str().unwrap(), "--out", &out]));
        assert!(message.contains(name) && message.contains(expected), "{message}");
        assert!(!Path::new(&out).exists() && !Path::new(&format!("{out}.partial")).exists());
    }
}

#[test]
fn data_that_is_not_there_is_answered_with_where_it_was_looked_for() {
    let directory = TempDir::new().unwrap();
    let plan = plan(&directory, "data:no/such.gpkg");
    let message = error(&tesela(&["label", plan.to_str().unwrap(), "--out", "x.gpkg"]));
    assert!(message.contains("`data:no/such.gpkg` is missing"), "{message}");
}
