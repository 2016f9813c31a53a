//! `tesela assess`: a map whose every number is known, against its labels.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::program::{command, succeed};
use crate::report::{check, look};
use map::{CELL, COLUMNS, Known, WEST, announcement, write};

mod bad;
mod map;
mod of_run;

/// Assesses the map by the polygons of [`states`].
const BY_STATE: [&str; 9] = [
    "assess",
    "map.parquet",
    "labels.csv",
    "--by",
    "states.geojson",
    "--by-column",
    "state",
    "--out",
    "out",
];

/// A folder with a map and, in `labels.csv`, the labels of its cells: none of the first column, undefined ones in the
/// second, and two cells that the map does not have.
fn country(f1: f64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("map.parquet"), true, announcement(f1));
    fs::write(folder.path().join("labels.csv"), labels()).unwrap();
    folder
}

fn labels() -> String {
    let mut text = String::from("cell_id,label\nother-1,urban\nother-2,\n");
    for known in Known::all() {
        match known.index % COLUMNS {
            0 => {}
            1 => text.push_str(&format!("{},undefined\n", known.id())),
            _ => text.push_str(&format!("{},{}\n", known.id(), known.name())),
        }
    }
    text
}

fn metrics(folder: &Path, out: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(out).join("metrics.json")).unwrap()).unwrap()
}

/// Known against mapped class of the cells that `keep` keeps.
fn confusion(keep: impl Fn(&Known) -> bool) -> [[u64; 2]; 2] {
    let mut counts = [[0; 2]; 2];
    for known in Known::all().iter().filter(|known| keep(known)) {
        let Some(mapped) = known.mapped else { continue };
        if known.index % COLUMNS > 1 {
            counts[usize::from(known.urban)][usize::from(mapped)] += 1;
        }
    }
    counts
}

