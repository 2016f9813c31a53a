//! The area of applicability of a final model: the training cells that the cells of a map are compared with.

use tesela_datasets::class::{ClassId, Label};
use tesela_datasets::features::parts_of;
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

/// The weight of `column` where a model does not say how much it matters: of the features of patches, mean and variance of each
/// channel weigh the same and nothing else does; the columns of a table all do.
fn weight_without_record(column: &str) -> f64 {
    match parts_of(column) {
        Some((_, statistic)) => f64::from(matches!(statistic, "mean" | "var")),
        None => 1.0,
    }
}

/// Learns from the cells that the final model of `sample` is fitted on, in the folds of the headline scheme. Columns weigh as
/// much as `records` say that they matter to the model. A network does not say: it sees the channels themselves, and is compared by
/// the mean and the variance of each.
pub(super) fn applicability(
    sample: &Sample,
    records: Option<&[FeatureRecord]>,
    seed: u64,
) -> Result<Applicability, NoArea> {
    let (cells, folds) = sample.references(MOST_CELLS);
    let features = cells.features()?;
    let importances: Vec<f64> = match records {
        Some(records) => records.iter().map(|own| own.importance.unwrap_or(0.0)).collect(),
        None => features.columns.iter().map(|column| weight_without_record(column)).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::channels::ChannelSet;
    use tesela_datasets::features::column_names;
    use tesela_datasets::pixel::{PixelDefinition, Product};

    #[test]
    fn a_network_is_compared_in_every_channel() {
        let channels = ChannelSet::of(&PixelDefinition::of_product(Product::C1));
        let columns = column_names(&channels);
        let weighty: Vec<&String> =
            columns.iter().filter(|column| weight_without_record(column) > 0.0).collect();
        assert_eq!(weighty.len(), Limits::default().columns, "all of them are kept");
        for channel in channels.channels() {
            let own = weighty.iter().filter_map(|column| parts_of(column));
            assert_eq!(own.filter(|(of, _)| of == channel).count(), 2, "{}", channel.name());
        }
        assert!((weight_without_record("altitude") - 1.0).abs() < f64::EPSILON, "of a table");
    }
}
