//! `[operating-point]`: how probabilities become decisions, as written in an experiment file, and checked.
//!
//! Every key has a default that works: the better calibration, the prevalence of `validation.target-prevalence`
//! where there is one, the threshold with the highest F1 there, and sets that miss one cell in ten.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tesela_datasets::config::{InvalidConfig, Problems};

use super::CalibrationKind;

/// How often the set of a cell may miss its class where an experiment does not say.
const DEFAULT_ERROR: f64 = 0.1;
/// The dearest that one error may be beside the other.
const MOST_COST: f64 = 1e6;

/// `[operating-point]` as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RawOperatingPoint {
    /// Which calibration: `best`, `none`, `temperature`, `platt`, `isotonic`.
    pub calibration: CalibrationChoice,
    /// The class that the threshold speaks of. Left out: of two classes the rarer one at the target prevalence, the
    /// second where they are equally common or there is no target; none of more.
    pub class: Option<String>,
    /// Which threshold: `max-f1`, `argmax`, `matched-share`, `{ precision = 0.8 }`, `{ recall = 0.9 }`,
    /// `{ cost-ratio = 5.0 }`. Left out: `max-f1` where there is a class that it speaks of, else `argmax`.
    pub threshold: Option<ThresholdRule>,
    /// Which prevalence: `target`, `estimated`, `sample`.
    pub prior: PriorChoice,
    /// How often the conformal set of a cell may miss its class, above 0 and below 1; `"none"`: there are no sets.
    pub conformal_error: ConformalError,
}

/// Which calibration is fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CalibrationChoice {
    /// The one with the lowest log-loss on cells that it was not fitted on.
    #[default]
    Best,
    /// None.
    None,
    /// One number for all classes.
    Temperature,
    /// A sigmoid for each class.
    Platt,
    /// A rising curve for each class.
    Isotonic,
}

impl CalibrationChoice {
    /// The kinds that are tried, from the simplest.
    pub fn kinds(self) -> &'static [CalibrationKind] {
        match self {
            Self::Best => &CalibrationKind::ALL,
            Self::None => &[CalibrationKind::None],
            Self::Temperature => &[CalibrationKind::Temperature],
            Self::Platt => &[CalibrationKind::Platt],
            Self::Isotonic => &[CalibrationKind::Isotonic],
        }
    }
}

/// Which threshold is sought.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdRule {
    /// None: the most probable class.
    Argmax,
    /// The highest F1 of the class.
    MaxF1,
    /// The share that is mapped as the class is its prevalence.
    MatchedShare,
    /// The highest recall with this precision at least.
    Precision(f64),
    /// The fewest mapped cells with this recall at least.
    Recall(f64),
    /// A false positive costs so many times what a false negative costs: the class is mapped where its probability is
    /// at least `ratio / (1 + ratio)`, which costs least where probabilities are true (Elkan 2001).
    CostRatio(f64),
}

/// Which prevalence probabilities are moved to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorChoice {
    /// The declared one of the place of use; that of the sample where none is declared.
    #[default]
    Target,
    /// One that is estimated from predictions of cells as they occur at the place of use.
    Estimated,
    /// That of the sample.
    Sample,
}

/// How often a conformal set may miss the class of its cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConformalError {
    /// There are no sets.
    None,
    /// At this rate.
    Rate(f64),
}

impl Default for ConformalError {
    fn default() -> Self {
        Self::Rate(DEFAULT_ERROR)
    }
}

/// Settings of an operating point that are known to be usable. They are written as they are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawOperatingPoint", into = "RawOperatingPoint")]
pub struct OperatingSettings {
    raw: RawOperatingPoint,
}

impl RawOperatingPoint {
    /// Checks every field and notes each problem with the key that caused it.
    pub fn check(self, problems: &mut Problems) -> Option<OperatingSettings> {
        let mut good = true;
        let mut check = |key: &str, is_good: bool, problem: String| {
            if !is_good {
                problems.add(&format!("operating-point.{key}"), problem);
                good = false;
            }
        };
        if let Some(class) = &self.class {
            check("class", !class.is_empty(), "is empty; expected the name of a class".into());
        }
        if let Some((key, problem)) = self.threshold.and_then(rule_problem) {
            check(&format!("threshold.{key}"), false, problem);
        }
        if let ConformalError::Rate(rate) = self.conformal_error {
            let problem = format!("is {rate}; expected above 0 and below 1, or \"none\"");
            check("conformal-error", rate > 0.0 && rate < 1.0, problem);
        }
        good.then_some(OperatingSettings { raw: self })
    }
}

/// What is wrong with the number of `rule`, if anything, and its key.
pub(super) fn rule_problem(rule: ThresholdRule) -> Option<(&'static str, String)> {
    let of_rate = |key, rate: f64| {
        let is_good = rate > 0.0 && rate <= 1.0;
        (!is_good).then(|| (key, format!("is {rate}; expected above 0, and 1 at most")))
    };
    match rule {
        ThresholdRule::Precision(rate) => of_rate("precision", rate),
        ThresholdRule::Recall(rate) => of_rate("recall", rate),
        ThresholdRule::CostRatio(ratio) => {
            let is_good = (1.0 / MOST_COST..=MOST_COST).contains(&ratio);
            let expected = format!("expected {:e} to {MOST_COST:e}", 1.0 / MOST_COST);
            (!is_good).then(|| ("cost-ratio", format!("is {ratio}; {expected}")))
        }
        ThresholdRule::Argmax | ThresholdRule::MaxF1 | ThresholdRule::MatchedShare => None,
    }
}

