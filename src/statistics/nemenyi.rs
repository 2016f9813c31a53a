//! Nemenyi's test: which of many runs differ, by their mean ranks.
//!
//! Two runs differ where their mean ranks are further apart than the critical difference (Nemenyi 1963; Demšar 2006,
//! *Journal of Machine Learning Research* 7, section 3.2.2), which comes from the studentised range with infinitely
//! many degrees of freedom. That distribution is one smooth integral over the whole line, for which the trapezoidal rule
//! is exact to the last digits.

use std::f64::consts::{SQRT_2, TAU};

use statrs::distribution::{ContinuousCDF, Normal};

/// The integral runs from minus to plus this many deviations.
const REACH: i32 = 9;
/// Steps in one deviation.
const STEPS: i32 = 32;

/// The chance that the range of `count` normal deviates is at most `range` deviations.
pub fn studentised_range_probability(range: f64, count: usize) -> f64 {
    if range <= 0.0 || count < 2 {
        return if count < 2 && range >= 0.0 { 1.0 } else { 0.0 };
    }
    let normal = Normal::standard();
    let others = count as f64 - 1.0;
    let sum: f64 = (-REACH * STEPS..=REACH * STEPS)
        .map(|step| {
            // The highest deviate lies here, and all others within the range below it.
            let highest = f64::from(step) / f64::from(STEPS);
            let density = (-0.5 * highest * highest).exp();
            density * (normal.cdf(highest) - normal.cdf(highest - range)).powf(others)
        })
        .sum();
    (count as f64 * sum / (TAU.sqrt() * f64::from(STEPS))).min(1.0)
}

/// The range that `count` normal deviates exceed with chance `alpha`.
fn studentised_range(alpha: f64, count: usize) -> f64 {
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if studentised_range_probability(middle, count) < 1.0 - alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The standard error of a difference of two mean ranks of `runs` runs over `rows` rows.
fn rank_error(runs: usize, rows: usize) -> f64 {
    let count = runs as f64;
    (count * (count + 1.0) / (6.0 * rows as f64)).sqrt()
}

/// How far apart the mean ranks of two of `runs` runs over `rows` folds or data sets must be to differ, with a chance of
/// `alpha` (above 0, below 1) to call any two of equally good runs different.
pub fn critical_difference(runs: usize, rows: usize, alpha: f64) -> f64 {
    studentised_range(alpha, runs) / SQRT_2 * rank_error(runs, rows)
}

/// The p-value of two mean ranks that lie `distance` apart.
pub fn nemenyi_p_value(distance: f64, runs: usize, rows: usize) -> f64 {
    let range = SQRT_2 * distance.abs() / rank_error(runs, rows);
    (1.0 - studentised_range_probability(range, runs)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_published_table() {
        // Demšar 2006, table 5(a): q at 0.05 and 0.10 for 2 to 10 classifiers, already divided by the root of two.
        let published = [
            (0.05, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
            (0.10, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
        ];
        for (alpha, row) in published {
            for (runs, expected) in (2..).zip(row) {
                let found = studentised_range(alpha, runs) / SQRT_2;
                assert!((found - expected).abs() < 2e-3, "{runs} at {alpha}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn runs_of_equal_rank_do_not_differ() {
        assert!((nemenyi_p_value(0.0, 4, 10) - 1.0).abs() < 1e-12);
        let just = critical_difference(4, 10, 0.05);
        assert!((nemenyi_p_value(just, 4, 10) - 0.05).abs() < 1e-12);
    }
}
