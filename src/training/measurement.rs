//! Measurement: all scores of a run, as they stand in `metrics.json`.
//!
//! Every partition of the fold plan is scored on its own, because a cell occurs in each of them. Partitions of one
//! [`Scheme`] are summarised together, and the strictest scheme is the headline.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;
use tesela_datasets::fold::Scheme;

use crate::metrics::{Confusion, Outcomes, Prevalence, Scores, Summary, summarise_known};

/// The version of `metrics.json`.
const FORMAT_VERSION: u32 = 2;

/// All scores of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Version of the format.
    pub format: u32,
    /// The classes, in the order of all tables.
    pub classes: ClassMap,
    /// The strictest scheme, whose scores have the last word.
    pub headline: Scheme,
    /// How many strata the target tells apart; none where it is known as a whole.
    #[serde(default, skip_serializing_if = "is_none")]
    pub strata: usize,
    /// What each scheme says, the headline first and then from the strictest to the mildest.
    pub schemes: Vec<SchemeMeasurement>,
    /// The scores of each partition.
    pub partitions: Vec<PartitionMeasurement>,
}

/// What all partitions of one scheme say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemeMeasurement {
    /// The scheme.
    pub scheme: Scheme,
    /// Its partitions, by their number in the fold plan.
    pub partitions: Vec<usize>,
    /// How many folds they have.
    pub folds: usize,
    /// Mean and deviation over all their folds, of the cells as they are mixed.
    pub sample: Vec<Summary>,
    /// The same as if the cells were mixed as the target.
    pub target: Option<Vec<Summary>>,
}

/// All scores of one partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionMeasurement {
    /// Its number in the fold plan.
    pub partition: usize,
    /// How its cells came into folds.
    pub scheme: Scheme,
    /// Counts the partitions of one scheme, from 0.
    pub repeat: u16,
    /// The folds that are scored, numbered through all partitions.
    pub folds: Vec<usize>,
    /// For each of them, the number of cells that the buffer kept out of training.
    pub left_out: Vec<usize>,
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
    /// Of each fold; nothing where a fold lacks a class that the mixture has. Where strata are told apart, the cells of a class that
    /// a fold has stand for those in strata that it lacks.
    pub folds: Vec<Option<Scores>>,
    /// Mean and deviation over the folds.
    pub summary: Vec<Summary>,
}

/// What one partition came to, before it is scored.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionOutcomes {
    /// Its number in the fold plan.
    pub partition: usize,
    /// How its cells came into folds.
    pub scheme: Scheme,
    /// Counts the partitions of one scheme, from 0.
    pub repeat: u16,
    /// The number of each fold, how many cells its buffer left out, and what came of its held-out cells.
    pub folds: Vec<(usize, usize, Outcomes)>,
}

impl Measurement {
    /// Scores `partitions`, and the partitions of each scheme together.
    ///
    /// `None` where there is no partition, or nothing was classified in one of the folds.
    pub fn of(
        partitions: &[PartitionOutcomes],
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        let strata = target.map_or(0, |target| target.strata().len());
        let mut outcomes = partitions.iter().flat_map(|one| &one.folds);
        let is_stratified = outcomes.all(|(_, _, outcomes)| outcomes.strata() == strata);
        let scored = partitions.iter().map(|one| PartitionMeasurement::of(one, classes, target));
        let partitions: Vec<PartitionMeasurement> = scored.collect::<Option<_>>()?;
        let mut present: Vec<Scheme> = partitions.iter().map(|one| one.scheme).collect();
        present.sort_unstable_by(|a, b| b.cmp(a));
        present.dedup();
        let schemes = present.iter().map(|&scheme| SchemeMeasurement::of(scheme, &partitions));
        Some(Self {
            format: FORMAT_VERSION,
            classes: classes.clone(),
            headline: *present.first()?,
            strata: if is_stratified { strata } else { 0 },
            schemes: schemes.collect(),
            partitions,
        })
    }

    /// Scores cells that were held out once.
    pub fn of_held_out(
        outcomes: Outcomes,
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        let folds = vec![(0, 0, outcomes)];
        let only = PartitionOutcomes { partition: 0, scheme: Scheme::HeldOut, repeat: 0, folds };
        Self::of(&[only], classes, target)
    }

    /// The first partition of the headline scheme.
    pub fn headline(&self) -> &PartitionMeasurement {
        self.first_of(self.headline)
    }

    /// The first partition of `scheme`, one of the schemes that were measured.
    ///
    /// # Panics
    /// If it was not.
    pub fn first_of(&self, scheme: Scheme) -> &PartitionMeasurement {
        let mut partitions = self.partitions.iter();
        partitions.find(|one| one.scheme == scheme).expect("the scheme was measured")
    }

    /// What `scheme` says, where it was measured.
    pub fn scheme(&self, scheme: Scheme) -> Option<&SchemeMeasurement> {
        self.schemes.iter().find(|one| one.scheme == scheme)
    }

    /// Whether everything that a reader relies on is there: a partition of each scheme, and the headline among them.
    pub(super) fn is_whole(&self) -> bool {
        let is_measured = |scheme: Scheme| self.partitions.iter().any(|one| one.scheme == scheme);
        self.format == FORMAT_VERSION
            && self.schemes.first().is_some_and(|first| first.scheme == self.headline)
            && self.schemes.iter().all(|one| is_measured(one.scheme))
    }
}

