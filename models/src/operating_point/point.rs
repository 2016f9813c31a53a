//! The operating point itself: what is stored in a bundle and applied at prediction.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tesela_datasets::class::{ClassId, ClassMap};

use super::out_of_fold::check_row;
use super::{Calibration, ConformalSets, Decision, OperatingPointError, PriorShift, Unsettled};

/// Rows that a thread takes at a time.
const CHUNK: usize = 1 << 13;

/// Turns raw probabilities into those of the place of use, a class, and a set of classes.
///
/// Reading one checks all of it: the parts agree with the classes, curves rise, numbers are finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct OperatingPoint {
    pub(super) classes: ClassMap,
    pub(super) calibration: Calibration,
    pub(super) prior: Option<PriorShift>,
    pub(super) decision: Decision,
    pub(super) conformal: Option<ConformalSets>,
    /// What is found when a map is made; prior and decision are stand-ins until then.
    pub(super) unsettled: Option<Unsettled>,
}

/// An operating point as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    classes: ClassMap,
    calibration: Calibration,
    prior: Option<PriorShift>,
    decision: Decision,
    conformal: Option<ConformalSets>,
    /// Not written where it is nothing: bundles from before there was such a thing keep their digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsettled: Option<Unsettled>,
}

/// What an operating point says of some cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Probabilities that hold at the place of use, `[cell, class]`; `NaN` for unclassified cells.
    pub probabilities: Vec<f64>,
    /// The class of each cell; `None` for unclassified cells.
    pub classes: Vec<Option<ClassId>>,
    /// The classes that cannot be ruled out, `[cell, class]`: all of them for unclassified cells. Empty where the
    /// operating point has no conformal sets.
    pub sets: Vec<bool>,
}

impl OperatingPoint {
    /// Joins the parts.
    ///
    /// # Errors
    /// If one of them does not fit the classes, or holds numbers that cannot have been learned.
    pub fn new(
        classes: ClassMap,
        calibration: Calibration,
        prior: Option<PriorShift>,
        decision: Decision,
        conformal: Option<ConformalSets>,
    ) -> Result<Self, OperatingPointError> {
        if classes.len() < 2 {
            return Err(OperatingPointError::OneClass { class: classes.to_string() });
        }
        calibration.check(classes.len())?;
        prior.as_ref().map_or(Ok(()), |prior| prior.check(&classes))?;
        decision.check(classes.len())?;
        conformal.as_ref().map_or(Ok(()), |sets| sets.check(classes.len()))?;
        Ok(Self { classes, calibration, prior, decision, conformal, unsettled: None })
    }

    /// Leaves the prevalence, and the threshold that follows from it, to be found when a map is made.
    ///
    /// # Errors
    /// If `unsettled` does not fit the classes.
    pub(super) fn with_unsettled(self, unsettled: Unsettled) -> Result<Self, OperatingPointError> {
        unsettled.check(&self.classes)?;
        Ok(Self { unsettled: Some(unsettled), ..self })
    }

    /// The classes, in the order of the columns.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// What makes probabilities true for the sample.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// What moves them to the place of use; `None` where that is mixed as the sample is, or nothing is known. A stand-in
    /// where the prevalence is still to be estimated ([`OperatingPoint::settle`]).
    pub fn prior(&self) -> Option<&PriorShift> {
        self.prior.as_ref()
    }

    /// How a class is chosen.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Which classes cannot be ruled out.
    pub fn conformal(&self) -> Option<&ConformalSets> {
        self.conformal.as_ref()
    }

    /// Decides one cell: writes its probabilities at the place of use to `probabilities` and the classes that cannot be
    /// ruled out to `set`, and gives its class; `None` for a cell with `NaN` for any class, whose probabilities are
    /// then `NaN` and whose set holds every class. Without conformal sets `set` is left as it is.
    ///
    /// All three slices have one entry for each class.
    pub fn apply(
        &self,
        raw: &[f32],
        probabilities: &mut [f64],
        set: &mut [bool],
    ) -> Option<ClassId> {
        if raw.iter().any(|value| value.is_nan()) {
            probabilities.fill(f64::NAN);
            if self.conformal.is_some() {
                set.fill(true);
            }
            return None;
        }
        self.calibration.apply(raw, probabilities);
        if let Some(prior) = &self.prior {
            prior.apply(probabilities);
        }
        if let Some(sets) = &self.conformal {
            sets.apply(raw, set);
        }
        Some(self.decision.apply(probabilities))
    }

    /// Decides all cells of `raw`, `[cell, class]`, on all threads.
    ///
    /// # Errors
    /// If rows are not whole, a number is no probability, or a row does not sum to 1; rows of `NaN` are unclassified.
    pub fn apply_all(&self, raw: &[f32]) -> Result<Decided, OperatingPointError> {
        let width = self.classes.len();
        let cells = raw.len() / width;
        if !raw.len().is_multiple_of(width) {
            let (what, found, classes) = ("probabilities", raw.len(), width);
            let expected = cells * width;
            return Err(OperatingPointError::Length { what, found, cells, classes, expected });
        }
        let mut decided = Decided {
            probabilities: vec![0.0; raw.len()],
            classes: vec![None; cells],
            sets: vec![false; raw.len()],
        };
        let problem = raw
            .par_chunks(CHUNK * width)
            .zip(decided.probabilities.par_chunks_mut(CHUNK * width))
            .zip(decided.sets.par_chunks_mut(CHUNK * width))
            .zip(decided.classes.par_chunks_mut(CHUNK))
            .enumerate()
            .find_map_first(|(chunk, (((raw, probabilities), sets), classes))| {
                self.apply_chunk(chunk * CHUNK, raw, probabilities, sets, classes).err()
            });
        if self.conformal.is_none() {
            decided.sets = Vec::new();
        }
        problem.map_or(Ok(decided), Err)
    }

