//! The parameters of a forest: as written in an experiment file, and checked.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tesela_datasets::config::Problems;

use super::class_weight::ClassWeight;
use super::classifier::{KIND, RANDOM_FOREST_KIND};
use super::threshold::Threshold;
use crate::selection::{RawSelection, SelectionSettings};

/// How many trees a forest may have at most.
pub(crate) const MAX_TREES: u64 = 100_000;

/// `[model.extra-trees]` as written; names and defaults are scikit-learn's, but for `n-trees`
/// (`n_estimators` there).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RawExtraTrees {
    /// Number of trees.
    pub n_trees: u64,
    /// Columns tried at each node: `"sqrt"`, `"log2"`, `"all"`, a share (`0.3`) or a count (`22`).
    pub max_features: MaxFeatures,
    /// Nodes with fewer rows are not split; rows that weigh nothing do not count, others count once.
    pub min_samples_split: u64,
    /// No split leaves fewer rows on a side.
    pub min_samples_leaf: u64,
    /// Splits from the root to a leaf at most; unlimited where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_depth: Option<u64>,
    /// No split lowers the impurity by less: that of the node, less that of its children in proportion to their
    /// weights, times the share of the tree's weight that is in the node.
    #[serde(skip_serializing_if = "is_zero")]
    pub min_impurity_decrease: f64,
    /// What a split is to lower: `"gini"` or `"entropy"`.
    pub criterion: Criterion,
    /// How the threshold of a column is drawn: `"uniform"`, `"quantile-uniform"` or `"log-uniform"`; of Extra
    /// Trees alone.
    #[serde(skip_serializing_if = "is_uniform")]
    pub threshold: Threshold,
    /// Whether each tree sees a sample drawn with replacement instead of all rows; where absent, a random
    /// forest does and Extra Trees do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<bool>,
    /// `"none"`; `"balanced"`: each class weighs the same; `"balanced-subsample"`: the same in each bootstrap
    /// sample; or the weights of rows of some classes, such as `{ urban = 2.0 }`.
    pub class_weight: ClassWeight,
    /// Which columns are learned from; all where absent. `max-features` speaks of those that are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<RawSelection>,
}

/// What is written only where it is not the default: models that were fitted before it existed read the same.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// The same for the law of thresholds.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_uniform(law: &Threshold) -> bool {
    *law == Threshold::Uniform
}

impl Default for RawExtraTrees {
    fn default() -> Self {
        Self {
            n_trees: 100,
            max_features: MaxFeatures::Sqrt,
            min_samples_split: 2,
            min_samples_leaf: 1,
            max_depth: None,
            min_impurity_decrease: 0.0,
            criterion: Criterion::Gini,
            threshold: Threshold::Uniform,
            bootstrap: None,
            class_weight: ClassWeight::None,
            select: None,
        }
    }
}

/// `[model.random-forest]` as written: the same keys as those of Extra Trees.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawRandomForest(pub RawExtraTrees);

impl RawRandomForest {
    /// Checks every field and notes each problem with the key below `table` that caused it.
    pub fn check(self, table: &str, problems: &mut Problems) -> Option<Parameters> {
        self.0.check_as(Cut::Best, table, problems)
    }
}

impl RawExtraTrees {
    /// Checks every field and notes each problem with the key below `table` that caused it.
    pub fn check(self, table: &str, problems: &mut Problems) -> Option<Parameters> {
        self.check_as(Cut::Random, table, problems)
    }

    fn check_as(self, cut: Cut, table: &str, problems: &mut Problems) -> Option<Parameters> {
        let mut at_least = |key: &str, value: u64, least: u64, most: u64| {
            let result = if (least..=most).contains(&value) {
                Ok(usize::try_from(value).expect("the upper bound fits"))
            } else {
                Err(format!("is {value}; expected {least} to {most}"))
            };
            problems.note(&format!("{table}.{key}"), result)
        };
        let most = u64::from(u32::MAX);
        let n_trees = at_least("n-trees", self.n_trees, 1, MAX_TREES);
        let min_samples_split = at_least("min-samples-split", self.min_samples_split, 2, most);
        let min_samples_leaf = at_least("min-samples-leaf", self.min_samples_leaf, 1, most);
        let max_depth = match self.max_depth {
            Some(depth) => at_least("max-depth", depth, 1, most).map(Some),
            None => Some(None),
        };
        let max_features =
            problems.note(&format!("{table}.max-features"), self.max_features.checked());
        let least = self.min_impurity_decrease;
        let min_impurity_decrease = problems.note(
            &format!("{table}.min-impurity-decrease"),
            if least >= 0.0 { Ok(least) } else { Err(format!("is {least}; expected 0 or more")) },
        );
        let threshold = problems.note(
            &format!("{table}.threshold"),
            match (cut, self.threshold) {
                (Cut::Best, law) if law != Threshold::Uniform => {
                    Err("is drawn by Extra Trees alone; a random forest takes the best".to_owned())
                }
                (_, law) => Ok(law),
            },
        );
        let class_weight =
            problems.note(&format!("{table}.class-weight"), self.class_weight.checked());
        let select = match &self.select {
            Some(raw) => raw.check(&format!("{table}.select"), problems).map(Some),
            None => Some(None),
        };
        Some(Parameters {
            cut,
            n_trees: n_trees?,
            max_features: max_features?,
            min_samples_split: min_samples_split?,
            min_samples_leaf: min_samples_leaf?,
            max_depth: max_depth?,
            min_impurity_decrease: min_impurity_decrease?,
            criterion: self.criterion,
            threshold: threshold?,
            bootstrap: self.bootstrap.unwrap_or(cut == Cut::Best),
            class_weight: class_weight?,
            select: select?,
        })
    }
}

