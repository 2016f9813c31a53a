//! Regions that are polygons of a file.

use std::fs;

use super::place::{Made, Place, TWO, experiment};

const PLACED: Made = Made { placed: true, ..TWO };

/// A file of rectangles `[west, south, east, north]`, in the coordinates of the cells or in degrees.
fn polygons(crs: Option<&str>, regions: &[(&str, [f64; 4])]) -> String {
    let feature = |(name, [west, south, east, north]): &(&str, [f64; 4])| {
        let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
        serde_json::json!({
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        })
    };
    let mut file = serde_json::json!({
        "type": "FeatureCollection",
        "features": regions.iter().map(feature).collect::<Vec<_>>(),
    });
    if let Some(crs) = crs {
        file["crs"] = serde_json::json!({"type": "name", "properties": {"name": crs}});
    }
    file.to_string()
}

const METRES: Option<&str> = Some("urn:ogc:def:crs:EPSG::32614");
/// The cells lie from 500 km to 520 km east; each third has cells of both classes.
const THIRDS: [(&str, [f64; 4]); 3] = [
    ("west", [499_000.0, 1.9e6, 507_000.0, 2.1e6]),
    ("middle", [507_000.0, 1.9e6, 514_000.0, 2.1e6]),
    ("east", [514_000.0, 1.9e6, 521_000.0, 2.1e6]),
];

/// An experiment on the polygons of `states.geojson`, with `more` about them.
fn by_polygons(more: &str) -> String {
    let regions = format!(
        "schemes = [\"regions\"]\nregions = {{ file = \"states.geojson\", column = \"name\"{more} }}"
    );
    experiment("store", "").replace("folds = 3", &format!("folds = 10\n{regions}"))
}

/// A store whose cells lie on the ground, an experiment, and the polygons of `file`.
fn place(file: &str, more: &str) -> Place {
    let place = Place::new();
    place.store("store", &PLACED);
    place.write("states.geojson", file);
    place.write("trees.toml", &by_polygons(more));
    place
}

fn json(place: &Place, file: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place.path(file)).unwrap()).unwrap()
}

/// Scored cells of each fold.
fn folds(place: &Place, run: &str) -> Vec<u64> {
    let metrics = json(place, &format!("{run}/metrics.json"));
    let folds = metrics["partitions"][0]["sample"]["folds"].as_array().unwrap();
    folds.iter().map(|fold| fold["cells"].as_u64().unwrap()).collect()
}

#[test]
fn each_polygon_is_left_out_once_whatever_its_coordinates() {
    let place = place(&polygons(METRES, &THIRDS), "");
    let said = place.succeed(&["train", "trees.toml", "--out", "run"]);
    assert!(said.contains("accuracy"), "{said}");
    // In order of their names: east, middle, west. A row of 20 cells has 6, 7 and 7 of them.
    assert_eq!(folds(&place, "run"), [36, 42, 42]);
    let manifest = json(&place, "run/run.json");
    assert_eq!(manifest["region_digest"].as_str().unwrap().len(), 64);
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains("regions that were left out") && page.contains("Digest of the regions"));

    // The same thirds in degrees, around the meridian of 99° west; one of them in two polygons.
    let degrees = [
        ("west", [-99.1, 17.0, -98.933_8, 18.1]),
        (" west ", [-99.1, 18.1, -98.933_8, 19.0]),
        ("middle", [-98.933_8, 17.0, -98.867_7, 19.0]),
        ("east", [-98.867_7, 17.0, -98.5, 19.0]),
    ];
    let digest = |run: &str| json(&place, &format!("{run}/run.json"))["fold_plan_digest"].clone();
    place.write("states.geojson", &polygons(None, &degrees));
    let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("the digest of the file of regions was"), "{message}");
    place.succeed(&["train", "trees.toml", "--out", "degrees"]);
    assert_eq!(digest("run"), digest("degrees"));
}

