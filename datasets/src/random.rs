//! Randomness that can be repeated: every draw derives from a seed and the place where it is made.
//!
//! A fold, a tree, an epoch or a worker gets a [`Generator`] of its own from [`generator`], so results do
//! not depend on how work is spread over threads. The draws are defined here and not taken from a library
//! whose next version may draw otherwise.

use rand_core::{Rng, SeedableRng};

/// The generator of every draw: xoshiro256++ (Blackman and Vigna 2019).
pub type Generator = rand_xoshiro::Xoshiro256PlusPlus;

/// One step of SplitMix64 (Steele, Lea and Flood 2014): a bijection in which every bit affects every bit.
#[inline]
pub fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The seed of the place `path` below `seed`, such as `[fold, tree]`.
#[inline]
pub fn derive(seed: u64, path: &[u64]) -> u64 {
    let mut state = mix(seed);
    for &step in path {
        state = mix(state ^ mix(step));
    }
    state
}

/// A generator for the place `path` below `seed`.
pub fn generator(seed: u64, path: &[u64]) -> Generator {
    Generator::seed_from_u64(derive(seed, path))
}

/// A uniform draw from `0..bound`, without bias (Lemire 2019).
///
/// # Panics
/// If `bound` is zero.
pub fn below(generator: &mut Generator, bound: u64) -> u64 {
    assert!(bound > 0, "a draw needs at least one outcome");
    let mut product = u128::from(generator.next_u64()) * u128::from(bound);
    let threshold = bound.wrapping_neg() % bound;
    while (product & u128::from(u64::MAX)) < u128::from(threshold) {
        product = u128::from(generator.next_u64()) * u128::from(bound);
    }
    u64::try_from(product >> 64).expect("a product's upper half has 64 bits")
}

/// A uniform draw from `[0, 1)` on 53 bits.
pub fn unit(generator: &mut Generator) -> f64 {
    (generator.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// Brings `items` into a uniformly random order (Fisher and Yates).
pub fn shuffle<T>(generator: &mut Generator, items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let pick = below(generator, last as u64 + 1);
        items.swap(last, usize::try_from(pick).expect("a pick lies below a length"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_mixer_is_the_published_splitmix64() {
        // First outputs of the reference generator from state 0.
        assert_eq!(mix(0), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mix(0x9E37_79B9_7F4A_7C15), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn places_have_generators_of_their_own() {
        let draw = |path: &[u64]| generator(7, path).next_u64();
        assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
        assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
        assert_ne!(draw(&[1]), draw(&[1, 0]));
    }

    proptest! {
        #[test]
        fn shuffling_keeps_every_item(length in 0_usize..200, seed in any::<u64>()) {
            let mut items: Vec<usize> = (0..length).collect();
            shuffle(&mut generator(seed, &[]), &mut items);
            items.sort_unstable();
            prop_assert_eq!(items, (0..length).collect::<Vec<_>>());
        }

        #[test]
        fn draws_stay_below_their_bound(bound in 1_u64.., seed in any::<u64>()) {
            prop_assert!(below(&mut generator(seed, &[]), bound) < bound);
        }
    }
}
