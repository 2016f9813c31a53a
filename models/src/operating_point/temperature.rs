//! Temperature: one number that makes all probabilities bolder or shier.
//!
//! Logarithms of probabilities are multiplied by the inverse temperature and made a whole again, so that the most
//! probable class stays the same (Guo et al. 2017, "On calibration of modern neural networks"). The inverse
//! temperature has the least log-loss; it is sought where scikit-learn seeks it, from e⁻¹⁰ to e¹⁰.

use serde::{Deserialize, Serialize};

use super::OperatingPointError;
use super::edge::{inside, normalise};
use super::material::{Material, Without};

/// The range of the logarithm of the inverse temperature.
const RANGE: f64 = 10.0;
/// Steps of the search; some ten are taken.
const MOST_STEPS: usize = 100;
/// A step that changes the logarithm by less is the last.
const SETTLED: f64 = 1e-12;

/// Multiplies the logarithms of probabilities by one number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temperature {
    /// The inverse temperature: above 1 makes probabilities bolder, below 1 shier.
    pub inverse: f64,
}

impl Temperature {
    /// Writes the calibrated probabilities of the row `raw` to `out`.
    pub(crate) fn apply(self, raw: &[f32], out: &mut [f64]) {
        for (value, &raw) in out.iter_mut().zip(raw) {
            *value = self.inverse * inside(f64::from(raw)).ln();
        }
        let highest = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        out.iter_mut().for_each(|value| *value = (*value - highest).exp());
        normalise(out);
    }

    /// Whether a stored number can have been fitted.
    pub(crate) fn check(self) -> Result<(), OperatingPointError> {
        let range = (-RANGE - 0.1).exp()..=(RANGE + 0.1).exp();
        if range.contains(&self.inverse) {
            return Ok(());
        }
        let reason = format!("has an inverse of {}; expected e^-10 to e^10", self.inverse);
        Err(OperatingPointError::Stored { part: "temperature", reason })
    }

    /// Fits the cells of `material`.
    pub(crate) fn fit(material: &Material<'_>, without: Without) -> Self {
        let width = material.data.classes().len();
        let mut logs = Vec::new();
        let mut known = Vec::new();
        for cell in material.cells(without) {
            logs.extend(material.data.row(cell).iter().map(|&raw| inside(f64::from(raw)).ln()));
            known.push((material.data.truths()[cell].index(), material.weight(cell)));
        }
        let slope = |inverse: f64| slope_and_bend(&logs, &known, width, inverse);
        Self { inverse: lowest(slope) }
    }
}

/// First and second derivative of the log-loss by the inverse temperature.
fn slope_and_bend(logs: &[f64], known: &[(usize, f64)], width: usize, inverse: f64) -> [f64; 2] {
    let (mut slope, mut bend) = (0.0, 0.0);
    for (row, &(truth, weight)) in logs.chunks_exact(width).zip(known) {
        let highest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut whole, mut mean, mut square) = (0.0, 0.0, 0.0);
        for &log in row {
            // Relative to the highest, so that nothing overflows.
            let distance = log - highest;
            let share = (inverse * distance).exp();
            whole += share;
            mean += share * distance;
            square += share * distance * distance;
        }
        mean /= whole;
        slope += weight * (mean - (row[truth] - highest));
        bend += weight * (square / whole - mean * mean).max(0.0);
    }
    [slope, bend]
}

/// The inverse temperature where the slope is zero, or the end of the range that it falls towards: Newton's method
/// on the logarithm, kept within a bracket that shrinks.
fn lowest(slope: impl Fn(f64) -> [f64; 2]) -> f64 {
    let (mut low, mut high) = (-RANGE, RANGE);
    let mut at = 0.0_f64;
    for _ in 0..MOST_STEPS {
        let inverse = at.exp();
        let [first, second] = slope(inverse);
        if first == 0.0 {
            break;
        }
        *(if first > 0.0 { &mut high } else { &mut low }) = at;
        let newton = at - first / (second * inverse + first);
        let next = if low < newton && newton < high { newton } else { f64::midpoint(low, high) };
        let moved = (next - at).abs();
        at = next;
        if moved < SETTLED {
            break;
        }
    }
    at.exp()
}
