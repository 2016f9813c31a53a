//! Prior shift: from the mixture of the sample to that of the place of use.
//!
//! Where cells of one class look alike in both and only the mixture differs, the right probability is the old one
//! times the ratio of the prevalences, made a whole again (Saerens, Latinne and Decaestecker 2002, "Adjusting the
//! outputs of a classifier to new a priori probabilities", Neural Computation 14:21).

use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};

use super::OperatingPointError;
use super::edge::normalise;

/// How far from 1 prevalences may sum.
const SUM_TOLERANCE: f64 = 1e-6;

/// Moves calibrated probabilities from one mixture of classes to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorShift {
    from: Vec<f64>,
    to: Vec<f64>,
}

impl PriorShift {
    /// A shift from the mixture `from`, for which probabilities are calibrated, to the mixture `to`.
    ///
    /// # Errors
    /// If there is not one share for each class, a share is not above 0 and below 1, or shares do not sum to 1.
    pub fn new(classes: &ClassMap, from: &[f64], to: &[f64]) -> Result<Self, OperatingPointError> {
        check_shares(classes, "sample", from)?;
        check_shares(classes, "target", to)?;
        Ok(Self { from: from.to_vec(), to: to.to_vec() })
    }

    /// The share of each class that probabilities come from.
    pub fn from_shares(&self) -> &[f64] {
        &self.from
    }

    /// The share of each class that probabilities are moved to.
    pub fn to_shares(&self) -> &[f64] {
        &self.to
    }

    /// Moves a row of probabilities, none of which is 0; it sums to one afterwards.
    pub fn apply(&self, row: &mut [f64]) {
        for ((value, from), to) in row.iter_mut().zip(&self.from).zip(&self.to) {
            *value *= to / from;
        }
        normalise(row);
    }

    /// Checks a shift that was read.
    pub(crate) fn check(&self, classes: &ClassMap) -> Result<(), OperatingPointError> {
        Self::new(classes, &self.from, &self.to).map(|_| ())
    }
}

/// Checks the share of each class; `what` says which, in errors.
pub(crate) fn check_shares(
    classes: &ClassMap,
    what: &'static str,
    shares: &[f64],
) -> Result<(), OperatingPointError> {
    let sum: f64 = shares.iter().sum();
    if shares.len() == classes.len() {
        let inside = |share: &f64| *share > 0.0 && *share < 1.0;
        if let Some(class) = shares.iter().position(|share| !inside(share)) {
            let (found, class) = (shares[class], classes.name(ClassId::new(class)).to_owned());
            return Err(OperatingPointError::Prevalence { what, class, found });
        }
        if (sum - 1.0).abs() <= SUM_TOLERANCE {
            return Ok(());
        }
    }
    let (found, classes) = (shares.len(), classes.len());
    Err(OperatingPointError::Prevalences { found, classes, sum })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn three() -> ClassMap {
        ClassMap::new(["crops", "forest", "urban"]).unwrap()
    }

    fn mixture() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(0.01_f64..1.0, 3).prop_map(|mut row| {
            normalise(&mut row);
            row
        })
    }

    #[test]
    fn even_odds_become_the_prevalence() {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let shift = PriorShift::new(&classes, &[0.5, 0.5], &[0.9789, 0.0211]).unwrap();
        let mut row = [0.5, 0.5];
        shift.apply(&mut row);
        assert!((row[1] - 0.0211).abs() < 1e-15);
    }

    #[test]
    fn impossible_mixtures_are_refused_with_words() {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let refusal =
            |to: &[f64]| PriorShift::new(&classes, &[0.5, 0.5], to).unwrap_err().to_string();
        let text = refusal(&[1.0, 0.0]);
        assert!(text.contains("target prevalence of class `non-urban` is 1; expected"), "{text}");
        assert!(refusal(&[0.5, f64::NAN]).contains("class `urban` is NaN"));
        assert!(refusal(&[0.5, 0.4]).contains("2 shares of 2 classes that sum to 0.9"));
        assert!(refusal(&[0.3, 0.3, 0.4]).contains("3 shares of 2 classes"));
    }

    proptest! {
        #[test]
        fn there_and_back_is_where_it_began(row in mixture(), from in mixture(), to in mixture()) {
            let classes = three();
            let mut moved = row.clone();
            PriorShift::new(&classes, &from, &to).unwrap().apply(&mut moved);
            prop_assert!((moved.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            PriorShift::new(&classes, &to, &from).unwrap().apply(&mut moved);
            for (a, b) in row.iter().zip(&moved) {
                prop_assert!((a - b).abs() < 1e-12);
            }
            let mut same = row.clone();
            PriorShift::new(&classes, &to, &to).unwrap().apply(&mut same);
            for (a, b) in row.iter().zip(&same) {
                prop_assert!((a - b).abs() < 1e-15);
            }
        }
    }
}
