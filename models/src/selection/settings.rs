//! `[model.….select]`: how columns are selected.

use serde::{Deserialize, Serialize};
use tesela_datasets::config::Problems;

/// `select` of a model as written; what is left out does not filter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RawSelection {
    /// The chance, over all columns together, that one is kept although its means are the same in all classes (`alpha` of
    /// scikit-learn's `SelectFwe`, with the F test `f_classif`): above 0, below 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fwe_alpha: Option<f64>,
    /// Columns whose variance is not above this are dropped (`threshold` of scikit-learn's `VarianceThreshold`): 0 drops
    /// constants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance_threshold: Option<f64>,
}

/// How columns are selected, known to be usable.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectionSettings {
    raw: RawSelection,
}

impl RawSelection {
    /// Checks every field and notes each problem with the key below `table` that caused it.
    pub fn check(&self, table: &str, problems: &mut Problems) -> Option<SelectionSettings> {
        let alpha = self.fwe_alpha.filter(|alpha| !(*alpha > 0.0 && *alpha < 1.0));
        if let Some(found) = alpha {
            let problem = format!("is {found}; expected a number above 0 and below 1");
            problems.add(&format!("{table}.fwe-alpha"), problem);
        }
        let threshold = self.variance_threshold.filter(|own| !(*own >= 0.0 && own.is_finite()));
        if let Some(found) = threshold {
            let problem = format!("is {found}; expected 0 or a number above");
            problems.add(&format!("{table}.variance-threshold"), problem);
        }
        let usable = alpha.is_none() && threshold.is_none();
        usable.then(|| SelectionSettings { raw: self.clone() })
    }
}

impl SelectionSettings {
    /// As written.
    pub fn raw(&self) -> &RawSelection {
        &self.raw
    }

    /// The bound that the p-value of each of `columns` columns must be below: Bonferroni's.
    pub(super) fn p_bound(&self, columns: usize) -> Option<f64> {
        self.raw.fwe_alpha.map(|alpha| alpha / columns as f64)
    }

    /// What the variance must be above.
    pub(super) fn variance_threshold(&self) -> Option<f64> {
        self.raw.variance_threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    #[test]
    fn an_empty_table_filters_nothing() {
        let raw: RawSelection = parse_toml("", Path::new("x.toml")).unwrap();
        let settings = raw.check("select", &mut Problems::new()).unwrap();
        assert_eq!((settings.p_bound(10), settings.variance_threshold()), (None, None));
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let error = parse_toml::<RawSelection>("fwe-alfa = 0.1", Path::new("x.toml"));
        assert!(error.unwrap_err().to_string().contains("did you mean `fwe-alpha`?"));
    }

    #[test]
    fn every_value_out_of_range_is_named() {
        for text in
            ["fwe-alpha = 0\nvariance-threshold = -1", "fwe-alpha = 1.0\nvariance-threshold = nan"]
        {
            let raw: RawSelection = parse_toml(text, Path::new("x.toml")).unwrap();
            let mut problems = Problems::new();
            let checked = raw.check("model.extra-trees.select", &mut problems);
            let error = problems.finish(checked).unwrap_err().to_string();
            assert!(error.contains("`model.extra-trees.select.fwe-alpha`: is "), "{error}");
            assert!(
                error.contains("`model.extra-trees.select.variance-threshold`: is "),
                "{error}"
            );
        }
    }
}
