//! The area of applicability of a final model: the training cells that the cells of a map are compared with.

use tesela_datasets::class::{ClassId, Label};
use tesela_datasets::random::derive;
use tesela_datasets::source::{CellSource, SourceError};
use tesela_models::applicability::{Applicability, ApplicabilityError, Limits, Training};
use tesela_models::classifier::FeatureRecord;

use super::Sample;

/// The place of the draw of references below a seed.
const PLACE: u64 = 0x4170_706c;
/// The most cells whose features are looked at; of more, so many spread evenly over their ids.
const MOST_CELLS: usize = 50_000;

/// Why there is no area of applicability.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoArea {
    /// The cells cannot be read.
    #[error("the features of the training cells cannot be read: {0}")]
    Source(#[from] SourceError),
    /// They do not allow it.
    #[error(transparent)]
    Unusable(#[from] ApplicabilityError),
}

/// Learns from the cells that the final model of `sample` is fitted on, in the folds of the headline scheme. Columns weigh as
/// much as `records` say that they matter to the model, and all the same where it does not say.
pub(super) fn applicability(
    sample: &Sample,
    records: Option<&[FeatureRecord]>,
    seed: u64,
) -> Result<Applicability, NoArea> {
    let (cells, folds) = sample.references(MOST_CELLS);
    let features = cells.features()?;
    let importances = match records {
        Some(records) => records.iter().map(|own| own.importance.unwrap_or(0.0)).collect(),
        None => vec![1.0; features.columns.len()],
    };
    let truths: Vec<ClassId> =
        cells.labels().iter().map(|label| label.class().unwrap_or(ClassId::new(0))).collect();
    debug_assert!(cells.labels().iter().all(|label| matches!(label, Label::Class(_))));
    let training = Training {
        values: &features.values,
        importances: &importances,
        truths: &truths,
        folds: &folds,
    };
    let fitted = Applicability::fit(&training, Limits::default(), derive(seed, &[PLACE]))?;
    Ok(fitted.applicability)
}
