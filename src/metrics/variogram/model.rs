//! Models of variograms, fitted by weighted least squares.

use super::{Lag, Variogram};

/// Ranges that are tried before the best is refined.
const TRIALS: usize = 400;
/// How often the interval around the best range is shortened.
const REFINEMENTS: usize = 60;
/// Less than this share of the sill that depends on distance is nothing.
const LEAST_STRUCTURE: f64 = 0.05;

/// The shape of a variogram between nugget and sill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Comes close to the sill and never reaches it; at the range it has come 95 % of the way.
    Exponential,
    /// Reaches the sill at the range.
    Spherical,
}

/// A model with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fitted {
    /// The shape.
    pub model: Model,
    /// Semivariance between cells at no distance.
    pub nugget: f64,
    /// How much distance adds.
    pub partial_sill: f64,
    /// The practical range in metres: where 95 % (exponential) or all (spherical) of the rise is done.
    pub range: f64,
    /// The weighted sum of squared deviations.
    pub deviation: f64,
    /// The largest distance with pairs, in metres.
    pub furthest: f64,
}

/// What a fitted variogram says about distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// Cells are alike up to this distance in metres.
    Range(f64),
    /// Cells are alike over more than this distance in metres, which is as far as was looked.
    Beyond(f64),
    /// Distance does not matter.
    Nothing,
}

impl Model {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::Spherical => "spherical",
        }
    }

    /// The share of the rise that is done at `distance`, for a practical range of `range`.
    pub fn rise(self, distance: f64, range: f64) -> f64 {
        let share = distance / range;
        match self {
            Self::Exponential => 1.0 - (-3.0 * share).exp(),
            Self::Spherical if share < 1.0 => 1.5 * share - 0.5 * share.powi(3),
            Self::Spherical => 1.0,
        }
    }
}

impl Fitted {
    /// The semivariance of the model at `distance` metres.
    pub fn at(&self, distance: f64) -> f64 {
        self.nugget + self.partial_sill * self.model.rise(distance, self.range)
    }

    /// What the model says about distance.
    pub fn reach(&self) -> Reach {
        let sill = self.nugget + self.partial_sill;
        if sill <= 0.0 || self.partial_sill < LEAST_STRUCTURE * sill {
            Reach::Nothing
        } else if self.range > self.furthest {
            Reach::Beyond(self.furthest)
        } else {
            Reach::Range(self.range)
        }
    }
}

impl Variogram {
    /// The model that fits best, of both shapes; `None` where fewer than three intervals of distance have enough pairs.
    ///
    /// Weights are the number of pairs over the squared distance, so that the short distances count, which decide
    /// about the range. Nugget and sill are not below zero.
    pub fn fit(&self) -> Option<Fitted> {
        let models = [Model::Exponential, Model::Spherical];
        let fits = models.into_iter().filter_map(|model| self.fit_model(model));
        fits.reduce(|best, next| if next.deviation < best.deviation { next } else { best })
    }

    /// The parameters of `model` that fit best. For a given range nugget and sill follow from linear least squares; the
    /// range is searched for on a logarithmic scale from a third of the shortest distance to twice the longest.
    pub fn fit_model(&self, model: Model) -> Option<Fitted> {
        let lags: Vec<Lag> = self.lags.iter().copied().filter(|lag| lag.distance > 0.0).collect();
        let (first, last) = (lags.first()?, lags.last()?);
        if lags.len() < 3 {
            return None;
        }
        let (low, high) = ((first.distance / 3.0).ln(), (2.0 * last.distance).ln());
        let step = (high - low) / TRIALS as f64;
        let attempt = |log: f64| solve(model, &lags, log.exp());
        let trials = (0..=TRIALS).map(|trial| low + step * trial as f64);
        let best = trials
            .map(|log| (log, attempt(log).deviation))
            .reduce(|best, next| if next.1 < best.1 { next } else { best })?;
        let (mut left, mut right) = ((best.0 - step).max(low), (best.0 + step).min(high));
        for _ in 0..REFINEMENTS {
            let third = (right - left) / 3.0;
            if attempt(left + third).deviation <= attempt(right - third).deviation {
                right -= third;
            } else {
                left += third;
            }
        }
        Some(attempt(f64::midpoint(left, right)))
    }
}

