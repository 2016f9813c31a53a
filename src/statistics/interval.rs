//! Intervals from replicates.
//!
//! The default is the bias-corrected and accelerated interval (Efron 1987; Efron and Tibshirani 1993, *An Introduction
//! to the Bootstrap*, chapter 14; DiCiccio and Efron 1996, *Statistical Science* 11): its ends are quantiles of the
//! replicates like those of the percentile interval, moved by how far the replicates lie to one side of the figure
//! and by how much the figure's spread changes with its value. Precision and F1 of a rare class are lopsided; the
//! percentile interval then errs to one side.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Interval {
    /// The same interval, as long as it takes to hold `value`.
    pub(super) fn reaching(self, value: f64) -> Self {
        Self { lower: self.lower.min(value), upper: self.upper.max(value) }
    }
}

/// A figure and where it may lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Name of the figure, such as `accuracy` or `urban precision`.
    pub name: String,
    /// Its value, where it has one.
    pub value: Option<f64>,
    /// Its interval, where it has one.
    pub interval: Option<Interval>,
}

/// How an interval is read off the replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IntervalMethod {
    /// Bias-corrected and accelerated.
    #[default]
    Bca,
    /// The plain quantiles of the replicates.
    Percentile,
}

/// How often an interval is to hold the truth: above 0, below 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Level(f64);

/// Why a number is no level.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the level of an interval is `{found}`; expected a number above 0 and below 1, such as 0.95"
)]
pub struct LevelError {
    /// The number.
    pub found: f64,
}

impl Level {
    /// The usual level.
    pub const NINETY_FIVE: Self = Self(0.95);

    /// Checks a level.
    ///
    /// # Errors
    /// If it does not lie above 0 and below 1.
    pub fn new(level: f64) -> Result<Self, LevelError> {
        if level > 0.0 && level < 1.0 { Ok(Self(level)) } else { Err(LevelError { found: level }) }
    }

    /// The level as a number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The shares that lie below the two ends of a plain interval.
    fn tails(self) -> [f64; 2] {
        let tail = (1.0 - self.0) / 2.0;
        [tail, 1.0 - tail]
    }
}

impl TryFrom<f64> for Level {
    type Error = LevelError;

    fn try_from(level: f64) -> Result<Self, Self::Error> {
        Self::new(level)
    }
}

impl From<Level> for f64 {
    fn from(level: Level) -> Self {
        level.0
    }
}

impl IntervalMethod {
    /// The interval of a figure that is `value` on all cells, `draws` on the draws and `left_out` without each group.
    /// Where one is not defined (all draws on one side of the value), the plain quantiles are taken.
    ///
    /// # Panics
    /// If there are no draws.
    pub(super) fn interval(
        self,
        value: f64,
        mut draws: Vec<f64>,
        left_out: &[f64],
        level: Level,
    ) -> Interval {
        draws.sort_by(f64::total_cmp);
        let moved = match self {
            Self::Bca => bca_shares(value, &draws, left_out, level),
            Self::Percentile => None,
        };
        let [lower, upper] = moved.unwrap_or_else(|| level.tails());
        Interval { lower: quantile(&draws, lower), upper: quantile(&draws, upper) }
    }
}

/// The interval between the plain quantiles of `draws`.
pub(super) fn percentile_interval(draws: Vec<f64>, level: Level) -> Interval {
    IntervalMethod::Percentile.interval(0.0, draws, &[], level)
}

/// The shares of the draws that lie below the ends of the accelerated interval.
fn bca_shares(value: f64, sorted: &[f64], left_out: &[f64], level: Level) -> Option<[f64; 2]> {
    let below = sorted.partition_point(|&draw| draw < value);
    let up_to = sorted.partition_point(|&draw| draw <= value);
    // Half of the ties count, so that figures of few distinct values are not called biased.
    let share = (below + up_to) as f64 / (2 * sorted.len()) as f64;
    if share <= 0.0 || share >= 1.0 {
        return None;
    }
    let normal = Normal::standard();
    let bias = normal.inverse_cdf(share);
    let acceleration = acceleration(left_out);
    let moved = level.tails().map(|tail| {
        let sum = bias + normal.inverse_cdf(tail);
        let scale = 1.0 - acceleration * sum;
        (scale > 0.0).then(|| normal.cdf(bias + sum / scale))
    });
    Some([moved[0]?, moved[1]?])
}

/// How fast a figure's spread changes with its value, from its values with each group left out.
fn acceleration(left_out: &[f64]) -> f64 {
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in left_out {
        let influence = mean - value;
        squares += influence * influence;
        cubes += influence * influence * influence;
    }
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

/// The value below which `share` of the sorted draws lie, straight between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place lies within the list"
    )]
    let before = (place.floor() as usize).min(sorted.len() - 1);
    let after = (before + 1).min(sorted.len() - 1);
    let part = place - before as f64;
    sorted[before] + part * (sorted[after] - sorted[before])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_lie_between_zero_and_one() {
        assert!(Level::new(0.9).is_ok());
        for wrong in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
            assert!(Level::new(wrong).is_err());
        }
        assert!(serde_json::from_str::<Level>("1.5").is_err());
    }

    #[test]
    fn without_bias_and_acceleration_both_intervals_are_one() {
        let draws: Vec<f64> = (0..=100).map(f64::from).collect();
        let level = Level::new(0.9).unwrap();
        let plain = IntervalMethod::Percentile.interval(50.0, draws.clone(), &[], level);
        let moved = IntervalMethod::Bca.interval(50.0, draws, &[1.0, 2.0, 3.0], level);
        assert!((plain.lower - 5.0).abs() < 1e-9 && (plain.upper - 95.0).abs() < 1e-9);
        assert!(
            (moved.lower - plain.lower).abs() < 1e-9 && (moved.upper - plain.upper).abs() < 1e-9
        );
    }

    #[test]
    fn draws_on_one_side_give_plain_quantiles_and_equal_draws_a_point() {
        let one_side =
            IntervalMethod::Bca.interval(9.0, vec![1.0, 2.0, 3.0], &[1.0], Level::NINETY_FIVE);
        assert!(one_side.lower >= 1.0 && one_side.upper <= 3.0);
        let point = IntervalMethod::Bca.interval(1.0, vec![1.0; 7], &[1.0; 3], Level::NINETY_FIVE);
        assert_eq!((point.lower, point.upper), (1.0, 1.0));
    }
}
