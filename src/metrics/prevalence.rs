//! Prevalence: how common each class is where a model is to be used.
//!
//! A sample is rarely as mixed as the country. When every cell of a class weighs as much as the class
//! is more common out there than in the sample, the scores of the sample become those of the country,
//! as far as cells of one class are alike in both.

use serde::{Deserialize, Serialize};

/// The share of each class where a model is to be used; sums to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Prevalence {
    shares: Vec<f64>,
}

/// Why some numbers are not prevalences.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrevalenceError {
    /// A share is no share.
    #[error("a share is `{found}`; expected a number between 0 and 1")]
    Share {
        /// The number.
        found: f64,
    },
    /// The shares do not make a whole.
    #[error("the shares sum to {found}; expected 1")]
    Sum {
        /// Their sum.
        found: f64,
    },
}

impl Prevalence {
    /// Checks that `shares`, one per class, make a whole (to a millionth; then they are made exact).
    ///
    /// # Errors
    /// If a share lies outside 0 to 1, or the sum is not one.
    pub fn new(shares: Vec<f64>) -> Result<Self, PrevalenceError> {
        if let Some(&found) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return Err(PrevalenceError::Share { found });
        }
        let sum: f64 = shares.iter().sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(PrevalenceError::Sum { found: sum });
        }
        Ok(Self { shares: shares.into_iter().map(|share| share / sum).collect() })
    }

    /// The share of each class.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// How much a cell of each class weighs so that the classes weigh as much as they are common; all
    /// cells together keep their number as weight.
    ///
    /// `None` where a class that is to be there has no cells.
    pub fn weights(&self, supports: &[u64]) -> Option<Vec<f64>> {
        let total: u64 = supports.iter().sum();
        let pairs = self.shares.iter().zip(supports);
        pairs
            .map(|(&share, &support)| match support {
                0 if share > 0.0 => None,
                0 => Some(0.0),
                _ => Some(share * total as f64 / support as f64),
            })
            .collect()
    }
}

impl Prevalence {
    /// The weights for `target`, or one for each class where there is none.
    pub(crate) fn weights_of(target: Option<&Self>, supports: &[u64]) -> Option<Vec<f64>> {
        target.map_or_else(|| Some(vec![1.0; supports.len()]), |target| target.weights(supports))
    }
}

impl TryFrom<Vec<f64>> for Prevalence {
    type Error = PrevalenceError;

    fn try_from(shares: Vec<f64>) -> Result<Self, Self::Error> {
        Self::new(shares)
    }
}

impl From<Prevalence> for Vec<f64> {
    fn from(prevalence: Prevalence) -> Self {
        prevalence.shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_turn_the_sample_into_the_country() {
        let prevalence = Prevalence::new(vec![0.98, 0.02]).unwrap();
        let weights = prevalence.weights(&[100, 100]).unwrap();
        assert!((weights[0] - 1.96).abs() < 1e-12 && (weights[1] - 0.04).abs() < 1e-12);
        assert_eq!(prevalence.weights(&[100, 0]), None);
    }

    #[test]
    fn what_is_not_a_whole_is_refused() {
        assert!(matches!(Prevalence::new(vec![0.5, 0.4]), Err(PrevalenceError::Sum { .. })));
        assert!(matches!(Prevalence::new(vec![1.5, -0.5]), Err(PrevalenceError::Share { .. })));
        assert!(matches!(Prevalence::new(vec![f64::NAN]), Err(PrevalenceError::Share { .. })));
    }
}
