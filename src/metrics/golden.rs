//! Compares every score with scikit-learn's, on the cases of `tests/data/metrics/make_golden.py`.

use serde::Deserialize;
use tesela_datasets::class::{ClassId, ClassMap};

use super::{Averages, Outcomes, Prevalence, Scores};

#[derive(Deserialize)]
struct Case {
    name: String,
    truths: Vec<usize>,
    probabilities: Vec<Vec<f32>>,
    target: Option<Prevalence>,
    /// The stratum of each cell, where the target tells strata apart.
    #[serde(default)]
    strata: Vec<u16>,
    confusion: Vec<Vec<u64>>,
    scores: Expected,
}

#[derive(Deserialize)]
struct Expected {
    accuracy: f64,
    kappa: Option<f64>,
    mcc: f64,
    log_loss: f64,
    brier: f64,
    roc_auc: Option<f64>,
    average_precision: Option<f64>,
    #[serde(rename = "macro")]
    macro_average: Averages,
    #[serde(rename = "weighted")]
    weighted_average: Averages,
    classes: Vec<ExpectedClass>,
}

#[derive(Deserialize)]
struct ExpectedClass {
    precision: f64,
    recall: f64,
    f1: f64,
    roc_auc: Option<f64>,
    average_precision: Option<f64>,
}

fn scores_of(case: &Case) -> (Outcomes, Scores) {
    let names = (0..case.confusion.len()).map(|class| class.to_string());
    let classes = ClassMap::new(names).unwrap();
    let strata = case.target.as_ref().map_or(1, |target| target.strata().len().max(1));
    let mut outcomes = Outcomes::of_strata(classes.len(), strata);
    for (cell, (&truth, row)) in case.truths.iter().zip(&case.probabilities).enumerate() {
        let stratum = case.strata.get(cell).copied().unwrap_or(0);
        outcomes.push_in(stratum, ClassId::new(truth), row);
    }
    let scores = Scores::of(&outcomes, &classes, case.target.as_ref()).unwrap();
    (outcomes, scores)
}

#[test]
fn every_score_is_that_of_scikit_learn() {
    let text = include_str!("../../tests/data/metrics/golden.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert!(cases.len() > 5 && cases.iter().any(|case| !case.strata.is_empty()));
    for case in &cases {
        let (outcomes, found) = scores_of(case);
        assert_eq!(outcomes.confusion().rows(), case.confusion, "{}", case.name);
        let expected = &case.scores;
        let check = |what: &str, found: Option<f64>, expected: Option<f64>| match (found, expected)
        {
            (Some(a), Some(b)) => {
                assert!((a - b).abs() < 1e-9, "{}: {what} is {a}, expected {b}", case.name);
            }
            (a, b) => assert_eq!(a, b, "{}: {what}", case.name),
        };
        check("accuracy", Some(found.accuracy), Some(expected.accuracy));
        check("kappa", found.kappa, expected.kappa);
        check("mcc", Some(found.mcc), Some(expected.mcc));
        check("log-loss", Some(found.log_loss), Some(expected.log_loss));
        check("brier", Some(found.brier), Some(expected.brier));
        check("roc-auc", found.roc_auc, expected.roc_auc);
        check("pr-auc", found.average_precision, expected.average_precision);
        for (a, b) in [
            (found.macro_average, expected.macro_average),
            (found.weighted_average, expected.weighted_average),
        ] {
            check("average precision", Some(a.precision), Some(b.precision));
            check("average recall", Some(a.recall), Some(b.recall));
            check("average f1", Some(a.f1), Some(b.f1));
        }
        for (a, b) in found.classes.iter().zip(&expected.classes) {
            check("precision", Some(a.precision), Some(b.precision));
            check("recall", Some(a.recall), Some(b.recall));
            check("f1", Some(a.f1), Some(b.f1));
            check("roc-auc of a class", a.roc_auc, b.roc_auc);
            check("pr-auc of a class", a.average_precision, b.average_precision);
        }
    }
}
