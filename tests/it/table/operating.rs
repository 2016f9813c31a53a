//! The operating point of a run, from its experiment to the map; and columns that are selected in each fold.

use std::fs;

use super::place::{Place, experiment};

/// An experiment for a place where one cell in twenty is urban, with `more` at its end.
fn rare(more: &str) -> String {
    let target = "folds = 3\nmap-cells = 5000\ntarget-prevalence = { urban = 0.05 }";
    experiment("store", more).replace("folds = 3", target)
}

fn place(experiment: &str) -> Place {
    let place = Place::new();
    place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
    place.write("rare.toml", experiment);
    place
}

fn json(place: &Place, name: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place.path(name)).unwrap()).unwrap()
}

#[test]
fn a_rare_class_is_decided_by_the_operating_point_of_the_bundle() {
    let place = place(&rare(""));
    place.succeed(&["train", "rare.toml", "--out", "run"]);
    let record = json(&place, "run/operating-point.json");
    assert_eq!(record["scheme"], "random");
    assert_eq!(record["expected_map"]["known"], serde_json::json!([4750, 250]));
    let brier = |when: &str| record["probabilities_at_target"][when]["brier"].as_f64().unwrap();
    assert!(brier("after") < brier("before"), "{record}");
    let bundle = json(&place, "run/final/bundle/bundle.json");
    assert_eq!(bundle["operating_point"], record["operating_point"]);
    place.plots("others", 600, 11);
    let urban = |flags: &[&str]| {
        let arguments = ["predict", "run", "--table", "others.csv", "--out", "map.csv"];
        place.succeed(&[&arguments, flags].concat());
        let map = fs::read_to_string(place.path("map.csv")).unwrap();
        map.lines().filter(|line| line.split(',').nth(1) == Some("urban")).count()
    };
    let (decided, raw) = (urban(&[]), urban(&["--raw"]));
    assert!(decided < raw, "{decided} {raw}");
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("Operating point") && page.contains("with the operating point"));
}

#[test]
fn a_prevalence_that_nobody_knows_is_estimated_on_the_map() {
    let estimated = "[operating-point]\nprior = \"estimated\"\n[model";
    let place = place(&rare("").replace("[model", estimated));
    place.succeed(&["train", "rare.toml", "--out", "run"]);
    let record = json(&place, "run/operating-point.json");
    let said = record["warnings"].as_array().unwrap().last().unwrap().as_str().unwrap();
    assert!(said.contains("`validation.target-prevalence` as a stand-in"), "{said}");
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("The prevalence stands in for the one that is estimated"));
    assert!(page.contains("the declared one stands in for it here: rural 95.0 %, urban 5.0 %"));
    // What is to be known of it is said to the end.
    assert!(page.contains("as a stand-in (`rural` 95 %, `urban` 5 %)."));
    let bundle = json(&place, "run/final/bundle/bundle.json");
    assert_eq!(bundle["operating_point"]["unsettled"]["rule"]["rule"], "max-f1");
    // Half of these plots are urban, whatever was declared.
    place.plots("others", 600, 11);
    let told = place.succeed(&["predict", "run", "--table", "others.csv", "--out", "map.parquet"]);
    let line = told.lines().find(|line| line.starts_with("estimated prevalence: ")).unwrap();
    assert!(line.contains("from 600 cells that were not trained on"), "{line}");
    let share = line.split("urban ").nth(1).and_then(|rest| rest.split(' ').next());
    let share: f64 = share.unwrap().parse().unwrap();
    assert!((share - 50.0).abs() < 8.0, "{line}");
    let assessed = place.run(&[
        "assess",
        "map.parquet",
        "others.csv",
        "--id-column",
        "plot",
        "--label-column",
        "kind",
    ]);
    let said = String::from_utf8_lossy(&assessed.stderr);
    assert!(said.contains("decided at an estimated prevalence: rural "), "{said}");
}

