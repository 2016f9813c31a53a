//! The operating point of a run: learned from the out-of-fold predictions of its headline scheme, and measured on them.
//!
//! Each cell is decided by an operating point that was learned without its part of the folds, so the figures are those of
//! cells that nothing was learned from. The one that goes into the bundle is learned from all of them.

use serde_json::{Value, json};
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_models::operating_point::{
    Binning, Fitted, OperatingPoint, OperatingPointError, OperatingSettings, OutOfFold, Place,
    Quality,
};

use super::run_directory::OPERATING_POINT;
use super::{Predictions, RunDirectory, TrainingError};
use crate::metrics::{Outcomes, Prevalence, Scores, StratumShares};
use crate::statistics::{Bootstrap, Decided, ExpectedMap, Level, Resampled};

/// The version of `operating-point.json`.
const FORMAT_VERSION: u32 = 1;

/// An operating point with what it does to the cells of a run.
#[derive(Debug, Clone)]
pub struct Operation {
    /// What was learned, and how good it is.
    pub fitted: Fitted,
    /// The classes, in the order of all tables.
    classes: ClassMap,
    target: Option<Prevalence>,
    /// The raw probabilities of the cells that were decided.
    raw: Outcomes,
    /// Their probabilities at the place of use.
    moved: Outcomes,
    /// The block of each of them.
    blocks: Vec<u32>,
}

impl Operation {
    /// Learns from `predictions`, those of one partition; `target` is how common the classes are where the model is used.
    ///
    /// # Errors
    /// If the settings do not fit the classes, or the predictions do not allow it; see [`OperatingPoint::fit`].
    pub fn of(
        predictions: &Predictions,
        settings: &OperatingSettings,
        target: Option<&Prevalence>,
    ) -> Result<Self, OperatingPointError> {
        let classes = predictions.classes().clone();
        let mut truths = Vec::with_capacity(predictions.len());
        let (mut rows, mut folds, mut blocks) = (Vec::new(), Vec::new(), Vec::new());
        for (cell, row) in predictions.rows() {
            truths.push(cell.label);
            rows.extend_from_slice(row);
            folds.push(u32::from(cell.fold));
            blocks.push(cell.block);
        }
        let data = OutOfFold::new(&classes, &truths, &rows, &folds)?;
        let strata = predictions.strata(target);
        let outcomes = |data: &OutOfFold, values: &[f32]| {
            let mut all = strata.outcomes(classes.len());
            let cells = data.positions().iter().zip(data.truths());
            for ((&cell, &truth), row) in cells.zip(values.chunks_exact(classes.len())) {
                all.push_in(strata.at(cell), truth, row);
            }
            all
        };
        let raw = outcomes(&data, data.probabilities());
        let data = stratified(data, &raw, target)?;
        let place = Place { target: target.map(Prevalence::shares), unlabelled: None };
        let fitted = OperatingPoint::fit(&data, settings, &place)?;
        let moved = outcomes(&data, &single(&fitted.assessment.probabilities));
        let blocks = data.positions().iter().map(|&cell| blocks[cell]).collect();
        Ok(Self { fitted, classes, target: target.cloned(), raw, moved, blocks })
    }

    /// The cells as they are decided, with their probabilities at the place of use.
    pub fn decided(&self) -> Decided {
        Decided::most_probable(self.moved.clone())
            .with_decisions(self.fitted.assessment.classes.clone())
            .with_blocks(&self.blocks)
    }

    /// The scores of the raw probabilities and the most probable class, at the mixture of the place of use; `None` where
    /// the cells lack a class that is there.
    pub fn before(&self) -> Option<Scores> {
        Scores::of(&self.raw, &self.classes, self.target.as_ref())
    }

    /// The same scores with the operating point.
    pub fn after(&self) -> Option<Scores> {
        let decisions = &self.fitted.assessment.classes;
        Scores::decided(&self.moved, decisions, &self.classes, self.target.as_ref())
    }

