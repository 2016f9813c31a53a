//! The plan of a fit: settings that have met the classes and the place of use.

use tesela_datasets::class::{ClassId, ClassMap};

use super::{ConformalError, OperatingPointError, OperatingSettings, ThresholdRule};

/// What is to be learned beside the calibration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The mixture of the place of use; `None` leaves probabilities at that of the sample.
    pub(crate) target: Option<Vec<f64>>,
    /// The class that a threshold speaks of and the rule for it; `None` for the most probable class.
    pub(crate) rule: Option<(ClassId, ThresholdRule)>,
    /// How often conformal sets may miss.
    pub(crate) error: Option<f64>,
}

impl Plan {
    /// Resolves `settings`, where `target` is the mixture that probabilities are moved to.
    ///
    /// # Errors
    /// If the settings name a class that is not there, or a threshold for none of many classes.
    pub(crate) fn new(
        settings: &OperatingSettings,
        classes: &ClassMap,
        target: Option<Vec<f64>>,
    ) -> Result<Self, OperatingPointError> {
        let error = match settings.conformal_error() {
            ConformalError::None => None,
            ConformalError::Rate(rate) => Some(rate),
        };
        let class = match settings.class() {
            Some(name) => {
                Some(classes.id(name).ok_or_else(|| OperatingPointError::UnknownName {
                    found: name.to_owned(),
                    expected: classes.to_string(),
                })?)
            }
            None if classes.len() == 2 => Some(rarer(target.as_deref())),
            None => None,
        };
        let rule = match (class, settings.threshold()) {
            (_, Some(ThresholdRule::Argmax)) | (None, None) => None,
            (None, Some(_)) => {
                return Err(OperatingPointError::NoClass { classes: classes.len() });
            }
            (Some(class), rule) => Some((class, rule.unwrap_or(ThresholdRule::MaxF1))),
        };
        Ok(Self { target, rule, error })
    }
}

/// The rarer of two classes; the second where they are equally common or nothing is known.
fn rarer(target: Option<&[f64]>) -> ClassId {
    let first_is_rarer = target.is_some_and(|shares| shares[0] < shares[1]);
    ClassId::new(usize::from(!first_is_rarer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operating_point::RawOperatingPoint;

    fn rule(
        classes: &[&str],
        class: Option<&str>,
        threshold: Option<ThresholdRule>,
        target: Option<Vec<f64>>,
    ) -> Result<Option<(usize, ThresholdRule)>, String> {
        let class = class.map(str::to_owned);
        let raw = RawOperatingPoint { class, threshold, ..RawOperatingPoint::default() };
        let classes = ClassMap::new(classes.iter().copied()).unwrap();
        Plan::new(&raw.try_into().unwrap(), &classes, target)
            .map(|plan| plan.rule.map(|(class, rule)| (class.index(), rule)))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn of_two_classes_the_threshold_speaks_of_the_rarer() {
        let two = ["urban", "non-urban"];
        let rarer = |target| rule(&two, None, None, target).unwrap();
        assert_eq!(rarer(Some(vec![0.02, 0.98])), Some((0, ThresholdRule::MaxF1)));
        assert_eq!(rarer(Some(vec![0.5, 0.5])), Some((1, ThresholdRule::MaxF1)));
        assert_eq!(rarer(None), Some((1, ThresholdRule::MaxF1)));
        assert_eq!(rule(&two, None, Some(ThresholdRule::Argmax), None), Ok(None));
    }

    #[test]
    fn of_more_classes_it_speaks_of_the_named_one() {
        let three = ["crops", "forest", "urban"];
        assert_eq!(rule(&three, None, None, None), Ok(None));
        assert_eq!(rule(&three, Some("urban"), None, None), Ok(Some((2, ThresholdRule::MaxF1))));
        let error = rule(&three, None, Some(ThresholdRule::MaxF1), None).unwrap_err();
        assert!(error.contains("there are 3 classes; expected `operating-point.class`"), "{error}");
        let error = rule(&three, Some("town"), None, None).unwrap_err();
        assert!(error.contains("names `town`; the classes are crops, forest, urban"), "{error}");
    }
}
