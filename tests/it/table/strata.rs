//! The prevalence of the place of use by stratum, from the experiment to the report.

use std::fs;

use arrow::array::AsArray;
use arrow::datatypes::Float32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::place::{DESCRIPTOR, Place, experiment};

/// How large each state is, and how much of it is urban; in the sample both classes are as common everywhere.
const STATES: [(f64, f64); 5] = [(0.5, 0.02), (0.2, 0.1), (0.1, 0.01), (0.1, 0.05), (0.1, 0.001)];

fn by_stratum() -> String {
    let states = STATES.iter().enumerate();
    let lines = states.map(|(state, (share, urban))| {
        format!("\"state {state}\" = {{ share = {share}, urban = {urban} }}\n")
    });
    lines.collect()
}

/// An experiment for the country of these states.
fn stratified(inner: &str) -> String {
    let target = format!(
        "folds = 3\nmap-cells = 5000\n[validation.target-prevalence]\nstrata = \"group\"\n{inner}"
    );
    experiment("store", "").replace("folds = 3", &target)
}

fn inline() -> String {
    stratified(&format!("[validation.target-prevalence.by-stratum]\n{}", by_stratum()))
}

fn place(experiment: &str) -> Place {
    let place = Place::new();
    place.plots("plots", 600, 3);
    place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
    place.write("states.toml", experiment);
    place
}

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&fs::read(place.path(name)).unwrap()).unwrap()
}