#[test]
fn an_evaluation_is_at_the_operating_point_and_without_it() {
    let place = place(&rare(""));
    place.succeed(&["train", "rare.toml", "--out", "run"]);
    place.plots("others", 600, 11);
    place.succeed(&["prepare", "plots.toml", "--table", "others.csv", "--out", "others"]);
    let both = place.succeed(&["evaluate", "run", "others", "--out", "measured"]);
    let (raw, decided) = both.split_once("THE HEADLINE, how a map decides").unwrap();
    assert!(raw.starts_with("Raw probabilities and the most probable class:"), "{both}");
    assert!(decided.contains("at target"), "{both}");
    // The map of the same cells decides as the evaluation does.
    place.succeed(&["predict", "run", "--table", "others.csv", "--out", "map.csv"]);
    let map = fs::read_to_string(place.path("map.csv")).unwrap();
    let urban = map.lines().filter(|line| line.split(',').nth(1) == Some("urban")).count();
    let scores = json(&place, "measured/decided-metrics.json");
    let mapped = |row: usize| scores["confusion"][row][1].as_u64().unwrap();
    let undefined = map.lines().rev().take(3);
    let undefined = undefined.filter(|line| line.split(',').nth(1) == Some("urban")).count();
    assert_eq!(mapped(0) + mapped(1), (urban - undefined) as u64);
    let plain = json(&place, "measured/metrics.json");
    assert_ne!(scores["confusion"], plain["partitions"][0]["confusion"]);
    // Without it there is one set of figures, and none of the other is left behind.
    let alone = place.succeed(&["evaluate", "run", "others", "--raw", "--out", "measured"]);
    assert!(!alone.contains("HEADLINE") && raw.contains(alone.lines().nth(1).unwrap()), "{alone}");
    assert!(!place.path("measured/decided-metrics.json").exists());
}

#[test]
fn an_operating_point_that_cannot_be_reached_is_told_and_costs_nothing_else() {
    let threshold = "[operating-point]\nthreshold = { precision = 0.9999 }\n";
    let place = place(&rare("").replace("[model", &format!("{threshold}[model")));
    let output = place.run(&["train", "rare.toml", "--out", "run"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let there = place.path("run/operating-point.json").exists();
    assert!(there != said.contains("there is no operating point: "), "{said}");
    assert!(place.path("run/final/bundle/bundle.json").exists());
}

#[test]
fn settings_of_an_operating_point_are_checked_with_the_rest() {
    for (table, expected) in [
        ("conformal-error = 2.0", "`operating-point.conformal-error`: is 2"),
        ("prior = \"targets\"", "did you mean `target`?"),
        ("threshhold = \"argmax\"", "did you mean `threshold`?"),
    ] {
        let table = format!("[operating-point]\n{table}\n[model");
        let place = place(&rare("").replace("[model", &table));
        let message = place.refuse(&["train", "rare.toml", "--out", "run"]);
        assert!(message.contains(expected), "{message}");
    }
    let place = place(&rare("").replace("urban = 0.05", "urban = 1.0"));
    let message = place.refuse(&["train", "rare.toml", "--out", "run"]);
    assert!(message.contains("is 1; expected a share above 0 and below 1"), "{message}");
}

#[test]
fn columns_are_selected_in_each_fold_and_the_record_says_which() {
    let place = place(&rare("select = { fwe-alpha = 0.05, variance-threshold = 0.0 }\n"));
    place.succeed(&["train", "rare.toml", "--out", "run"]);
    for part in ["fold-00", "fold-01", "fold-02", "final"] {
        let text = fs::read_to_string(place.path(&format!("run/{part}/features.csv"))).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "feature,kept,f,p_value,variance,importance");
        assert!(lines[1].starts_with("slope,false,") && lines[1].ends_with(','), "{text}");
        assert!(lines[2].starts_with("lights,true,"), "{text}");
    }
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("family-wise error"));
    place.succeed(&["predict", "run", "--table", "plots.csv", "--out", "map.csv"]);
}