fn rows(value: &Value) -> [[u64; 2]; 2] {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn every_cell_is_counted_once_and_training_cells_are_in_the_second_table_alone() {
    let folder = country(0.9);
    let line = ["assess", "map.parquet", "labels.csv", "--out", "out"];
    let printed = succeed(folder.path(), &line);
    let found = metrics(folder.path(), "out");
    let count = |name: &str| found["counts"][name].as_u64().unwrap();
    let kinds = ["scored", "trained", "without_class", "undefined", "unlabelled"];
    assert_eq!(kinds.map(count).iter().sum::<u64>(), count("map"));
    assert_eq!((count("map"), count("unlabelled"), count("undefined")), (2400, 40, 40));
    assert_eq!((count("without_class"), count("no_data"), count("not_on_map")), (58, 58, 2));
    let fresh = confusion(|known| !known.trained);
    let all = confusion(|_| true);
    assert_eq!(rows(&found["headline"]["confusion"]), fresh);
    assert_eq!(rows(&found["with_training_cells"]["confusion"]), all);
    assert_eq!(found["with_training_cells"]["contaminated"], true);
    assert_eq!(found["headline"]["contaminated"], false);
    assert_eq!(found["focus"], 1);
    let urban = &found["headline"]["scores"]["classes"][1];
    // Cells weigh as much as their class is common on the map, those that were trained on counted in.
    let weight = |class: usize| {
        let [all, fresh] = [all, fresh].map(|rows| rows[class].iter().sum::<u64>() as f64);
        all / fresh
    };
    let (right, wrong) = (weight(1) * fresh[1][1] as f64, weight(0) * fresh[0][1] as f64);
    let precision = right / (right + wrong);
    assert!((urban["precision"].as_f64().unwrap() - precision).abs() < 1e-12);
    assert!(printed.contains("Of the cells that the map calls urban"), "{printed}");
    assert!(printed.contains("contaminated"), "{printed}");
    let csv = fs::read_to_string(folder.path().join("out/confusion.csv")).unwrap();
    assert!(csv.ends_with(&format!("urban,{},{}\n", fresh[1][0], fresh[1][1])), "{csv}");
    let picture = image::open(folder.path().join("out/confusion.png")).unwrap().to_rgb8();
    let colours: std::collections::BTreeSet<[u8; 3]> = picture.pixels().map(|own| own.0).collect();
    assert!(picture.width() > 100 && picture.height() > 100 && colours.len() > 4);
}

#[test]
fn intervals_sets_strata_and_areas_follow_from_the_cells() {
    let folder = country(0.9);
    succeed(folder.path(), &["assess", "map.parquet", "labels.csv", "--out", "out"]);
    let found = metrics(folder.path(), "out");
    assert_eq!(found["blocks"]["metres"], 5000.0);
    let f1 = found["headline"]["intervals"].as_array().unwrap();
    let f1 = f1.iter().find(|one| one["name"] == "urban f1").unwrap();
    let [low, value, high] = [&f1["interval"]["lower"], &f1["value"], &f1["interval"]["upper"]]
        .map(|number| number.as_f64().unwrap());
    assert!(low < value && value < high, "{f1}");
    // A set holds urban exactly where the map says it, so all of the known urban cells are covered.
    let sets = found["sets"].as_array().unwrap();
    assert_eq!(sets[2]["class"], "urban");
    assert_eq!(
        (&sets[2]["covered"], &sets[2]["mean_size"]),
        (&Value::from(1.0), &Value::from(2.0))
    );
    let strata = found["strata"].as_array().unwrap();
    let names: Vec<&Value> = strata.iter().map(|one| &one["by"]).collect();
    assert_eq!(names, ["quality", "area of applicability"]);
    for one in strata {
        let parts = one["parts"].as_array().unwrap();
        let cells: u64 = parts.iter().map(|part| part["scores"]["cells"].as_u64().unwrap()).sum();
        assert_eq!(cells, found["counts"]["scored"].as_u64().unwrap());
    }
    // The town is one hundred cells of a country of 2340 that have a class on the map; all labelled cells but those that
    // were trained on are a sample of the others.
    let urban = &found["areas"]["classes"][1];
    let share = &urban["share"];
    let ends = ["lower", "upper"].map(|end| share["interval"][end].as_f64().unwrap());
    assert!(ends[0] <= 100.0 / 2340.0 && 100.0 / 2340.0 <= ends[1], "{urban}");
    assert_eq!(urban["mapped_cells"], 111);
    assert_eq!(found["areas"]["cell_square_kilometres"], 1.0);
    // The table says the same.
    let mut table = csv::Reader::from_path(folder.path().join("out/areas.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let lines: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!((&lines[0][0], &lines[1][0], lines.len()), ("non-urban", "urban", 2));
    let number = |line: usize, name: &str| -> f64 {
        lines[line][header.iter().position(|own| own == name).unwrap()].parse().unwrap()
    };
    assert_eq!(number(1, "mapped_cells"), 111.0);
    assert_eq!([number(1, "lower"), number(1, "upper")], ends);
    for name in ["mapped_share", "share"] {
        assert!((number(0, name) + number(1, name) - 1.0).abs() < 1e-9, "{name}");
    }
    // A cell is a square kilometre, and 2340 have a class.
    let ground = number(1, "square_kilometres");
    assert!((ground - 2340.0 * number(1, "share")).abs() < 1e-6, "{ground}");
    assert!(number(1, "square_kilometres_lower") <= ground, "{ground}");
    assert!(ground <= number(1, "square_kilometres_upper"), "{ground}");
}

#[test]
fn errors_at_the_edge_are_told_from_those_far_away() {
    let folder = country(0.9);
    succeed(folder.path(), &["assess", "map.parquet", "labels.csv", "--out", "out"]);
    let found = metrics(folder.path(), "out");
    let bands = found["edge"]["bands"].as_array().unwrap();
    let wrong = |band: &Value| {
        let [[_, added], [missed, _]] = rows(&band["confusion"]);
        added + missed
    };
    // The column beside the town touches it; the lone error lies 20 cells away, if it is scored.
    let untrained =
        |known: &Known| !known.trained && known.mapped.is_some_and(|m| m != known.urban);
    let errors: Vec<Known> = Known::all().into_iter().filter(untrained).collect();
    let near = errors.iter().filter(|known| known.index % COLUMNS == 30).count() as u64;
    assert_eq!(wrong(&bands[0]), near);
    assert_eq!(
        (&bands[0]["from_cells"], &bands[0]["to_cells"]),
        (&Value::from(1), &Value::from(1))
    );
    let last = bands.last().unwrap();
    assert_eq!((&last["to_cells"], wrong(last)), (&Value::Null, errors.len() as u64 - near));
    assert_eq!(found["edge"]["cell_metres"], 1000.0);
    let csv = fs::read_to_string(folder.path().join("out/edge.csv")).unwrap();
    assert!(csv.starts_with("from_cells,to_cells,from_metres,cells,accuracy"), "{csv}");
}

#[test]
fn labels_may_be_the_map_s_own_a_table_or_a_vector_file() {
    let folder = country(0.9);
    let confusion_of = |line: &[&str]| {
        let mut line = line.to_vec();
        line.extend(["--out", "out"]);
        succeed(folder.path(), &line);
        metrics(folder.path(), "out")["headline"]["confusion"].clone()
    };
    let spec = r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"EPSG:32614"}},"features":["#;
    let features: Vec<String> = Known::all()
        .iter()
        .filter(|known| known.index % COLUMNS > 1)
        .map(|known| {
            format!(
                r#"{{"type":"Feature","properties":{{"code":"{}","use":"{}"}},"geometry":null}}"#,
                known.id(),
                known.name()
            )
        })
        .collect();
    let text = format!("{spec}{}]}}", features.join(","));
    fs::write(folder.path().join("labels.geojson"), text).unwrap();
    let expected = confusion_of(&["assess", "map.parquet", "labels.csv"]);
    let columns = ["--id-column", "code", "--label-column", "use"];
    let line = [&["assess", "map.parquet", "labels.geojson"], columns.as_slice()].concat();
    assert_eq!(confusion_of(&line), expected);
    // The map carries the labels of its grid, also in the two columns that the files lack.
    let own = rows(&confusion_of(&["assess", "map.parquet"]));
    let more = Known::all();
    let more = more.iter().filter(|k| k.index % COLUMNS < 2 && k.mapped.is_some() && !k.trained);
    let given = rows(&expected);
    assert_eq!(own[0][0], given[0][0] + more.count() as u64);
    assert_eq!(own[1], given[1]);
    let exact = confusion_of(&["assess", "map.parquet", "map.parquet"]);
    assert_eq!(rows(&exact), own);
}

#[test]
fn the_exit_code_says_whether_the_map_is_as_good_as_announced() {
    let code = |f1: f64, line: &[&str]| {
        let folder = country(f1);
        let output = command(folder.path(), line).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), text)
    };
    let line = ["assess", "map.parquet", "labels.csv"];
    // The map has a F1 of about 0.95.
    let (within, text) = code(0.95, &line);
    assert_eq!(within, Some(0), "{text}");
    let row = text.lines().find(|line| line.starts_with(" urban f1") && line.contains("within"));
    assert!(row.is_some(), "{text}");
    assert_eq!(code(0.3, &line).0, Some(0), "better than announced is no reason to fail");
    assert_eq!(code(0.999, &["assess", "map.parquet", "labels.csv", "-q"]).0, Some(0));
    assert_eq!(code(1.2, &line).0, Some(1));
}

