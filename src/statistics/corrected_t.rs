//! The corrected resampled t-test: whether two runs differ over their folds.
//!
//! Folds share most of their training cells, so their differences are not independent and the plain t-test finds too
//! many. Nadeau and Bengio (2003, *Machine Learning* 52) widen the variance of the mean from `1/n` to `1/n + test/train`;
//! Bouckaert and Frank (2004) use it for repeated cross-validation, as here.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::interval::{Interval, Level};

/// The outcome of the test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CorrectedT {
    /// Number of folds, those of all repetitions together.
    pub folds: usize,
    /// Mean difference over the folds.
    pub mean: f64,
    /// The mean in units of its corrected standard error; missing where all folds differ by the same amount.
    pub statistic: Option<f64>,
    /// The chance of at least such a mean between equally good runs.
    pub p_value: f64,
    /// The interval of the mean.
    pub interval: Interval,
}

impl CorrectedT {
    /// Tests the differences of two runs on each fold; `test_share` is the number of held-out cells over that of cells
    /// trained on, such as 1/9 with ten folds.
    ///
    /// `None` for fewer than two folds, or where a number is not finite.
    pub fn of(differences: &[f64], test_share: f64, level: Level) -> Option<Self> {
        let folds = differences.len();
        let finite = test_share.is_finite() && test_share >= 0.0;
        if folds < 2 || !finite || differences.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = folds as f64;
        let mean = differences.iter().sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (squares / (count - 1.0) * (1.0 / count + test_share)).sqrt();
        let distribution = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
        let spread = error > mean.abs() * 1e-14;
        let statistic = spread.then(|| mean / error);
        let p_value = match statistic {
            Some(statistic) => (2.0 * distribution.sf(statistic.abs())).min(1.0),
            None if mean == 0.0 => 1.0,
            None => 0.0,
        };
        let reach = error * distribution.inverse_cdf(f64::midpoint(1.0, level.get()));
        let interval = Interval { lower: mean - reach, upper: mean + reach };
        Some(Self { folds, mean, statistic, p_value, interval })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_runs_do_not_differ_and_constant_differences_leave_no_doubt() {
        let same = CorrectedT::of(&[0.0; 10], 1.0 / 9.0, Level::NINETY_FIVE).unwrap();
        assert_eq!((same.mean, same.statistic, same.p_value), (0.0, None, 1.0));
        let constant = CorrectedT::of(&[0.5; 4], 1.0 / 3.0, Level::NINETY_FIVE).unwrap();
        assert_eq!((constant.statistic, constant.p_value), (None, 0.0));
    }

    #[test]
    fn one_fold_or_a_gap_tells_nothing() {
        assert_eq!(CorrectedT::of(&[0.1], 0.1, Level::NINETY_FIVE), None);
        assert_eq!(CorrectedT::of(&[0.1, f64::NAN], 0.1, Level::NINETY_FIVE), None);
        assert_eq!(CorrectedT::of(&[0.1, 0.2], f64::INFINITY, Level::NINETY_FIVE), None);
    }

    #[test]
    fn swapping_runs_mirrors_the_test() {
        let values = [0.01, -0.02, 0.03, 0.02, 0.01];
        let forth = CorrectedT::of(&values, 0.25, Level::NINETY_FIVE).unwrap();
        let back = CorrectedT::of(&values.map(|value| -value), 0.25, Level::NINETY_FIVE).unwrap();
        assert_eq!(forth.p_value, back.p_value);
        assert_eq!((forth.mean, forth.interval.lower), (-back.mean, -back.interval.upper));
    }
}
