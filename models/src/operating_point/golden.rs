//! Compares calibrations, figures, thresholds and sets with scikit-learn, crepes and MAPIE, on the cases of
//! `tests/data/operating_point/make_golden.py`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use tesela_datasets::class::{ClassId, ClassMap};

use super::choice::Choice;
use super::cuts::{Cut, Cuts, Scored};
use super::material::Material;
use super::*;

#[derive(Deserialize)]
struct Case {
    name: String,
    truths: Vec<usize>,
    counts: Vec<Vec<u16>>,
    folds: Vec<u32>,
    weights: Option<Vec<f64>>,
    inverse_temperature: Fit<f64>,
    sigmoids: Vec<Fit<[f64; 2]>>,
    curves: Vec<Vec<f64>>,
    calibrated: BTreeMap<String, Vec<Vec<f64>>>,
    losses: BTreeMap<String, f64>,
    qualities: Vec<ExpectedQuality>,
    thresholds: Thresholds,
    conformal: Conformal,
    estimate: Estimate,
}

/// Where the peer's optimiser stopped, and the minimum itself.
#[derive(Deserialize)]
struct Fit<T> {
    peer: T,
    found: T,
}

#[derive(Deserialize)]
struct ExpectedQuality {
    weights: Vec<f64>,
    brier: f64,
    log_loss: f64,
    equal_width: Vec<f64>,
    equal_mass: Vec<f64>,
}

#[derive(Deserialize)]
struct Thresholds {
    weights: Vec<f64>,
    max_f1: [f64; 3],
    wanted_precision: f64,
    precision: [f64; 3],
    recall: [f64; 3],
}

#[derive(Deserialize)]
struct Conformal {
    error: f64,
    others: Vec<Vec<u16>>,
    sets: Vec<Vec<bool>>,
}

#[derive(Deserialize)]
struct Estimate {
    rows: Vec<Vec<f64>>,
    shares: Vec<f64>,
}

fn cases() -> Vec<Case> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/operating_point/golden.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Multiples of 1/256, exact in single precision.
fn probabilities(counts: &[Vec<u16>]) -> Vec<f32> {
    counts.iter().flatten().map(|&count| f32::from(count) / 256.0).collect()
}

impl Case {
    fn classes(&self) -> ClassMap {
        ClassMap::new((0..self.counts[0].len()).map(|class| class.to_string())).unwrap()
    }

    fn data(&self) -> OutOfFold {
        let truths: Vec<ClassId> = self.truths.iter().map(|&class| ClassId::new(class)).collect();
        let rows = probabilities(&self.counts);
        OutOfFold::new(&self.classes(), &truths, &rows, &self.folds).unwrap()
    }

    fn close(&self, what: &str, found: f64, expected: f64, tolerance: f64) {
        let scale = expected.abs().max(1.0);
        let name = &self.name;
        assert!(
            (found - expected).abs() < tolerance * scale,
            "{name}: {what} is {found}, not {expected}"
        );
    }

    /// Platt's rows, on which the figures of the peers were computed.
    fn platt_rows(&self, data: &OutOfFold) -> Vec<f64> {
        let weights = self.weights.as_deref();
        let calibration = Calibration::fit(CalibrationKind::Platt, data, weights).unwrap();
        let mut rows = vec![0.0; data.probabilities().len()];
        let width = data.classes().len();
        for (raw, row) in data.probabilities().chunks(width).zip(rows.chunks_mut(width)) {
            calibration.apply(raw, row);
        }
        rows
    }
}

#[test]
fn fitted_numbers_are_those_of_scikit_learn() {
    for case in cases() {
        let data = case.data();
        let fit = |kind| Calibration::fit(kind, &data, case.weights.as_deref()).unwrap();
        let Calibration::Temperature(temperature) = fit(CalibrationKind::Temperature) else {
            panic!("the kind is the one that was asked for");
        };
        let expected = &case.inverse_temperature;
        case.close("temperature", temperature.inverse, expected.found, 1e-9);
        case.close("temperature of the peer", temperature.inverse, expected.peer, 1e-5);
        let Calibration::Platt(sigmoids) = fit(CalibrationKind::Platt) else {
            panic!("the kind is the one that was asked for");
        };
        assert_eq!(sigmoids.len(), case.sigmoids.len());
        for (found, expected) in sigmoids.iter().zip(&case.sigmoids) {
            case.close("slope", found.slope, expected.found[0], 1e-9);
            case.close("offset", found.offset, expected.found[1], 1e-9);
            case.close("slope of the peer", found.slope, expected.peer[0], 1e-5);
            case.close("offset of the peer", found.offset, expected.peer[1], 1e-5);
        }
        let Calibration::Isotonic(curves) = fit(CalibrationKind::Isotonic) else {
            panic!("the kind is the one that was asked for");
        };
        assert_eq!(curves.len(), case.curves.len());
        for (curve, expected) in curves.iter().zip(&case.curves) {
            for (step, &value) in (0_u16..).zip(expected) {
                let score = super::edge::inside(f64::from(step) * 4.0 / 256.0);
                case.close("isotonic curve", curve.at(score), value, 1e-9);
            }
        }
    }
}

