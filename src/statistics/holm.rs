//! Holm's correction: p-values of several tests, so that any false alarm among them is as rare as in one.

/// The corrected p-value of each test (Holm 1979, *Scandinavian Journal of Statistics* 6), in the order given.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let count = p_values.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; count];
    let mut highest = 0.0_f64;
    for (rank, &test) in order.iter().enumerate() {
        highest = highest.max(p_values[test] * (count - rank) as f64).min(1.0);
        corrected[test] = highest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn corrected_values_keep_their_order_and_are_never_lower(
            p_values in prop::collection::vec(0.0..=1.0_f64, 0..12),
        ) {
            let corrected = holm(&p_values);
            for (a, corrected_a) in p_values.iter().zip(&corrected) {
                prop_assert!(corrected_a >= a && *corrected_a <= 1.0);
                for (b, corrected_b) in p_values.iter().zip(&corrected) {
                    prop_assert!(a > b || corrected_a <= corrected_b);
                }
            }
        }
    }
}
