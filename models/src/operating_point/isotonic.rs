//! Isotonic calibration: the rising step curve that fits best, with straight lines between its steps.
//!
//! It can mend any distortion that keeps the order of cells, and needs some thousands of them. The curve is found by
//! pooling adjacent violators (Ayer et al. 1955); between known scores it is straight, as scikit-learn's
//! `IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1)` draws it.

use serde::{Deserialize, Serialize};

use super::OperatingPointError;
use super::calibration::CalibrationKind;
use super::edge::inside;
use super::material::{Material, Without};

/// The most corners that are read.
const MOST_KNOTS: usize = 1 << 22;

/// A rising curve from raw to calibrated probabilities, straight between its corners and flat outside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Isotonic {
    scores: Vec<f64>,
    values: Vec<f64>,
}

/// The corners as they are written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    scores: Vec<f64>,
    values: Vec<f64>,
}

/// Neighbouring scores that share a value.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: f64,
    last: f64,
    weight: f64,
    sum: f64,
}

impl Isotonic {
    /// Checks the corners of a curve.
    ///
    /// # Errors
    /// If there are none or too many, their numbers differ, scores do not rise strictly, values fall, or a number
    /// lies outside 0 to 1.
    pub fn new(scores: Vec<f64>, values: Vec<f64>) -> Result<Self, OperatingPointError> {
        let refuse = |reason| Err(OperatingPointError::Stored { part: "isotonic curve", reason });
        if scores.len() != values.len() || scores.is_empty() || scores.len() > MOST_KNOTS {
            let (found, expected) = (scores.len(), values.len());
            return refuse(format!(
                "has {found} scores and {expected} values; expected 1 to {MOST_KNOTS} of each"
            ));
        }
        let outside = |value: &&f64| !(0.0..=1.0).contains(*value);
        if let Some(found) = scores.iter().chain(&values).find(outside) {
            return refuse(format!("has a corner at {found}; expected 0 to 1"));
        }
        if let Some((a, b)) = neighbours(&scores).find(|(a, b)| a >= b) {
            return refuse(format!("has score {b} after {a}; expected rising scores"));
        }
        if let Some((a, b)) = neighbours(&values).find(|(a, b)| a > b) {
            return refuse(format!("falls from {a} to {b}; expected a rising curve"));
        }
        Ok(Self { scores, values })
    }

    /// The raw probabilities of the corners.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// The calibrated probabilities of the corners.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The calibrated probability for the raw probability `score`.
    pub fn at(&self, score: f64) -> f64 {
        let after = self.scores.partition_point(|&corner| corner <= score);
        if after == 0 {
            return self.values[0];
        }
        let before = after - 1;
        if after == self.scores.len() {
            return self.values[before];
        }
        let share = (score - self.scores[before]) / (self.scores[after] - self.scores[before]);
        let (low, high) = (self.values[before], self.values[after]);
        // Rounding must not leave the two corners, or the curve would fall.
        (low + share * (high - low)).clamp(low, high)
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
        material.both_sides(curve, without, CalibrationKind::Isotonic)?;
        let examples = material.sorted(curve, without).map(|(score, example)| {
            let own = f64::from(u8::from(example.own));
            (inside(f64::from(score)), own, example.weight)
        });
        Ok(Self::of_sorted(examples))
    }

    /// The best rising curve through `(score, value, weight)`, scores rising and values in 0 to 1; cells without
    /// weight are passed over.
    pub(crate) fn of_sorted(examples: impl Iterator<Item = (f64, f64, f64)>) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        let mut pending: Option<Block> = None;
        for (score, value, weight) in examples.filter(|(_, _, weight)| *weight > 0.0) {
            match &mut pending {
                Some(block) if block.last == score => {
                    block.weight += weight;
                    block.sum += weight * value;
                }
                _ => {
                    let next = Block { first: score, last: score, weight, sum: weight * value };
                    if let Some(done) = pending.replace(next) {
                        pool(&mut blocks, done);
                    }
                }
            }
        }
        if let Some(done) = pending {
            pool(&mut blocks, done);
        }
        Self::of_blocks(&blocks)
    }

    fn of_blocks(blocks: &[Block]) -> Self {
        let (mut scores, mut values) = (Vec::new(), Vec::new());
        for block in blocks {
            scores.push(block.first);
            values.push(block.mean().clamp(0.0, 1.0));
            if block.last > block.first {
                scores.push(block.last);
                values.push(block.mean().clamp(0.0, 1.0));
            }
        }
        Self { scores, values }
    }
}

