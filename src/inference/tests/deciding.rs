//! What is decided on what models say, without a mosaic.

use serde_json::{Value, json};
use tesela_models::applicability::{Applicability, CellApplicability, Limits, Training};
use tesela_models::operating_point::{Decision, OperatingPoint};

use super::*;

/// An operating point that leaves probabilities as they are.
fn point(decision: &Value, conformal: &Value) -> OperatingPoint {
    let text = json!({
        "classes": ["dark", "bright"],
        "calibration": "none",
        "prior": null,
        "decision": decision,
        "conformal": conformal,
    });
    serde_json::from_value(text).unwrap()
}

fn threshold(class: usize, at_least: f64) -> Value {
    json!({ "threshold": { "class": class, "at_least": at_least } })
}

/// Facts of models with these operating points.
fn facts(points: impl IntoIterator<Item = Option<OperatingPoint>>) -> Vec<ModelFacts> {
    let of = |(index, operating_point)| ModelFacts {
        name: PathBuf::from(format!("model-{index}")),
        operating_point,
        ..Bright::new().facts()
    };
    points.into_iter().enumerate().map(of).collect()
}

fn cells(count: usize) -> Vec<Cell> {
    let cell = |index| Cell {
        id: CellId::new(format!("c{index}")),
        label: Label::Undefined,
        outline: None,
        year: None,
    };
    (0..count).map(cell).collect()
}

/// Decides cells of which each model gives these probabilities of `bright`, then `further` numbers.
fn decide(facts: &[ModelFacts], of_bright: &[&[f32]], further: &[&[f32]]) -> MapRows {
    let decider = Decider::new(facts, false).unwrap();
    let row = |(index, own): (usize, &&[f32])| -> Vec<f32> {
        let probabilities = own.iter().flat_map(|bright| [1.0 - bright, *bright]);
        probabilities.chain(further.get(index).into_iter().flat_map(|own| own.to_vec())).collect()
    };
    let rows: Vec<f32> = of_bright.iter().enumerate().flat_map(row).collect();
    decider.decide(cells(of_bright.len()), &rows).unwrap()
}

fn classes(rows: &MapRows) -> Vec<Option<usize>> {
    rows.classes.iter().map(|class| class.map(ClassId::index)).collect()
}

#[test]
fn the_mean_threshold_decides_on_the_mean_of_probabilities() {
    let points = [0.2, 0.6].map(|at_least| Some(point(&threshold(1, at_least), &Value::Null)));
    let facts = facts(points);
    // The threshold is .4, and one of the two would map each of these cells.
    let rows = decide(&facts, &[&[0.1, 0.6], &[0.75, 0.0625], &[0.9, 0.0]], &[]);
    assert_eq!(classes(&rows), [Some(0), Some(1), Some(1)]);
    for (index, expected) in [0.35, 0.406_25, 0.45].into_iter().enumerate() {
        let row = rows.probabilities_of(index, 2);
        assert!((row[1] - expected).abs() < 1e-6 && (row[0] + row[1] - 1.0).abs() < 1e-6);
    }
    // Half of what the two are apart.
    assert!((rows.spreads[0] - 0.25).abs() < 1e-6, "{:?}", rows.spreads);
    assert!(rows.sets.is_empty() && rows.inside.is_empty());
}

#[test]
fn a_cell_at_the_mean_threshold_is_of_its_class() {
    let points = [0.25, 0.75].map(|at_least| Some(point(&threshold(1, at_least), &Value::Null)));
    let facts = facts(points);
    let rows = decide(&facts, &[&[0.25, 0.75], &[0.25, 0.734_375]], &[]);
    assert_eq!(classes(&rows), [Some(1), Some(0)]);
}

#[test]
fn where_models_do_not_share_a_threshold_the_most_probable_class_is_taken() {
    let low = || threshold(1, 0.1);
    for other in [json!("argmax"), threshold(0, 0.1)] {
        let points = [low(), other.clone()].map(|decision| Some(point(&decision, &Value::Null)));
        let facts = facts(points);
        let rows = decide(&facts, &[&[0.4, 0.4], &[0.4, 0.8]], &[]);
        assert_eq!(classes(&rows), [Some(0), Some(1)], "{other}");
    }
    // One alone decides as it says.
    let facts = facts([Some(point(&low(), &Value::Null))]);
    assert_eq!(classes(&decide(&facts, &[&[0.4], &[0.05]], &[])), [Some(1), Some(0)]);
}

#[test]
fn each_model_is_calibrated_and_moved_by_its_own_operating_point() {
    let moved: OperatingPoint = serde_json::from_value(json!({
        "classes": ["dark", "bright"],
        "calibration": "none",
        "prior": { "from": [0.5, 0.5], "to": [0.9, 0.1] },
        "decision": "argmax",
        "conformal": null,
    }))
    .unwrap();
    let facts = facts([Some(moved), Some(point(&json!("argmax"), &Value::Null))]);
    let rows = decide(&facts, &[&[0.5, 0.5]], &[]);
    // Even odds become one to nine with the first.
    assert!((rows.probabilities_of(0, 2)[1] - 0.3).abs() < 1e-6, "{:?}", rows.probabilities);
    // Without operating points it is the mean of what the models say.
    let decider = Decider::new(&facts, true).unwrap();
    assert!(!decider.has_operating_point());
    let raw = decider.decide(cells(1), &[0.5, 0.5, 0.5, 0.5]).unwrap();
    assert_eq!(raw.probabilities_of(0, 2), [0.5, 0.5]);
}

