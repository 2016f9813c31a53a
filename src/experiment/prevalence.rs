//! How common the classes are where a model is to be used, as an experiment says it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::config::Problems;

use super::prevalence_entries::{ByStratum, Entry, ShareOf};
use super::strata::{KEY, RawStrata, RawStrataSource, Strata};
use super::{ExperimentError, RegionSource};
use crate::metrics::Prevalence;

/// `target-prevalence` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RawPrevalence {
    /// The share of the second of two classes.
    Second(f64),
    /// The share of each class by name; one may be left out, which has the rest.
    Named(BTreeMap<String, f64>),
    /// The same by stratum.
    Strata(Box<RawStrata>),
}

/// Prevalences of classes, before the classes are known.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetPrevalence {
    shares: Shares,
}

#[derive(Debug, Clone, PartialEq)]
enum Shares {
    Second(f64),
    Named(BTreeMap<String, f64>),
    Strata(Strata),
}

impl RawPrevalence {
    /// Checks every share and notes each problem.
    pub(super) fn check(&self, problems: &mut Problems) -> TargetPrevalence {
        let mut note = |key: &str, share: f64| {
            if !(share > 0.0 && share < 1.0) {
                problems.add(key, format!("is {share}; expected a share above 0 and below 1"));
            }
        };
        let shares = match self {
            Self::Second(share) => {
                note(KEY, *share);
                Shares::Second(*share)
            }
            Self::Named(shares) => {
                for (class, share) in shares {
                    note(&format!("{KEY}.{class}"), *share);
                }
                Shares::Named(shares.clone())
            }
            Self::Strata(strata) => Shares::Strata(strata.check(problems)),
        };
        TargetPrevalence { shares }
    }
}

impl TargetPrevalence {
    /// What says in which stratum a cell lies, where strata are told apart.
    pub(super) fn strata(&self) -> Option<&RegionSource> {
        match &self.shares {
            Shares::Strata(strata) => Some(&strata.source),
            Shares::Second(_) | Shares::Named(_) => None,
        }
    }

    /// The share of each of `classes`.
    ///
    /// # Errors
    /// If a class is named that is not there, more than one is left out, or the shares do not sum to one.
    pub(super) fn of(&self, classes: &ClassMap) -> Result<Prevalence, ExperimentError> {
        let shares = match &self.shares {
            Shares::Second(share) if classes.len() == 2 => vec![1.0 - share, *share],
            Shares::Second(share) => {
                let count = classes.len();
                let reason = format!(
                    "is {share}, which is the second class of two; expected a share by name for each of \
                     {count} classes but one"
                );
                return Err(ExperimentError::Prevalence { reason });
            }
            Shares::Named(shares) => by_class(shares, classes)?,
            Shares::Strata(strata) => return strata.of(classes),
        };
        Prevalence::new(shares)
            .map_err(|error| ExperimentError::Prevalence { reason: error.to_string() })
    }
}

/// The share of each of `classes`; the one that is not named, if any, has the rest.
pub(super) fn by_class(
    named: &BTreeMap<String, f64>,
    classes: &ClassMap,
) -> Result<Vec<f64>, ExperimentError> {
    if let Some(unknown) = named.keys().find(|name| classes.id(name).is_none()) {
        return Err(ExperimentError::UnknownClass {
            key: "validation.target-prevalence",
            found: unknown.clone(),
            expected: classes.to_string(),
        });
    }
    if classes.len() - named.len() > 1 {
        let (found, all) = (named.len(), classes.len());
        let reason = format!("names {found} of {all} classes; expected all but one at least");
        return Err(ExperimentError::Prevalence { reason });
    }
    let rest = (1.0 - named.values().sum::<f64>()).max(0.0);
    Ok(classes.names().iter().map(|name| named.get(name).copied().unwrap_or(rest)).collect())
}

impl<'de> Deserialize<'de> for RawPrevalence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PrevalenceVisitor)
    }
}

struct PrevalenceVisitor;

