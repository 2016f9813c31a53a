//! How much the rows of a sample count.
//!
//! Everything that is summed while trees grow is an integer: a row counts once, as often as a bootstrap sample
//! holds it, or as its weight in units so small that nothing is lost. So sums are exact, and do not depend on
//! the order in which they are taken. Weights of classes are factors on those sums.

use super::class_weight::ClassWeight;
use super::table::Sample;

/// Sums of amounts stay below: doubles hold them exactly.
const MOST: f64 = 4_503_599_627_370_496.0;

/// An amount as a real number; amounts are below 2⁵³.
#[inline(always)]
pub(crate) fn real(amount: u64) -> f64 {
    // A conversion from a signed number is one instruction everywhere.
    amount.cast_signed() as f64
}

/// What the rows and the classes of a sample weigh, before rows are drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Amounts {
    /// Of each row; each counts once where `None`.
    pub(crate) rows: Option<Vec<u64>>,
    /// The factor of each class.
    pub(crate) classes: Vec<f64>,
}

impl Amounts {
    /// The amounts of `sample`; `weighted` says how its classes weigh.
    ///
    /// # Errors
    /// If that does not suit its classes, or nothing is left that weighs anything.
    pub(crate) fn new(sample: &Sample<'_>, weighted: &ClassWeight) -> Result<Self, String> {
        let classes = class_factors(sample, weighted)?;
        let rows = sample.weights().map(to_units);
        // A class that weighs nothing is as good as absent.
        let absent = |label: u16| classes[usize::from(label)] == 0.0;
        if !sample.labels().iter().any(|&label| absent(label)) {
            return Ok(Self { rows, classes });
        }
        let mut rows = rows.unwrap_or_else(|| vec![1; sample.rows()]);
        for (amount, &label) in rows.iter_mut().zip(sample.labels()) {
            if absent(label) {
                *amount = 0;
            }
        }
        if rows.iter().all(|&amount| amount == 0) {
            return Err("all rows weigh 0 with the weights of their classes; expected more".into());
        }
        Ok(Self { rows: Some(rows), classes })
    }

    /// The same, with the factors of the classes moved into the amounts of the rows.
    pub(crate) fn folded(self, labels: &[u16]) -> Self {
        if self.classes.iter().all(|&factor| factor == 1.0) {
            return self;
        }
        let amount = |row: usize| self.rows.as_ref().map_or(1.0, |rows| real(rows[row]));
        let weights = labels.iter().enumerate();
        let weights = weights.map(|(row, &label)| amount(row) * self.classes[usize::from(label)]);
        let rows = Some(to_units(&weights.collect::<Vec<f64>>()));
        Self { rows, classes: vec![1.0; self.classes.len()] }
    }
}

/// Finite weights, not negative and not all zero, as whole numbers of one unit: themselves where they are
/// whole, else of a power of two at which their sum has 52 bits. What weighs anything keeps at least one unit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "weights are not negative, and the unit bounds their sum"
)]
pub(crate) fn to_units(weights: &[f64]) -> Vec<u64> {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    // The sum itself may overflow.
    let relative: f64 = weights.iter().map(|weight| weight / largest).sum();
    let whole = weights.iter().all(|weight| weight.fract() == 0.0) && largest * relative < MOST;
    if whole {
        return weights.iter().map(|&weight| weight as u64).collect();
    }
    let unit = (MOST / relative).log2().floor().exp2();
    let amount = |&weight: &f64| match weight / largest {
        0.0 if weight == 0.0 => 0,
        relative => ((relative * unit).round() as u64).max(1),
    };
    weights.iter().map(amount).collect()
}

fn class_factors(sample: &Sample<'_>, weighted: &ClassWeight) -> Result<Vec<f64>, String> {
    let classes = sample.classes();
    match weighted {
        ClassWeight::None => Ok(vec![1.0; classes]),
        ClassWeight::Balanced | ClassWeight::BalancedSubsample => {
            let mut totals = vec![0.0; classes];
            for (row, &label) in sample.labels().iter().enumerate() {
                totals[usize::from(label)] += sample.weights().map_or(1.0, |weights| weights[row]);
            }
            Ok(balanced(&totals))
        }
        ClassWeight::InOrder(factors) if factors.len() == classes => Ok(factors.clone()),
        ClassWeight::InOrder(factors) => Err(format!(
            "`class-weight` lists {} weights; there are {classes} classes",
            factors.len()
        )),
        ClassWeight::Named(_) => Err("`class-weight` names classes; expected weights in the \
                                      order of the classes, which have no names here"
            .into()),
    }
}

/// Factors at which classes of these `totals` weigh the same: `sum / (classes × total)`, over the classes
/// that there are.
pub(crate) fn balanced(totals: &[f64]) -> Vec<f64> {
    let present = totals.iter().filter(|&&total| total > 0.0).count() as f64;
    let sum: f64 = totals.iter().sum();
    let factor = |&total: &f64| if total > 0.0 { sum / (present * total) } else { 0.0 };
    totals.iter().map(factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn units_keep_the_ratios_of_weights(weights in prop::collection::vec(1e-3..1e3_f64, 1..50)) {
            let units = to_units(&weights);
            let sum: u64 = units.iter().sum();
            prop_assert!(sum < 1 << 53);
            for (unit, weight) in units.iter().zip(&weights) {
                let (share, expected) =
                    (real(*unit) / real(sum), weight / weights.iter().sum::<f64>());
                prop_assert!((share - expected).abs() <= 1e-7 * expected);
            }
        }
    }

    #[test]
    fn whole_weights_are_counts_and_small_ones_do_not_vanish() {
        assert_eq!(to_units(&[0.0, 3.0, 1.0]), [0, 3, 1]);
        let units = to_units(&[1e-300, 0.5, 0.0]);
        assert_eq!((units[0], units[2]), (1, 0));
        let units = to_units(&[f64::MAX, f64::MAX, 1.5]);
        assert_eq!((units[0], units[2]), (units[1], 1));
    }

    #[test]
    fn balanced_classes_weigh_the_same() {
        assert_eq!(balanced(&[30.0, 10.0]), [40.0 / 60.0, 2.0]);
        assert_eq!(balanced(&[4.0, 0.0]), [1.0, 0.0]);
    }
}