impl SchemeMeasurement {
    fn of(scheme: Scheme, partitions: &[PartitionMeasurement]) -> Self {
        let own: Vec<_> = partitions.iter().filter(|one| one.scheme == scheme).collect();
        let folds = |which: fn(&PartitionMeasurement) -> Option<&Measured>| {
            let measured: Option<Vec<&Measured>> = own.iter().map(|one| which(one)).collect();
            let folds = measured?.into_iter().flat_map(|measured| measured.folds.iter().cloned());
            Some(folds.collect::<Vec<_>>())
        };
        Self {
            scheme,
            partitions: own.iter().map(|one| one.partition).collect(),
            folds: own.iter().map(|one| one.folds.len()).sum(),
            sample: summarise_known(&folds(|one| Some(&one.sample)).unwrap_or_default()),
            target: folds(|one| one.target.as_ref()).map(|folds| summarise_known(&folds)),
        }
    }
}

impl PartitionMeasurement {
    fn of(
        outcomes: &PartitionOutcomes,
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        let folds: Vec<&Outcomes> = outcomes.folds.iter().map(|(_, _, fold)| fold).collect();
        let strata = folds.first().map_or(1, |fold| fold.strata());
        let mut pooled = Outcomes::of_strata(classes.len(), strata);
        for fold in &folds {
            pooled.extend(fold);
        }
        let sample = Measured::of(&pooled, &folds, classes, None)?;
        if sample.folds.iter().any(Option::is_none) {
            return None;
        }
        let target = target.and_then(|target| Measured::of(&pooled, &folds, classes, Some(target)));
        let PartitionOutcomes { partition, scheme, repeat, .. } = *outcomes;
        Some(Self {
            partition,
            scheme,
            repeat,
            folds: outcomes.folds.iter().map(|(fold, _, _)| *fold).collect(),
            left_out: outcomes.folds.iter().map(|(_, left_out, _)| *left_out).collect(),
            confusion: pooled.confusion(),
            sample,
            target,
        })
    }
}

impl Measured {
    fn of(
        pooled: &Outcomes,
        folds: &[&Outcomes],
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Option<Self> {
        let pooled = Scores::of(pooled, classes, target)?;
        let folds: Vec<Option<Scores>> =
            folds.iter().map(|fold| Scores::of(fold, classes, target)).collect();
        let summary = summarise_known(&folds);
        Some(Self { pooled, folds, summary })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(strata: &usize) -> bool {
    *strata == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::class::ClassId;

    fn classes() -> ClassMap {
        ClassMap::new(["non-urban", "urban"]).unwrap()
    }

    /// Cells of which the first `right` of each class are right.
    fn outcomes(non_urban: usize, urban: usize, right: usize) -> Outcomes {
        let mut outcomes = Outcomes::new(2);
        for (class, count) in [non_urban, urban].into_iter().enumerate() {
            for cell in 0..count {
                let own = if cell < right { 0.75 } else { 0.25 };
                let row = if class == 0 { [own, 1.0 - own] } else { [1.0 - own, own] };
                outcomes.push(ClassId::new(class), &row);
            }
        }
        outcomes
    }

    fn partition(partition: usize, scheme: Scheme, folds: Vec<Outcomes>) -> PartitionOutcomes {
        let first = 2 * partition;
        let folds = (first..).zip(folds).map(|(fold, outcomes)| (fold, 3, outcomes)).collect();
        PartitionOutcomes { partition, scheme, repeat: 0, folds }
    }

    #[test]
    fn the_strictest_scheme_is_the_headline_and_repeats_are_summarised_together() {
        let partitions = [
            partition(0, Scheme::Random, vec![outcomes(10, 10, 9), outcomes(10, 10, 10)]),
            partition(1, Scheme::Random, vec![outcomes(10, 10, 8), outcomes(10, 10, 9)]),
            partition(2, Scheme::Blocks, vec![outcomes(10, 10, 5), outcomes(10, 10, 7)]),
        ];
        let measurement = Measurement::of(&partitions, &classes(), None).unwrap();
        assert!(measurement.is_whole());
        assert_eq!(measurement.headline, Scheme::Blocks);
        assert_eq!(measurement.headline().partition, 2);
        let accuracy = |scheme| {
            let summary = &measurement.scheme(scheme).unwrap().sample[0];
            (summary.name.as_str(), summary.folds, summary.mean.unwrap())
        };
        assert_eq!(accuracy(Scheme::Blocks), ("accuracy", 2, 0.6));
        let (_, folds, mean) = accuracy(Scheme::Random);
        assert!(folds == 4 && (mean - 0.9).abs() < 1e-12, "{folds} folds, {mean}");
        assert_eq!(measurement.schemes[1].partitions, [0, 1]);
        assert_eq!(measurement.headline().left_out, [3, 3]);
    }

    #[test]
    fn a_fold_without_a_class_counts_where_it_can() {
        let folds = vec![outcomes(10, 0, 5), outcomes(10, 10, 10)];
        let only = [partition(0, Scheme::Regions, folds)];
        let target = Prevalence::new(vec![0.9, 0.1]).unwrap();
        let measurement = Measurement::of(&only, &classes(), Some(&target)).unwrap();
        let headline = measurement.headline();
        let target = headline.target.as_ref().unwrap();
        assert_eq!(target.folds.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
        let urban_recall = |summary: &[Summary]| {
            let one = summary.iter().find(|one| one.name == "urban recall").unwrap();
            (one.folds, one.mean)
        };
        assert_eq!(urban_recall(&headline.sample.summary), (1, Some(1.0)));
        assert_eq!(urban_recall(&target.summary), (1, Some(1.0)));
    }

    #[test]
    fn a_measurement_survives_its_file() {
        let only = [partition(0, Scheme::Blocks, vec![outcomes(10, 10, 5)])];
        let measurement = Measurement::of(&only, &classes(), None).unwrap();
        let text = serde_json::to_string(&measurement).unwrap();
        assert_eq!(serde_json::from_str::<Measurement>(&text).unwrap(), measurement);
    }
}