#[test]
fn cells_outside_all_polygons_are_refused_or_never_held_out() {
    let two = polygons(METRES, &THIRDS[..2]);
    let refused = place(&two, "");
    let message = refused.refuse(&["train", "trees.toml", "--out", "run"]);
    let expected = "36 of the 120 labelled cells lie in no region, `cell-0014` for one";
    assert!(message.contains(expected), "{message}");
    assert!(!refused.path("run").exists());

    let place = place(&two, ", outside = \"train\"");
    let output = place.run(&["train", "trees.toml", "--out", "run"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("36 cells lie in no region of `states.geojson`"), "{said}");
    assert_eq!(folds(&place, "run"), [42, 42]);
}

#[test]
fn overlapping_polygons_give_a_cell_to_the_first_and_a_warning() {
    let [west, _, east] = THIRDS;
    let wide = ("middle", [505_000.0, 1.9e6, 514_000.0, 2.1e6]);
    for (file, expected) in [([west, wide, east], [36, 42, 42]), ([wide, west, east], [36, 54, 30])]
    {
        let place = place(&polygons(METRES, &file), "");
        let output = place.run(&["train", "trees.toml", "--out", "run"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("12 cells lie in several regions of `states.geojson`"), "{said}");
        assert_eq!(folds(&place, "run"), expected);
    }
}

#[test]
fn polygons_that_cannot_be_regions_are_refused_with_the_reason() {
    let file = polygons(METRES, &THIRDS);
    let empty = r#"{"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"name": "nowhere"}, "geometry": null}]}"#;
    let all = ("all", [499_000.0, 1.9e6, 521_000.0, 2.1e6]);
    let blank = [("  ", THIRDS[0].1), THIRDS[1], THIRDS[2]];
    for (file, more, expected) in [
        (file.replace("\"name\":\"", "\"nom\":\""), "", "`name`"),
        (empty.to_owned(), "", "it has no polygon with an area; expected regions"),
        (polygons(METRES, &[all]), "", "lie in one region, `all`"),
        (polygons(METRES, &blank), "", "has nothing in column `name`"),
        (file.clone(), ", layer = \"provinces\", outside = \"train\"", "`provinces`"),
        ("no polygons at all".to_owned(), "", "states.geojson"),
    ] {
        let place = place(&file, more);
        if more.is_empty() && expected == "`name`" {
            assert!(file.contains("\"nom\":\"west\""), "{file}");
        }
        let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
        assert!(message.contains(expected), "no {expected} in {message}");
        assert!(message.contains("states.geojson") || expected.contains("region"), "{message}");
    }
    let nowhere = Place::new();
    nowhere.store("store", &TWO);
    nowhere.write("states.geojson", &file);
    nowhere.write("trees.toml", &by_polygons(""));
    let message = nowhere.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(
        message.contains("the coordinate reference system of its cells is unknown"),
        "{message}"
    );
    fs::remove_file(nowhere.path("states.geojson")).unwrap();
    let message = nowhere.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("states.geojson"), "{message}");
}

/// The strata of the target prevalence are polygons, too: patches have no other groups.
#[test]
fn polygons_are_strata_of_the_target_prevalence() {
    let place = Place::new();
    place.store("store", &PLACED);
    place.write("states.geojson", &polygons(METRES, &THIRDS));
    let target = |last: &str| {
        let rare = "urban";
        let strata = format!(
            "folds = 3\n[validation.target-prevalence]\n\
             strata = {{ file = \"states.geojson\", column = \"name\" }}\n\
             [validation.target-prevalence.by-stratum]\nwest = {{ cells = 300, {rare} = 0.02 }}\n\
             middle = {{ cells = 100, {rare} = 0.1 }}\n{last} = {{ cells = 600, {rare} = 0.01 }}\n"
        );
        let plain = "folds = 3\ntarget-prevalence = { urban = 0.02 }\n";
        experiment("store", "").replace(plain, &strata)
    };
    place.write("trees.toml", &target("east"));
    let said = place.succeed(&["train", "trees.toml", "--out", "run"]);
    assert!(said.contains("at target prevalence (by stratum)"), "{said}");
    let manifest = json(&place, "run/run.json");
    assert_eq!(manifest["strata_digest"].as_str().unwrap().len(), 64);
    let record = json(&place, "run/operating-point.json");
    let strata: Vec<&str> =
        (0..3).map(|stratum| record["strata"][stratum]["stratum"].as_str().unwrap()).collect();
    assert_eq!(strata, ["east", "middle", "west"]);
    assert!((record["strata"][0]["share"].as_f64().unwrap() - 0.6).abs() < 1e-12);
    place.write("trees.toml", &target("orient"));
    let message = place.refuse(&["train", "trees.toml", "--out", "other"]);
    assert!(
        message.contains("does not list: `east`; it lists `middle`, `orient`, `west`"),
        "{message}"
    );
    place.write("trees.toml", &target("east"));
    place.write("states.geojson", &polygons(METRES, &THIRDS[..2]));
    let message = place.refuse(&["train", "trees.toml", "--out", "other"]);
    let expected = "36 of 120 lie in no polygon of `states.geojson`, `cell-0014` for one";
    assert!(message.contains(expected), "{message}");
    let message = place.refuse(&["train", "trees.toml", "--out", "run"]);
    assert!(message.contains("lie in no polygon"), "{message}");
}
