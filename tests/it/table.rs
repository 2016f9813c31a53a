//! Tables from end to end: `prepare`, `inspect`, `train`, `compare`, `evaluate` and `predict`, on CSV and Parquet.

mod bad;
mod exporting;
mod importances;
mod operating;
mod place;
mod stops;
mod strata;

use std::fs;
use std::path::Path;

use self::place::{DESCRIPTOR, Place, experiment};

/// The files of the folders `one` and `other`, which must be the same, except `except`.
fn assert_same_files(one: &Path, other: &Path, except: &[&str]) {
    let files = |folder: &Path| {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                if path.is_dir() {
                    folders.push(path);
                } else if !except.contains(&name.as_str()) {
                    files.push((name, fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    };
    let (one, other) = (files(one), files(other));
    let names = |files: &[(String, Vec<u8>)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert!(!one.is_empty());
    assert_eq!(names(&one), names(&other));
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        assert!(one == other, "`{name}` differs");
    }
}

#[test]
fn csv_and_parquet_lead_to_the_same_bytes_from_store_to_map() {
    let place = Place::new();
    for (format, table) in [("csv", "plots.csv"), ("parquet", "plots.parquet")] {
        let (store, run) = (format!("store-{format}"), format!("run-{format}"));
        let said = place.succeed(&["prepare", "plots.toml", "--table", table, "--out", &store]);
        assert!(said.contains("all numbers known"), "{said}");
        place.write("trees.toml", &experiment(&store, ""));
        place.succeed(&["train", "trees.toml", "--out", &run]);
        for map in ["map.parquet", "map.csv"] {
            let out = format!("{format}-{map}");
            place.succeed(&["predict", &run, "--table", table, "--out", &out]);
        }
    }
    let path = |name: &str| place.path(name);
    assert_same_files(&path("store-csv"), &path("store-parquet"), &["origin.json"]);
    assert_same_files(&path("run-csv/final/bundle"), &path("run-parquet/final/bundle"), &[]);
    for file in ["predictions.parquet", "metrics.json", "folds.parquet"] {
        let read = |run: &str| fs::read(path(run).join(file)).unwrap();
        assert!(read("run-csv") == read("run-parquet"), "`{file}` differs");
    }
    for map in ["map.parquet", "map.csv"] {
        let read = |format: &str| fs::read(path(&format!("{format}-{map}"))).unwrap();
        assert!(read("csv") == read("parquet"), "`{map}` differs");
    }
}

#[test]
fn a_map_does_not_depend_on_the_order_of_columns() {
    let place = Place::trained();
    place.succeed(&["predict", "run", "--table", "plots.csv", "--out", "map.csv"]);
    let text = fs::read_to_string(place.path("plots.csv")).unwrap();
    let turned: String = text
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            fields.reverse();
            fields.join(",") + "\n"
        })
        .collect();
    place.write("turned.csv", &turned);
    place.succeed(&["predict", "run", "--table", "turned.csv", "--out", "turned-map.csv"]);
    let map = fs::read_to_string(place.path("map.csv")).unwrap();
    assert_eq!(fs::read_to_string(place.path("turned-map.csv")).unwrap(), map);
    let header = "cell_id,class,probability_rural,probability_urban,uncertainty,conformal_set,dissimilarity,\
                  inside_area_of_applicability,trained_on";
    assert!(map.starts_with(&format!("{header}\nplot-000,")), "{map}");
    // The three last rows are undefined: nothing was trained on them.
    assert_eq!(map.lines().filter(|line| line.ends_with(",true")).count(), 117);
    assert_eq!(map.lines().count(), 121);
}

#[test]
fn a_row_without_a_number_has_no_class() {
    let place = Place::trained();
    let header = "plot,slope,lights,rain\n";
    place.write("some.csv", &format!("{header}a,1,5,1\nb,,NA,\nc,1,0,1\n"));
    let said = place.succeed(&["predict", "run", "--table", "some.csv", "--out", "map.csv"]);
    assert!(said.contains("no number, no class               1 cells"), "{said}");
    let map = fs::read_to_string(place.path("map.csv")).unwrap();
    let lines: Vec<&str> = map.lines().collect();
    assert!(lines[1].starts_with("a,urban,") && lines[3].starts_with("c,rural,"), "{map}");
    // Nothing can be ruled out, and nothing is like it.
    assert_eq!(lines[2], "b,,,,,rural;urban,,false,false");
}

#[test]
fn runs_on_a_table_are_compared_and_measured_on_another() {
    let place = Place::trained();
    place.write("deep.toml", &experiment("store", "max-features = \"all\"\n"));
    place.succeed(&["train", "deep.toml", "--out", "deep"]);
    let table = place.succeed(&["compare", "run", "deep"]);
    assert!(table.contains("The runs share their fold plan: 117 cells in 3 folds."), "{table}");
    place.plots("others", 60, 9);
    place.succeed(&["prepare", "plots.toml", "--table", "others.csv", "--out", "held-out"]);
    let scores = place.succeed(&["evaluate", "run", "held-out", "--out", "measured"]);
    assert!(scores.contains("accuracy"), "{scores}");
    assert!(place.path("measured/predictions.parquet").is_file());
    // The columns are found by name in a store, too; other columns are refused before anything is written.
    let other =
        DESCRIPTOR.replace("[table]", "[table]\ncolumns = [\"rain\", \"lights\", \"slope\"]");
    place.write("turned.toml", &other);
    place.succeed(&["prepare", "turned.toml", "--table", "others.csv", "--out", "turned"]);
    let turned = place.succeed(&["evaluate", "run", "turned", "--out", "measured-turned"]);
    assert_eq!(turned.replace("-turned", ""), scores);
    place.write("few.toml", &DESCRIPTOR.replace("[table]", "[table]\nignore = [\"lights\"]"));
    place.succeed(&["prepare", "few.toml", "--table", "others.csv", "--out", "few"]);
    let message = place.refuse(&["evaluate", "run", "few", "--out", "nothing"]);
    assert!(message.contains("1 column is missing: `lights`"), "{message}");
    assert!(!place.path("nothing").exists());
}

#[test]
fn a_store_of_a_table_is_inspected_and_has_no_pictures() {
    let place = Place::trained();
    let said = place.succeed(&["inspect", "store", "--verify"]);
    for part in ["3 columns: slope, lights, rain", "EPSG:32614", "verified", "undefined"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
    let output = place.run(&["inspect", "store", "--pictures", "pictures"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("holds a table of 3 columns, of which there are no pictures"));
    let said = place.succeed(&["inspect", "run/final/bundle"]);
    assert!(said.contains("3 columns: slope, lights, rain"), "{said}");
    let shard = place.path("store/features/c/0/0");
    let mut bytes = fs::read(&shard).unwrap();
    bytes[20] ^= 1;
    fs::write(&shard, bytes).unwrap();
    assert_eq!(place.run(&["inspect", "store", "--verify"]).status.code(), Some(1));
}

#[test]
fn the_same_table_is_not_prepared_twice_and_another_is_refused() {
    let place = Place::trained();
    let again = ["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"];
    let output = place.run(&again);
    assert_eq!(output.status.code(), Some(0));
    let remark = String::from_utf8(output.stderr).unwrap();
    assert!(remark.contains("there already"), "{remark}");
    place.plots("others", 60, 9);
    let other = ["prepare", "plots.toml", "--table", "others.csv", "--out", "store"];
    let message = place.refuse(&other);
    assert!(message.contains("exists already") && message.contains("rm -r"), "{message}");
}

#[test]
fn numbers_may_be_missing() {
    let place = Place::new();
    let text = fs::read_to_string(place.path("plots.csv")).unwrap();
    let gaps = text.lines().enumerate().map(|(line, text)| {
        let mut fields: Vec<&str> = text.split(',').collect();
        for (place, every) in [(5, 7), (6, 11), (7, 5)] {
            if line > 0 && line % every == 0 {
                fields[place] = "";
            }
        }
        fields.join(",") + "\n"
    });
    place.write("gaps.csv", &gaps.collect::<String>());
    let said = place.succeed(&["prepare", "plots.toml", "--table", "gaps.csv", "--out", "store"]);
    assert!(said.contains("some numbers missing"), "{said}");
    for model in ["extra-trees", "random-forest"] {
        let text = experiment("store", "").replace("extra-trees", model);
        place.write("trees.toml", &text);
        let scores = place.succeed(&["train", "trees.toml", "--out", model]);
        let accuracy = scores.lines().find(|line| line.contains("accuracy")).unwrap();
        let accuracy: f64 = accuracy.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(accuracy > 0.75, "{model}: {scores}");
        let map = format!("{model}.csv");
        let said = place.succeed(&["predict", model, "--table", "gaps.csv", "--out", &map]);
        assert!(said.contains("no number, no class               0 cells"), "{said}");
    }
}

#[test]
fn the_groups_of_a_table_are_left_out_one_by_one() {
    let place = Place::trained();
    let text = experiment("store", "").replace(
        "folds = 3",
        "folds = 10\nschemes = [\"random\", \"regions\"]\nregions = { attribute = \"group\" }",
    );
    place.write("states.toml", &text);
    let said = place.succeed(&["train", "states.toml", "--out", "states"]);
    assert!(said.contains("By regions:"), "{said}");
    let metrics = fs::read(place.path("states/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    assert_eq!(metrics["headline"], "regions");
    let folds = metrics["partitions"][1]["folds"].as_array().unwrap();
    assert_eq!(folds.first().unwrap(), 10);
    assert_eq!(folds.len(), 5);
}

#[test]
fn blocks_of_a_table_in_degrees_are_measured_in_metres() {
    let place = Place::new();
    place.write("plots.toml", &DESCRIPTOR.replace("EPSG:32614", "EPSG:4326"));
    let text = fs::read_to_string(place.path("plots.csv")).unwrap();
    let moved = text.replace(",2000000.5,", ",20.5,");
    let moved = moved.lines().map(|line| {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        if let Ok(east) = fields[3].parse::<f64>() {
            fields[3] = format!("{}", -100.0 + (east - 500_000.0) / 100.0);
        }
        fields.join(",") + "\n"
    });
    place.write("plots.csv", &moved.collect::<String>());
    place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
    // Plots lie 0.01° apart: 1.04 km at this latitude.
    let validation = "folds = 3\nschemes = [\"blocks\"]\n\
                      blocks = { size-metres = 5000, buffer-metres = 1100 }";
    place.write("trees.toml", &experiment("store", "").replace("folds = 3", validation));
    let output = place.run(&["train", "trees.toml", "--out", "run"]);
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{remarks}");
    assert!(remarks.contains("are moved to an equal-area projection"), "{remarks}");
    let metrics = fs::read(place.path("run/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    let left_out = metrics["partitions"][0]["left_out"].as_array().unwrap();
    assert!(
        left_out.iter().all(|count| (1..40).contains(&count.as_u64().unwrap())),
        "{left_out:?}"
    );
}
