//! The binomial distribution, exact to the last digits for millions of trials.
//!
//! Probabilities come from Loader's expansion about the mode (2000, *Fast and Accurate Computation of Binomial
//! Probabilities*), which loses no digits where factorials of large numbers would.

use std::f64::consts::TAU;

use tesela_datasets::random::{Generator, unit};

/// The chance of `successes` in `trials` trials of chance `chance`.
pub(super) fn probability(successes: u64, trials: u64, chance: f64) -> f64 {
    let failures = trials - successes;
    let (x, n, y) = (successes as f64, trials as f64, failures as f64);
    if chance <= 0.0 || chance >= 1.0 {
        let certain = if chance <= 0.0 { 0 } else { trials };
        return if successes == certain { 1.0 } else { 0.0 };
    }
    if successes == 0 {
        return (n * (-chance).ln_1p()).exp();
    }
    if failures == 0 {
        return (n * chance.ln()).exp();
    }
    let error = stirling_error(trials) - stirling_error(successes) - stirling_error(failures);
    let deviance = deviance(x, n * chance) + deviance(y, n * (1.0 - chance));
    (error - deviance).exp() * (n / (TAU * x * y)).sqrt()
}

/// The chance of at most `successes` in `trials` trials of chance one half, at or below the middle.
pub(super) fn lower_tail_of_halves(successes: u64, trials: u64) -> f64 {
    let mut term = probability(successes, trials, 0.5);
    let mut sum = 0.0;
    for below in (0..=successes).rev() {
        sum += term;
        if term < sum * f64::EPSILON * 1e-3 {
            break;
        }
        term *= below as f64 / (trials - below + 1) as f64;
    }
    sum
}

/// Draws a number of successes, by going outwards from the most probable one.
pub(super) fn draw(generator: &mut Generator, trials: u64, chance: f64) -> u64 {
    if trials == 0 || chance <= 0.0 {
        return 0;
    }
    if chance >= 1.0 {
        return trials;
    }
    let mode = mode(trials, chance);
    let odds = chance / (1.0 - chance);
    let mut left = unit(generator);
    let (mut up, mut down) = (mode, mode);
    let at_mode = probability(mode, trials, chance);
    let (mut chance_up, mut chance_down) = (at_mode, at_mode);
    left -= at_mode;
    while left >= 0.0 && chance_up + chance_down > f64::MIN_POSITIVE {
        chance_up *= odds * (trials - up) as f64 / (up + 1) as f64;
        left -= chance_up;
        if left < 0.0 {
            return up + 1;
        }
        chance_down *= down as f64 / (odds * (trials - down + 1) as f64);
        left -= chance_down;
        if left < 0.0 {
            return down - 1;
        }
        up = (up + 1).min(trials);
        down = down.saturating_sub(1);
    }
    mode
}

fn mode(trials: u64, chance: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let mode = ((trials + 1) as f64 * chance).floor() as u64;
    mode.min(trials)
}

/// `ln n!` less Stirling's approximation of it.
fn stirling_error(n: u64) -> f64 {
    let x = n as f64;
    if n <= 15 {
        let factorial: f64 = (1..=n).map(|factor| factor as f64).product();
        return factorial.ln() - (0.5 * (TAU * x).ln() + x * x.ln() - x);
    }
    let square = x * x;
    let series =
        [1.0 / 12.0, 1.0 / 360.0, 1.0 / 1260.0, 1.0 / 1680.0, 1.0 / 1188.0, 691.0 / 360_360.0];
    series.iter().rev().fold(0.0, |sum, term| term - sum / square) / x
}

/// `x ln(x / mean) + mean - x`, also where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let ratio = difference / (x + mean);
    let mut sum = difference * ratio;
    let mut term = 2.0 * x * ratio;
    for odd in (3..1000).step_by(2) {
        term *= ratio * ratio;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tesela_datasets::random::generator;

    use super::*;

    #[test]
    fn probabilities_of_few_trials_are_those_of_counting() {
        for (successes, expected) in [(0, 1.0), (1, 4.0), (2, 6.0), (3, 4.0), (4, 1.0)] {
            assert!((probability(successes, 4, 0.5) - expected / 16.0).abs() < 1e-15);
        }
        assert_eq!(probability(0, 5, 0.0), 1.0);
        assert_eq!(probability(5, 5, 1.0), 1.0);
        assert_eq!(probability(4, 5, 1.0), 0.0);
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_of_the_distribution() {
        for (trials, chance) in [(40, 0.3), (2_000_000, 0.021), (1000, 0.999)] {
            let mut generator = generator(5, &[trials]);
            let draws: Vec<f64> =
                (0..4000).map(|_| draw(&mut generator, trials, chance) as f64).collect();
            let mean = draws.iter().sum::<f64>() / 4000.0;
            let spread = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 3999.0;
            let expected = trials as f64 * chance * (1.0 - chance);
            assert!((mean - trials as f64 * chance).abs() < 4.0 * (expected / 4000.0).sqrt());
            assert!((spread / expected - 1.0).abs() < 0.12, "{trials}: {spread} for {expected}");
        }
    }

    proptest! {
        #[test]
        fn all_probabilities_sum_to_one(trials in 1_u64..400, chance in 0.0..=1.0_f64) {
            let sum: f64 = (0..=trials).map(|successes| probability(successes, trials, chance)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }

        #[test]
        fn draws_stay_below_the_number_of_trials(
            trials in 0_u64..3_000_000, chance in 0.0..=1.0_f64, seed in any::<u64>(),
        ) {
            prop_assert!(draw(&mut generator(seed, &[]), trials, chance) <= trials);
        }
    }
}
