//! Compares tests and intervals with those of SciPy, statsmodels, scikit-posthocs and scikit-learn, on the cases of
//! `tests/data/statistics/make_golden.py`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tesela_datasets::class::ClassId;

use super::interval::{IntervalMethod, Level};
use super::{
    Better, CorrectedT, Friedman, McNemar, Wilcoxon, binomial, holm, nemenyi_p_value,
    studentised_range_probability,
};
use crate::metrics::{Outcomes, PrecisionRecallCurve};

fn cases<Case: DeserializeOwned>(name: &str) -> Vec<Case> {
    let text = include_str!("../../tests/data/statistics/golden.json");
    let mut all: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases: Vec<Case> = serde_json::from_value(all[name].take()).unwrap();
    assert!(cases.len() > 1);
    cases
}

#[track_caller]
fn close(found: f64, expected: f64) {
    let off = (found - expected).abs() / expected.abs().max(1.0);
    assert!(off < 1e-9, "{found}, expected {expected}");
}

#[test]
fn binomial_probabilities() {
    #[derive(Deserialize)]
    struct Case {
        successes: u64,
        trials: u64,
        chance: f64,
        probability: f64,
    }
    for case in cases::<Case>("binomial") {
        let found = binomial::probability(case.successes, case.trials, case.chance);
        assert!((found / case.probability - 1.0).abs() < 1e-9, "{found}, {}", case.probability);
    }
}

#[test]
fn mcnemar() {
    #[derive(Deserialize)]
    struct Case {
        only_first: u64,
        only_second: u64,
        exact: f64,
        mid_p: f64,
        chi_squared: f64,
        chi_squared_p: f64,
    }
    for case in cases::<Case>("mcnemar") {
        let found = McNemar::of(case.only_first, case.only_second);
        close(found.exact, case.exact);
        close(found.mid_p, case.mid_p);
        close(found.chi_squared, case.chi_squared);
        close(found.chi_squared_p, case.chi_squared_p);
    }
}

#[test]
fn corrected_t() {
    #[derive(Deserialize)]
    struct Case {
        differences: Vec<f64>,
        test_share: f64,
        statistic: f64,
        p_value: f64,
        lower: f64,
        upper: f64,
    }
    for case in cases::<Case>("corrected_t") {
        let found = CorrectedT::of(&case.differences, case.test_share, Level::NINETY_FIVE).unwrap();
        close(found.statistic.unwrap(), case.statistic);
        close(found.p_value, case.p_value);
        close(found.interval.lower, case.lower);
        close(found.interval.upper, case.upper);
    }
}

#[test]
fn wilcoxon() {
    #[derive(Deserialize)]
    struct Case {
        differences: Vec<f64>,
        statistic: f64,
        p_value: f64,
    }
    for case in cases::<Case>("wilcoxon") {
        let found = Wilcoxon::of(&case.differences).unwrap();
        close(found.statistic, case.statistic);
        close(found.p_value, case.p_value);
    }
}

#[test]
fn friedman_and_nemenyi() {
    #[derive(Deserialize)]
    struct Case {
        values: Vec<Vec<f64>>,
        mean_ranks: Vec<f64>,
        chi_squared: f64,
        p_value: f64,
        iman_davenport_p: f64,
        critical_difference: f64,
        nemenyi: Vec<Vec<f64>>,
    }
    for case in cases::<Case>("friedman") {
        let found = Friedman::of(&case.values, Better::Higher, 0.05).unwrap();
        let runs = found.mean_ranks.len();
        for (a, b) in found.mean_ranks.iter().zip(&case.mean_ranks) {
            close(*a, *b);
        }
        close(found.chi_squared, case.chi_squared);
        close(found.p_value, case.p_value);
        close(found.iman_davenport_p, case.iman_davenport_p);
        close(found.critical_difference, case.critical_difference);
        for (a, row) in case.nemenyi.iter().enumerate() {
            for (b, &expected) in row.iter().enumerate() {
                let distance = found.mean_ranks[a] - found.mean_ranks[b];
                close(nemenyi_p_value(distance, runs, found.rows), expected);
            }
        }
    }
}

#[test]
fn studentised_range() {
    #[derive(Deserialize)]
    struct Case {
        range: f64,
        count: usize,
        probability: f64,
    }
    for case in cases::<Case>("studentised_range") {
        close(studentised_range_probability(case.range, case.count), case.probability);
    }
}

#[test]
fn holm_correction() {
    #[derive(Deserialize)]
    struct Case {
        p_values: Vec<f64>,
        corrected: Vec<f64>,
    }
    for case in cases::<Case>("holm") {
        for (found, expected) in holm(&case.p_values).iter().zip(&case.corrected) {
            close(*found, *expected);
        }
    }
}

#[test]
fn intervals_of_given_draws() {
    #[derive(Deserialize)]
    struct Case {
        value: f64,
        draws: Vec<f64>,
        left_out: Vec<f64>,
        percentile: [f64; 2],
        bca: [f64; 2],
    }
    let level = Level::new(0.9).unwrap();
    for case in cases::<Case>("interval") {
        for (method, [lower, upper]) in
            [(IntervalMethod::Percentile, case.percentile), (IntervalMethod::Bca, case.bca)]
        {
            let found = method.interval(case.value, case.draws.clone(), &case.left_out, level);
            close(found.lower, lower);
            close(found.upper, upper);
        }
    }
}

#[test]
fn precision_recall_curves() {
    #[derive(Deserialize)]
    struct Case {
        truths: Vec<usize>,
        scores: Vec<f32>,
        weights: Vec<f64>,
        precision: Vec<f64>,
        recall: Vec<f64>,
        thresholds: Vec<f32>,
    }
    for case in cases::<Case>("curve") {
        let mut outcomes = Outcomes::new(2);
        for (&truth, &score) in case.truths.iter().zip(&case.scores) {
            outcomes.push(ClassId::new(truth), &[1.0 - score, score]);
        }
        let curve = PrecisionRecallCurve::of(&outcomes, ClassId::new(1), &case.weights).unwrap();
        assert_eq!(curve.points().len(), case.thresholds.len());
        let expected = case.thresholds.iter().zip(&case.precision).zip(&case.recall);
        for (point, ((&threshold, &precision), &recall)) in curve.points().iter().zip(expected) {
            assert_eq!(point.threshold, threshold);
            close(point.precision, precision);
            close(point.recall, recall);
        }
    }
}
