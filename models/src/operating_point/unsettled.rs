//! What an operating point leaves open until a map is made: how common the classes are there.
//!
//! With `prior = "estimated"` nobody has declared the mixture of the place of use; it is estimated from what the model says of
//! the cells of the map itself ([`estimate_prevalence`]). A threshold depends on the mixture, so it is sought there, too:
//! where probabilities are true, a cell counts with its probability as a cell of the class and with the rest as another.
//! Until then the operating point applies a stand-in.
//!
//! Start with [`OperatingPoint::settle`].

use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};

use super::cuts::Cuts;
use super::out_of_fold::check_row;
use super::prior::check_shares;
use super::settings::rule_problem;
use super::{
    Decision, OperatingPoint, OperatingPointError, PrevalenceEstimate, PriorShift, ThresholdRule,
    estimate_prevalence,
};

/// What is found when a map is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsettled {
    /// The share of each class for which calibrated probabilities hold: that of the sample.
    from: Vec<f64>,
    /// The class that a threshold speaks of and the rule for it; `None` for the most probable class.
    rule: Option<ThresholdOf>,
}

/// A rule for the threshold of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdOf {
    class: ClassId,
    rule: ThresholdRule,
}

/// An operating point that knows the mixture of its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// With the estimated prevalence, and the threshold that the rule asks for there.
    pub point: OperatingPoint,
    /// The estimate.
    pub estimate: PrevalenceEstimate,
}

impl Unsettled {
    /// For probabilities that are calibrated for the mixture `from`, and the rule for the threshold of a class, if any.
    pub(crate) fn new(from: Vec<f64>, rule: Option<(ClassId, ThresholdRule)>) -> Self {
        Self { from, rule: rule.map(|(class, rule)| ThresholdOf { class, rule }) }
    }

    /// Checks what was read.
    pub(crate) fn check(&self, classes: &ClassMap) -> Result<(), OperatingPointError> {
        check_shares(classes, "sample", &self.from)?;
        let Some(ThresholdOf { class, rule }) = self.rule else { return Ok(()) };
        Decision::Threshold { class, at_least: 0.5 }.check(classes.len())?;
        let wrong = |(key, problem)| OperatingPointError::Stored {
            part: "rule",
            reason: format!("has a {key} that {problem}"),
        };
        rule_problem(rule).map_or(Ok(()), |problem| Err(wrong(problem)))
    }

    /// The decision that the rule asks for among cells with `probabilities`, which hold where they lie and where the classes are
    /// as common as `shares` say; rows of `NaN` are passed over.
    fn decision(
        &self,
        classes: &ClassMap,
        probabilities: &[f64],
        shares: &[f64],
    ) -> Result<Decision, OperatingPointError> {
        let Some(ThresholdOf { class, rule }) = self.rule else { return Ok(Decision::Argmax) };
        let (column, width) = (class.index(), classes.len());
        let rows = probabilities.chunks_exact(width).map(|row| row[column]);
        let known: Vec<f64> = rows.filter(|probability| !probability.is_nan()).collect();
        let prevalence = shares[column];
        let (cut, reached) = Cuts::expected(known).find(rule, prevalence);
        match rule {
            ThresholdRule::Precision(wanted) if !reached => Err(OperatingPointError::Precision {
                wanted,
                class: classes.name(class).to_owned(),
                prevalence,
                best: cut.precision,
                recall: cut.recall,
            }),
            _ => Ok(Decision::Threshold { class, at_least: cut.threshold }),
        }
    }
}

impl OperatingPoint {
    /// What was left to be found at the place of use; `None` where nothing was.
    pub fn unsettled(&self) -> Option<&Unsettled> {
        self.unsettled.as_ref()
    }

    /// Estimates how common the classes are where cells have the `raw` probabilities, `[cell, class]`, and seeks the threshold
    /// among them; `None` where nothing was left to be found. The same cells in another order give the same up to
    /// rounding; in the same order, the same bytes.
    ///
    /// # Errors
    /// If there is no cell with probabilities, or rows that are none; if the estimate does not settle, or does not have all
    /// classes; if no threshold is as precise as was asked for.
    pub fn settle(&self, raw: &[f32]) -> Result<Option<Settled>, OperatingPointError> {
        let Some(unsettled) = &self.unsettled else { return Ok(None) };
        let mut probabilities = self.calibrated(raw)?;
        let classes = &self.classes;
        let estimate = estimate_prevalence(classes, &probabilities, &unsettled.from)?;
        check_shares(classes, "estimated", &estimate.shares)?;
        let prior = PriorShift::new(classes, &unsettled.from, &estimate.shares)?;
        probabilities.chunks_exact_mut(classes.len()).for_each(|row| prior.apply(row));
        let decision = unsettled.decision(classes, &probabilities, &estimate.shares)?;
        let point = Self { prior: Some(prior), decision, unsettled: None, ..self.clone() };
        Ok(Some(Settled { point, estimate }))
    }

    /// Calibrated probabilities, at the mixture of the sample; `NaN` stays.
    fn calibrated(&self, raw: &[f32]) -> Result<Vec<f64>, OperatingPointError> {
        let width = self.classes.len();
        let mut probabilities = vec![f64::NAN; raw.len() / width * width];
        let rows = raw.chunks_exact(width).zip(probabilities.chunks_exact_mut(width));
        for (cell, (raw, row)) in rows.enumerate() {
            check_row(&self.classes, cell, raw)?;
            if !raw.iter().any(|value| value.is_nan()) {
                self.calibration.apply(raw, row);
            }
        }
        Ok(probabilities)
    }
}
