//! Histograms: how the numbers of a tensor are spread, for whoever watches a training.

/// Intervals of a histogram.
const INTERVALS: usize = 30;

/// How the numbers of a tensor are spread.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The name of the tensor, such as `conv1.weight`.
    pub name: String,
    /// The least number.
    pub least: f64,
    /// The largest number.
    pub most: f64,
    /// How many numbers there are.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_squares: f64,
    /// The upper end of each interval, rising; the first interval begins at the least number.
    pub limits: Vec<f64>,
    /// How many numbers lie in each interval.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// The histogram of `values` in thirty intervals of one width; `None` where none of them is a finite number.
    /// Others than finite numbers are left out.
    pub fn of(name: &str, values: &[f32]) -> Option<Self> {
        let finite =
            || values.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value));
        let least = finite().reduce(f64::min)?;
        let most = finite().reduce(f64::max)?;
        let intervals = if most > least { INTERVALS } else { 1 };
        let width = (most - least) / intervals as f64;
        let limits = (1..=intervals)
            .map(|end| if end == intervals { most } else { least + width * end as f64 });
        let mut counts = vec![0.0; intervals];
        let (mut count, mut sum, mut sum_squares) = (0.0, 0.0, 0.0);
        for value in finite() {
            counts[interval(value, least, width, intervals)] += 1.0;
            count += 1.0;
            sum += value;
            sum_squares += value * value;
        }
        let (name, limits) = (name.to_owned(), limits.collect());
        Some(Self { name, least, most, count, sum, sum_squares, limits, counts })
    }
}

/// The interval that `value` lies in.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and limited to the last interval"
)]
fn interval(value: f64, least: f64, width: f64, intervals: usize) -> usize {
    if width > 0.0 { (((value - least) / width) as usize).min(intervals - 1) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_number_is_counted_once() {
        let values: Vec<f32> =
            (0..100_u8).map(f32::from).chain([f32::NAN, f32::INFINITY]).collect();
        let histogram = Histogram::of("x", &values).unwrap();
        assert_eq!((histogram.least, histogram.most, histogram.count), (0.0, 99.0, 100.0));
        assert_eq!((histogram.sum, histogram.sum_squares), (4950.0, 328_350.0));
        assert_eq!(histogram.counts.iter().sum::<f64>(), 100.0);
        assert_eq!(histogram.limits.len(), 30);
        assert_eq!(histogram.limits.last(), Some(&99.0));
        assert!(histogram.limits.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn equal_numbers_share_one_interval_and_none_have_no_histogram() {
        let histogram = Histogram::of("x", &[2.0; 7]).unwrap();
        assert_eq!((histogram.limits, histogram.counts), (vec![2.0], vec![7.0]));
        assert_eq!(Histogram::of("x", &[f32::NAN]), None);
        assert_eq!(Histogram::of("x", &[]), None);
    }
}
