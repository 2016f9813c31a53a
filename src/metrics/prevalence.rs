//! Prevalence: how common each class is where a model is to be used.
//!
//! A sample is rarely as mixed as the country. When every cell of a class weighs as much as the class
//! is more common out there than in the sample, the scores of the sample become those of the country,
//! as far as cells of one class are alike in both.
//!
//! Where the mixture is known by stratum ([`StratumShares`]), a cell stands for others of its class *and* stratum: the
//! post-stratified estimate of survey statistics, right where cells of a class differ from stratum to stratum. Cells then come
//! from an *origin*, a class in a stratum: origin `stratum × classes + class`, so that without strata it is the class.
//!
//! Where the cells lack an origin that is to be there, the other cells of the class stand for it, each in proportion to what it
//! stands for anyway: the collapsing of strata, which changes no prevalence. Whoever declares strata is told of it, and it is
//! refused where a class loses much by it ([`Prevalence::uncovered`]); draws of a bootstrap and folds, which are smaller, collapse in
//! silence.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassId;

/// The share of each class where a model is to be used; sums to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Prevalence {
    shares: Vec<f64>,
    /// In order; empty where only the whole is known.
    strata: Vec<StratumShares>,
}

/// How large a stratum is, and how common each class is in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StratumShares {
    /// Its name.
    pub stratum: String,
    /// The share of all cells that lie in it.
    pub share: f64,
    /// The share of each class among them.
    pub prevalence: Vec<f64>,
}

/// A class in a stratum that the place of use has and the cells do not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uncovered {
    /// The stratum.
    pub stratum: usize,
    /// The class.
    pub class: ClassId,
    /// The share of all cells of the class that are of it.
    pub share_of_class: f64,
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
    /// The strata do not speak of the same classes.
    #[error("stratum `{stratum}` has shares of {found} classes; expected {expected}")]
    Classes {
        /// The stratum.
        stratum: String,
        /// Its classes.
        found: usize,
        /// Those of the first stratum.
        expected: usize,
    },
}

impl Prevalence {
    /// Checks that `shares`, one per class, make a whole (to a millionth; then they are made exact).
    ///
    /// # Errors
    /// If a share lies outside 0 to 1, or the sum is not one.
    pub fn new(shares: Vec<f64>) -> Result<Self, PrevalenceError> {
        Ok(Self { shares: whole(shares)?, strata: Vec::new() })
    }

    /// The mixture of a place of which `strata` are known; each makes a whole, and so do all together.
    ///
    /// ```
    /// use tesela::metrics::{Prevalence, StratumShares};
    ///
    /// let stratum = |stratum: &str, share, urban| StratumShares {
    ///     stratum: stratum.to_owned(),
    ///     share,
    ///     prevalence: vec![1.0 - urban, urban],
    /// };
    /// let country = vec![stratum("north", 0.4, 0.05), stratum("south", 0.6, 0.01)];
    /// let country = Prevalence::by_stratum(country)?;
    /// assert!((country.shares()[1] - 0.026).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If there is no stratum, they do not speak of the same classes, a share lies outside 0 to 1, or a sum is not one.
    pub fn by_stratum(strata: Vec<StratumShares>) -> Result<Self, PrevalenceError> {
        let sizes = whole(strata.iter().map(|one| one.share).collect())?;
        let expected = strata.first().map_or(0, |first| first.prevalence.len());
        let mut checked = Vec::with_capacity(strata.len());
        for (StratumShares { stratum, prevalence, .. }, share) in strata.into_iter().zip(sizes) {
            if prevalence.len() != expected {
                let found = prevalence.len();
                return Err(PrevalenceError::Classes { stratum, found, expected });
            }
            checked.push(StratumShares { stratum, share, prevalence: whole(prevalence)? });
        }
        let of_class = |class: usize| -> f64 {
            checked.iter().map(|one| one.share * one.prevalence[class]).sum()
        };
        let shares = (0..expected).map(of_class).collect();
        Ok(Self { shares, strata: checked })
    }

    /// The share of each class.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// The strata, in order; none where only the whole is known.
    pub fn strata(&self) -> &[StratumShares] {
        &self.strata
    }

