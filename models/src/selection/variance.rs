//! How much a column varies.

/// The mean squared difference of `numbers` from their mean, as NumPy's `nanvar`; those that are `NaN` are missing. Exactly 0
/// where all are the same, `NaN` where there are none.
pub fn variance(numbers: impl Iterator<Item = f32> + Clone) -> f64 {
    let numbers = numbers.filter(|value| !value.is_nan());
    let (mut count, mut sum) = (0_u64, 0.0);
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for value in numbers.clone() {
        count += 1;
        sum += f64::from(value);
        (low, high) = (low.min(value), high.max(value));
    }
    // The mean of equal numbers may be rounded away from them.
    if count > 0 && low == high {
        return 0.0;
    }
    let mean = sum / count as f64;
    numbers.map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_do_not_vary_and_missing_ones_do_not_count() {
        assert_eq!(variance([0.1_f32; 7].into_iter()), 0.0);
        assert_eq!(variance([1.0, f32::NAN, 3.0].into_iter()), 1.0);
        assert!(variance(std::iter::empty()).is_nan());
        assert!(variance([f32::NAN].into_iter()).is_nan());
    }
}