#[test]
fn calibrated_rows_and_cross_fitted_losses_are_those_of_scikit_learn() {
    for case in cases() {
        let data = case.data();
        let others = probabilities(&case.conformal.others);
        let mut row = vec![0.0; data.classes().len()];
        for kind in CalibrationKind::ALL {
            let calibration = Calibration::fit(kind, &data, case.weights.as_deref()).unwrap();
            let expected = &case.calibrated[&kind.to_string()];
            for (raw, expected) in others.chunks(row.len()).zip(expected) {
                calibration.apply(raw, &mut row);
                for (&found, &expected) in row.iter().zip(expected) {
                    case.close(&kind.to_string(), found, expected, 1e-9);
                }
            }
        }
        let material = Material::new(&data, case.weights.as_deref()).unwrap();
        let choice = Choice::new(&CalibrationKind::ALL, &material).unwrap();
        for loss in &choice.losses {
            let expected = case.losses[&loss.kind.to_string()];
            case.close("log-loss", loss.log_loss, expected, 1e-9);
        }
        let lowest = choice.losses.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
        assert_eq!(lowest.unwrap().kind, choice.best);
    }
}

#[test]
fn figures_are_those_of_scikit_learn() {
    for case in cases() {
        let data = case.data();
        let rows = case.platt_rows(&data);
        for expected in &case.qualities {
            let found = Quality::new(&rows, data.truths(), &expected.weights);
            case.close("brier", found.brier, expected.brier, 1e-9);
            case.close("log-loss", found.log_loss, expected.log_loss, 1e-9);
            let views = expected.equal_width.iter().zip(&expected.equal_mass);
            assert_eq!(views.len(), data.classes().len() + 1);
            for (view, (&width, &mass)) in views.enumerate() {
                let class = view.checked_sub(1).map(ClassId::new);
                let error = |binning| found.calibration_error(class, binning).unwrap();
                case.close("ECE, equal widths", error(Binning::EqualWidth), width, 1e-9);
                case.close("ECE, equal masses", error(Binning::EqualMass), mass, 1e-9);
            }
        }
    }
}

#[test]
fn thresholds_are_those_of_scikit_learn() {
    for case in cases() {
        let data = case.data();
        let rows = case.platt_rows(&data);
        let own = data.classes().len() - 1;
        let scores = rows.chunks(own + 1).map(|row| row[own]);
        let cells = scores.zip(&case.truths);
        let cells =
            cells.map(|(probability, &truth)| Scored { probability, truth, weight: 1.0 }).collect();
        let expected = &case.thresholds;
        let cuts = Cuts::new(cells, own, &expected.weights);
        let check = |rule, expected: [f64; 3]| {
            let (Cut { threshold, precision, recall, .. }, reached) = cuts.find(rule, 0.5);
            assert!(reached);
            for (found, expected) in [threshold, precision, recall].into_iter().zip(expected) {
                case.close(&format!("{rule:?}"), found, expected, 1e-9);
            }
        };
        check(ThresholdRule::MaxF1, expected.max_f1);
        check(ThresholdRule::Precision(expected.wanted_precision), expected.precision);
        check(ThresholdRule::Recall(0.8), expected.recall);
    }
}

#[test]
fn conformal_sets_are_those_of_crepes_and_mapie() {
    let (mut members, mut total) = (0, 0);
    for case in cases() {
        let sets = ConformalSets::fit(&case.data(), case.conformal.error).unwrap();
        let others = probabilities(&case.conformal.others);
        let mut set = vec![false; case.counts[0].len()];
        for (raw, expected) in others.chunks(set.len()).zip(&case.conformal.sets) {
            sets.apply(raw, &mut set);
            assert_eq!(&set, expected, "{}: {raw:?}", case.name);
            members += set.iter().filter(|&&member| member).count();
            total += set.len();
        }
    }
    assert!(total / 5 < members && members < total * 4 / 5, "{members} of {total}");
}

#[test]
fn estimated_prevalences_are_those_of_the_paper() {
    for case in cases() {
        let rows: Vec<f64> = case.estimate.rows.iter().flatten().copied().collect();
        let data = case.data();
        let found = estimate_prevalence(data.classes(), &rows, &data.shares()).unwrap();
        for (&found, &expected) in found.shares.iter().zip(&case.estimate.shares) {
            // It is settled when no share moves by 1e-9; what is left to go is some times that.
            case.close("share", found, expected, 1e-7);
        }
    }
}
