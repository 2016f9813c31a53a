//! Validation schemes: several in one run, each scored on its own, the strictest with the last word.

use std::fs;

use super::place::{Made, Place, TWO, experiment, repeatable_files};

const PLACED: Made = Made { placed: true, ..TWO };

/// An experiment of three folds on `store` with `validation` in its table.
fn with(store: &str, validation: &str) -> String {
    experiment(store, "").replace("folds = 3", &format!("folds = 3\n{validation}"))
}

fn json(place: &Place, file: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place.path(file)).unwrap()).unwrap()
}

#[test]
fn two_schemes_of_a_simulated_state_stand_side_by_side() {
    let place = Place::new();
    place.succeed(&["simulate", "--size", "48", "--seed", "3", "--out", "state"]);
    let (mosaic, grid) = ("state/mosaic.tif", "state/grid.parquet");
    let prepare = ["prepare", "simulated", "--mosaic", mosaic, "--grid", grid, "--out", "store"];
    place.succeed(&prepare);
    let validation = "schemes = [\"blocks\", \"random\"]\n\
                      blocks = { size-metres = 4000, buffer-metres = 2000 }";
    place.write("trees.toml", &with("store", validation));
    let said = place.succeed(&["train", "trees.toml", "--out", "run"]);
    let header = said.lines().find(|line| line.contains("random folds")).unwrap();
    let (blocks, random) = (header.find("spatial blocks"), header.find("random folds"));
    assert!(blocks.unwrap() < random.unwrap(), "{said}");
    assert!(said.contains("By spatial blocks:"), "{said}");

    let metrics = json(&place, "run/metrics.json");
    assert_eq!((&metrics["format"], &metrics["headline"]), (&2.into(), &"blocks".into()));
    let [random, blocks] = [&metrics["partitions"][0], &metrics["partitions"][1]];
    assert_eq!((&random["scheme"], &blocks["scheme"]), (&"random".into(), &"blocks".into()));
    assert_eq!(random["folds"], serde_json::json!([0, 1, 2]));
    assert_eq!(blocks["folds"], serde_json::json!([3, 4, 5]));
    assert_eq!(random["left_out"], serde_json::json!([0, 0, 0]));
    for fold in 0..3 {
        assert!(blocks["left_out"][fold].as_u64().unwrap() > 0, "{}", blocks["left_out"]);
    }
    let cells = |partition: &serde_json::Value| partition["sample"]["pooled"]["cells"].clone();
    assert_eq!(cells(random), cells(blocks));
    for file in ["confusion.csv", "confusion.png", "confusion-random.csv", "confusion-random.png"] {
        assert!(place.path("run").join(file).is_file(), "{file}");
    }
    let bundle = json(&place, "run/final/bundle/bundle.json");
    let measured = &bundle["provenance"]["measured"];
    assert_eq!(measured["scheme"], "blocks");
    assert_eq!(measured["accuracy"], blocks["sample"]["pooled"]["accuracy"]);
    assert_eq!(measured["at_target_prevalence"], blocks["target"]["pooled"]);

    let said = place.succeed(&["inspect", "run", "--variogram", "variogram"]);
    assert!(said.contains("label: urban") && said.contains("residual: urban"), "{said}");
    let csv = fs::read_to_string(place.path("variogram/variogram.csv")).unwrap();
    assert!(csv.starts_with("quantity,distance_metres,pairs,semivariance,"), "{csv}");
    let picture = image::open(place.path("variogram/variogram.png")).unwrap();
    assert!(picture.width() > 1000 && picture.height() > 1000);
}

#[test]
fn folds_are_numbered_through_and_single_ones_add_up_to_the_run() {
    let place = Place::new();
    place.store("store", &PLACED);
    let validation = "schemes = [\"random\", \"blocks\"]\nrepeats = 2\n\
                      blocks = { size-metres = 1500 }";
    place.write("trees.toml", &with("store", validation));
    for fold in ["10", "2"] {
        place.succeed(&["train", "trees.toml", "--out", "parts", "--fold", fold]);
    }
    place.succeed(&["train", "trees.toml", "--out", "parts", "--jobs", "2"]);
    place.succeed(&["train", "trees.toml", "--out", "whole"]);
    assert!(repeatable_files(&place.path("parts")) == repeatable_files(&place.path("whole")));
    let message = place.refuse(&["train", "trees.toml", "--out", "whole", "--fold", "12"]);
    assert!(message.contains("there is no fold 12; the plan has folds 0 to 11"), "{message}");
    let metrics = json(&place, "whole/metrics.json");
    assert_eq!(metrics["schemes"][0]["partitions"], serde_json::json!([2, 3]));
    assert_eq!(metrics["schemes"][1]["sample"][0]["folds"], 6);
    // The first random folds are those of an experiment with random folds alone.
    place.write("random.toml", &experiment("store", ""));
    place.succeed(&["train", "random.toml", "--out", "random"]);
    let fold = |run: &str| fs::read(place.path(run).join("fold-01/predictions.parquet")).unwrap();
    assert!(fold("random") == fold("whole"));
    assert!(!place.path("random/confusion-random.csv").exists());
}

#[test]
fn a_plan_of_two_schemes_serves_another_run() {
    let place = Place::new();
    place.store("store", &PLACED);
    let validation = "schemes = [\"random\", \"blocks\"]\n\
                      blocks = { size-metres = 1500, buffer-metres = 1100 }";
    place.write("one.toml", &with("store", validation));
    place.succeed(&["train", "one.toml", "--out", "one"]);
    let other = experiment("store", "max-features = \"all\"\n").replace("seed = 7", "seed = 8");
    place.write("other.toml", &other.replace("folds = 3", "plan = \"one/folds.parquet\""));
    place.succeed(&["train", "other.toml", "--out", "other"]);
    let table = place.succeed(&["compare", "one", "other"]);
    assert!(table.contains("The runs share their fold plan"), "{table}");
    let (blocks, random) = (table.find("By spatial blocks:"), table.find("By random folds:"));
    assert!(blocks.unwrap() < random.unwrap(), "{table}");
    let [one, other] = ["one", "other"].map(|run| json(&place, &format!("{run}/metrics.json")));
    assert_eq!(one["partitions"][1]["left_out"], other["partitions"][1]["left_out"]);
}

