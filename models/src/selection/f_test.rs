//! The F test of a column: whether its means differ between the classes.

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// One-way analysis of variance of one column (Fisher 1925), as `f_classif` of scikit-learn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FTest {
    /// The variance between the means of the classes over that within the classes: 0 or above, infinite where nothing
    /// varies within a class; `NaN` where nothing varies at all, or fewer than two classes have numbers.
    pub statistic: f64,
    /// The chance of such a statistic, or a larger one, where all means are the same; `NaN` where there is no statistic.
    pub p_value: f64,
}

/// The numbers of one class.
#[derive(Debug, Clone, Copy, Default)]
struct Class {
    count: u64,
    sum: f64,
    /// Of squared differences from the mean of the class.
    squares: f64,
}

impl FTest {
    /// Tests numbers with their classes, each below `classes`; those that are `NaN` are missing.
    pub(super) fn of(numbers: impl Iterator<Item = (f32, u16)> + Clone, classes: usize) -> Self {
        let numbers = numbers.filter(|(value, _)| !value.is_nan());
        let mut all = vec![Class::default(); classes];
        for (value, class) in numbers.clone() {
            let class = &mut all[usize::from(class)];
            class.count += 1;
            class.sum += f64::from(value);
        }
        // In a second pass, because sums of squares alone cancel each other.
        for (value, class) in numbers {
            let class = &mut all[usize::from(class)];
            class.squares += (f64::from(value) - class.mean()).powi(2);
        }
        all.retain(|class| class.count > 0);
        Self::of_classes(&all)
    }

    fn of_classes(classes: &[Class]) -> Self {
        let count: u64 = classes.iter().map(|class| class.count).sum();
        let groups = classes.len() as u64;
        let unknown = Self { statistic: f64::NAN, p_value: f64::NAN };
        if groups < 2 || count <= groups {
            return unknown;
        }
        let mean = classes.iter().map(|class| class.sum).sum::<f64>() / count as f64;
        let apart = |class: &Class| class.count as f64 * (class.mean() - mean).powi(2);
        let between: f64 = classes.iter().map(apart).sum();
        let within: f64 = classes.iter().map(|class| class.squares).sum();
        let freedoms = [(groups - 1) as f64, (count - groups) as f64];
        let statistic = between / freedoms[0] / (within / freedoms[1]);
        if statistic.is_nan() {
            return unknown;
        }
        if statistic.is_infinite() {
            return Self { statistic, p_value: 0.0 };
        }
        let law = FisherSnedecor::new(freedoms[0], freedoms[1]);
        Self { statistic, p_value: law.map_or(f64::NAN, |law| law.sf(statistic)) }
    }
}

impl Class {
    fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}
