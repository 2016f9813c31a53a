//! Scores of probabilities as such: how surprised they are, and how far off.

use tesela_datasets::class::ClassId;

/// `-ln p` of the known class, `p` kept within machine precision of 0 and 1 as scikit-learn does.
pub(crate) fn log_loss(truth: ClassId, row: &[f32]) -> f64 {
    -f64::from(row[truth.index()]).clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

/// Squared distance between the probabilities and the known class: summed over the classes, and halved
/// where there are two, so that it runs from 0 to 1 there (scikit-learn's convention).
pub(crate) fn brier_loss(truth: ClassId, row: &[f32]) -> f64 {
    let share = if row.len() == 2 { 0.5 } else { 1.0 };
    let square = |(class, &value): (usize, &f32)| {
        let known = if class == truth.index() { 1.0 } else { 0.0 };
        (f64::from(value) - known).powi(2)
    };
    share * row.iter().enumerate().map(square).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_costs_nothing_when_right_and_much_but_not_infinitely_when_wrong() {
        let known = ClassId::new(0);
        assert!(log_loss(known, &[1.0, 0.0]).abs() < 1e-12);
        assert_eq!(brier_loss(known, &[1.0, 0.0]), 0.0);
        assert!((log_loss(known, &[0.0, 1.0]) - 36.043_653_389_117_15).abs() < 1e-9);
        assert_eq!(brier_loss(known, &[0.0, 1.0]), 1.0);
    }
}