#[test]
fn a_class_stays_in_the_set_where_one_model_cannot_rule_it_out() {
    // A class is ruled out below these probabilities: a quarter and three quarters.
    let sets = |limit: f64| json!({ "error": 0.1, "limits": [limit, limit] });
    let points = [0.75, 0.25].map(|limit| Some(point(&threshold(1, 0.5), &sets(limit))));
    let facts = facts(points);
    let nan = f32::NAN;
    let rows = decide(&facts, &[&[0.9, 0.9], &[0.9, 0.1], &[0.5, 0.5], &[nan, nan]], &[]);
    let found: Vec<&[bool]> = rows.sets.chunks_exact(2).collect();
    let expected = [[false, true], [true, true], [true, true], [true, true]];
    assert_eq!(found, expected);
    assert_eq!(classes(&rows)[3], None);
    // A model without sets rules nothing out.
    let points = [sets(0.75), Value::Null].map(|sets| Some(point(&threshold(1, 0.5), &sets)));
    let rows = decide(&self::facts(points), &[&[0.9, 0.9]], &[]);
    assert_eq!(rows.sets, [true, true]);
}

/// An area whose limit lies above zero and far below `FAR`.
fn area() -> CellApplicability {
    let input = Bright::new().input;
    let describer = tesela_models::describe::Describer::new(&input);
    let width = describer.columns().len();
    let values: Vec<f32> =
        (0..64 * width).map(|index| (index / width) as f32 + (index % width) as f32).collect();
    let truths: Vec<ClassId> = (0..64).map(|cell| ClassId::new(cell % 2)).collect();
    let folds: Vec<u32> = (0..64).map(|cell| cell % 4).collect();
    let training = Training {
        values: &values,
        importances: &vec![1.0; width],
        truths: &truths,
        folds: &folds,
    };
    let fitted = Applicability::fit(&training, Limits::default(), 1).unwrap();
    CellApplicability::new(fitted.applicability, &input).unwrap()
}

const FAR: f32 = 1e6;

#[test]
fn a_cell_is_inside_the_area_where_it_is_inside_that_of_all_and_as_unlike_as_the_worst_says() {
    let mut facts = facts((0..3).map(|_| Some(point(&threshold(1, 0.5), &Value::Null))));
    // One of the three has no area, and nothing to say.
    facts[0].applicability = Some(area());
    facts[2].applicability = Some(area());
    let (near, nan) = (0.0, f32::NAN);
    let of_bright: Vec<&[f32]> = vec![&[0.9, 0.9, 0.9]; 5];
    let further: [&[f32]; 5] =
        [&[near, near], &[near, FAR], &[FAR, near], &[FAR, FAR], &[nan, near]];
    let rows = decide(&facts, &of_bright, &further);
    assert_eq!(rows.inside, [true, false, false, false, false]);
    assert_eq!(rows.dissimilarities[..4], [near, FAR, FAR, FAR]);
    assert!(rows.dissimilarities[4].is_nan());
}

#[test]
fn a_cell_that_one_of_the_models_has_seen_is_marked() {
    let mut facts = facts([None, None]);
    facts[1].trained = Some(TrainedCells::from_iter([CellId::new("c0"), CellId::new("c3")]));
    let even: [&[f32]; 4] = [&[0.5, 0.5]; 4];
    let rows = decide(&facts, &even, &[]);
    // The first has seen `c1`.
    assert_eq!(rows.trained, [true, true, false, true]);
    // Where one of them does not know, nothing is said.
    facts[0].trained = None;
    assert!(decide(&facts, &even, &[]).trained.is_empty());
}

#[test]
fn a_model_without_operating_point_beside_others_is_named() {
    let facts = facts([Some(point(&json!("argmax"), &Value::Null)), None]);
    let error = Decider::new(&facts, false).unwrap_err();
    assert!(
        matches!(&error, InferenceError::NoOperatingPoint { name } if name == Path::new("model-1"))
    );
    assert!(error.to_string().contains("`model-1` has no operating point"), "{error}");
    assert!(error.to_string().contains("`--raw`"), "{error}");
    assert!(Decider::new(&facts, true).is_ok());
}

#[test]
fn an_operating_point_that_cannot_decide_says_so() {
    let facts = facts([Some(point(&json!("argmax"), &Value::Null))]);
    let decider = Decider::new(&facts, false).unwrap();
    let error = decider.decide(cells(1), &[0.5, 0.75]).unwrap_err();
    assert!(matches!(error, InferenceError::Deciding(_)), "{error}");
}

#[test]
fn decisions_of_one_model_are_those_of_its_operating_point() {
    let own = point(&threshold(1, 0.3), &Value::Null);
    let facts = facts([Some(own.clone())]);
    let shares: Vec<[f32; 1]> = (0..=20_u8).map(|step| [f32::from(step) / 20.0]).collect();
    let of_bright: Vec<&[f32]> = shares.iter().map(<[f32; 1]>::as_slice).collect();
    let rows = decide(&facts, &of_bright, &[]);
    assert!(matches!(own.decision(), Decision::Threshold { .. }));
    for (index, [bright]) in shares.iter().enumerate() {
        let expected = own.decision().apply(&[1.0 - f64::from(*bright), f64::from(*bright)]);
        assert_eq!(rows.classes[index], Some(expected));
    }
}
