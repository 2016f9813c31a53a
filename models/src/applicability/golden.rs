//! Compares indexes and thresholds with a twin in double precision, on the cases of
//! `tests/data/applicability/make_golden.py`.

use std::path::Path;

use serde::Deserialize;
use tesela_datasets::class::ClassId;

use super::*;

#[derive(Deserialize)]
struct Case {
    name: String,
    values: Vec<Vec<Option<f32>>>,
    importances: Vec<f64>,
    folds: Vec<u32>,
    others: Vec<Vec<Option<f32>>>,
    cross_validated: Vec<f64>,
    threshold: f64,
    dissimilarity: Vec<Option<f64>>,
}

/// All rows, with what is missing as `NaN`.
fn flat(rows: &[Vec<Option<f32>>]) -> Vec<f32> {
    rows.iter().flatten().map(|value| value.unwrap_or(f32::NAN)).collect()
}

#[test]
fn indexes_and_thresholds_are_those_of_the_paper() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/applicability/golden.json");
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let training = Training {
            values: &flat(&case.values),
            importances: &case.importances,
            truths: &vec![ClassId::new(0); case.folds.len()],
            folds: &case.folds,
        };
        let fitted = Applicability::fit(&training, Limits::default(), 1).unwrap();
        // Places are in single precision.
        let close = |what: &str, found: f64, expected: f64| {
            let name = &case.name;
            assert!(
                (found / expected - 1.0).abs() < 2e-6,
                "{name}: {what} is {found}, not {expected}"
            );
        };
        assert_eq!(fitted.cross_validated.len(), case.cross_validated.len());
        for (&found, &expected) in fitted.cross_validated.iter().zip(&case.cross_validated) {
            close("index of a training cell", found, expected);
        }
        close("threshold", fitted.applicability.threshold(), case.threshold);
        let found = fitted.applicability.dissimilarity(&flat(&case.others)).unwrap();
        assert_eq!(found.len(), case.dissimilarity.len());
        for (&found, expected) in found.iter().zip(&case.dissimilarity) {
            match expected {
                Some(expected) => close("index", f64::from(found), *expected),
                None => assert!(found.is_nan()),
            }
        }
    }
}
