//! Holds the selection to scikit-learn's, on the cases of `tests/data/selection/make_golden.py`.

use serde::Deserialize;
use tesela_datasets::config::Problems;

use super::{RawSelection, Selection};

#[derive(Deserialize)]
struct Case {
    name: String,
    labels: Vec<u16>,
    classes: usize,
    rows: Vec<Vec<f32>>,
    alpha: f64,
    threshold: f64,
    statistics: Vec<Option<f64>>,
    p_values: Vec<Option<f64>>,
    variances: Vec<f64>,
    kept: Vec<usize>,
}

#[test]
fn the_selection_is_that_of_scikit_learn() {
    let text = include_str!("../../../tests/data/selection/golden.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert!(cases.len() > 3);
    for case in &cases {
        let raw =
            RawSelection { fwe_alpha: Some(case.alpha), variance_threshold: Some(case.threshold) };
        let settings = raw.check("select", &mut Problems::new()).unwrap();
        let found = Selection::of(&case.rows.concat(), &case.labels, case.classes, &settings);
        let found = found.unwrap();
        assert_eq!(found.kept().collect::<Vec<_>>(), case.kept, "{}", case.name);
        for (column, own) in found.tests().iter().enumerate() {
            let check = |what: &str, found: f64, expected: Option<f64>| {
                let expected = expected.unwrap_or(f64::NAN);
                let same = (found.is_nan() && expected.is_nan())
                    || (found - expected).abs() <= 1e-9 * expected.abs();
                let case = &case.name;
                assert!(same, "{case}, column {column}: {what} is {found}, expected {expected}");
            };
            check("F", own.test.statistic, case.statistics[column]);
            check("p", own.test.p_value, case.p_values[column]);
            check("variance", own.variance, Some(case.variances[column]));
        }
    }
}
