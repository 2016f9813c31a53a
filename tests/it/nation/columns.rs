//! Every column of a map that was really predicted, against the bundle that predicted it; and the map assessed.

use std::collections::BTreeSet;
use std::fs;

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use tesela::inference::ModelFacts;
use tesela::map::{MapHeader, MapReader, MapRows, Quality};
use tesela_datasets::class::ClassId;

use super::{DATA, Place, rows};

const COLUMNS: &str = "cell_id,class,probability_non-urban,probability_urban,uncertainty,conformal_set,\
                       dissimilarity,inside_area_of_applicability,used_share,quality,trained_on";

/// The map at `name`, which is small, and what it says of itself.
fn map(place: &Place, name: &str) -> (MapHeader, MapRows) {
    let header = MapReader::open(&place.path(name)).unwrap().header().clone();
    let mut all = rows(&place.path(name));
    assert_eq!(all.len(), 1, "the map has several batches");
    (header, all.remove(0))
}

/// The ids of the cells that a run was fitted and validated on: all for which there are out-of-fold predictions.
fn sample(place: &Place) -> BTreeSet<String> {
    let file = fs::File::open(place.path("run/predictions.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut ids = BTreeSet::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = batch.column_by_name("cell_id").unwrap().as_string::<i32>();
        ids.extend(column.iter().map(|id| id.unwrap().to_owned()));
    }
    ids
}

/// Every column of `map` against what the bundle says, and what `raw`, the map without operating point, has.
fn check_columns(map: &MapRows, raw: &MapRows, facts: &ModelFacts, sample: &BTreeSet<String>) {
    let point = facts.operating_point.as_ref().unwrap();
    let area = facts.applicability.as_ref().unwrap();
    let decided = point.apply_all(&raw.probabilities).unwrap();
    assert!(map.spreads.is_empty() && raw.sets.is_empty());
    assert_eq!(map.len(), 1600);
    let mut kinds = BTreeSet::new();
    for (index, cell) in map.cells.iter().enumerate() {
        let id = cell.id.as_str();
        let row = map.probabilities_of(index, 2);
        let set = &map.sets[2 * index..][..2];
        let (class, share) = (map.classes[index], map.used_shares[index]);
        // The raw map is of the same cells, decided by the most probable class.
        assert_eq!(raw.cells[index], *cell);
        assert_eq!(raw.dissimilarities[index].to_bits(), map.dissimilarities[index].to_bits());
        assert_eq!(map.trained[index], sample.contains(id), "{id}");
        assert_eq!(set, &decided.sets[2 * index..][..2], "{id}");
        assert_eq!(class, decided.classes[index], "{id}");
        assert!((0.0..=1.0).contains(&share), "{id}: {share}");
        let expected = match share {
            0.0 => [Quality::NoData, Quality::Outside].contains(&map.qualities[index]),
            1.0 => map.qualities[index] == Quality::Full,
            _ => map.qualities[index] == Quality::Partial,
        };
        assert!(expected, "{id}: {share}, {:?}", map.qualities[index]);
        let unlike = map.dissimilarities[index];
        assert_eq!(map.inside[index], area.is_inside(unlike), "{id}: {unlike}");
        let Some(class) = class else {
            assert!(share == 0.0 && row.iter().all(|value| value.is_nan()) && set == [true; 2]);
            continue;
        };
        assert!(unlike >= 0.0, "{id}: {unlike}");
        assert!((row[0] + row[1] - 1.0).abs() < 1e-6, "{id}: {row:?}");
        for (found, expected) in row.iter().zip(&decided.probabilities[2 * index..][..2]) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{id}: {row:?}");
        }
        let entropy: f32 = row.iter().map(|&share| -share * share.max(1e-30).log2()).sum();
        assert!((map.uncertainties[index] - entropy).abs() < 1e-5, "{id}: {entropy}");
        kinds.insert((class, set.to_vec(), map.inside[index]));
    }
    // Both classes, several sets, and cells within the area and without are there.
    assert!((0..2).all(|class| kinds.iter().any(|kind| kind.0.index() == class)), "{kinds:?}");
    let sets: BTreeSet<&Vec<bool>> = kinds.iter().map(|kind| &kind.1).collect();
    assert!(sets.len() > 1, "{kinds:?}");
    assert!(kinds.iter().any(|kind| kind.2) && kinds.iter().any(|kind| !kind.2), "{kinds:?}");
}