#[test]
fn a_map_that_does_not_say_what_it_was_trained_on_says_so_first() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("map.parquet"), false, Map::new());
    let printed = succeed(folder.path(), &["assess", "map.parquet", "--out", "out"]);
    assert!(printed.starts_with("Training cells could not be left out"), "{printed}");
    let found = metrics(folder.path(), "out");
    assert_eq!(found["headline"]["contaminated"], true);
    assert_eq!(found["remarks"][0]["code"], "training-cells");
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("data-code=\"training-cells\""));
    let trained = Known::all().into_iter().filter(|known| known.trained);
    let ids: String = trained.map(|known| format!("{}\n", known.id())).collect();
    fs::write(folder.path().join("trained.csv"), format!("cell_id\n{ids}")).unwrap();
    let line = ["assess", "map.parquet", "--trained-on", "trained.csv", "--out", "out"];
    let printed = succeed(folder.path(), &line);
    assert!(printed.starts_with("Of the cells that the map calls urban"), "{printed}");
    let found = metrics(folder.path(), "out");
    let trained = Known::all().iter().filter(|k| k.trained && k.mapped.is_some()).count();
    assert_eq!(found["counts"]["trained"], trained as u64);
    assert!(found["announced"].is_null());
}

/// Two states, the east one named twice, in longitude and latitude.
fn states(folder: &Path) {
    let polygon = |west: f64, east: f64, name: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"state":"{name}"}},"geometry":{{"type":"Polygon","coordinates":[[[{west},17],[{east},17],[{east},21],[{west},21],[{west},17]]]}}}}"#
        )
    };
    // 500 km east of the false origin is 99° west: the middle of the town lies a little to the east of it.
    let features = [
        polygon(-101.0, -99.0, "west"),
        polygon(-99.0, -98.8, "east <&>"),
        polygon(-98.8, -98.7, "east <&>"),
    ];
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    fs::write(folder.join("states.geojson"), text).unwrap();
}

