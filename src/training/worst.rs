//! The cells that a run classified worst.

use std::collections::BTreeMap;

use tesela_datasets::cell::CellId;

use super::{RunDirectory, Sample, TrainingError};

/// The rows of the store of the `count` cells to whose class the run gave the lowest probabilities, the lowest
/// first; where there are several schemes, by the strictest.
///
/// # Errors
/// If the predictions of the run cannot be read.
pub fn worst_classified(
    directory: &RunDirectory,
    sample: &Sample,
    count: usize,
) -> Result<Vec<u32>, TrainingError> {
    let mut worst: Vec<(f32, CellId)> = Vec::new();
    let plan = sample.plan();
    let strictest = |fold: &usize| {
        let at = plan.locate(*fold).map(|at| &plan.partitions()[at.partition]);
        at.is_some_and(|at| at.scheme() == plan.headline() && at.design().repeat == 0)
    };
    for fold in (0..plan.folds()).filter(strictest) {
        worst.extend(directory.predictions(fold)?.worst(count));
    }
    worst.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    worst.truncate(count);
    let rows: BTreeMap<&CellId, u32> =
        sample.reader().cells().iter().map(|cell| &cell.cell.id).zip(0..).collect();
    Ok(worst.iter().filter_map(|(_, cell)| rows.get(cell).copied()).collect())
}
