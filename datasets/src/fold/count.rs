//! How many folds there are.

use serde::{Deserialize, Serialize};

use super::FoldError;

/// How many folds there are: 2 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct FoldCount(u16);

impl FoldCount {
    /// The usual ten.
    pub const TEN: Self = Self(10);

    /// `folds` folds.
    ///
    /// # Errors
    /// If there are fewer than 2 or more than 1000.
    pub fn new(folds: usize) -> Result<Self, FoldError> {
        match u16::try_from(folds) {
            Ok(count @ 2..=1000) => Ok(Self(count)),
            _ => Err(FoldError::Count { found: folds }),
        }
    }

    /// The number.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl TryFrom<u16> for FoldCount {
    type Error = FoldError;

    fn try_from(folds: u16) -> Result<Self, Self::Error> {
        Self::new(usize::from(folds))
    }
}

impl From<FoldCount> for u16 {
    fn from(count: FoldCount) -> Self {
        count.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fold_and_a_thousand_and_one_are_refused() {
        assert!(matches!(FoldCount::new(1), Err(FoldError::Count { found: 1 })));
        assert!(matches!(FoldCount::new(1001), Err(FoldError::Count { found: 1001 })));
        assert_eq!(FoldCount::new(1000).unwrap().get(), 1000);
    }
}