    fn apply_chunk(
        &self,
        first: usize,
        raw: &[f32],
        probabilities: &mut [f64],
        sets: &mut [bool],
        classes: &mut [Option<ClassId>],
    ) -> Result<(), OperatingPointError> {
        let width = self.classes.len();
        let rows = raw.chunks_exact(width).zip(probabilities.chunks_exact_mut(width));
        let outputs = sets.chunks_exact_mut(width).zip(classes);
        for (index, ((raw, row), (set, class))) in rows.zip(outputs).enumerate() {
            check_row(&self.classes, first + index, raw)?;
            *class = self.apply(raw, row, set);
        }
        Ok(())
    }
}

impl TryFrom<Stored> for OperatingPoint {
    type Error = OperatingPointError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let Stored { classes, calibration, prior, decision, conformal, unsettled } = stored;
        let point = Self::new(classes, calibration, prior, decision, conformal)?;
        match unsettled {
            Some(unsettled) => point.with_unsettled(unsettled),
            None => Ok(point),
        }
    }
}

impl From<OperatingPoint> for Stored {
    fn from(point: OperatingPoint) -> Self {
        let OperatingPoint { classes, calibration, prior, decision, conformal, unsettled } = point;
        Self { classes, calibration, prior, decision, conformal, unsettled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operating_point::{Sigmoid, Temperature};

    fn point() -> OperatingPoint {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let prior = PriorShift::new(&classes, &[0.5, 0.5], &[0.98, 0.02]).unwrap();
        let sigmoid = Sigmoid { slope: 0.5, offset: 0.1 };
        let decision = Decision::Threshold { class: ClassId::new(1), at_least: 0.02 };
        OperatingPoint::new(classes, Calibration::Platt(vec![sigmoid]), Some(prior), decision, None)
            .unwrap()
    }

    #[test]
    fn a_row_is_calibrated_shifted_and_decided() {
        let decided = point().apply_all(&[0.5, 0.5, 0.9, 0.1, f32::NAN, f32::NAN]).unwrap();
        // Even odds become e^0.1, times 0.02 / 0.98.
        let odds = 0.1_f64.exp() * 0.02 / 0.98;
        assert!((decided.probabilities[1] - odds / (1.0 + odds)).abs() < 1e-15);
        assert_eq!(decided.classes, [Some(ClassId::new(1)), Some(ClassId::new(0)), None]);
        assert!(decided.probabilities[4].is_nan() && decided.sets.is_empty());
    }

    #[test]
    fn hostile_rows_are_refused_by_their_number() {
        let mut rows = vec![0.5_f32; 60_000];
        rows[40_001] = 0.7;
        rows[50_001] = f32::NAN;
        let error = point().apply_all(&rows).unwrap_err().to_string();
        assert!(error.contains("cell 20000 sum to 1.19"), "{error}");
        let error = point().apply_all(&rows[50_000..]).unwrap_err().to_string();
        assert!(error.contains("cell 0 has probability NaN for class `urban`"), "{error}");
        assert!(point().apply_all(&rows[..3]).is_err());
    }

    #[test]
    fn what_is_written_is_read_and_what_is_altered_is_refused() {
        let point = point();
        let text = serde_json::to_string(&point).unwrap();
        assert_eq!(serde_json::from_str::<OperatingPoint>(&text).unwrap(), point);
        for (from, to, expected) in [
            ("\"slope\":0.5", "\"slope\":1e999", "number out of range"),
            ("[{\"slope\":0.5,\"offset\":0.1}]", "[]", "has 0 curves for 2 classes"),
            ("[0.98,0.02]", "[1.0,0.0]", "target prevalence"),
            ("[0.98,0.02]", "[0.98,0.02,0.1]", "3 shares of 2 classes"),
            ("\"at_least\":0.02", "\"at_least\":2.0", "has threshold 2"),
            ("\"class\":1", "\"class\":7", "names class 7; there are 2"),
            ("[\"non-urban\",\"urban\"]", "[\"urban\"]", "there is one class"),
            ("\"conformal\":null", "\"conformal\":{\"error\":0.1,\"limits\":[0.5]}", "1 limits"),
            ("\"conformal\":null", "\"conformal\":{\"error\":0.0,\"limits\":[0.5,0.1]}", "error 0"),
            ("\"conformal\":null", "\"conformal\":null,\"x\":1", "unknown field"),
        ] {
            assert!(text.contains(from), "{text}");
            let error =
                serde_json::from_str::<OperatingPoint>(&text.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(expected), "{to}: {error}");
        }
        let cold = Calibration::Temperature(Temperature { inverse: 1e9 });
        assert!(cold.check(2).is_err());
    }
}
