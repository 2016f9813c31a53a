//! Maps at a prevalence that is estimated on their own cells.

use tesela_models::operating_point::OperatingPoint;

use super::*;
use crate::map::SettledPrior;

/// Leaves the prevalence open, and maps as large a share as it is.
fn open() -> OperatingPoint {
    serde_json::from_value(serde_json::json!({
        "classes": ["dark", "bright"],
        "calibration": "none",
        "prior": null,
        "decision": {"threshold": {"class": 1, "at_least": 0.5}},
        "conformal": null,
        "unsettled": {"from": [0.5, 0.5], "rule": {"class": 1, "rule": "matched-share"}},
    }))
    .unwrap()
}

fn place() -> Place {
    let mut place = Place::new();
    let model = Bright { asked: Arc::clone(&place.asked), ..Bright::new() };
    let facts = ModelFacts { operating_point: Some(open()), ..model.facts() };
    place.models = Models::new(vec![(Box::new(model), facts)], "flex").unwrap();
    place
}

#[test]
fn a_map_is_decided_at_the_prevalence_of_its_cells_that_were_not_trained_on() {
    let place = place();
    place.predict("1/1", "parts").unwrap();
    let summary = place.merge(&["parts"], "map.parquet").unwrap();
    // What the model says of all cells but the one that it knows.
    let facts = place.models.facts();
    let raw = Decider::new(facts, true).unwrap();
    let parts = PartSet::open(&[place.path("parts")]).unwrap();
    let out = place.path("raw.parquet");
    let of_raw = merge(&parts, facts, &raw, &place.grid(), &out, &mut Unwatched).unwrap();
    assert!(of_raw.settled.is_empty());
    let mut values = place.rows("raw.parquet").probabilities;
    values.drain(2..4);
    let expected = open().settle(&values).unwrap().unwrap();
    let found = SettledPrior {
        prevalence: expected.estimate.shares.clone(),
        threshold: summary.settled[0].threshold,
        cells: 89,
    };
    assert_eq!(summary.settled, [found]);
    let header = MapReader::open(&place.path("map.parquet")).unwrap().header().clone();
    assert_eq!(header.origin.settled(), summary.settled);
    // The share that is mapped is the share that was estimated, as near as ten cells of a kind allow.
    let share = summary.counts[1] as f64 / 90.0;
    assert!((share - expected.estimate.shares[1]).abs() <= 0.06, "{summary:?}");
    assert!((0.05..0.48).contains(&expected.estimate.shares[1]), "{summary:?}");
    let [moved, raw] = ["map", "raw"].map(|map| place.rows(&format!("{map}.parquet")));
    assert!(moved.probabilities[1] < raw.probabilities[1]);
}

#[test]
fn any_number_of_parts_settles_on_the_same_bytes() {
    let place = place();
    let mut maps = Vec::new();
    for of in [1, 3, 7] {
        let folder = format!("parts-{of}");
        for part in 1..=of {
            place.predict(&format!("{part}/{of}"), &folder).unwrap();
        }
        place.merge(&[&folder], "map.parquet").unwrap();
        maps.push(fs::read(place.path("map.parquet")).unwrap());
    }
    assert!(maps.iter().all(|map| *map == maps[0]));
}
