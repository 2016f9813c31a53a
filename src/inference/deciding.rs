//! From raw probabilities to what a map says: by the operating point of a bundle, or as the model gives them.

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::source::Batch;
use tesela_models::applicability::CellApplicability;
use tesela_models::classifier::Probabilities;
use tesela_models::operating_point::OperatingPoint;

use super::InferenceError;

/// The name of the column of conformal sets.
pub(super) const SET: &str = "conformal_set";
/// The name of the column of the dissimilarity index.
pub(super) const DISSIMILARITY: &str = "dissimilarity";
/// The name of the column that says whether a cell is like those that were trained on.
pub(super) const INSIDE: &str = "inside_area_of_applicability";
/// Between the names of the classes of a set.
const BETWEEN: &str = ";";

/// How the cells of a map are decided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deciding<'a> {
    /// What the bundle says; the most probable class where `None`.
    pub point: Option<&'a OperatingPoint>,
    /// How unlike the training cells a cell is; not said where `None`.
    pub applicability: Option<&'a CellApplicability>,
}

/// What is said of some cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DecidedCells {
    /// The probability of each class, at the place of use.
    pub(super) probabilities: Probabilities,
    /// The class of each cell; `None` where nothing is known of it.
    pub(super) classes: Vec<Option<ClassId>>,
    /// The classes that cannot be ruled out, `[cell, class]`; empty where nothing is said of them.
    pub(super) sets: Vec<bool>,
    /// How unlike the training cells each cell is; empty where nothing is said of it.
    pub(super) dissimilarities: Vec<f32>,
    /// Whether each cell is like the training cells; empty where nothing is said of it.
    pub(super) inside: Vec<bool>,
}

impl Deciding<'_> {
    /// Whether a set of classes is given for each cell.
    pub(super) fn has_sets(self) -> bool {
        self.point.is_some_and(|point| point.conformal().is_some())
    }

    /// Decides `cells`, of which the model says `raw`.
    pub(super) fn decide(
        self,
        cells: &Batch,
        raw: Probabilities,
    ) -> Result<DecidedCells, InferenceError> {
        let (mut dissimilarities, mut inside) = (Vec::new(), Vec::new());
        if let Some(applicability) = self.applicability {
            dissimilarities = applicability.dissimilarity(cells)?;
            inside = dissimilarities.iter().map(|&own| applicability.is_inside(own)).collect();
        }
        let Some(point) = self.point else {
            let classes = raw.rows().map(Probabilities::most_probable).collect();
            return Ok(DecidedCells {
                probabilities: raw,
                classes,
                sets: Vec::new(),
                dissimilarities,
                inside,
            });
        };
        let width = point.classes().len();
        let values: Vec<f32> = raw.rows().flatten().copied().collect();
        let decided = point.apply_all(&values).map_err(InferenceError::Deciding)?;
        #[expect(clippy::cast_possible_truncation, reason = "a probability needs few digits")]
        let moved = decided.probabilities.iter().map(|&value| value as f32).collect();
        Ok(DecidedCells {
            probabilities: Probabilities::new(width, moved),
            classes: decided.classes,
            sets: decided.sets,
            dissimilarities,
            inside,
        })
    }
}

/// The names of the classes of a set, in order.
pub(super) fn set_words(set: &[bool], classes: &ClassMap) -> String {
    let names = classes.names().iter().zip(set).filter(|(_, held)| **held);
    names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(BETWEEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::table::RowBatch;
    use tesela_models::operating_point::{Calibration, Decision};

    fn classes() -> ClassMap {
        ClassMap::new(["non-urban", "urban"]).unwrap()
    }

    #[test]
    fn an_operating_point_decides_otherwise_than_the_most_probable_class() {
        let raw = || Probabilities::new(2, vec![0.4, 0.6, 0.1, 0.9, f32::NAN, f32::NAN]);
        let cells = Batch::Rows(RowBatch {
            columns: [].into(),
            values: Vec::new(),
            labels: Vec::new(),
            positions: Vec::new(),
        });
        let plain = Deciding::default().decide(&cells, raw()).unwrap();
        let urban = Some(ClassId::new(1));
        assert_eq!(plain.classes, [urban, urban, None]);
        let decision = Decision::Threshold { class: ClassId::new(1), at_least: 0.8 };
        let point =
            OperatingPoint::new(classes(), Calibration::None, None, decision, None).unwrap();
        let decided =
            Deciding { point: Some(&point), applicability: None }.decide(&cells, raw()).unwrap();
        assert_eq!(decided.classes, [Some(ClassId::new(0)), urban, None]);
        assert!(decided.sets.is_empty());
    }

    #[test]
    fn a_set_is_written_as_the_names_of_its_classes() {
        assert_eq!(set_words(&[true, true], &classes()), "non-urban;urban");
        assert_eq!(set_words(&[false, false], &classes()), "");
    }
}