/// Each number with the next.
fn neighbours(values: &[f64]) -> impl Iterator<Item = (f64, f64)> + '_ {
    values.iter().copied().zip(values.iter().copied().skip(1))
}

impl Block {
    fn mean(&self) -> f64 {
        self.sum / self.weight
    }
}

/// Appends a block and joins those that do not rise.
fn pool(blocks: &mut Vec<Block>, mut block: Block) {
    while let Some(before) = blocks.last().copied() {
        if before.mean() < block.mean() {
            break;
        }
        block.first = before.first;
        block.weight += before.weight;
        block.sum += before.sum;
        blocks.pop();
    }
    blocks.push(block);
}

impl TryFrom<Stored> for Isotonic {
    type Error = OperatingPointError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        Self::new(stored.scores, stored.values)
    }
}

impl From<Isotonic> for Stored {
    fn from(curve: Isotonic) -> Self {
        Self { scores: curve.scores, values: curve.values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn violators_are_pooled_and_gaps_are_straight() {
        let points = [(0.1, 0.0, 1.0), (0.2, 1.0, 1.0), (0.4, 0.0, 1.0), (0.8, 1.0, 2.0)];
        let curve = Isotonic::of_sorted(points.into_iter());
        assert_eq!(curve.scores(), [0.1, 0.2, 0.4, 0.8]);
        assert_eq!(curve.values(), [0.0, 0.5, 0.5, 1.0]);
        assert_eq!((curve.at(0.0), curve.at(0.3), curve.at(0.9)), (0.0, 0.5, 1.0));
        assert!((curve.at(0.6) - 0.75).abs() < 1e-15);
    }

    #[test]
    fn hostile_curves_are_refused() {
        let refusal = |text: &str| serde_json::from_str::<Isotonic>(text).unwrap_err().to_string();
        for (text, expected) in [
            (r#"{"scores": [], "values": []}"#, "has 0 scores and 0 values"),
            (r#"{"scores": [0.1], "values": [0.1, 0.2]}"#, "has 1 scores and 2 values"),
            (r#"{"scores": [0.1, 0.1], "values": [0.1, 0.2]}"#, "expected rising scores"),
            (r#"{"scores": [0.1, 0.2], "values": [0.3, 0.2]}"#, "falls from 0.3 to 0.2"),
            (r#"{"scores": [0.1, 1.5], "values": [0.1, 0.2]}"#, "has a corner at 1.5"),
            (r#"{"scores": [0.1], "values": [0.1], "x": 1}"#, "unknown field `x`"),
        ] {
            assert!(refusal(text).contains(expected), "{text}: {}", refusal(text));
        }
    }

    proptest! {
        #[test]
        fn curves_rise_and_fitting_a_fitted_curve_changes_nothing(
            points in prop::collection::vec((0_u8..40, any::<bool>(), 0.1_f64..3.0), 1..80),
        ) {
            let mut points: Vec<(f64, f64, f64)> = points.into_iter()
                .map(|(score, own, weight)| (f64::from(score) / 40.0, f64::from(u8::from(own)), weight))
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let curve = Isotonic::of_sorted(points.iter().copied());
            prop_assert!(curve.values().windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(Isotonic::new(curve.scores().to_vec(), curve.values().to_vec()).is_ok());
            let fitted = points.iter().map(|&(score, _, weight)| (score, curve.at(score), weight));
            let again = Isotonic::of_sorted(fitted);
            for score in (0..=80).map(|step| f64::from(step) / 80.0) {
                prop_assert!((again.at(score) - curve.at(score)).abs() < 1e-12);
            }
            let text = serde_json::to_string(&curve).unwrap();
            prop_assert_eq!(serde_json::from_str::<Isotonic>(&text).unwrap(), curve);
        }
    }
}