    /// The figures of the decided cells on each draw of the usual bootstrap from `seed`; `None` where there are no cells.
    pub fn resampled(&self, seed: u64) -> Option<Resampled> {
        let bootstrap = Bootstrap::from_seed(seed);
        Resampled::of(&self.decided(), &self.classes, self.target.as_ref(), bootstrap)
    }

    /// What a map of `cells` cells of the place of use should look like, decided by the operating point, where `resampled`
    /// are its figures on draws from `seed`; `None` where nobody has said how common the classes are there.
    pub fn expected_map(
        &self,
        resampled: &Resampled,
        cells: u64,
        seed: u64,
    ) -> Option<ExpectedMap> {
        let target = self.target.as_ref()?;
        ExpectedMap::of(resampled, &self.classes, target, cells, Level::NINETY_FIVE, seed)
    }

    /// What stands in `operating-point.json`.
    pub(super) fn record(&self, scheme: &str, map_cells: u64, seed: u64) -> Value {
        let Fitted { point, losses, cut, estimate, assessment, warnings } = &self.fitted;
        // Nothing is drawn where no map can be expected.
        let resampled = self.target.as_ref().and_then(|_| self.resampled(seed));
        let expected_map =
            resampled.and_then(|resampled| self.expected_map(&resampled, map_cells, seed));
        let losses: serde_json::Map<String, Value> =
            losses.iter().map(|one| (one.kind.to_string(), one.log_loss.into())).collect();
        let coverage = assessment.coverage.iter().map(|one| {
            json!({
                "class": self.classes.name(one.class),
                "cells": one.cells,
                "covered": one.covered,
                "mean_size": one.size,
            })
        });
        let at = |comparison: &tesela_models::operating_point::Comparison| {
            json!({
                "before": self.quality(&comparison.before),
                "after": self.quality(&comparison.after),
            })
        };
        let mut record = json!({
            "format": FORMAT_VERSION,
            "scheme": scheme,
            "target_prevalence": self.target.as_ref().map(Prevalence::shares),
            "operating_point": point,
            "calibration_log_losses": losses,
            "threshold": cut.map(|cut| json!({
                "threshold": cut.threshold,
                "precision": cut.precision,
                "recall": cut.recall,
                "share": cut.share,
            })),
            "estimated_prevalence": estimate.as_ref().map(|estimate| &estimate.shares),
            "probabilities_at_sample": at(&assessment.at_sample),
            "probabilities_at_target": assessment.at_target.as_ref().map(at),
            "scores_before": self.before(),
            "scores_after": self.after(),
            "expected_map": expected_map,
            "conformal_coverage": coverage.collect::<Vec<_>>(),
            "warnings": warnings,
        });
        if self.is_stratified() {
            record["strata"] = self.strata();
        }
        record
    }

    /// The strata of the target with the cells that stand for them.
    fn strata(&self) -> Value {
        let supports = self.raw.supports();
        let strata = self.target.iter().flat_map(Prevalence::strata);
        let strata = strata.zip(supports.chunks_exact(self.classes.len()));
        let one = |(own, cells): (&StratumShares, &[u64])| {
            json!({
                "stratum": own.stratum,
                "share": own.share,
                "prevalence": own.prevalence,
                "cells": cells,
            })
        };
        strata.map(one).collect()
    }

    /// Whether the target and the cells tell strata apart.
    fn is_stratified(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.strata().len() == self.raw.strata())
    }

    fn quality(&self, quality: &Quality) -> Value {
        let error = |class, binning| quality.calibration_error(class, binning);
        let of_class = |class: ClassId| {
            (self.classes.name(class).to_owned(), error(Some(class), Binning::EqualWidth).into())
        };
        let classes: serde_json::Map<String, Value> = self.classes.ids().map(of_class).collect();
        json!({
            "brier": quality.brier,
            "log_loss": quality.log_loss,
            "expected_calibration_error": {
                "most_probable_class": error(None, Binning::EqualWidth),
                "most_probable_class_equal_mass": error(None, Binning::EqualMass),
                "classes": classes,
            },
        })
    }
}

