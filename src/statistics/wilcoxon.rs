//! Wilcoxon's signed-rank test over folds, for reference.
//!
//! It takes folds as independent, which they are not ([`CorrectedT`](super::CorrectedT) allows for that); it is given
//! because it is widely reported. Folds without a difference are left out (Wilcoxon 1945). The p-value is exact up to 50
//! folds without ties, and from the normal distribution otherwise.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::ranks::{ranks, ties};

/// Up to so many differences the distribution is counted out.
const MOST_EXACT: usize = 50;

/// The outcome of the test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wilcoxon {
    /// Folds that differ.
    pub folds: usize,
    /// The sum of the ranks of the rarer sign.
    pub statistic: f64,
    /// The two-sided p-value; one where no fold differs.
    pub p_value: f64,
}

impl Wilcoxon {
    /// Tests the differences of two runs on each fold; `None` where one is not finite.
    pub fn of(differences: &[f64]) -> Option<Self> {
        if differences.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let kept: Vec<f64> = differences.iter().copied().filter(|value| *value != 0.0).collect();
        let folds = kept.len();
        if folds == 0 {
            return Some(Self { folds, statistic: 0.0, p_value: 1.0 });
        }
        let ranks = ranks(&kept.iter().map(|value| value.abs()).collect::<Vec<_>>());
        let signed = kept.iter().zip(&ranks);
        let above: f64 = signed.filter(|(value, _)| **value > 0.0).map(|(_, rank)| rank).sum();
        let total = (folds * (folds + 1)) as f64 / 2.0;
        let statistic = above.min(total - above);
        let ties = ties(&ranks);
        let exact = ties == 0.0 && folds == differences.len() && folds <= MOST_EXACT;
        let p_value =
            if exact { exact_p(statistic, folds) } else { normal_p(statistic, folds, ties) };
        Some(Self { folds, statistic, p_value })
    }
}

/// The chance that the rarer sign gets at most `statistic` when each rank has either sign.
fn exact_p(statistic: f64, folds: usize) -> f64 {
    let most = folds * (folds + 1) / 2;
    // How many of the 2^folds choices of signs reach each sum; all are exact in 53 bits.
    let mut ways = vec![0.0; most + 1];
    ways[0] = 1.0;
    for rank in 1..=folds {
        for sum in (rank..=most).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let reached = ways.iter().enumerate().filter(|(sum, _)| *sum as f64 <= statistic);
    let share = reached.map(|(_, ways)| ways).sum::<f64>()
        / 2.0_f64.powi(i32::try_from(folds).unwrap_or(i32::MAX));
    (2.0 * share).min(1.0)
}

fn normal_p(statistic: f64, folds: usize, ties: f64) -> f64 {
    let count = folds as f64;
    let mean = count * (count + 1.0) / 4.0;
    let variance = (count * (count + 1.0) * (2.0 * count + 1.0) - ties / 2.0) / 24.0;
    let distance = (statistic - mean).abs() / variance.sqrt();
    (2.0 * Normal::standard().sf(distance)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_runs_do_not_differ_and_swapping_changes_nothing() {
        assert_eq!(Wilcoxon::of(&[0.0; 5]).map(|test| test.p_value), Some(1.0));
        assert_eq!(Wilcoxon::of(&[0.1, f64::NAN]), None);
        let values = [0.1, -0.3, 0.2, 0.5];
        assert_eq!(Wilcoxon::of(&values), Wilcoxon::of(&values.map(|value| -value)));
    }
}
