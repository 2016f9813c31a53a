//! What `predict` and `merge` write, held against what they read.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{EXPERIMENT, SIDE, classes_in_package, run, succeed, texts_in_table};

const DATA: &str = "--mosaic state/mosaic.tif --grid state/grid.parquet";

/// A folder with a state and a run on it.
fn trained() -> TempDir {
    let folder = TempDir::new().unwrap();
    succeed(folder.path(), &format!("simulate --size {SIDE} --seed 3 --out state"));
    succeed(folder.path(), &format!("prepare simulated {DATA} --out store"));
    fs::write(folder.path().join("trees.toml"), EXPERIMENT).unwrap();
    succeed(folder.path(), "train trees.toml --out run");
    folder
}

fn refuse(folder: &Path, line: &str) -> String {
    let output = run(folder, line);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}: {message}");
    message
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let folder = trained();
    let folder = folder.path();
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let inputs = ["state/mosaic.tif", "state/grid.parquet"];
    let before = inputs.map(read);
    for (line, words) in [
        ("--out state/grid.parquet", "which is the grid (`state/grid.parquet`)"),
        ("--out state/../state/mosaic.tif", "which is the mosaic (`state/mosaic.tif`)"),
        ("--out map.tif --out map-probability.tif", "`map-probability.tif` would be written twice"),
        ("--out ./map.png --out map.png", "would be written twice"),
    ] {
        let message = refuse(folder, &format!("predict run {DATA} {line}"));
        assert!(message.contains(words), "{line}: {message}");
    }
    // As the side file of another name, and behind a virtual raster.
    fs::rename(folder.join("state/mosaic.tif"), folder.join("state/m-probability.tif")).unwrap();
    let grid = "--grid state/grid.parquet";
    let beside = refuse(
        folder,
        &format!("predict run --mosaic state/m-probability.tif {grid} --out state/m.tif"),
    );
    assert!(beside.contains("`--out state/m.tif` would write over"), "{beside}");
    let vrt = "<VRTDataset><SourceFilename relativeToVRT=\"1\">m-probability.tif</SourceFilename></VRTDataset>";
    fs::write(folder.join("state/m.vrt"), vrt).unwrap();
    let behind = refuse(
        folder,
        &format!("predict run --mosaic state/m.vrt {grid} --out state/m-probability.tif"),
    );
    assert!(behind.contains("which is a part of the mosaic"), "{behind}");
    fs::rename(folder.join("state/m-probability.tif"), folder.join("state/mosaic.tif")).unwrap();
    succeed(folder, &format!("predict run {DATA} --part 1/1 --out map.parquet"));
    let message = refuse(folder, "merge map.parquet.parts --out state/grid.parquet");
    assert!(message.contains("which is the grid"), "{message}");
    assert!(before == inputs.map(read), "an input was changed");
    assert!(!folder.join("map.tif").exists() && !folder.join("map.png").exists());
}

#[test]
fn a_finished_map_is_written_in_other_forms() {
    let folder = trained();
    let folder = folder.path();
    let outs = |stem: &str| {
        let of = |end| format!("--out {stem}.{end}");
        ["parquet", "tif", "csv", "png", "gpkg"].map(of).join(" ")
    };
    succeed(folder, &format!("predict run {DATA} {}", outs("map")));
    let said = succeed(folder, &format!("merge map.parquet {}", outs("other")));
    assert!(said.contains("map: other.tif\nmap: other-probability.tif\n"), "{said}");
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    for form in [".parquet", ".tif", "-probability.tif", ".csv", ".png", ".qml"] {
        assert!(read(&format!("map{form}")) == read(&format!("other{form}")), "{form}");
    }
    let classes = texts_in_table(&folder.join("map.parquet"), "class");
    assert_eq!(classes_in_package(&folder.join("other.gpkg")), classes);
    let map = read("map.parquet");
    for (line, words) in [
        ("merge map.parquet --out map.parquet", "would write over `map.parquet`"),
        ("merge map.parquet --out x.csv --raw", "a finished map, whose cells are decided"),
        ("merge state/grid.parquet --out x.csv", "is not a map that `tesela predict` has made"),
        ("merge map.csv --out x.gpkg", "is not a part that `tesela predict` has made"),
    ] {
        let message = refuse(folder, line);
        assert!(message.contains(words), "{line}: {message}");
    }
    assert!(read("map.parquet") == map && !folder.join("x.csv").exists());
}

#[test]
fn what_is_taken_for_granted_is_told_where_no_descriptor_says_it() {
    let folder = trained();
    let told = |more: &str| {
        let output = run(folder.path(), &format!("predict run {DATA} --out map.csv{more}"));
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let words = "taken for blue, green, red, nir, swir1, swir2 in this order, with product `c1`";
    let without = told("");
    assert!(without.contains(words) && !without.contains("warning"), "{without}");
    assert!(!told(" --descriptor simulated").contains("taken for"));
}
