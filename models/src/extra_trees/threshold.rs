//! Laws by which Extra Trees draw the threshold of a column that is tried.

use serde::{Deserialize, Serialize};

use super::draw::Draws;
use super::rule::threshold;

/// Draws of a row whose number is the highest that are repeated before the lowest is taken.
const REPEATS: usize = 16;

/// The law by which the threshold of a column is drawn in a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// Uniformly between the lowest and the highest number: Geurts, Ernst and Wehenkel (2006), scikit-learn.
    #[default]
    Uniform,
    /// Uniformly among the ranks: at the number of a row drawn at random, or between it and the next higher.
    /// Where numbers have a heavy tail, uniform draws fall into the tail and cut few rows off.
    QuantileUniform,
    /// Uniformly between the logarithms where all numbers of the node are positive, else uniformly.
    LogUniform,
}

impl Threshold {
    /// A threshold at least `low` and below `high`, the extremes of `values`, of which some may be `NaN`.
    #[inline(always)]
    pub(crate) fn draw(self, low: f32, high: f32, values: &[f32], draws: &mut Draws) -> f32 {
        match self {
            Self::QuantileUniform => quantile(low, high, values, draws),
            Self::LogUniform if low > 0.0 => logarithmic(low, high, draws.unit()),
            Self::Uniform | Self::LogUniform => threshold(low, high, draws.unit()),
        }
    }
}

fn quantile(low: f32, high: f32, values: &[f32], draws: &mut Draws) -> f32 {
    let bound = u32::try_from(values.len()).expect("a table has less than 2³² rows");
    let rows = (0..REPEATS).map(|_| values[draws.below(bound) as usize]);
    // The highest number cuts nothing off, and what is missing is no number.
    let below = rows.into_iter().find(|&value| value < high).unwrap_or(low);
    let above = |next: f32, &value: &f32| if value > below && value < next { value } else { next };
    threshold(below, values.iter().fold(high, above), draws.unit())
}

fn logarithmic(low: f32, high: f32, unit: f64) -> f32 {
    let (from, to) = (f64::from(low).ln(), f64::from(high).ln());
    #[expect(clippy::cast_possible_truncation, reason = "it lies between two of that precision")]
    let drawn = (from + (to - from) * unit).exp() as f32;
    // Rounding may leave the range; where both ends are the next to each other, only the lower is one.
    if drawn < high { drawn.max(low) } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extra_trees::draw::NodeKey;
    use proptest::prelude::*;

    fn draws(node: usize) -> Draws {
        NodeKey::root(7, node).draws()
    }

    /// Shares of 4,000 thresholds below each of `marks`.
    fn shares(law: Threshold, values: &[f32], marks: &[f32]) -> Vec<f64> {
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let drawn: Vec<f32> =
            (0..4000).map(|node| law.draw(low, high, values, &mut draws(node))).collect();
        let below = |&mark| drawn.iter().filter(|&&value| value < mark).count() as f64 / 4000.0;
        marks.iter().map(below).collect()
    }

    #[test]
    fn each_law_spreads_thresholds_as_it_says() {
        // A heavy tail: nine numbers below 10, one of 1,000.
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1000.0];
        // Four standard errors of a share of 4,000.
        let near = |share: f64, expected: f64| (share - expected).abs() < 0.032;
        let [uniform, quantile, logarithmic] =
            [Threshold::Uniform, Threshold::QuantileUniform, Threshold::LogUniform]
                .map(|law| shares(law, &values, &[4.0, 9.0, 31.622_776]));
        assert!(near(uniform[1], 8.0 / 999.0) && near(uniform[2], 30.6 / 999.0), "{uniform:?}");
        assert!(near(quantile[0], 3.0 / 9.0) && near(quantile[1], 8.0 / 9.0), "{quantile:?}");
        assert!(near(logarithmic[2], 0.5), "{logarithmic:?}");
    }

    #[test]
    fn equal_and_missing_numbers_are_passed_over() {
        let values = [3.0, f32::NAN, 3.0, 3.0, 1.0, 3.0];
        for node in 0..100 {
            let drawn = Threshold::QuantileUniform.draw(1.0, 3.0, &values, &mut draws(node));
            assert!((1.0..3.0).contains(&drawn));
        }
    }

    proptest! {
        #[test]
        fn every_threshold_separates_the_extremes(
            values in prop::collection::vec(-1e30_f32..1e30, 2..40), positive in any::<bool>(), node in 0_usize..1000,
        ) {
            let values: Vec<f32> = values.iter().map(|&v| if positive { v.abs() + f32::MIN_POSITIVE } else { v }).collect();
            let low = values.iter().copied().fold(f32::INFINITY, f32::min);
            let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            prop_assume!(low < high);
            for law in [Threshold::Uniform, Threshold::QuantileUniform, Threshold::LogUniform] {
                let drawn = law.draw(low, high, &values, &mut draws(node));
                prop_assert!(low <= drawn && drawn < high, "{law:?}: {drawn}");
            }
        }
    }
}