/// Nugget and sill that fit best for a given range.
fn solve(model: Model, lags: &[Lag], range: f64) -> Fitted {
    let weight = |lag: &Lag| lag.pairs as f64 / lag.distance.powi(2);
    let (mut w, mut wf, mut wff, mut wg, mut wfg) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for lag in lags {
        let (weight, rise) = (weight(lag), model.rise(lag.distance, range));
        w += weight;
        wf += weight * rise;
        wff += weight * rise * rise;
        wg += weight * lag.semivariance;
        wfg += weight * rise * lag.semivariance;
    }
    let determinant = w * wff - wf * wf;
    let (mut nugget, mut partial_sill) = (wg / w, 0.0);
    // Rises that hardly differ cannot be told from a constant.
    if determinant > 1e-12 * w * wff {
        nugget = (wff * wg - wf * wfg) / determinant;
        partial_sill = (w * wfg - wf * wg) / determinant;
    }
    if nugget < 0.0 {
        (nugget, partial_sill) = (0.0, (wfg / wff).max(0.0));
    } else if partial_sill < 0.0 {
        (nugget, partial_sill) = (wg / w, 0.0);
    }
    let furthest = lags.last().map_or(0.0, |lag| lag.distance);
    let mut fitted = Fitted { model, nugget, partial_sill, range, deviation: 0.0, furthest };
    let squares =
        lags.iter().map(|lag| weight(lag) * (lag.semivariance - fitted.at(lag.distance)).powi(2));
    fitted.deviation = squares.sum();
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lags(model: Model, nugget: f64, partial_sill: f64, range: f64) -> Variogram {
        let lag = |step: u32| {
            let distance = 500.0 * f64::from(step);
            let semivariance = nugget + partial_sill * model.rise(distance, range);
            Lag { distance, semivariance, pairs: 1000 / u64::from(step) + 40 }
        };
        Variogram { name: String::new(), lags: (1..=20).map(lag).collect(), reach: 10_000.0 }
    }

    proptest! {
        #[test]
        fn a_model_is_found_again_in_its_own_variogram(
            spherical in any::<bool>(), nugget in 0.0..1.0, partial_sill in 0.2..5.0,
            range in 1200.0..9000.0,
        ) {
            let model = if spherical { Model::Spherical } else { Model::Exponential };
            let fitted = lags(model, nugget, partial_sill, range).fit().unwrap();
            prop_assert_eq!(fitted.model, model);
            prop_assert!((fitted.range / range - 1.0).abs() < 1e-4, "{:?}", fitted);
            prop_assert!((fitted.nugget - nugget).abs() < 1e-3 * (nugget + partial_sill));
            prop_assert!((fitted.partial_sill / partial_sill - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_rise_that_goes_on_has_no_range_within_reach() {
        let rising = lags(Model::Spherical, 0.0, 1.0, 40_000.0).fit().unwrap();
        assert!(matches!(rising.reach(), Reach::Beyond(distance) if distance == 10_000.0));
        let flat = lags(Model::Spherical, 1.0, 0.0, 4000.0).fit().unwrap();
        assert_eq!(flat.reach(), Reach::Nothing);
    }

    #[test]
    fn exponential_and_spherical_reach_their_range() {
        assert!((Model::Exponential.rise(7.0, 7.0) - 0.950_213).abs() < 1e-6);
        assert_eq!(Model::Spherical.rise(7.0, 7.0), 1.0);
        assert_eq!(Model::Spherical.rise(9.0, 7.0), 1.0);
    }
}
