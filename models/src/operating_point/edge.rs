//! The edge: how near to 0 and 1 a probability may come.
//!
//! Forests say 0 and 1, and a 0 can neither be moved by a prior nor be compared on the scale of odds. Both what
//! enters a calibration and what leaves it is therefore kept within [`EDGE`] of the ends.

/// The lowest probability, and the distance of the highest from 1: log-odds of ±13.8.
///
/// A single-precision softmax cannot tell 1 from 1 − 6e-8, and no sample shows a rate below one in a
/// million.
pub const EDGE: f64 = 1e-6;

/// `probability`, kept away from the ends.
pub(crate) fn inside(probability: f64) -> f64 {
    probability.clamp(EDGE, 1.0 - EDGE)
}

/// The natural logarithm of the odds of `probability`, kept away from the ends.
pub(crate) fn log_odds(probability: f64) -> f64 {
    let probability = inside(probability);
    probability.ln() - (-probability).ln_1p()
}

/// The probability with log-odds `value`.
pub(crate) fn sigmoid(value: f64) -> f64 {
    if value >= 0.0 {
        1.0 / (1.0 + (-value).exp())
    } else {
        let odds = value.exp();
        odds / (1.0 + odds)
    }
}

/// Divides `row` by its sum, which is above zero.
pub(crate) fn normalise(row: &mut [f64]) {
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_and_sigmoid_are_each_others_inverse() {
        for probability in [0.001, 0.2, 0.5, 0.9, 0.9999] {
            assert!((sigmoid(log_odds(probability)) - probability).abs() < 1e-15);
        }
        assert_eq!(log_odds(0.5), 0.0);
    }

    #[test]
    fn the_ends_are_finite() {
        assert!((log_odds(0.0) + 13.815_509_557_963_774).abs() < 1e-9);
        assert!((log_odds(1.0) - 13.815_509_557_963_774).abs() < 1e-9);
        assert_eq!((sigmoid(-1e9), sigmoid(1e9)), (0.0, 1.0));
    }
}