    /// The position of the stratum called `name`.
    pub fn stratum(&self, name: &str) -> Option<usize> {
        self.strata.iter().position(|one| one.stratum == name)
    }

    /// Whether `other` is the same to a billionth, strata and all.
    pub fn is_like(&self, other: &Self) -> bool {
        let alike = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
        };
        let same = |(a, b): (&StratumShares, &StratumShares)| {
            a.stratum == b.stratum
                && alike(&[a.share], &[b.share])
                && alike(&a.prevalence, &b.prevalence)
        };
        alike(&self.shares, &other.shares)
            && self.strata.len() == other.strata.len()
            && self.strata.iter().zip(&other.strata).all(same)
    }

    /// How much a cell of each origin weighs so that classes, and strata where they are told apart, weigh as much as they are
    /// common; all cells together keep their number as weight. `supports` has the cells of each origin: of each class in the first
    /// stratum, then in the second, and so on. Where its strata are not those of this prevalence, classes alone are weighed.
    ///
    /// `None` where a class that is to be there has no cells.
    ///
    /// # Panics
    /// If the supports are of other classes.
    pub fn weights(&self, supports: &[u64]) -> Option<Vec<f64>> {
        let classes = self.shares.len();
        assert_eq!(supports.len() % classes, 0, "each stratum has a support of each class");
        let strata = supports.len() / classes;
        if strata == self.strata.len() {
            return self.stratified_weights(supports);
        }
        let support = |class| supports.iter().skip(class).step_by(classes).sum::<u64>();
        let of_classes: Vec<u64> = (0..classes).map(support).collect();
        let total: u64 = of_classes.iter().sum();
        let weight = |(&share, &support): (&f64, &u64)| match support {
            0 if share > 0.0 => None,
            0 => Some(0.0),
            _ => Some(share * total as f64 / support as f64),
        };
        let weights: Option<Vec<f64>> = self.shares.iter().zip(&of_classes).map(weight).collect();
        weights.map(|weights| weights.repeat(strata))
    }

    /// The same where strata are told apart.
    fn stratified_weights(&self, supports: &[u64]) -> Option<Vec<f64>> {
        let (masses, classes) = (self.masses(), self.shares.len());
        let total = supports.iter().sum::<u64>() as f64;
        let mut weights = vec![0.0; supports.len()];
        for (class, &share) in self.shares.iter().enumerate() {
            let origins = || (class..supports.len()).step_by(classes);
            let covered = || origins().filter(|&own| supports[own] > 0);
            let mass: f64 = covered().map(|own| masses[own]).sum();
            if share > 0.0 && mass <= 0.0 {
                return None;
            }
            let is_whole = origins().all(|own| supports[own] > 0 || masses[own] <= 0.0);
            for own in covered() {
                // What no cell stands for falls to the others of the class.
                let own_mass = if is_whole { masses[own] } else { masses[own] * share / mass };
                weights[own] = own_mass * total / supports[own] as f64;
            }
        }
        Some(weights)
    }

    /// What is to be there and has no cells, where `supports` are the cells of each class of the first stratum, then of the second,
    /// and so on.
    pub fn uncovered(&self, supports: &[u64]) -> Vec<Uncovered> {
        let classes = self.shares.len();
        let masses = self.masses();
        let lacking = masses.iter().zip(supports).enumerate();
        let lacking = lacking.filter(|(_, (mass, support))| **mass > 0.0 && **support == 0);
        let uncovered = lacking.map(|(origin, (&mass, _))| Uncovered {
            stratum: origin / classes,
            class: ClassId::new(origin % classes),
            share_of_class: mass / self.shares[origin % classes],
        });
        uncovered.collect()
    }

    /// The share of all cells that are of each origin.
    fn masses(&self) -> Vec<f64> {
        let strata = self.strata.iter();
        strata.flat_map(|one| one.prevalence.iter().map(|own| one.share * own)).collect()
    }
}

impl Prevalence {
    /// The weights for `target`, or one for each origin where there is none.
    pub(crate) fn weights_of(target: Option<&Self>, supports: &[u64]) -> Option<Vec<f64>> {
        target.map_or_else(|| Some(vec![1.0; supports.len()]), |target| target.weights(supports))
    }
}

