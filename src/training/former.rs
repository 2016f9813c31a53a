//! `metrics.json` as it was before fold plans had several partitions.

use serde::Deserialize;
use tesela_datasets::class::ClassMap;
use tesela_datasets::fold::Scheme;

use super::measurement::{PartitionMeasurement, SchemeMeasurement};
use super::{Measured, Measurement};
use crate::metrics::Confusion;

/// All scores of a run with random folds.
#[derive(Debug, Deserialize)]
pub(super) struct FormerMeasurement {
    classes: ClassMap,
    confusion: Confusion,
    sample: Measured,
    target: Option<Measured>,
}

impl From<FormerMeasurement> for Measurement {
    fn from(former: FormerMeasurement) -> Self {
        let FormerMeasurement { classes, confusion, sample, target } = former;
        let scheme = Scheme::Random;
        let folds = sample.folds.len();
        let together = SchemeMeasurement {
            scheme,
            partitions: vec![0],
            folds,
            sample: sample.summary.clone(),
            target: target.as_ref().map(|target| target.summary.clone()),
        };
        let only = PartitionMeasurement {
            partition: 0,
            scheme,
            repeat: 0,
            folds: (0..folds).collect(),
            left_out: vec![0; folds],
            confusion,
            sample,
            target,
        };
        Self {
            format: 2,
            classes,
            headline: scheme,
            strata: 0,
            schemes: vec![together],
            partitions: vec![only],
        }
    }
}
