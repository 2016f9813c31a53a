//! Compares variograms with scikit-gstat's, and fitted models with SciPy's, on the cases of
//! `tests/data/variogram/make_golden.py`.

use serde::Deserialize;
use tesela_datasets::cell::Point;

use super::{Fitted, Model, Quantity, Variogram};

#[derive(Deserialize)]
struct Case {
    name: String,
    reach: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    values: Vec<f64>,
    pairs: Vec<u64>,
    distances: Vec<f64>,
    semivariances: Vec<f64>,
    exponential: Expected,
    spherical: Expected,
}

#[derive(Deserialize)]
struct Expected {
    range: f64,
    partial_sill: f64,
    nugget: f64,
    deviation: f64,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../../tests/data/variogram/golden.json")).unwrap()
}

fn variogram(case: &Case) -> Variogram {
    let points = case.x.iter().zip(&case.y).map(|(&x, &y)| Point { x, y });
    let points: Vec<Point> = points.collect();
    let quantity = Quantity { name: case.name.clone(), values: case.values.clone() };
    Variogram::of(&points, &quantity, case.reach, 1)
}

#[test]
fn pairs_and_semivariances_are_those_of_scikit_gstat() {
    for case in cases() {
        let found = variogram(&case).lags;
        assert_eq!(found.len(), case.pairs.len(), "{}", case.name);
        let expected = case.pairs.iter().zip(&case.distances).zip(&case.semivariances);
        for (lag, ((&pairs, &distance), &semivariance)) in found.iter().zip(expected) {
            assert_eq!(lag.pairs, pairs, "{}", case.name);
            assert!((lag.distance / distance - 1.0).abs() < 1e-9, "{}", case.name);
            assert!((lag.semivariance - semivariance).abs() < 1e-9, "{}", case.name);
        }
    }
}

#[test]
fn models_fit_at_least_as_well_as_those_of_scipy_and_have_their_parameters() {
    for case in cases() {
        let variogram = variogram(&case);
        for (model, expected) in
            [(Model::Exponential, &case.exponential), (Model::Spherical, &case.spherical)]
        {
            let Fitted { nugget, partial_sill, range, deviation, .. } =
                variogram.fit_model(model).unwrap();
            let words = format!("{} {}", case.name, model.name());
            assert!(deviation <= expected.deviation * (1.0 + 1e-6), "{words}: {deviation}");
            let sill = expected.nugget + expected.partial_sill;
            assert!((range / expected.range - 1.0).abs() < 1e-3, "{words}: {range}");
            assert!((nugget - expected.nugget).abs() < 1e-3 * sill, "{words}: {nugget}");
            assert!((partial_sill - expected.partial_sill).abs() < 1e-3 * sill, "{words}");
        }
    }
}