/// Accuracy, and precision and recall of the second class, of the out-of-fold predictions, each cell standing for the cells of its
/// class and state; computed here from what lies in the file.
fn weighted(place: &Place) -> [f64; 3] {
    let file = fs::File::open(place.path("run/predictions.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut cells = Vec::new();
    for batch in reader.map(Result::unwrap) {
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        let (labels, strata) = (text("label"), text("stratum"));
        let urban = batch.column_by_name("p_urban").unwrap().as_primitive::<Float32Type>().clone();
        for row in 0..batch.num_rows() {
            let state: usize = strata.value(row)["state ".len()..].parse().unwrap();
            cells.push((state, labels.value(row) == "urban", urban.value(row) > 0.5));
        }
    }
    let (mut all, mut right, mut both, mut taken, mut known) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (state, truth, said) in &cells {
        let alike = cells.iter().filter(|one| (one.0, one.1) == (*state, *truth)).count() as f64;
        let (share, urban) = STATES[*state];
        let weight = share * if *truth { urban } else { 1.0 - urban } / alike;
        let add = |sum: &mut f64, counts: bool| *sum += if counts { weight } else { 0.0 };
        add(&mut all, true);
        add(&mut right, truth == said);
        add(&mut both, *truth && *said);
        add(&mut taken, *said);
        add(&mut known, *truth);
    }
    [right / all, both / taken, both / known]
}

#[test]
fn a_country_known_by_stratum_is_told_from_the_experiment_to_the_report() {
    let place = place(&inline());
    let said = place.succeed(&["train", "states.toml", "--out", "run"]);
    assert!(said.contains("at target prevalence (by stratum)"), "{said}");
    let metrics = json(&place, "run/metrics.json");
    assert_eq!(metrics["strata"], 5);
    let found = &metrics["partitions"][0]["target"]["pooled"];
    let expected = weighted(&place);
    let urban = &found["classes"][1];
    for (found, expected) in
        [&found["accuracy"], &urban["precision"], &urban["recall"]].iter().zip(expected)
    {
        assert!((found.as_f64().unwrap() - expected).abs() < 1e-9, "{found} {expected}");
    }
    let share: f64 = STATES.iter().map(|(share, urban)| share * urban).sum();
    assert!((urban["prevalence"].as_f64().unwrap() - share).abs() < 1e-12);
    let record = json(&place, "run/operating-point.json");
    assert_eq!(record["strata"][1]["stratum"], "state 1");
    assert_eq!(record["strata"][1]["prevalence"], serde_json::json!([0.9, 0.1]));
    let cells: u64 = (0..5)
        .flat_map(|state| [0, 1].map(|class| (state, class)))
        .map(|(state, class)| record["strata"][state]["cells"][class].as_u64().unwrap())
        .sum();
    assert_eq!(cells, 597);
    let urban_cells = record["expected_map"]["known"][1].as_f64().unwrap();
    assert!((urban_cells - 5000.0 * share).abs() <= 1.0);
    let bundle = json(&place, "run/final/bundle/bundle.json");
    assert_eq!(bundle["provenance"]["measured"]["target_strata"], 5);
    assert_eq!(bundle["operating_point"], record["operating_point"]);
    // A map is decided without strata.
    place.succeed(&["predict", "run", "--table", "plots.csv", "--out", "map.csv"]);
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    for words in ["The country by stratum", "known by stratum", "country (by stratum)", "state 4"] {
        assert!(page.contains(words), "no `{words}`");
    }
    assert!(!page.contains("strata-without-cells"));
}

#[test]
fn a_table_of_strata_is_copied_into_the_run() {
    let place = place(&stratified("table = \"states.csv\"\n"));
    let rows = STATES.iter().enumerate().map(|(state, (share, urban))| {
        format!("state {state},{},{urban}\n", (share * 2000.0).round())
    });
    place.write("states.csv", &format!("stratum,cells,urban\n{}", rows.collect::<String>()));
    place.succeed(&["train", "states.toml", "--out", "run"]);
    let resolved = fs::read_to_string(place.path("run/resolved.toml")).unwrap();
    assert!(!resolved.contains("states.csv") && resolved.contains("cells = 1000"), "{resolved}");
    fs::remove_file(place.path("states.csv")).unwrap();
    place.succeed(&["report", "run"]);
    place.write("inline.toml", &inline());
    place.succeed(&["train", "inline.toml", "--out", "inline"]);
    // Shares from counts may be off in the last digit.
    let recall = |run: &str| {
        let metrics = json(&place, &format!("{run}/metrics.json"));
        metrics["partitions"][0]["target"]["pooled"]["classes"][1]["precision"].as_f64().unwrap()
    };
    assert!((recall("run") - recall("inline")).abs() < 1e-12);
    let message = place.refuse(&["train", "states.toml", "--out", "other"]);
    assert!(message.contains("target-prevalence.table`: cannot read it"), "{message}");
}

#[test]
fn cells_that_do_not_suit_the_strata_are_refused_with_their_names() {
    let place = place(&inline().replace("\"state 3\"", "\"state 7\""));
    let message = place.refuse(&["train", "states.toml", "--out", "run"]);
    let expected = "lie in strata that `validation.target-prevalence` does not list: `state 3`; it lists \
                    `state 0`, `state 1`, `state 2`, `state 4`, `state 7`";
    assert!(message.contains(expected), "{message}");
    place.write("groupless.toml", &DESCRIPTOR.replace("group = \"state\"\n", ""));
    place.succeed(&["prepare", "groupless.toml", "--table", "plots.csv", "--out", "groupless"]);
    place.write("states.toml", &inline().replace("\"store\"", "\"groupless\""));
    let message = place.refuse(&["train", "states.toml", "--out", "run"]);
    assert!(
        message.contains("of store `groupless` none has a group; expected a store of a table"),
        "{message}"
    );
    for (from, to, expected) in [
        ("share = 0.5", "share = 0.4", "has shares of strata that sum to 0.9"),
        (
            "urban = 0.05",
            "urban = 5",
            "by-stratum.state 3.urban`: is 5; expected a share from 0 to 1",
        ),
        ("by-stratum", "by-statum", "the share of class `by-statum`, a number"),
        ("urban = 0.05", "urbann = 0.05", "names class `urbann`; the classes are rural, urban"),
    ] {
        place.write("states.toml", &inline().replace(from, to));
        let message = place.refuse(&["train", "states.toml", "--out", "run"]);
        assert!(message.contains(expected), "{message}");
    }
}

/// The cells of state 4 are all rural.
fn without_towns(place: &Place) {
    let text = fs::read_to_string(place.path("plots.csv")).unwrap();
    let moved = text.lines().map(|line| line.replace(",urban,state 4,", ",urban,state 3,") + "\n");
    place.write("plots.csv", &moved.collect::<String>());
    fs::remove_dir_all(place.path("store")).unwrap();
    place.succeed(&["prepare", "plots.toml", "--table", "plots.csv", "--out", "store"]);
}

#[test]
fn a_stratum_that_lacks_a_class_is_told_where_it_is_little_and_refused_where_it_is_much() {
    let place = place(&inline());
    without_towns(&place);
    let output = place.run(&["train", "states.toml", "--out", "run"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // 0.0001 of 0.0361.
    let expected = "no cell is of class `urban` in `state 4`, where 0.3 % of the class are";
    assert!(said.contains(expected), "{said}");
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("No scored cell is of class urban in state 4 (0.3 % of the class)."));
    place.write("states.toml", &inline().replace("urban = 0.001", "urban = 0.1"));
    let message = place.refuse(&["train", "states.toml", "--out", "other"]);
    let expected = "none is of class `urban` in `state 4`, where 21.7 % of the class are";
    assert!(
        message.contains(expected) && message.contains("join each with a stratum"),
        "{message}"
    );
    // Where nobody says that there is any, nothing is missing.
    place.write("states.toml", &inline().replace("urban = 0.001", "urban = 0.0"));
    place.succeed(&["train", "states.toml", "--out", "none"]);
}

#[test]
fn runs_are_compared_by_stratum_where_they_share_their_strata() {
    let place = place(&inline());
    place.succeed(&["train", "states.toml", "--out", "run"]);
    place.write(
        "deep.toml",
        &inline().replace("n-trees = 20", "n-trees = 20\nmax-features = \"all\""),
    );
    place.succeed(&["train", "deep.toml", "--out", "deep"]);
    let said = place.succeed(&["compare", "run", "deep", "--out", "both"]);
    assert!(
        said.contains("At the target prevalence of") && said.contains("(by stratum):"),
        "{said}"
    );
    let comparison = json(&place, "both/comparison.json");
    assert_eq!(comparison["target"]["strata"][2]["stratum"], "state 2");
    let share: f64 = STATES.iter().map(|(share, urban)| share * urban).sum();
    let plain = format!("folds = 3\ntarget-prevalence = {{ urban = {share} }}");
    place.write("plain.toml", &experiment("store", "").replace("folds = 3", &plain));
    place.succeed(&["train", "plain.toml", "--out", "plain"]);
    let output = place.run(&["compare", "run", "plain"]);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("DIFFERENT target prevalences") && said.contains("by 5 strata"),
        "{said}"
    );
}

#[test]
fn another_store_is_measured_by_stratum_where_it_has_these_strata() {
    let place = place(&inline());
    place.succeed(&["train", "states.toml", "--out", "run"]);
    place.plots("others", 300, 11);
    place.succeed(&["prepare", "plots.toml", "--table", "others.csv", "--out", "others"]);
    let said = place.succeed(&["evaluate", "run", "others", "--out", "measured"]);
    assert!(said.contains("at target prevalence (by stratum)"), "{said}");
    place.write("groupless.toml", &DESCRIPTOR.replace("group = \"state\"\n", ""));
    place.succeed(&["prepare", "groupless.toml", "--table", "others.csv", "--out", "groupless"]);
    let output = place.run(&["evaluate", "run", "groupless", "--out", "unmeasured"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("at target prevalence") && !said.contains("by stratum"), "{said}");
    let warned = String::from_utf8_lossy(&output.stderr);
    assert!(warned.contains("that of all strata together, and not by stratum"), "{warned}");
}
