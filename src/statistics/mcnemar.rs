//! McNemar's test: whether two runs are equally often right about the same cells.
//!
//! Only cells that exactly one run is right about say anything (McNemar 1947). Below 25 of them the binomial
//! distribution is used, and chi-squared with the continuity correction of Edwards (1948) from there on. The mid-p value
//! is nearly as safe as the exact one and less timid (Fagerland, Lydersen and Laake 2013). The test takes cells as
//! independent; where they lie in blocks it finds differences too easily, and the interval of the difference over
//! blocks is what to trust.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::binomial::{lower_tail_of_halves, probability};

/// Below so many cells that one run alone is right about, the exact distribution is used.
const FEW: u64 = 25;

/// The outcome of the test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct McNemar {
    /// Cells that only the first run is right about.
    pub only_first: u64,
    /// Cells that only the second run is right about.
    pub only_second: u64,
    /// The chance of at least such a difference between equally good runs: exact below 25 cells that one run alone is
    /// right about, by chi-squared from there on.
    pub p_value: f64,
    /// The exact two-sided p-value.
    pub exact: f64,
    /// The two-sided mid-p value.
    pub mid_p: f64,
    /// Chi-squared with one degree of freedom and continuity correction.
    pub chi_squared: f64,
    /// Its p-value.
    pub chi_squared_p: f64,
}

impl McNemar {
    /// Compares runs that alone are right about `only_first` and `only_second` cells.
    pub fn of(only_first: u64, only_second: u64) -> Self {
        let cells = only_first + only_second;
        let fewer = only_first.min(only_second);
        let tail = 2.0 * lower_tail_of_halves(fewer, cells);
        let (exact, mid_p) = (tail.min(1.0), (tail - probability(fewer, cells, 0.5)).min(1.0));
        let chi_squared = chi_squared(only_first.abs_diff(only_second), cells);
        let chi_squared_p = if chi_squared > 0.0 {
            ChiSquared::new(1.0).map_or(1.0, |distribution| distribution.sf(chi_squared))
        } else {
            1.0
        };
        let p_value = if cells < FEW { exact } else { chi_squared_p };
        Self { only_first, only_second, p_value, exact, mid_p, chi_squared, chi_squared_p }
    }

    /// Compares runs by whether each is right about each cell.
    ///
    /// # Panics
    /// If the runs are not on the same number of cells.
    pub fn of_cells(
        first: impl ExactSizeIterator<Item = bool>,
        second: impl ExactSizeIterator<Item = bool>,
    ) -> Self {
        assert_eq!(first.len(), second.len(), "both runs are on the same cells");
        let (mut only_first, mut only_second) = (0, 0);
        for (first, second) in first.zip(second) {
            only_first += u64::from(first && !second);
            only_second += u64::from(second && !first);
        }
        Self::of(only_first, only_second)
    }
}

/// The corrected statistic; zero where the runs differ on no cell, or as little as one cell can make them.
fn chi_squared(difference: u64, cells: u64) -> f64 {
    if cells == 0 {
        return 0.0;
    }
    (difference as f64 - 1.0).powi(2) / cells as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_runs_do_not_differ() {
        let right = [true, false, true];
        let test = McNemar::of_cells(right.into_iter(), right.into_iter());
        assert_eq!(
            (test.p_value, test.exact, test.mid_p, test.chi_squared_p),
            (1.0, 1.0, 1.0, 1.0)
        );
    }

    #[test]
    fn few_cells_are_counted_exactly_and_many_by_chi_squared() {
        assert_eq!(McNemar::of(4, 20).p_value, McNemar::of(4, 20).exact);
        assert_eq!(McNemar::of(4, 21).p_value, McNemar::of(4, 21).chi_squared_p);
    }

    proptest! {
        #[test]
        fn swapping_runs_changes_no_p_value(first in 0_u64..5000, second in 0_u64..5000) {
            let (forth, back) = (McNemar::of(first, second), McNemar::of(second, first));
            prop_assert_eq!(forth.exact, back.exact);
            prop_assert_eq!(forth.mid_p, back.mid_p);
            prop_assert_eq!(forth.chi_squared_p, back.chi_squared_p);
            prop_assert!(forth.mid_p <= forth.exact && (0.0..=1.0).contains(&forth.exact));
        }
    }
}