/// The shares, made to sum to one exactly where they do to a millionth.
fn whole(shares: Vec<f64>) -> Result<Vec<f64>, PrevalenceError> {
    if let Some(&found) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
        return Err(PrevalenceError::Share { found });
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        return Err(PrevalenceError::Sum { found: sum });
    }
    Ok(shares.into_iter().map(|share| share / sum).collect())
}

/// A prevalence in a file: shares alone, or strata.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Shares(Vec<f64>),
    Strata { strata: Vec<StratumShares> },
}

impl TryFrom<Written> for Prevalence {
    type Error = PrevalenceError;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match written {
            Written::Shares(shares) => Self::new(shares),
            Written::Strata { strata } => Self::by_stratum(strata),
        }
    }
}

impl From<Prevalence> for Written {
    fn from(Prevalence { shares, strata }: Prevalence) -> Self {
        if strata.is_empty() { Self::Shares(shares) } else { Self::Strata { strata } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stratum(name: &str, share: f64, urban: f64) -> StratumShares {
        let prevalence = vec![1.0 - urban, urban];
        StratumShares { stratum: name.to_owned(), share, prevalence }
    }

    fn country() -> Prevalence {
        Prevalence::by_stratum(vec![stratum("north", 0.25, 0.04), stratum("south", 0.75, 0.01)])
            .unwrap()
    }

    #[test]
    fn weights_turn_the_sample_into_the_country() {
        let prevalence = Prevalence::new(vec![0.98, 0.02]).unwrap();
        let weights = prevalence.weights(&[100, 100]).unwrap();
        assert!((weights[0] - 1.96).abs() < 1e-12 && (weights[1] - 0.04).abs() < 1e-12);
        assert_eq!(prevalence.weights(&[100, 0]), None);
        // Strata that it does not tell apart weigh as their classes do.
        assert_eq!(prevalence.weights(&[60, 30, 40, 70]), Some(weights.repeat(2)));
    }

    #[test]
    fn a_cell_stands_for_others_of_its_class_and_stratum() {
        // 200 cells for a country: .24, .01, .7425 and .0075 of it are of the four origins.
        let weights = country().weights(&[50, 20, 50, 80]).unwrap();
        let expected = [0.24 / 50.0, 0.01 / 20.0, 0.7425 / 50.0, 0.0075 / 80.0];
        for (found, expected) in weights.iter().zip(expected) {
            assert!((found - 200.0 * expected).abs() < 1e-12, "{weights:?}");
        }
        assert!((country().shares()[1] - 0.0175).abs() < 1e-15);
        // Cells that no stratum is known of are weighed by class.
        let whole = Prevalence::new(country().shares().to_vec()).unwrap();
        let by_class = [&country(), &whole].map(|one| one.weights(&[100, 100]).unwrap());
        assert!((by_class[0][1] - by_class[1][1]).abs() < 1e-12);
    }

    #[test]
    fn what_a_stratum_lacks_is_stood_for_by_the_others_of_the_class() {
        let weights = country().weights(&[50, 0, 50, 80]).unwrap();
        assert_eq!(weights[1], 0.0);
        assert!((weights[3] * 80.0 / 180.0 - 0.0175).abs() < 1e-15, "{weights:?}");
        assert!((weights[0] * 50.0 / 180.0 - 0.24).abs() < 1e-15, "{weights:?}");
        let found = country().uncovered(&[50, 0, 50, 80]);
        assert_eq!((found.len(), found[0].stratum, found[0].class), (1, 0, ClassId::new(1)));
        assert!((found[0].share_of_class - 0.01 / 0.0175).abs() < 1e-12);
        assert_eq!(country().weights(&[50, 0, 50, 0]), None);
    }

    #[test]
    fn a_stratum_without_a_class_needs_no_cells_of_it_and_gives_them_no_weight() {
        let strata = vec![stratum("desert", 0.5, 0.0), stratum("coast", 0.5, 0.1)];
        let place = Prevalence::by_stratum(strata).unwrap();
        assert_eq!(place.uncovered(&[10, 0, 10, 10]), []);
        let weights = place.weights(&[10, 5, 10, 10]).unwrap();
        assert_eq!(weights[1], 0.0);
        assert!((weights[3] - 0.05 * 35.0 / 10.0).abs() < 1e-12);
        // Cells of the class where there is none stand for nothing.
        assert_eq!(place.weights(&[10, 5, 10, 0]), None);
    }

    #[test]
    fn one_stratum_is_the_whole_to_the_bit() {
        let plain = Prevalence::new(vec![0.9789, 0.0211]).unwrap();
        let one = StratumShares {
            stratum: "country".to_owned(),
            share: 1.0,
            prevalence: vec![0.9789, 0.0211],
        };
        let one = Prevalence::by_stratum(vec![one]).unwrap();
        assert_eq!(one.shares(), plain.shares());
        assert_eq!(one.weights(&[1234, 777]), plain.weights(&[1234, 777]));
    }

    #[test]
    fn what_is_not_a_whole_is_refused() {
        assert!(matches!(Prevalence::new(vec![0.5, 0.4]), Err(PrevalenceError::Sum { .. })));
        assert!(matches!(Prevalence::new(vec![1.5, -0.5]), Err(PrevalenceError::Share { .. })));
        assert!(matches!(Prevalence::new(vec![f64::NAN]), Err(PrevalenceError::Share { .. })));
        let of = |share, urban| {
            Prevalence::by_stratum(vec![stratum("a", share, urban), stratum("b", 0.5, 0.5)])
        };
        assert!(matches!(of(0.4, 0.5), Err(PrevalenceError::Sum { .. })));
        assert!(matches!(of(0.5, 1.5), Err(PrevalenceError::Share { .. })));
        let three = StratumShares { prevalence: vec![0.2, 0.3, 0.5], ..stratum("c", 0.5, 0.0) };
        let mixed = Prevalence::by_stratum(vec![stratum("a", 0.5, 0.5), three]);
        assert!(matches!(mixed, Err(PrevalenceError::Classes { .. })));
        assert!(matches!(Prevalence::by_stratum(vec![]), Err(PrevalenceError::Sum { .. })));
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for place in [country(), Prevalence::new(vec![0.25, 0.75]).unwrap()] {
            let text = serde_json::to_string(&place).unwrap();
            let read: Prevalence = serde_json::from_str(&text).unwrap();
            assert!(read.is_like(&place), "{text}");
        }
        let plain = Prevalence::new(country().shares().to_vec()).unwrap();
        assert!(!plain.is_like(&country()));
    }

    proptest! {
        #[test]
        fn weighted_cells_sum_to_the_target(
            strata in prop::collection::vec((0.05_f64..1.0, [0.001_f64..1.0, 0.001..1.0, 0.001..1.0]), 1..7),
            counts in prop::collection::vec(0_u64..50, 21),
        ) {
            let sum: f64 = strata.iter().map(|one| one.0).sum();
            let strata: Vec<StratumShares> = strata.iter().enumerate().map(|(number, (share, parts))| {
                let all: f64 = parts.iter().sum();
                let prevalence = parts.iter().map(|part| part / all).collect();
                StratumShares { stratum: number.to_string(), share: share / sum, prevalence }
            }).collect();
            let count = strata.len();
            let place = Prevalence::by_stratum(strata).unwrap();
            prop_assert!((place.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let supports = &counts[..3 * count];
            let Some(weights) = place.weights(supports) else {
                let lacks = |class: usize| supports.iter().skip(class).step_by(3).all(|&n| n == 0);
                prop_assert!((0..3).any(lacks));
                return Ok(());
            };
            let total = supports.iter().sum::<u64>() as f64;
            for class in 0..3 {
                let origins = (class..supports.len()).step_by(3);
                let mass: f64 = origins.map(|own| weights[own] * supports[own] as f64).sum();
                prop_assert!((mass / total - place.shares()[class]).abs() < 1e-12);
            }
            if place.uncovered(supports).is_empty() {
                for (number, one) in place.strata().iter().enumerate() {
                    let origins = 3 * number..3 * number + 3;
                    let mass: f64 = origins.map(|own| weights[own] * supports[own] as f64).sum();
                    prop_assert!((mass / total - one.share).abs() < 1e-12);
                }
            }
        }
    }
}
