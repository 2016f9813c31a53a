//! Friedman's test: whether several runs differ, by their ranks on each fold.
//!
//! After Demšar (2006, *Journal of Machine Learning Research* 7): ranks on each row, Friedman's chi-squared with its
//! correction for ties, the F statistic of Iman and Davenport (1980), and groups of runs that Nemenyi's test does not
//! tell apart. Demšar's rows are data sets. Folds of one data set share training cells and are not independent, so over
//! folds the p-values are too small: they describe, and the paired intervals decide.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

use super::nemenyi::critical_difference;
use super::ranks::{ranks, ties};

/// Which values are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// High ones, such as accuracies.
    Higher,
    /// Low ones, such as losses.
    Lower,
}

/// The outcome of the test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Friedman {
    /// Number of folds or data sets.
    pub rows: usize,
    /// Mean rank of each run; one is best.
    pub mean_ranks: Vec<f64>,
    /// Friedman's chi-squared; zero where all runs tie everywhere.
    pub chi_squared: f64,
    /// Its p-value.
    pub p_value: f64,
    /// The p-value of the statistic of Iman and Davenport.
    pub iman_davenport_p: f64,
    /// Mean ranks further apart than this differ.
    pub critical_difference: f64,
    /// The chance that two of equally good runs are called different.
    pub alpha: f64,
    /// Largest groups of runs (by position) whose mean ranks all lie within the critical difference, the best first;
    /// only groups of two and more.
    pub groups: Vec<Vec<usize>>,
}

impl Friedman {
    /// Compares runs by their values on each row (`[row][run]`).
    ///
    /// `None` for fewer than two rows or runs, for rows of different lengths, where a value is not finite, or where
    /// `alpha` does not lie above 0 and below 1.
    pub fn of(values: &[Vec<f64>], better: Better, alpha: f64) -> Option<Self> {
        let (rows, runs) = (values.len(), values.first()?.len());
        let sound = |row: &Vec<f64>| row.len() == runs && row.iter().all(|value| value.is_finite());
        if rows < 2 || runs < 2 || !values.iter().all(sound) || !(alpha > 0.0 && alpha < 1.0) {
            return None;
        }
        let sign = if better == Better::Higher { -1.0 } else { 1.0 };
        let rank =
            |row: &Vec<f64>| ranks(&row.iter().map(|value| sign * value).collect::<Vec<_>>());
        let ranked: Vec<Vec<f64>> = values.iter().map(rank).collect();
        let mean = |run: usize| ranked.iter().map(|row| row[run]).sum::<f64>() / rows as f64;
        let mean_ranks: Vec<f64> = (0..runs).map(mean).collect();
        let chi_squared = chi_squared(&ranked, &mean_ranks);
        let difference = critical_difference(runs, rows, alpha);
        Some(Self {
            rows,
            chi_squared,
            p_value: ChiSquared::new(runs as f64 - 1.0).ok()?.sf(chi_squared),
            iman_davenport_p: iman_davenport_p(chi_squared, rows as f64, runs as f64),
            critical_difference: difference,
            alpha,
            groups: groups(&mean_ranks, difference),
            mean_ranks,
        })
    }
}

fn chi_squared(ranked: &[Vec<f64>], mean_ranks: &[f64]) -> f64 {
    let (rows, runs) = (ranked.len() as f64, mean_ranks.len() as f64);
    let ties: f64 = ranked.iter().map(|row| ties(row)).sum();
    let kept = 1.0 - ties / (rows * runs * (runs * runs - 1.0));
    if kept <= 0.0 {
        return 0.0;
    }
    let middle = f64::midpoint(runs, 1.0);
    let spread: f64 = mean_ranks.iter().map(|rank| (rank - middle).powi(2)).sum();
    12.0 * rows / (runs * (runs + 1.0)) * spread / kept
}

fn iman_davenport_p(chi_squared: f64, rows: f64, runs: f64) -> f64 {
    if chi_squared <= 0.0 {
        return 1.0;
    }
    let left = rows * (runs - 1.0) - chi_squared;
    if left <= 0.0 {
        // All rows agree on all ranks.
        return 0.0;
    }
    let freedom = (runs - 1.0) * (rows - 1.0);
    FisherSnedecor::new(runs - 1.0, freedom)
        .map_or(1.0, |distribution| distribution.sf((rows - 1.0) * chi_squared / left))
}

/// The largest groups of neighbours in rank that lie within `difference` of each other.
fn groups(mean_ranks: &[f64], difference: f64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..mean_ranks.len()).collect();
    order.sort_by(|&a, &b| mean_ranks[a].total_cmp(&mean_ranks[b]).then(a.cmp(&b)));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut reached = 0;
    for (first, &best) in order.iter().enumerate() {
        let within = |&&run: &&usize| mean_ranks[run] - mean_ranks[best] <= difference;
        let end = first + order[first..].iter().take_while(within).count();
        if end - first > 1 && end > reached {
            groups.push(order[first..end].to_vec());
            reached = end;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_run_has_rank_one_whichever_way_is_better() {
        let rows = vec![vec![0.9, 0.8, 0.7], vec![0.8, 0.7, 0.6], vec![0.9, 0.85, 0.1]];
        let higher = Friedman::of(&rows, Better::Higher, 0.05).unwrap();
        let lower = Friedman::of(&rows, Better::Lower, 0.05).unwrap();
        assert_eq!(higher.mean_ranks, [1.0, 2.0, 3.0]);
        assert_eq!(lower.mean_ranks, [3.0, 2.0, 1.0]);
        assert_eq!(higher.chi_squared, lower.chi_squared);
        assert_eq!(higher.iman_davenport_p, 0.0);
    }

    #[test]
    fn equal_runs_do_not_differ_and_form_one_group() {
        let test = Friedman::of(&vec![vec![0.5; 3]; 4], Better::Higher, 0.05).unwrap();
        assert_eq!((test.chi_squared, test.p_value, test.iman_davenport_p), (0.0, 1.0, 1.0));
        assert_eq!(test.groups, [[0, 1, 2]]);
    }

    #[test]
    fn groups_may_overlap_and_hold_no_group_within_them() {
        assert_eq!(groups(&[1.0, 2.0, 2.8, 4.0], 1.9), [vec![0, 1, 2], vec![2, 3]]);
        assert!(groups(&[1.0, 3.0], 1.9).is_empty());
    }

    #[test]
    fn tables_with_gaps_are_refused() {
        let gap = vec![vec![0.1, f64::NAN], vec![0.1, 0.2]];
        assert_eq!(Friedman::of(&gap, Better::Higher, 0.05), None);
        assert_eq!(Friedman::of(&[vec![0.1, 0.2], vec![0.1]], Better::Higher, 0.05), None);
        assert_eq!(Friedman::of(&[vec![0.1, 0.2]], Better::Higher, 0.05), None);
    }
}
