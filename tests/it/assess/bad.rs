//! What `tesela assess` refuses, and what it says then.

use std::fs;

use super::map::{Known, announcement, write};
use super::{country, labels};
use crate::program::refuse;

#[test]
fn labels_of_other_cells_are_named_on_both_sides() {
    let folder = country(0.9);
    let text = "cell_id,label\nx1,urban\nx2,urban\nx3,urban\nx4,urban\n";
    fs::write(folder.path().join("other.csv"), text).unwrap();
    let message = refuse(folder.path(), &["assess", "map.parquet", "other.csv"]);
    assert!(message.contains("none of the 4 cells in `other.csv`"), "{message}");
    assert!(
        message.contains("`x1`, `x2`, `x3`, the map of `c00000`, `c00001`, `c00002`"),
        "{message}"
    );
}

#[test]
fn labels_of_other_classes_are_named_on_both_sides() {
    let folder = country(0.9);
    let text = labels().replace(",urban", ",city");
    fs::write(folder.path().join("other.csv"), text).unwrap();
    let message = refuse(folder.path(), &["assess", "map.parquet", "other.csv"]);
    assert!(message.contains("the classes `city`, `non-urban`"), "{message}");
    assert!(message.contains("knows non-urban, urban"), "{message}");
}

#[test]
fn files_that_are_no_maps_no_labels_or_broken_are_refused() {
    let folder = country(0.9);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty.parquet"), "").unwrap();
    let bytes = fs::read(at("map.parquet")).unwrap();
    fs::write(at("half.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(at("empty.csv"), "").unwrap();
    fs::write(at("head.csv"), "cell_id,label\n").unwrap();
    fs::write(at("twice.csv"), "cell_id,label\nc00001,urban\nc00001,urban\n").unwrap();
    fs::write(at("nameless.csv"), "cell_id,label\n,urban\n").unwrap();
    let trained: String = Known::all().iter().map(|known| format!("{}\n", known.id())).collect();
    fs::write(at("all.csv"), format!("cell_id\n{trained}")).unwrap();
    fs::write(at("undefined.csv"), "cell_id,label\nc00100,undefined\n").unwrap();
    for (line, words) in [
        ("nowhere.parquet", "cannot read the table of cells `nowhere.parquet`"),
        ("labels.csv", "`labels.csv` cannot be read as Parquet"),
        ("labels.csv", "expected a map in its first form, GeoParquet"),
        ("empty.parquet", "`empty.parquet` cannot be read as Parquet"),
        ("half.parquet", "`half.parquet` cannot be read as Parquet"),
        ("map.parquet empty.csv", "`empty.csv`"),
        ("map.parquet head.csv", "`head.csv`: it has no rows"),
        ("map.parquet twice.csv", "cell `c00001` stands in it twice"),
        ("map.parquet nameless.csv", "row 1 has no id in column `cell_id`"),
        ("map.parquet labels.csv --label-column lable", "did you mean `label`"),
        ("map.parquet undefined.csv", "no cell of the map `map.parquet` can be scored"),
        ("map.parquet labels.csv --trained-on all.csv", "were trained on"),
        ("map.parquet labels.csv --run nowhere", "nowhere"),
        ("map.parquet labels.csv --by nowhere.gpkg --by-column state", "nowhere.gpkg"),
        ("map.parquet labels.csv --block-metres 0", "a number of metres above 0"),
        ("map.parquet labels.csv --by states.gpkg", "--by-column"),
    ] {
        let line: Vec<&str> = std::iter::once("assess").chain(line.split(' ')).collect();
        let message = refuse(folder.path(), &line);
        assert!(message.contains(words), "{line:?}: {message}");
    }
}

#[test]
fn a_grid_is_no_map_and_a_directory_of_something_else_is_left_alone() {
    let folder = country(0.9);
    let simulate = ["simulate", "--size", "8", "--seed", "3", "--out", "state"];
    crate::program::succeed(folder.path(), &simulate);
    let message = refuse(folder.path(), &["assess", "state/grid.parquet"]);
    assert!(message.contains("is not a map that `tesela predict` has made"), "{message}");
    let message = refuse(folder.path(), &["assess", "map.parquet", "--out", "state"]);
    assert!(message.contains("`state` cannot take the assessment"), "{message}");
    assert!(folder.path().join("state/grid.parquet").is_file());
}

#[test]
fn announcements_that_are_no_announcements_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut measured = announcement(0.9);
    measured.insert("expected_map".to_owned(), serde_json::json!({ "cells": "many" }));
    measured.insert("block_metres".to_owned(), serde_json::json!(-5));
    write(&folder.path().join("map.parquet"), true, measured);
    let printed = crate::program::succeed(folder.path(), &["assess", "map.parquet"]);
    assert!(!printed.contains("Announced"), "{printed}");
    assert!(printed.contains("blocks of 20.0 km"), "{printed}");
}