/// Where a column that is tried is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// At a point drawn between its extremes in the node: Extra Trees.
    Random,
    /// Where the impurity falls most: random forests.
    Best,
}

impl Cut {
    /// The name of the kind of model that cuts so.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Random => KIND,
            Self::Best => RANDOM_FOREST_KIND,
        }
    }
}

/// Parameters of a forest that are known to be usable; those of Extra Trees by default.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub(crate) cut: Cut,
    pub(crate) n_trees: usize,
    pub(crate) max_features: MaxFeatures,
    pub(crate) min_samples_split: usize,
    pub(crate) min_samples_leaf: usize,
    pub(crate) max_depth: Option<usize>,
    pub(crate) min_impurity_decrease: f64,
    pub(crate) criterion: Criterion,
    pub(crate) threshold: Threshold,
    pub(crate) bootstrap: bool,
    pub(crate) class_weight: ClassWeight,
    pub(crate) select: Option<SelectionSettings>,
}

impl Default for Parameters {
    fn default() -> Self {
        RawExtraTrees::default()
            .check("", &mut Problems::new())
            .expect("the defaults are within their ranges")
    }
}

impl Parameters {
    /// Where the columns that are tried are cut.
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// The same, with weights of named classes put in the order of `classes`.
    ///
    /// # Errors
    /// If a name is not that of a class.
    pub fn in_order(&self, classes: &[String]) -> Result<Self, String> {
        Ok(Self { class_weight: self.class_weight.in_order(classes)?, ..self.clone() })
    }
}

impl From<&Parameters> for RawExtraTrees {
    fn from(parameters: &Parameters) -> Self {
        Self {
            n_trees: parameters.n_trees as u64,
            max_features: parameters.max_features,
            min_samples_split: parameters.min_samples_split as u64,
            min_samples_leaf: parameters.min_samples_leaf as u64,
            max_depth: parameters.max_depth.map(|depth| depth as u64),
            min_impurity_decrease: parameters.min_impurity_decrease,
            criterion: parameters.criterion,
            threshold: parameters.threshold,
            bootstrap: Some(parameters.bootstrap),
            class_weight: parameters.class_weight.clone(),
            select: parameters.select.as_ref().map(|own| own.raw().clone()),
        }
    }
}

/// How many columns are tried at each node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFeatures {
    /// The square root of the number of columns.
    Sqrt,
    /// The binary logarithm of the number of columns.
    Log2,
    /// All columns.
    All,
    /// A share of the columns, above 0 and at most 1.
    Share(f64),
    /// So many columns.
    Count(u64),
}

impl MaxFeatures {
    fn checked(self) -> Result<Self, String> {
        match self {
            Self::Share(share) if !(share > 0.0 && share <= 1.0) => {
                Err(format!("is {share}; expected a share above 0 and at most 1, or a count"))
            }
            Self::Count(0) => Err("is 0; expected at least 1".into()),
            usable => Ok(usable),
        }
    }

    /// The number for a table of `columns`, rounded down and at least one.
    ///
    /// # Errors
    /// If a count exceeds the number of columns.
    pub(crate) fn count(self, columns: usize) -> Result<usize, String> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of the columns is positive and not above their number"
        )]
        let rounded = |value: f64| (value as usize).clamp(1, columns);
        match self {
            Self::Sqrt => Ok(columns.isqrt().max(1)),
            Self::Log2 => Ok((columns.ilog2() as usize).max(1)),
            Self::All => Ok(columns),
            Self::Share(share) => Ok(rounded(share * columns as f64)),
            Self::Count(count) => match usize::try_from(count) {
                Ok(count) if count <= columns => Ok(count),
                _ => Err(format!("`max-features` is {count}; there are {columns} columns")),
            },
        }
    }
}

