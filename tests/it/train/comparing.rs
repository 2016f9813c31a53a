//! `tesela compare`: what it says of runs that differ, and which runs it refuses.

use std::fs;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float32Array, RecordBatch, StringArray};
use arrow::datatypes::Float32Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::place::{Made, Place, TWO, experiment};

/// Two runs on one store: `few` and `deep`.
fn two_runs() -> Place {
    two_runs_on(&TWO)
}

fn two_runs_on(made: &Made) -> Place {
    let place = Place::new();
    place.store("store", made);
    place.write("few.toml", &experiment("store", ""));
    place.write("deep.toml", &experiment("store", "max-features = \"all\"\n"));
    place.succeed(&["train", "few.toml", "--out", "few"]);
    place.succeed(&["train", "deep.toml", "--out", "deep"]);
    place
}

fn read(place: &Place, file: &str) -> RecordBatch {
    let file = fs::File::open(place.path(file)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.unwrap()).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// Changes the out-of-fold predictions of a run.
fn change(place: &Place, run: &str, column: &str, values: Arc<dyn Array>) {
    let file = format!("{run}/predictions.parquet");
    let batch = read(place, &file);
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of(column).unwrap()] = values;
    let changed = RecordBatch::try_new(batch.schema(), columns).unwrap();
    let file = fs::File::create(place.path(&file)).unwrap();
    let mut writer = ArrowWriter::try_new(file, changed.schema(), None).unwrap();
    writer.write(&changed).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_comparison_leaves_its_figures_and_the_cells_that_differ() {
    let place = two_runs();
    let said = place.succeed(&["compare", "few", "deep", "--out", "both"]);
    assert!(said.contains("McNemar's p is"), "{said}");
    let json = fs::read_to_string(place.path("both/comparison.json")).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    let scheme = &json["schemes"][0];
    assert_eq!(scheme["cells"], 120);
    assert_eq!(scheme["pairs"].as_array().unwrap().len(), 1);
    let pair = &scheme["pairs"][0];
    let own = |name: &str| pair["agreement"][name].as_u64().unwrap();
    let sum =
        own("both-right") + own("only-first-right") + own("only-second-right") + own("both-wrong");
    assert_eq!(sum, 120);
    let accuracy = |run: usize| scheme["runs"][run]["sample"][0]["value"].as_f64().unwrap();
    let difference = pair["sample"][0]["value"].as_f64().unwrap();
    assert!((accuracy(1) - accuracy(0) - difference).abs() < 1e-12);
    let net = own("only-second-right") as f64 - own("only-first-right") as f64;
    assert!((difference - net / 120.0).abs() < 1e-12);

    let cells = read(&place, "both/differences.parquet");
    let agreed = pair["agreement"]["cells"].as_array().unwrap();
    let same = agreed[0][0].as_u64().unwrap() + agreed[1][1].as_u64().unwrap();
    let column = |name: &str| cells.column_by_name(name).unwrap().as_string::<i32>().clone();
    let (few, deep) = (column("class_few"), column("class_deep"));
    let rows = || 0..cells.num_rows();
    assert_eq!(rows().filter(|&row| few.value(row) != deep.value(row)).count() as u64, 120 - same);
    let decided = &scheme["decided"]["pairs"][0]["agreement"]["cells"];
    let alike = decided[0][0].as_u64().unwrap() + decided[1][1].as_u64().unwrap();
    let (few_decided, deep_decided) = (column("decided_few"), column("decided_deep"));
    let differ = |row: &usize| few_decided.value(*row) != deep_decided.value(*row);
    assert_eq!(rows().filter(differ).count() as u64, 120 - alike);
    assert!(rows().all(|row| differ(&row) || few.value(row) != deep.value(row)));
    let urban = cells.column_by_name("probability_urban_few").unwrap();
    let urban = urban.as_primitive::<Float32Type>();
    assert!(
        (0..cells.num_rows()).all(|row| (urban.value(row) > 0.5) == (few.value(row) == "urban"))
    );

    let csv = fs::read_to_string(place.path("both/agreement.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.contains("random,few,deep,non-urban,urban,"), "{csv}");
    // The same runs give the same bytes, whatever the number of threads.
    place.succeed(&["compare", "few", "deep", "--out", "again", "--threads", "1"]);
    for name in ["comparison.json", "agreement.csv", "differences.parquet"] {
        let of = |folder: &str| fs::read(place.path(folder).join(name)).unwrap();
        assert!(of("both") == of("again"), "{name}");
    }
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let place = two_runs();
    let said = place.succeed(&["compare", "few", "few", "--out", "same"]);
    assert!(said.contains("Both decide the same about 120 of 120 cells (100.0 %)"), "{said}");
    assert!(said.contains("McNemar's p is 1.0000"), "{said}");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let nothing = |line: &&str| words(line).contains("+0.0000 +0.000 to +0.000");
    assert_eq!(said.lines().filter(nothing).count(), 27, "{said}");
    assert_eq!(read_rows(&place, "same/differences.parquet"), 0);
    let page = fs::read_to_string(place.path("same/report.html")).unwrap();
    assert!(page.contains("McNemar") && page.contains("corrected t over folds"), "{page}");
}

#[test]
fn the_headline_is_what_the_operating_points_decide() {
    let place = two_runs_on(&Made { placed: true, ..TWO });
    let said = place.succeed(&["compare", "few", "deep", "--out", "both"]);
    let (raw, decided) = said.split_once("THE HEADLINE, what the maps will show").unwrap();
    assert!(
        decided.contains("at the target prevalence of non-urban 98.0 %, urban 2.0 %"),
        "{said}"
    );
    let accuracy = |text: &str| {
        let line = text.lines().rfind(|line| line.starts_with(" accuracy")).unwrap();
        line.to_owned()
    };
    assert_ne!(accuracy(raw), accuracy(decided));
    // Each run is measured as it measures itself.
    let json = |file: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(place.path(file)).unwrap()).unwrap()
    };
    let comparison = json("both/comparison.json");
    let runs = &comparison["schemes"][0]["decided"]["runs"];
    for (run, name) in [(0, "few"), (1, "deep")] {
        let record = json(&format!("{name}/operating-point.json"));
        let own = record["scores_after"]["accuracy"].as_f64().unwrap();
        let found = runs[run]["target"][0]["value"].as_f64().unwrap();
        assert!((own - found).abs() < 1e-9, "{own} {found}");
    }
    let page = fs::read_to_string(place.path("both/report.html")).unwrap();
    for words in [
        "each cell decided by the operating point of its run",
        "Differences with the operating points",
        "Where the runs differ",
        "decided alike",
        "few alone right",
    ] {
        assert!(page.contains(words), "the report lacks `{words}`");
    }
    // Where one run has no operating point, that is told, and the most probable classes are compared alone.
    fs::remove_file(place.path("few/operating-point.json")).unwrap();
    let said = place.succeed(&["compare", "few", "deep", "--out", "raw"]);
    assert!(said.contains("NO operating point: few.") && !said.contains("HEADLINE"), "{said}");
    let page = fs::read_to_string(place.path("raw/report.html")).unwrap();
    assert!(!page.contains("decided by the operating point"));
}

fn read_rows(place: &Place, file: &str) -> usize {
    let file = fs::File::open(place.path(file)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(|batch| batch.unwrap().num_rows()).sum()
}

#[test]
fn three_runs_are_ranked() {
    let place = two_runs();
    let one = experiment("store", "").replace("n-trees = 20", "n-trees = 1");
    place.write("one.toml", &one);
    place.succeed(&["train", "one.toml", "--out", "one"]);
    let said = place.succeed(&["compare", "few", "deep", "one"]);
    assert!(said.contains("deep – few") && said.contains("one – deep"), "{said}");
    assert!(said.contains("critical difference"), "{said}");
}

#[test]
fn other_folds_are_refused_with_the_reason() {
    let place = two_runs();
    let other = experiment("store", "").replace("seed = 7", "seed = 8");
    place.write("other.toml", &other);
    place.succeed(&["train", "other.toml", "--out", "other"]);
    let message = place.refuse(&["compare", "few", "other"]);
    assert!(message.contains("are on the same cells in different folds:"), "{message}");
    assert!(message.contains("of 120 cells"), "{message}");
    place.write("five.toml", &experiment("store", "").replace("folds = 3", "folds = 5"));
    place.succeed(&["train", "five.toml", "--out", "five"]);
    let message = place.refuse(&["compare", "few", "five"]);
    assert!(message.contains("in different folds"), "{message}");
}

#[test]
fn other_classes_and_labels_are_refused_with_the_reason() {
    let place = two_runs();
    let three = Made { classes: &[("non-urban", 40), ("urban", 40), ("water", 40)], ..TWO };
    place.store("wet", &three);
    let all = experiment("wet", "").replace("urban = 0.02", "urban = 0.02, water = 0.1");
    place.write("wet.toml", &all);
    place.succeed(&["train", "wet.toml", "--out", "wet-run"]);
    let message = place.refuse(&["compare", "few", "wet-run"]);
    assert!(
        message.contains("has the classes non-urban, urban; `wet` has non-urban, urban, water"),
        "{message}"
    );
    let labels = read(&place, "deep/predictions.parquet");
    let labels = labels.column_by_name("label").unwrap().as_string::<i32>();
    let turned = (0..labels.len()).map(|row| match (row, labels.value(row)) {
        (0..4, "urban") => Some("non-urban"),
        (0..4, _) => Some("urban"),
        (_, other) => Some(other),
    });
    change(&place, "deep", "label", Arc::new(turned.collect::<StringArray>()));
    let message = place.refuse(&["compare", "few", "deep"]);
    assert!(
        message.contains("4 of 120 cells, `cell-0000` for one, have another label"),
        "{message}"
    );
}

#[test]
fn probabilities_that_are_none_are_refused() {
    let place = two_runs();
    for (wrong, found) in [(f32::NAN, "`NaN`"), (0.25, "`0.25`"), (-1.0, "`-1`")] {
        let values = (0..120).map(|row| if row == 3 { wrong } else { 0.5 });
        let values = Arc::new(values.collect::<Float32Array>());
        change(&place, "deep", "p_urban", values.clone());
        let halves = (0..120).map(|_| 0.5_f32).collect::<Float32Array>();
        change(&place, "deep", "p_non-urban", Arc::new(halves));
        let message = place.refuse(&["compare", "few", "deep"]);
        assert!(message.contains("`deep` has `0.5`, ") && message.contains(found), "{message}");
        assert!(message.contains("`cell-0003`, and 1 such cells in all"), "{message}");
    }
}

#[test]
fn other_stores_and_targets_are_said_at_the_top() {
    let place = two_runs();
    place.store("second", &Made { undefined: 3, ..TWO });
    let other = experiment("second", "").replace("urban = 0.02", "urban = 0.1");
    place.write("other.toml", &other.replace("folds = 3", "plan = \"few/folds.parquet\""));
    place.succeed(&["train", "other.toml", "--out", "other"]);
    let said = place.succeed(&["compare", "few", "other"]);
    let top: String = said.lines().take(5).collect::<Vec<_>>().join("\n");
    assert!(top.contains("The runs read DIFFERENT stores"), "{said}");
    assert!(top.contains("The runs have DIFFERENT target prevalences"), "{said}");
    assert!(!said.contains("At the target prevalence"), "{said}");
}
