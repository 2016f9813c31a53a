//! Measurement: all scores of a run, as they stand in `metrics.json`.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;

use crate::metrics::{Confusion, Outcomes, Prevalence, Scores, Summary, summarise};

/// All scores of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The classes, in the order of all tables.
    pub classes: ClassMap,
    /// Known against predicted class, all cells together.
    pub confusion: Confusion,
    /// Scores of the cells as they are mixed.
    pub sample: Measured,
    /// Scores as if the cells were mixed as the target.
    pub target: Option<Measured>,
}

/// Scores at one mixture of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Of all cells together.
    pub pooled: Scores,
    /// Of each fold.
    pub folds: Vec<Scores>,
    /// Mean and deviation over the folds.
    pub summary: Vec<Summary>,
}

impl Measurement {
    /// Scores the outcomes of `folds`, and all of them together.
    ///
    /// `None` where nothing was classified in one of the folds.
    pub fn of(folds: &[Outcomes], classes: &ClassMap, target: Option<&Prevalence>) -> Option<Self> {
        let mut pooled = Outcomes::new(classes.len());
        for fold in folds {
            pooled.extend(fold);
        }
        let sample = Measured::of(&pooled, folds, classes, None)?;
        let target = target.and_then(|target| Measured::of(&pooled, folds, classes, Some(target)));
        Some(Self { classes: classes.clone(), confusion: pooled.confusion(), sample, target })
    }
}

impl Measured {
    fn of(
        pooled: &Outcomes,
        folds: &[Outcomes],
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        let pooled = Scores::of(pooled, classes, target)?;
        let folds = folds.iter().map(|fold| Scores::of(fold, classes, target));
        let folds: Vec<Scores> = folds.collect::<Option<_>>()?;
        let summary = summarise(&folds);
        Some(Self { pooled, folds, summary })
    }
}