#[test]
fn runs_without_a_common_scheme_are_not_compared() {
    let place = Place::new();
    place.store("store", &PLACED);
    place.write("random.toml", &experiment("store", ""));
    let validation = "schemes = [\"blocks\"]\nblocks = { size-metres = 1500 }";
    place.write("blocks.toml", &with("store", validation));
    place.succeed(&["train", "random.toml", "--out", "random"]);
    place.succeed(&["train", "blocks.toml", "--out", "blocks"]);
    let message = place.refuse(&["compare", "random", "blocks"]);
    let expected = "the runs share no validation scheme: `random` by random folds in 3 folds, `blocks` by spatial \
         blocks in 3 folds";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn blocks_that_are_too_large_are_answered_with_a_size_that_works() {
    let place = Place::new();
    place.store("store", &PLACED);
    let blocks = |size: &str| {
        with("store", &format!("schemes = [\"blocks\"]\nblocks = {{ size-metres = {size} }}"))
    };
    place.write("large.toml", &blocks("20000"));
    let message = place.refuse(&["train", "large.toml"]);
    assert!(message.contains("blocks of 20000 m cannot give each of 3 folds"), "{message}");
    let (_, size) = message.split_once("the largest block size that works is ").unwrap();
    let size = size.split_whitespace().next().unwrap();
    place.write("right.toml", &blocks(size));
    place.succeed(&["train", "right.toml", "--out", "run"]);
    let wide = "schemes = [\"blocks\"]\nblocks = { size-metres = 1500, buffer-metres = 1e5 }";
    place.write("wide.toml", &with("store", wide));
    let message = place.refuse(&["train", "wide.toml"]);
    assert!(message.contains("a buffer of 100000 m leaves fold 0 no cell of class"), "{message}");
}

#[test]
fn blocks_need_a_place_on_the_ground_and_regions_need_groups() {
    let place = Place::new();
    place.store("store", &TWO);
    let blocks = "schemes = [\"blocks\"]\nblocks = { size-metres = 1500 }";
    place.write("blocks.toml", &with("store", blocks));
    let message = place.refuse(&["train", "blocks.toml"]);
    assert!(message.contains("its cells have no place on the ground"), "{message}");
    let regions = "schemes = [\"regions\"]\nregions = { attribute = \"group\" }";
    place.write("regions.toml", &with("store", regions));
    let message = place.refuse(&["train", "regions.toml"]);
    assert!(message.contains("no cell of store `store` belongs to a group"), "{message}");
    let output = place.run(&["inspect", "store", "--variogram", "there"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("its cells have no place on the ground"), "{message}");
    assert!(!place.path("there").exists());
}

#[test]
fn a_fixed_set_is_scored_and_all_others_are_trained_on() {
    let place = Place::new();
    place.store("store", &TWO);
    let held_out = |what: &str| {
        let text = format!("schemes = [\"held-out\"]\nheld-out = {{ {what} }}");
        experiment("store", "").replace("folds = 3", &text)
    };
    let ids: String = (40..80).map(|cell| format!("cell-{cell:04},x\n")).collect();
    place.write("cells.csv", &format!("cell_id,note\n{ids}elsewhere,x\n"));
    place.write("file.toml", &held_out("file = \"cells.csv\""));
    let output = place.run(&["train", "file.toml", "--out", "run"]);
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{remarks}");
    assert!(remarks.contains("1 of the 41 cells in `cells.csv` are not among"), "{remarks}");
    let metrics = json(&place, "run/metrics.json");
    assert_eq!(metrics["headline"], "held-out");
    assert_eq!(metrics["partitions"][0]["sample"]["pooled"]["cells"], 40);
    assert!(!place.path("run/fold-01").exists());
    place.write("share.toml", &held_out("share = 0.25"));
    place.succeed(&["train", "share.toml", "--out", "share"]);
    let metrics = json(&place, "share/metrics.json");
    assert_eq!(metrics["partitions"][0]["sample"]["pooled"]["cells"], 30);

    place.write("cells.csv", "id\ncell-0001\n");
    let message = place.refuse(&["train", "file.toml", "--out", "another"]);
    assert!(message.contains("its columns are id; expected a column `cell_id`"), "{message}");
    place.write("cells.csv", "cell_id\nelsewhere\n");
    let message = place.refuse(&["train", "file.toml", "--out", "another"]);
    assert!(message.contains("0 of the 120 labelled cells are to be held out"), "{message}");
}

#[test]
fn a_run_of_the_former_version_is_read() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    let table = place.succeed(&["compare", "run", "run"]);
    let metrics = json(&place, "run/metrics.json");
    let only = &metrics["partitions"][0];
    let former = serde_json::json!({
        "classes": metrics["classes"], "confusion": only["confusion"],
        "sample": only["sample"], "target": only["target"],
    });
    place.write("run/metrics.json", &former.to_string());
    assert_eq!(place.succeed(&["compare", "run", "run"]), table);
    place.write(
        "run/metrics.json",
        r#"{"format": 2, "classes": ["a"], "headline": "blocks", "schemes": [], "partitions": []}"#,
    );
    let message = place.refuse(&["compare", "run", "run"]);
    assert!(message.contains("lacks a partition of one of its schemes"), "{message}");
}