/// The lines of a table say what the map says.
fn check_lines(text: &str, map: &MapRows) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(COLUMNS));
    let names = ["non-urban", "urban"];
    for index in 0..map.len() {
        let line = lines.next().unwrap();
        let fields: Vec<&str> = line.split(',').collect();
        let field = |name: &str| fields[COLUMNS.split(',').position(|own| own == name).unwrap()];
        let number = |name: &str| field(name).parse().unwrap_or(f32::NAN);
        let same = |name: &str, value: f32| {
            let found = number(name);
            assert!(found == value || (found.is_nan() && value.is_nan()), "{name}: {line}");
        };
        assert_eq!(field("cell_id"), map.cells[index].id.as_str());
        assert_eq!(field("class"), map.classes[index].map_or("", |class| names[class.index()]));
        for (class, name) in names.iter().enumerate() {
            same(&format!("probability_{name}"), map.probabilities_of(index, 2)[class]);
        }
        same("uncertainty", map.uncertainties[index]);
        same("dissimilarity", map.dissimilarities[index]);
        same("used_share", map.used_shares[index]);
        let set = &map.sets[2 * index..][..2];
        let held: Vec<&str> =
            names.into_iter().zip(set).filter(|(_, held)| **held).map(|(name, _)| name).collect();
        assert_eq!(field("conformal_set"), held.join(";"), "{line}");
        assert_eq!(field("inside_area_of_applicability"), map.inside[index].to_string());
        assert_eq!(field("trained_on"), map.trained[index].to_string());
        let quality = match map.qualities[index] {
            Quality::Full => "full",
            Quality::Partial => "partial",
            Quality::NoData => "no-data",
            Quality::Outside => "outside",
        };
        assert_eq!(field("quality"), quality, "{line}");
    }
    assert_eq!(lines.next(), None);
}

/// Known against mapped class of the labelled cells with a class that `keep` keeps.
fn confusion(map: &MapRows, keep: impl Fn(usize) -> bool) -> [[u64; 2]; 2] {
    let mut counts = [[0; 2]; 2];
    for (index, cell) in map.cells.iter().enumerate().filter(|(index, _)| keep(*index)) {
        if let (Some(known), Some(mapped)) = (cell.label.class(), map.classes[index]) {
            counts[known.index()][mapped.index()] += 1;
        }
    }
    counts
}

#[test]
fn every_column_says_what_its_name_says_and_the_map_is_held_against_what_was_announced() {
    let place = Place::new();
    place.succeed(&format!("predict run {DATA} --out map.parquet --out map.csv"));
    place.succeed(&format!("predict run {DATA} --raw --out raw.parquet"));
    let (header, found) = map(&place, "map.parquet");
    let (raw_header, raw) = map(&place, "raw.parquet");
    assert!(header.origin.operating_point && !raw_header.origin.operating_point);
    let columns: Vec<String> =
        header.origin.columns().into_iter().map(|column| column.name).collect();
    assert_eq!(format!("cell_id,{}", columns.join(",")), COLUMNS);
    let facts = ModelFacts::load(&place.path("run/final/bundle")).unwrap();
    assert_eq!(header.origin.models[0].digest, facts.origin.digest);
    let sample = sample(&place);
    assert_eq!(sample.len(), 40);
    check_columns(&found, &raw, &facts, &sample);
    check_lines(&String::from_utf8(place.bytes("map.csv")).unwrap(), &found);
    let most_probable = |index: usize| {
        let row = raw.probabilities_of(index, 2);
        (!row[0].is_nan()).then(|| ClassId::new(usize::from(row[1] > row[0])))
    };
    assert!((0..raw.len()).all(|index| raw.classes[index] == most_probable(index)));

    let (code, said, remarks) = place.run("assess map.parquet --out assessed");
    let metrics: Value = serde_json::from_slice(&place.bytes("assessed/metrics.json")).unwrap();
    let rows = |key: &str| -> [[u64; 2]; 2] {
        serde_json::from_value(metrics[key]["confusion"].clone()).unwrap()
    };
    assert_eq!(rows("headline"), confusion(&found, |index| !found.trained[index]));
    assert_eq!(rows("with_training_cells"), confusion(&found, |_| true));
    assert_eq!(metrics["headline"]["contaminated"], false);
    assert_eq!(metrics["with_training_cells"]["contaminated"], true);
    assert!(said.contains("contaminated"), "{said}");
    assert_eq!(metrics["counts"]["trained"], 40);
    // What the run announced has come into the map through the bundle, and is held against what was found.
    let announced = &metrics["announced"];
    let record: Value = serde_json::from_slice(&place.bytes("run/operating-point.json")).unwrap();
    let figures = announced["figures"].as_array().unwrap();
    let decisive = &figures[usize::try_from(announced["decisive"].as_u64().unwrap()).unwrap()];
    assert_eq!(decisive["name"], "urban f1");
    let own = record["expected_map"]["figures"].as_array().unwrap();
    let own = own.iter().find(|figure| figure["name"] == "urban f1").unwrap();
    assert_eq!((&decisive["announced"], &decisive["interval"]), (&own["value"], &own["interval"]));
    let [found, lower] = [&decisive["found"], &decisive["interval"]["lower"]].map(Value::as_f64);
    let is_worse = found.unwrap() < lower.unwrap();
    assert_eq!(code, Some(i32::from(is_worse)), "{decisive} {remarks}");
    let page = String::from_utf8(place.bytes("assessed/report.html")).unwrap();
    assert!(
        page.contains("with training cells (contaminated)") && page.contains("id=\"announced\"")
    );
}