#[test]
fn figures_by_state_add_up_whatever_the_coordinates() {
    let folder = country(0.9);
    states(folder.path());
    let printed = succeed(folder.path(), &BY_STATE);
    assert!(printed.contains("east <&>"), "{printed}");
    let found = metrics(folder.path(), "out");
    let strata = found["strata"].as_array().unwrap().last().unwrap();
    assert_eq!((&strata["kind"], &strata["by"]), (&Value::from("region"), &Value::from("state")));
    let parts = strata["parts"].as_array().unwrap();
    assert_eq!(
        parts.iter().map(|part| part["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["east <&>", "west"]
    );
    let cells: u64 = parts.iter().map(|part| part["scores"]["cells"].as_u64().unwrap()).sum();
    let elsewhere = strata["elsewhere"].as_u64().unwrap();
    assert_eq!(cells + elsewhere, found["counts"]["scored"].as_u64().unwrap());
    // The western half of the country ends at 500 km, twenty columns in.
    let west =
        |known: &Known| !known.trained && WEST + (known.index % COLUMNS) as f64 * CELL < 500_000.0;
    assert_eq!(rows(&parts[1]["confusion"]), confusion(west));
    let csv = fs::read_to_string(folder.path().join("out/strata.csv")).unwrap();
    assert!(csv.contains("state,east <&>,"), "{csv}");
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_page() {
    let folder = country(0.9);
    states(folder.path());
    succeed(folder.path(), &BY_STATE);
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    for words in [
        "Of the cells that the map calls urban",
        "with training cells (contaminated)",
        "cells that touch a cell of another class",
        "id=\"announced\"",
        "id=\"errors\"",
        "id=\"areas\"",
        "east &lt;&amp;&gt;",
        "over 96 blocks of 5.00 km",
    ] {
        assert!(page.contains(words), "the report lacks `{words}`");
    }
    check(&look(&page));
    let first = fs::read(folder.path().join("out/metrics.json")).unwrap();
    succeed(folder.path(), &BY_STATE);
    assert!(
        fs::read(folder.path().join("out/metrics.json")).unwrap() == first,
        "it differs when repeated"
    );
    assert!(fs::read_to_string(folder.path().join("out/report.html")).unwrap() == page);
}
