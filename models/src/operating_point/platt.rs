//! Platt's calibration: a sigmoid on the log-odds of a class.
//!
//! Two numbers, so it needs few cells; it mends probabilities that are too bold, too shy or shifted. Targets are
//! smoothed as Platt (1999, "Probabilistic outputs for support vector machines") does, which keeps the fit finite
//! where the classes are separable. The minimum is found by Newton's method with a line search (Lin, Lin and Weng
//! 2007, Machine Learning 68:267).

use serde::{Deserialize, Serialize};

use super::OperatingPointError;
use super::calibration::CalibrationKind;
use super::edge::sigmoid;
use super::material::{Example, Material, Without};

/// Newton steps; some ten are taken.
const MOST_STEPS: usize = 100;
/// A gradient that is this small for each unit of weight is none.
const FLAT: f64 = 1e-13;
/// What is added to the curvature where all scores are nearly alike, for each unit of weight.
const RIDGE: f64 = 1e-12;
/// Shares of a Newton step that are tried.
const MOST_HALVINGS: usize = 40;

/// `probability = 1 / (1 + exp(-(slope · log-odds + offset)))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sigmoid {
    /// How bold: 1 leaves log-odds as they are, less makes them shier.
    pub slope: f64,
    /// What is added to the log-odds.
    pub offset: f64,
}

/// Loss, gradient and curvature at one place.
#[derive(Debug, Default, Clone, Copy)]
struct Place {
    loss: f64,
    gradient: [f64; 2],
    curvature: [f64; 3],
}

/// What the smoothed targets are for cells of the class and for others.
#[derive(Debug, Clone, Copy)]
struct Targets {
    own: f64,
    other: f64,
}

impl Sigmoid {
    /// Leaves probabilities as they are.
    pub const IDENTITY: Self = Self { slope: 1.0, offset: 0.0 };

    /// The calibrated probability for raw `log_odds`.
    pub(crate) fn at(self, log_odds: f64) -> f64 {
        sigmoid(self.slope * log_odds + self.offset)
    }

    /// Fits problem `curve` of `material`.
    ///
    /// # Errors
    /// If there are no cells of the class, or none of any other.
    pub(crate) fn fit(
        material: &Material<'_>,
        curve: usize,
        without: Without,
    ) -> Result<Self, OperatingPointError> {
        let [own, others] = material.both_sides(curve, without, CalibrationKind::Platt)?;
        let targets = Targets { own: (own + 1.0) / (own + 2.0), other: 1.0 / (others + 2.0) };
        let examples: Vec<Example> = material.examples(curve, without).collect();
        let first = Self { slope: 0.0, offset: ((own + 1.0) / (others + 1.0)).ln() };
        Ok(minimise(&examples, targets, own + others, first))
    }
}

fn minimise(examples: &[Example], targets: Targets, total: f64, first: Sigmoid) -> Sigmoid {
    let mut best = first;
    let mut place = Place::at(best, examples, targets);
    for _ in 0..MOST_STEPS {
        if place.gradient.iter().all(|part| part.abs() <= FLAT * total) {
            break;
        }
        let Some((next, there)) = descend(best, &place, examples, targets, total) else { break };
        (best, place) = (next, there);
    }
    best
}

/// The first place along the Newton step where the loss is lower; `None` where rounding hides any descent.
fn descend(
    from: Sigmoid,
    place: &Place,
    examples: &[Example],
    targets: Targets,
    total: f64,
) -> Option<(Sigmoid, Place)> {
    let [slope, offset] = place.newton_step(RIDGE * total);
    let mut share = 1.0;
    for _ in 0..MOST_HALVINGS {
        let next =
            Sigmoid { slope: from.slope - share * slope, offset: from.offset - share * offset };
        let there = Place::at(next, examples, targets);
        let flatter =
            there.steepness() < place.steepness() && there.loss <= place.loss + FLAT * total;
        if there.loss < place.loss || flatter {
            return Some((next, there));
        }
        share /= 2.0;
    }
    None
}

impl Place {
    fn at(curve: Sigmoid, examples: &[Example], targets: Targets) -> Self {
        let mut place = Self::default();
        for example in examples {
            let target = if example.own { targets.own } else { targets.other };
            let x = example.log_odds;
            let value = curve.slope * x + curve.offset;
            // The smaller of e^value and e^-value: no overflow, and one exponential for loss and probability.
            let small = (-value.abs()).exp();
            let probability = if value >= 0.0 { 1.0 } else { small } / (1.0 + small);
            place.loss += example.weight * (value.max(0.0) + small.ln_1p() - target * value);
            let slope = example.weight * (probability - target);
            let bend = example.weight * small / ((1.0 + small) * (1.0 + small));
            place.gradient[0] += slope * x;
            place.gradient[1] += slope;
            place.curvature[0] += bend * x * x;
            place.curvature[1] += bend * x;
            place.curvature[2] += bend;
        }
        place
    }

    fn steepness(&self) -> f64 {
        self.gradient[0].abs().max(self.gradient[1].abs())
    }

    fn newton_step(&self, ridge: f64) -> [f64; 2] {
        let [a, b, c] = self.curvature;
        let (a, c) = (a + ridge, c + ridge);
        let determinant = a * c - b * b;
        let [first, second] = self.gradient;
        [(c * first - b * second) / determinant, (a * second - b * first) / determinant]
    }
}
