//! Selection: which columns a tabular model learns from.
//!
//! Two filters, one after the other as in a pipeline of scikit-learn: [`FTest`] with a bound on the family-wise error keeps
//! columns whose means differ between the classes beyond chance, and a threshold of the variance drops columns that hardly
//! vary. Both look at the training part of a fold alone: a filter that has seen the held-out cells makes their score too good
//! (Ambroise and McLachlan 2002, PNAS 99:6562). What they found is reported column by column.
//!
//! Start with [`Selection::of`].

mod f_test;
#[cfg(test)]
mod golden;
mod settings;
mod variance;

pub use f_test::FTest;
pub use settings::{RawSelection, SelectionSettings};
pub use variance::variance;

use rayon::prelude::*;

/// What was found out about one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnTest {
    /// Whether the model learns from it.
    pub kept: bool,
    /// How far the means of the classes are apart, and how likely that is by chance.
    pub test: FTest,
    /// The variance of the numbers that are there, in the square of the column's unit.
    pub variance: f64,
}

/// Which columns a model learns from, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    tests: Vec<ColumnTest>,
}

/// No column is left to learn from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "none of {columns} columns passes the selection: the smallest p-value is {least_p:.2e}, expected below {bound:.2e}, and the \
     largest variance is {most_variance:.2e}, expected above {threshold}"
)]
pub struct NothingSelected {
    columns: usize,
    least_p: f64,
    bound: f64,
    most_variance: f64,
    threshold: f64,
}

impl Selection {
    /// Tests each column of `values`, `[row, column]`, of rows of the classes `labels`, each below `classes`. Numbers that
    /// are `NaN` are missing and count for nothing.
    ///
    /// # Errors
    /// If no column passes.
    ///
    /// # Panics
    /// If the values do not fill one row for each label.
    pub fn of(
        values: &[f32],
        labels: &[u16],
        classes: usize,
        settings: &SelectionSettings,
    ) -> Result<Self, NothingSelected> {
        let columns = values.len() / labels.len().max(1);
        assert_eq!(columns * labels.len(), values.len(), "one row for each label");
        let bound = settings.p_bound(columns);
        let test = |column: usize| {
            let own = || values.iter().skip(column).step_by(columns).copied();
            let test = FTest::of(own().zip(labels.iter().copied()), classes);
            let variance = variance(own());
            let kept = bound.is_none_or(|bound| test.p_value < bound)
                && settings.variance_threshold().is_none_or(|threshold| variance > threshold);
            ColumnTest { kept, test, variance }
        };
        let tests: Vec<ColumnTest> = (0..columns).into_par_iter().map(test).collect();
        if tests.iter().any(|test| test.kept) {
            return Ok(Self { tests });
        }
        Err(NothingSelected {
            columns,
            least_p: tests.iter().map(|own| own.test.p_value).fold(f64::INFINITY, f64::min),
            bound: bound.unwrap_or(f64::INFINITY),
            most_variance: tests.iter().map(|own| own.variance).fold(0.0, f64::max),
            threshold: settings.variance_threshold().unwrap_or(0.0),
        })
    }

    /// What was found out, column by column.
    pub fn tests(&self) -> &[ColumnTest] {
        &self.tests
    }

    /// The columns that are kept, in their order.
    pub fn kept(&self) -> impl Iterator<Item = usize> + '_ {
        self.tests.iter().enumerate().filter(|(_, test)| test.kept).map(|(column, _)| column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tesela_datasets::config::Problems;

    fn settings(text: &str) -> SelectionSettings {
        let raw: RawSelection = toml_of(text);
        raw.check("select", &mut Problems::new()).unwrap()
    }

    fn toml_of(text: &str) -> RawSelection {
        tesela_datasets::config::parse_toml(text, std::path::Path::new("x.toml")).unwrap()
    }

    #[test]
    fn columns_that_tell_classes_apart_are_kept() {
        // Noise; the class; a constant.
        let rows = (0..40_u16).map(|row| {
            let noise = f32::from(row * 7 % 11);
            [noise, f32::from(row % 2) * 5.0 + noise, 3.0]
        });
        let values: Vec<f32> = rows.flatten().collect();
        let labels: Vec<u16> = (0..40).map(|row| row % 2).collect();
        let found = Selection::of(&values, &labels, 2, &settings("fwe-alpha = 0.05")).unwrap();
        assert_eq!(found.kept().collect::<Vec<_>>(), [1]);
        assert!(found.tests()[2].test.p_value.is_nan());
        let found =
            Selection::of(&values, &labels, 2, &settings("variance-threshold = 0.0")).unwrap();
        assert_eq!(found.kept().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn nothing_left_is_an_error_that_says_how_close_it_was() {
        let labels = [0, 1, 0, 1];
        let error = Selection::of(&[1.0; 4], &labels, 2, &settings("variance-threshold = 0.5"));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("none of 1 columns") && text.contains("above 0.5"), "{text}");
    }

    proptest! {
        #[test]
        fn the_order_of_rows_and_the_unit_of_a_column_do_not_matter(
            rows in prop::collection::vec((-100.0_f32..100.0, 0_u16..3), 8..60),
        ) {
            let (values, labels): (Vec<f32>, Vec<u16>) = rows.iter().copied().unzip();
            let test = |values: &[f32], labels: &[u16]| {
                FTest::of(values.iter().copied().zip(labels.iter().copied()), 3)
            };
            let own = test(&values, &labels);
            let doubled: Vec<f32> = values.iter().map(|value| value * 2.0).collect();
            let other = test(&doubled, &labels);
            let reversed = test(
                &values.iter().rev().copied().collect::<Vec<_>>(),
                &labels.iter().rev().copied().collect::<Vec<_>>(),
            );
            for other in [other, reversed] {
                let same = |a: f64, b: f64| {
                    (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-9)
                };
                prop_assert!(same(own.statistic, other.statistic), "{own:?} {other:?}");
                prop_assert!(same(own.p_value, other.p_value), "{own:?} {other:?}");
            }
        }
    }
}
