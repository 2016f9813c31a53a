//! Decided scores: what an operating point makes of cells that a model was evaluated on.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_models::operating_point::{OperatingPoint, OperatingPointError};

use super::Predictions;
use super::operation::single;
use crate::metrics::{Confusion, Prevalence, Scores};

/// Scores of cells that an operating point decided, which is how a map decides them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecidedScores {
    /// The classes, in the order of the table.
    pub classes: ClassMap,
    /// Known against decided class.
    pub confusion: Confusion,
    /// Of the cells as they are mixed. Their probabilities are those of the place of use, so losses say little here.
    pub sample: Scores,
    /// As if the cells were mixed as the target.
    pub target: Option<Scores>,
}

impl DecidedScores {
    /// Scores the cells of `predictions`, whose raw probabilities `point` decides; `None` where it can decide none.
    ///
    /// # Errors
    /// If the operating point is of other classes.
    pub fn of(
        predictions: &Predictions,
        point: &OperatingPoint,
        target: Option<&Prevalence>,
    ) -> Result<Option<Self>, OperatingPointError> {
        let classes = predictions.classes();
        let raw: Vec<f32> = predictions.rows().flat_map(|(_, row)| row).copied().collect();
        let decided = point.apply_all(&raw)?;
        let strata = predictions.strata(target);
        let (mut outcomes, mut decisions) = (strata.outcomes(classes.len()), Vec::new());
        let moved = single(&decided.probabilities);
        let rows = moved.chunks_exact(classes.len()).zip(&decided.classes);
        for (index, ((cell, _), (row, &class))) in predictions.rows().zip(rows).enumerate() {
            // What has no probabilities is counted and not scored.
            outcomes.push_in(strata.at(index), cell.label, row);
            decisions.extend(class);
        }
        let at = |target| Scores::decided(&outcomes, &decisions, classes, target);
        let Some(sample) = at(None) else { return Ok(None) };
        let confusion = outcomes.confusion_of(&decisions);
        let target = target.and_then(|target| at(Some(target)));
        Ok(Some(Self { classes: classes.clone(), confusion, sample, target }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::HeldOutCell;
    use tesela_datasets::cell::CellId;
    use tesela_datasets::class::ClassId;
    use tesela_models::operating_point::{Calibration, Decision};

    #[test]
    fn a_threshold_decides_and_cells_without_probabilities_are_left_out() {
        let classes = ClassMap::new(["rural", "urban"]).unwrap();
        let mut predictions = Predictions::new(classes.clone());
        for (block, (label, urban)) in
            (0..).zip([(0, 0.6), (0, 0.1), (1, 0.7), (1, 0.9), (1, f32::NAN)])
        {
            let cell = HeldOutCell {
                cell: CellId::new(format!("cell {block}")),
                partition: 0,
                fold: 0,
                block,
                label: ClassId::new(label),
                stratum: None,
            };
            predictions.push(cell, &[1.0 - urban, urban]);
        }
        let decision = Decision::Threshold { class: ClassId::new(1), at_least: 0.8 };
        let point = OperatingPoint::new(classes, Calibration::None, None, decision, None).unwrap();
        let target = Prevalence::new(vec![0.9, 0.1]).unwrap();
        let scores = DecidedScores::of(&predictions, &point, Some(&target)).unwrap().unwrap();
        assert_eq!(scores.confusion.rows(), [vec![2, 0], vec![1, 1]]);
        assert_eq!(scores.sample.classes[1].recall, 0.5);
        assert_eq!(scores.sample.unclassified, 1);
        assert!((scores.target.unwrap().classes[1].prevalence - 0.1).abs() < 1e-12);
    }
}
