//! Calibrations: what makes a probability of 0.3 come true three times in ten.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::edge::{inside, log_odds, normalise};
use super::material::{Material, Without, curve_classes};
use super::{Isotonic, OperatingPointError, OutOfFold, Sigmoid, Temperature};

/// The kinds of calibration, from the simplest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationKind {
    /// Probabilities stay as they are.
    None,
    /// One number for all classes.
    Temperature,
    /// A sigmoid for each class.
    Platt,
    /// A rising curve for each class.
    Isotonic,
}

impl CalibrationKind {
    /// All kinds, from the simplest.
    pub const ALL: [Self; 4] = [Self::None, Self::Temperature, Self::Platt, Self::Isotonic];
}

impl fmt::Display for CalibrationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Temperature => "temperature",
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
        })
    }
}

/// A fitted calibration.
///
/// Raw probabilities are kept within [`EDGE`](super::EDGE) of 0 and 1 before, calibrated ones after, and rows sum to
/// one. With two classes one curve is fitted, for the second class; with more, one for each class against all others,
/// and rows are divided by their sum, as scikit-learn does; a row that is nothing for every class becomes even.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calibration {
    /// Leaves probabilities as they are.
    None,
    /// Makes all probabilities bolder or shier.
    Temperature(Temperature),
    /// Maps log-odds by a sigmoid: one for two classes, else one for each class.
    Platt(Vec<Sigmoid>),
    /// Maps probabilities by a rising curve: one for two classes, else one for each class.
    Isotonic(Vec<Isotonic>),
}

impl Calibration {
    /// Fits a calibration on all cells of `data`, each of which weighs 1 or its number of `weights`.
    ///
    /// Weights that make classes as common as elsewhere calibrate for that place.
    ///
    /// # Errors
    /// If there is not one weight for each cell, a weight is negative or no number, or a class has no weight.
    pub fn fit(
        kind: CalibrationKind,
        data: &OutOfFold,
        weights: Option<&[f64]>,
    ) -> Result<Self, OperatingPointError> {
        Self::fit_parts(kind, &Material::new(data, weights)?, Without::NOTHING)
    }

    /// Fits a calibration on some parts of the cells.
    pub(crate) fn fit_parts(
        kind: CalibrationKind,
        material: &Material<'_>,
        without: Without,
    ) -> Result<Self, OperatingPointError> {
        let curves = 0..material.curves();
        Ok(match kind {
            CalibrationKind::None => Self::None,
            CalibrationKind::Temperature => Self::Temperature(Temperature::fit(material, without)),
            CalibrationKind::Platt => Self::Platt(
                curves
                    .map(|curve| Sigmoid::fit(material, curve, without))
                    .collect::<Result<_, _>>()?,
            ),
            CalibrationKind::Isotonic => Self::Isotonic(
                curves
                    .map(|curve| Isotonic::fit(material, curve, without))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    /// Which kind it is.
    pub fn kind(&self) -> CalibrationKind {
        match self {
            Self::None => CalibrationKind::None,
            Self::Temperature(_) => CalibrationKind::Temperature,
            Self::Platt(_) => CalibrationKind::Platt,
            Self::Isotonic(_) => CalibrationKind::Isotonic,
        }
    }

    /// Writes the calibrated probabilities of the row `raw` to `out`, which has its length; they sum to one.
    pub fn apply(&self, raw: &[f32], out: &mut [f64]) {
        match self {
            Self::None => {
                for (value, &raw) in out.iter_mut().zip(raw) {
                    *value = inside(f64::from(raw));
                }
            }
            Self::Temperature(temperature) => temperature.apply(raw, out),
            Self::Platt(curves) => {
                by_curve(raw, out, |curve, raw| curves[curve].at(log_odds(raw)));
            }
            Self::Isotonic(curves) => {
                by_curve(raw, out, |curve, raw| curves[curve].at(inside(raw)));
            }
        }
        out.iter_mut().for_each(|value| *value = inside(*value));
        normalise(out);
    }

    /// Checks a calibration that was read, for so many classes.
    pub(crate) fn check(&self, classes: usize) -> Result<(), OperatingPointError> {
        let refuse = |reason| Err(OperatingPointError::Stored { part: "calibration", reason });
        let expected = curve_classes(classes).len();
        let found = match self {
            Self::None => return Ok(()),
            Self::Temperature(temperature) => return temperature.check(),
            Self::Platt(curves) => curves.len(),
            Self::Isotonic(curves) => curves.len(),
        };
        if found != expected {
            return refuse(format!(
                "has {found} curves for {classes} classes; expected {expected}"
            ));
        }
        let Self::Platt(curves) = self else { return Ok(()) };
        let wrong = |curve: &&Sigmoid| !curve.slope.is_finite() || !curve.offset.is_finite();
        match curves.iter().find(wrong) {
            Some(curve) => refuse(format!("has the curve {curve:?}; expected finite numbers")),
            None => Ok(()),
        }
    }
}

/// Fills `out` by one curve for the second of two classes, or by one for each class.
fn by_curve(raw: &[f32], out: &mut [f64], curve: impl Fn(usize, f64) -> f64) {
    if let ([_, raw], [first, second]) = (raw, &mut *out) {
        *second = curve(0, f64::from(*raw));
        *first = 1.0 - *second;
    } else {
        for (index, (value, &raw)) in out.iter_mut().zip(raw).enumerate() {
            *value = curve(index, f64::from(raw));
        }
    }
}
