//! What a user should know about an operating point, in words.

use super::conformal::ConformalSets;
use super::{Assessment, OperatingPoint, OutOfFold};

/// Fewer cells of a class than this in a part of the folds say little about it.
const FEW: usize = 10;

/// The warnings of a fit, each a sentence without a full stop.
pub(crate) fn warnings(
    data: &OutOfFold,
    point: &OperatingPoint,
    assessment: &Assessment,
) -> Vec<String> {
    let mut all = Vec::new();
    if data.unclassified() > 0 {
        all.push(format!(
            "{} cells have no probabilities and are left out of the operating point",
            data.unclassified()
        ));
    }
    let counts = data.counts_by_part();
    for (class, name) in data.classes().names().iter().enumerate() {
        let fewest = counts.iter().map(|part| part[class]).min().unwrap_or(0);
        if fewest < FEW {
            all.push(format!(
                "class `{name}` has only {fewest} cells in a part of the folds; {FEW} are needed to say how well its \
                 threshold and its calibration do"
            ));
        }
    }
    if let Some(sets) = point.conformal() {
        for class in sets.always_included() {
            all.push(format!(
                "class `{}` has too few cells to be ruled out at an error of {}: it is in every conformal set until it has \
                 {}",
                data.classes().name(class),
                sets.error(),
                ConformalSets::fewest_cells(sets.error())
            ));
        }
    }
    if assessment.short_of_precision > 0 {
        all.push(format!(
            "in {} of {} parts of the folds no threshold reaches the precision that is asked for; the figures there are \
             those of the most precise one",
            assessment.short_of_precision,
            data.part_count()
        ));
    }
    all
}