impl<'de> Visitor<'de> for PrevalenceVisitor {
    type Value = RawPrevalence;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the share of the second of two classes, or a table of shares by name or stratum",
        )
    }

    fn visit_f64<E: de::Error>(self, share: f64) -> Result<RawPrevalence, E> {
        Ok(RawPrevalence::Second(share))
    }

    fn visit_i64<E: de::Error>(self, share: i64) -> Result<RawPrevalence, E> {
        // No whole number is a share, which the check says better.
        Ok(RawPrevalence::Second(share as f64))
    }

    fn visit_u64<E: de::Error>(self, share: u64) -> Result<RawPrevalence, E> {
        Ok(RawPrevalence::Second(share as f64))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<RawPrevalence, M::Error> {
        let mut shares = BTreeMap::new();
        let (mut source, mut table, mut by_stratum) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            // What is a number is the share of a class, whatever it is called.
            let share = match key.as_str() {
                "strata" => map.next_value::<Entry<RawStrataSource>>()?.or_into(&mut source),
                "table" => map.next_value::<Entry<PathBuf>>()?.or_into(&mut table),
                "by-stratum" => map.next_value::<Entry<ByStratum>>()?.or_into(&mut by_stratum),
                _ => Some(map.next_value_seed(ShareOf(&key))?),
            };
            shares.extend(share.map(|share| (key, share)));
        }
        if source.is_none() && table.is_none() && by_stratum.is_none() {
            return Ok(RawPrevalence::Named(shares));
        }
        if !shares.is_empty() {
            let names: Vec<String> = shares.keys().map(|name| format!("`{name}`")).collect();
            let names = names.join(", ");
            return Err(de::Error::custom(format!(
                "shares of classes ({names}) stand beside strata, each of which has its own"
            )));
        }
        let strata = source.ok_or_else(|| de::Error::missing_field("strata"))?;
        let by_stratum = by_stratum.unwrap_or_default();
        Ok(RawPrevalence::Strata(Box::new(RawStrata { strata, table, by_stratum })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::RawValidation;

    fn target(text: &str, classes: &[&str]) -> Result<Vec<f64>, String> {
        let raw: RawValidation = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut problems = Problems::new();
        let checked = raw.check(&mut problems);
        let validation = problems.finish(checked).map_err(|error| error.to_string())?;
        let classes = ClassMap::new(classes.iter().copied()).unwrap();
        match validation.target(&classes) {
            Ok(target) => Ok(target.unwrap().shares().to_vec()),
            Err(error) => Err(error.to_string()),
        }
    }

    const TWO: [&str; 2] = ["non-urban", "urban"];

    #[test]
    fn the_class_that_is_not_named_has_the_rest() {
        assert_eq!(target("target-prevalence = { urban = 0.25 }", &TWO), Ok(vec![0.75, 0.25]));
        assert_eq!(target("target-prevalence = { non-urban = 0.75 }", &TWO), Ok(vec![0.75, 0.25]));
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        for text in ["target-prevalence = 0.25", "target-prevalence = { urban = 0.25 }"] {
            let raw: RawValidation = toml::from_str(text).unwrap();
            let written = toml::to_string(&raw).unwrap();
            assert_eq!(toml::from_str::<RawValidation>(&written).unwrap(), raw, "{written}");
        }
    }

    #[test]
    fn a_share_alone_is_that_of_the_second_of_two_classes() {
        assert_eq!(target("target-prevalence = 0.25", &TWO), Ok(vec![0.75, 0.25]));
        let error = target("target-prevalence = 0.25", &["a", "b", "c"]).unwrap_err();
        assert!(error.contains("each of 3 classes but one"), "{error}");
    }

    #[test]
    fn what_is_no_share_is_refused_with_its_key() {
        for share in ["0", "1", "1.5", "-0.1", "nan"] {
            let error = target(&format!("target-prevalence = {share}"), &TWO).unwrap_err();
            assert!(error.contains("expected a share above 0 and below 1"), "{error}");
            let error = target(&format!("target-prevalence = {{ urban = {share} }}"), &TWO);
            assert!(error.unwrap_err().contains("validation.target-prevalence.urban"));
        }
        let error = target("target-prevalence = \"much\"", &TWO).unwrap_err();
        assert!(error.contains("the share of the second of two classes, or a table"), "{error}");
    }

    #[test]
    fn mixtures_that_make_no_whole_are_refused() {
        let error =
            target("target-prevalence = { urban = 0.2, non-urban = 0.7 }", &TWO).unwrap_err();
        assert!(error.contains("sum to 0.8999"), "{error}");
        let error = target("target-prevalence = { urbane = 0.2 }", &TWO).unwrap_err();
        assert!(
            error.contains("names class `urbane`; the classes are non-urban, urban"),
            "{error}"
        );
    }
}
