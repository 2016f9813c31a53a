//! How common the classes are where a model is to be used, as an experiment says it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::config::Problems;

use super::ExperimentError;
use crate::metrics::Prevalence;

/// `target-prevalence` as written in an experiment file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RawPrevalence {
    /// The share of the second of two classes.
    Second(f64),
    /// The share of each class by name; one may be left out, which has the rest.
    Named(BTreeMap<String, f64>),
}

/// Prevalences of classes, before the classes are known.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetPrevalence {
    raw: RawPrevalence,
}

impl RawPrevalence {
    /// Checks every share and notes each problem.
    pub(super) fn check(&self, problems: &mut Problems) -> TargetPrevalence {
        let mut note = |key: &str, share: f64| {
            if !(share > 0.0 && share < 1.0) {
                problems.add(key, format!("is {share}; expected a share above 0 and below 1"));
            }
        };
        match self {
            Self::Second(share) => note("validation.target-prevalence", *share),
            Self::Named(shares) => {
                for (class, share) in shares {
                    note(&format!("validation.target-prevalence.{class}"), *share);
                }
            }
        }
        TargetPrevalence { raw: self.clone() }
    }
}

impl TargetPrevalence {
    /// The share of each of `classes`.
    ///
    /// # Errors
    /// If a class is named that is not there, more than one is left out, or the shares do not sum to one.
    pub(super) fn of(&self, classes: &ClassMap) -> Result<Prevalence, ExperimentError> {
        let shares = match &self.raw {
            RawPrevalence::Second(share) if classes.len() == 2 => vec![1.0 - share, *share],
            RawPrevalence::Second(share) => {
                let count = classes.len();
                let reason = format!(
                    "is {share}, which is the second class of two; expected a share by name for each of \
                     {count} classes but one"
                );
                return Err(ExperimentError::Prevalence { reason });
            }
            RawPrevalence::Named(shares) => by_class(shares, classes)?,
        };
        Prevalence::new(shares)
            .map_err(|error| ExperimentError::Prevalence { reason: error.to_string() })
    }
}

/// The share of each of `classes`; the one that is not named, if any, has the rest.
fn by_class(
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
        formatter.write_str("the share of the second of two classes, or a table of shares by name")
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

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawPrevalence, M::Error> {
        Deserialize::deserialize(MapAccessDeserializer::new(map)).map(RawPrevalence::Named)
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
            Ok(target) => Ok(target.unwrap().into()),
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