impl Serialize for MaxFeatures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sqrt => serializer.serialize_str("sqrt"),
            Self::Log2 => serializer.serialize_str("log2"),
            Self::All => serializer.serialize_str("all"),
            Self::Share(share) => serializer.serialize_f64(*share),
            Self::Count(count) => serializer.serialize_u64(*count),
        }
    }
}

impl<'de> Deserialize<'de> for MaxFeatures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaxFeaturesVisitor)
    }
}

struct MaxFeaturesVisitor;

impl Visitor<'_> for MaxFeaturesVisitor {
    type Value = MaxFeatures;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`sqrt`, `log2`, `all`, a share such as 0.3, or a count such as 22")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<MaxFeatures, E> {
        match name {
            "sqrt" => Ok(MaxFeatures::Sqrt),
            "log2" => Ok(MaxFeatures::Log2),
            "all" => Ok(MaxFeatures::All),
            _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
        }
    }

    fn visit_f64<E: de::Error>(self, share: f64) -> Result<MaxFeatures, E> {
        Ok(MaxFeatures::Share(share))
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<MaxFeatures, E> {
        Ok(MaxFeatures::Count(count))
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<MaxFeatures, E> {
        u64::try_from(count)
            .map(MaxFeatures::Count)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(count), &self))
    }
}

/// What a split is to lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// Gini impurity.
    Gini,
    /// Shannon entropy.
    Entropy,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    fn parse(text: &str) -> RawExtraTrees {
        parse_toml(text, Path::new("x.toml")).unwrap()
    }

    #[test]
    fn an_empty_table_is_scikit_learns_default() {
        let parameters = parse("").check("model.extra-trees", &mut Problems::new()).unwrap();
        assert_eq!(parameters, Parameters::default());
        assert_eq!((parameters.n_trees, parameters.max_features), (100, MaxFeatures::Sqrt));
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_nearest() {
        let error = parse_toml::<RawExtraTrees>("n-tree = 3", Path::new("x.toml")).unwrap_err();
        assert!(error.to_string().contains("did you mean `n-trees`?"), "{error}");
    }

    #[test]
    fn a_random_forest_draws_its_rows_and_looks_for_cuts() {
        let raw: RawRandomForest = parse_toml("n-trees = 7", Path::new("x.toml")).unwrap();
        let parameters = raw.check("model.random-forest", &mut Problems::new()).unwrap();
        assert_eq!((parameters.cut(), parameters.bootstrap), (Cut::Best, true));
        let expected =
            Parameters { n_trees: 7, cut: Cut::Best, bootstrap: true, ..Parameters::default() };
        assert_eq!(parameters, expected);
        assert_eq!(RawExtraTrees::from(&parameters).n_trees, 7);
    }

    #[test]
    fn max_features_has_five_spellings() {
        for (text, expected) in [
            ("\"sqrt\"", MaxFeatures::Sqrt),
            ("\"log2\"", MaxFeatures::Log2),
            ("\"all\"", MaxFeatures::All),
            ("0.25", MaxFeatures::Share(0.25)),
            ("22", MaxFeatures::Count(22)),
        ] {
            assert_eq!(parse(&format!("max-features = {text}")).max_features, expected);
        }
        let error = parse_toml::<RawExtraTrees>("max-features = \"auto\"", Path::new("x.toml"));
        assert!(error.unwrap_err().to_string().contains("expected `sqrt`, `log2`, `all`"));
    }

    #[test]
    fn shares_and_roots_count_as_in_scikit_learn() {
        assert_eq!(MaxFeatures::Sqrt.count(486), Ok(22));
        assert_eq!(MaxFeatures::Log2.count(486), Ok(8));
        assert_eq!(MaxFeatures::Share(0.3).count(486), Ok(145));
        assert_eq!(MaxFeatures::Share(1e-9).count(486), Ok(1));
        assert!(MaxFeatures::Count(487).count(486).is_err());
    }

    #[test]
    fn every_value_out_of_range_is_named_with_its_key() {
        let raw = parse(
            "n-trees = 0\nmin-samples-split = 1\nmax-depth = 0\nmax-features = 1.5\n\
             min-impurity-decrease = -0.1\nclass-weight = { urban = -1.0 }",
        );
        let mut problems = Problems::new();
        let checked = raw.check("model.extra-trees", &mut problems);
        let text = problems.finish(checked).unwrap_err().to_string();
        for key in [
            "n-trees",
            "min-samples-split",
            "max-depth",
            "max-features",
            "min-impurity-decrease",
            "class-weight",
        ] {
            assert!(text.contains(&format!("`model.extra-trees.{key}`: ")), "{text}");
        }
    }
}