/// `data`, the cells of `raw`, each of which counts as much as its stratum is common in `target`, where strata are told apart.
fn stratified(
    data: OutOfFold,
    raw: &Outcomes,
    target: Option<&Prevalence>,
) -> Result<OutOfFold, OperatingPointError> {
    if raw.strata() == 1 {
        return Ok(data);
    }
    let Some(weights) = raw.weights(target) else { return Ok(data) };
    let weights: Vec<f64> = (0..raw.len()).map(|cell| weights[raw.origin(cell)]).collect();
    data.weighted(&weights)
}

impl RunDirectory {
    /// The operating point of the run, learned again from `headline`, its out-of-fold predictions in the first partition of
    /// the headline scheme; `None` where the run has none. What it does to each cell lies in no file: it follows from
    /// these predictions.
    ///
    /// # Errors
    /// If the experiment cannot be read, or the predictions do not allow what they allowed when the run ended.
    pub fn operation(&self, headline: &Predictions) -> Result<Option<Operation>, TrainingError> {
        let path = self.path().join(OPERATING_POINT);
        if !path.is_file() {
            return Ok(None);
        }
        let experiment = self.experiment()?;
        let target = experiment.validation().target(&self.manifest().classes)?;
        let learned = Operation::of(headline, experiment.operating(), target.as_ref());
        learned.map(Some).map_err(|error| TrainingError::read(&path, error))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a probability needs few digits")]
pub(super) fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::predictions::HeldOutCell;
    use tesela_datasets::cell::CellId;
    use tesela_datasets::random::{generator, unit};

    /// Cells of a balanced sample whose probabilities overlap.
    fn predictions() -> Predictions {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let mut all = Predictions::new(classes);
        let mut draws = generator(3, &[]);
        for index in 0..2000_u16 {
            let class = usize::from(index % 2);
            let urban = (unit(&mut draws) + unit(&mut draws) + class as f64) / 3.0;
            let row = single(&[1.0 - urban, urban]);
            let cell = HeldOutCell {
                cell: CellId::new(format!("cell {index}")),
                label: ClassId::new(class),
                partition: 0,
                fold: index / 2 % 10,
                block: u32::from(index / 20),
                stratum: None,
            };
            all.push(cell, &row);
        }
        all
    }

    #[test]
    fn a_rare_class_is_mapped_better_and_the_record_says_how_much() {
        let target = Prevalence::new(vec![0.98, 0.02]).unwrap();
        let settings = OperatingSettings::default();
        let found = Operation::of(&predictions(), &settings, Some(&target)).unwrap();
        let (before, after) = (found.before().unwrap(), found.after().unwrap());
        assert!(after.classes[1].f1 > 1.5 * before.classes[1].f1, "{before:?} {after:?}");
        assert!(after.log_loss < before.log_loss);
        assert_eq!(found.decided().blocks(), 100);
        let record = found.record("random", 10_000, 1);
        let map = &record["expected_map"];
        assert_eq!((map["cells"].as_u64(), map["known"][1].as_u64()), (Some(10_000), Some(200)));
        assert_eq!(record["scheme"], "random");
        assert!(record["calibration_log_losses"]["isotonic"].is_f64(), "{record}");
        assert!(record["scores_after"]["classes"][1]["f1"].is_f64());
        assert!(record["conformal_coverage"][1]["covered"].as_f64().unwrap() > 0.85);
    }

    #[test]
    fn without_a_target_nothing_is_moved() {
        let found = Operation::of(&predictions(), &OperatingSettings::default(), None).unwrap();
        assert!(found.fitted.point.prior().is_none());
        assert!(found.record("blocks", 10, 1)["target_prevalence"].is_null());
    }
}