impl OperatingSettings {
    /// Which calibration.
    pub fn calibration(&self) -> CalibrationChoice {
        self.raw.calibration
    }

    /// The class that the threshold speaks of, where one is named.
    pub fn class(&self) -> Option<&str> {
        self.raw.class.as_deref()
    }

    /// Which threshold, where one is named.
    pub fn threshold(&self) -> Option<ThresholdRule> {
        self.raw.threshold
    }

    /// Which prevalence.
    pub fn prior(&self) -> PriorChoice {
        self.raw.prior
    }

    /// How often a conformal set may miss the class of its cell.
    pub fn conformal_error(&self) -> ConformalError {
        self.raw.conformal_error
    }
}

impl Default for OperatingSettings {
    fn default() -> Self {
        let checked = RawOperatingPoint::default().check(&mut Problems::new());
        checked.expect("the defaults are within their ranges")
    }
}

impl TryFrom<RawOperatingPoint> for OperatingSettings {
    type Error = InvalidConfig;

    fn try_from(raw: RawOperatingPoint) -> Result<Self, Self::Error> {
        let mut problems = Problems::new();
        let checked = raw.check(&mut problems);
        problems.finish(checked)
    }
}

impl From<OperatingSettings> for RawOperatingPoint {
    fn from(settings: OperatingSettings) -> Self {
        settings.raw
    }
}

impl Serialize for ConformalError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Rate(rate) => serializer.serialize_f64(*rate),
        }
    }
}

impl<'de> Deserialize<'de> for ConformalError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConformalErrorVisitor)
    }
}

struct ConformalErrorVisitor;

impl Visitor<'_> for ConformalErrorVisitor {
    type Value = ConformalError;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a rate such as 0.1, or `none`")
    }

    fn visit_f64<E: de::Error>(self, rate: f64) -> Result<ConformalError, E> {
        Ok(ConformalError::Rate(rate))
    }

    fn visit_i64<E: de::Error>(self, rate: i64) -> Result<ConformalError, E> {
        Ok(ConformalError::Rate(rate as f64))
    }

    fn visit_u64<E: de::Error>(self, rate: u64) -> Result<ConformalError, E> {
        Ok(ConformalError::Rate(rate as f64))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ConformalError, E> {
        match text {
            "none" => Ok(ConformalError::None),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tesela_datasets::config::parse_toml;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct File {
        operating_point: RawOperatingPoint,
    }

    fn parse(text: &str) -> Result<RawOperatingPoint, String> {
        parse_toml::<File>(&format!("[operating-point]\n{text}"), Path::new("x.toml"))
            .map(|file| file.operating_point)
            .map_err(|error| error.to_string())
    }

    fn checked(text: &str) -> Result<OperatingSettings, String> {
        OperatingSettings::try_from(parse(text).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_smallest_table_has_defaults_that_work() {
        let settings = checked("").unwrap();
        assert_eq!(settings, OperatingSettings::default());
        assert_eq!(settings.calibration(), CalibrationChoice::Best);
        assert_eq!((settings.class(), settings.threshold()), (None, None));
        assert_eq!(settings.prior(), PriorChoice::Target);
        assert_eq!(settings.conformal_error(), ConformalError::Rate(0.1));
    }

    #[test]
    fn a_misspelt_key_or_choice_is_answered_with_the_nearest() {
        for (text, nearest) in [
            ("calibrate = \"best\"", "calibration"),
            ("calibration = \"isotone\"", "isotonic"),
            ("threshold = \"max-f2\"", "max-f1"),
            ("threshold = { precison = 0.5 }", "precision"),
            ("prior = \"targets\"", "target"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(&format!("did you mean `{nearest}`?")), "{error}");
        }
        assert!(parse("conformal-error = \"no\"").unwrap_err().contains("such as 0.1, or `none`"));
    }

    #[test]
    fn every_choice_is_read_and_written() {
        for threshold in [
            "\"argmax\"",
            "\"max-f1\"",
            "\"matched-share\"",
            "{ precision = 0.8 }",
            "{ recall = 0.9 }",
            "{ cost-ratio = 5.0 }",
        ] {
            let text = format!(
                "calibration = \"platt\"\nclass = \"urban\"\nthreshold = {threshold}\nprior = \"estimated\"\n\
                 conformal-error = \"none\""
            );
            let settings = checked(&text).unwrap();
            assert_eq!(settings.class(), Some("urban"));
            let written = serde_json::to_string(&settings).unwrap();
            assert_eq!(serde_json::from_str::<OperatingSettings>(&written).unwrap(), settings);
        }
        assert_eq!(
            checked("conformal-error = 0.05").unwrap().conformal_error(),
            ConformalError::Rate(0.05)
        );
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let error = checked("class = \"\"\nthreshold = { precision = 1.5 }\nconformal-error = 0")
            .unwrap_err();
        assert!(error.contains("`operating-point.class`: is empty"), "{error}");
        assert!(
            error.contains("`operating-point.threshold.precision`: is 1.5; expected"),
            "{error}"
        );
        assert!(error.contains("`operating-point.conformal-error`: is 0; expected"), "{error}");
        let error = checked("threshold = { cost-ratio = nan }").unwrap_err();
        assert!(error.contains("cost-ratio`: is NaN; expected 1e-6 to 1e6"), "{error}");
        assert!(checked("threshold = { recall = 0.0 }").is_err());
    }
}
