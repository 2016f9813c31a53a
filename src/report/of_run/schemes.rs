//! What each validation scheme found, with intervals and curves.

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::fold::{FoldPlan, Partition, Scheme};
use tesela_models::operating_point::{Binning, Quality};

use super::figures;
use super::write::Material;
use crate::metrics::{Outcomes, PrecisionRecallCurve, Prevalence, Scores, WeightedConfusion};
use crate::report::metres;
use crate::report::page::{
    Estimate, FoldResults, Measured, NationalMap, PrecisionRecall, Reliability, ReliabilityBin,
    SchemeKind, SchemeResults, Words,
};
use crate::statistics::{Bootstrap, ExpectedMap, IntervalMethod, Level, Replicates, Resampled};
use crate::training::{Measurement, PartitionMeasurement, Predictions};

/// The first partition of each scheme, the headline first, and the draws of the headline.
pub(super) fn schemes(
    material: &Material,
    measurement: &Measurement,
    plan: &FoldPlan,
) -> (Vec<SchemeResults>, Option<Resampled>) {
    let firsts = measurement.schemes.iter().map(|scheme| measurement.first_of(scheme.scheme));
    let both = firsts.map(|first| {
        let predictions = material.predictions.of_partition(first.partition);
        let drawn = resample(material, &predictions);
        (results(material, first, plan, &predictions, drawn.as_ref()), drawn)
    });
    let (all, drawn): (Vec<SchemeResults>, Vec<Option<Resampled>>) = both.unzip();
    (all, drawn.into_iter().next().flatten())
}

fn results(
    material: &Material,
    measured: &PartitionMeasurement,
    plan: &FoldPlan,
    predictions: &Predictions,
    resampled: Option<&Resampled>,
) -> SchemeResults {
    let outcomes = predictions.outcomes(material.target.as_ref());
    let origins = outcomes.by_origin(&outcomes.most_probable());
    let at_target = material.target.as_ref().and_then(|target| {
        let scores = &measured.target.as_ref()?.pooled;
        let weights = target.weights(&origins.supports())?;
        let replicates = resampled.and_then(Resampled::target);
        Some(at(material, scores, replicates, &origins.weighted(&weights)))
    });
    let here = origins.weighted(&vec![1.0; origins.supports().len()]);
    let replicates = resampled.map(Resampled::sample);
    let kind = kind(measured.scheme);
    SchemeResults {
        kind,
        how: how(measured, plan),
        sample: at(material, &measured.sample.pooled, replicates, &here),
        target: at_target,
        folds: folds(material, measured),
        curve: curve(material, kind, &outcomes),
        reliability: reliability_at(
            "as the model says",
            &outcomes,
            material.focus.map(ClassId::new),
            None,
        ),
    }
}

/// What a page calls a scheme.
pub(in crate::report) fn kind(scheme: Scheme) -> SchemeKind {
    match scheme {
        Scheme::Random => SchemeKind::Random,
        Scheme::Blocks => SchemeKind::Blocks,
        Scheme::Regions => SchemeKind::Regions,
        Scheme::HeldOut => SchemeKind::HeldOut,
    }
}

/// The settings of a partition in words.
fn how(measured: &PartitionMeasurement, plan: &FoldPlan) -> Words {
    let folds = match measured.folds.len() {
        1 => "1 fold".to_owned(),
        folds => format!("{folds} folds"),
    };
    let design = plan.partitions().get(measured.partition).map(Partition::design);
    let blocks = design.and_then(|design| design.block_metres);
    let blocks = blocks.map(|side| format!(" of squares of {}", metres(side)));
    let buffer = design.and_then(|design| design.buffer_metres).filter(|width| *width > 0.0);
    let buffer = buffer.map(|width| {
        format!("; cells within {} of a held-out one are not trained on", metres(width))
    });
    format!("{folds}{}{}", blocks.unwrap_or_default(), buffer.unwrap_or_default()).into()
}

/// Outcomes of the cells of which something was predicted, in the blocks that they were held out in.
fn resample(material: &Material, predictions: &Predictions) -> Option<Resampled> {
    let decided = predictions.most_probable(material.target.as_ref());
    let manifest = material.run.manifest();
    let bootstrap = Bootstrap::from_seed(manifest.seed);
    Resampled::of(&decided, &manifest.classes, material.target.as_ref(), bootstrap)
}

/// Figures at one mixture, with intervals where there are any.
fn at(
    material: &Material,
    scores: &Scores,
    replicates: Option<&Replicates>,
    confusion: &WeightedConfusion,
) -> Measured {
    let estimates = replicates
        .map(|replicates| replicates.intervals(Level::NINETY_FIVE, IntervalMethod::default()));
    let classes = scores.classes.len();
    Measured {
        prevalence: scores.classes.iter().map(|class| class.prevalence).collect(),
        scores: match estimates {
            Some(estimates) => figures::resampled(&estimates, classes, material.focus),
            None => figures::plain(scores, material.focus),
        },
        confusion: confusion.rows().to_vec(),
    }
}

fn folds(material: &Material, measured: &PartitionMeasurement) -> Vec<FoldResults> {
    let folds = measured.sample.folds.iter().zip(&measured.left_out);
    let results = folds.map(|(scores, &left_out)| FoldResults {
        cells: scores
            .iter()
            .flat_map(|scores| &scores.classes)
            .map(|class| class.support)
            .collect(),
        dropped: left_out as u64,
        scores: scores
            .as_ref()
            .map(|scores| figures::plain(scores, material.focus))
            .unwrap_or_default(),
    });
    results.collect()
}

/// Precision over recall of the class in focus, at the target where there is one.
fn curve(material: &Material, kind: SchemeKind, outcomes: &Outcomes) -> Option<PrecisionRecall> {
    let (class, classes) = (ClassId::new(material.focus?), &material.run.manifest().classes);
    curve_of(kind.in_words(), outcomes, class, classes, material.target.as_ref())
}

/// Precision over recall of `class`, as if cells were mixed as `target`.
pub(in crate::report) fn curve_of(
    name: &str,
    outcomes: &Outcomes,
    class: ClassId,
    classes: &ClassMap,
    target: Option<&Prevalence>,
) -> Option<PrecisionRecall> {
    let weights = outcomes.weights(target)?;
    let whole = PrecisionRecallCurve::of(outcomes, class, &weights)?;
    let scores = Scores::of(outcomes, classes, target)?;
    let own = &scores.classes[class.index()];
    let points = whole.thinned();
    Some(PrecisionRecall {
        name: name.into(),
        class: classes.name(class).into(),
        prevalence: own.prevalence,
        points: points.points().iter().map(|point| (point.recall, point.precision)).collect(),
        average_precision: own.average_precision?,
        decision: None,
    })
}

/// How far the probabilities of `class`, or of the most probable class, can be believed, cells mixed as they are or as
/// `target` says.
pub(in crate::report) fn reliability_at(
    name: &str,
    outcomes: &Outcomes,
    class: Option<ClassId>,
    target: Option<&Prevalence>,
) -> Option<Reliability> {
    if outcomes.is_empty() {
        return None;
    }
    let rows: Vec<f64> =
        outcomes.iter().flat_map(|(_, row)| row).map(|&value| f64::from(value)).collect();
    let weights = outcomes.weights(target)?;
    let weight = |cell: usize| weights[outcomes.origin(cell)];
    let quality = Quality::of_cells(&rows, outcomes.truths(), outcomes.classes(), &weight);
    let wanted = |one: &&tesela_models::operating_point::Reliability| {
        one.class == class && one.binning == Binning::EqualWidth
    };
    quality.reliability.iter().find(wanted).map(|found| reliability_of(name, found))
}

/// A diagram of `found`.
pub(super) fn reliability_of(
    name: &str,
    found: &tesela_models::operating_point::Reliability,
) -> Reliability {
    let bins = found.bins.iter().map(|bin| ReliabilityBin {
        predicted: bin.probability,
        observed: bin.rate,
        cells: bin.cells,
    });
    let calibration_error = Some(found.error);
    Reliability { name: name.into(), bins: bins.collect(), calibration_error }
}

/// The map that the most probable classes would make, from the draws of the headline.
pub(super) fn raw_map(material: &Material, drawn: Option<&Resampled>) -> Option<ExpectedMap> {
    let (manifest, target) = (material.run.manifest(), material.target.as_ref()?);
    let (cells, level) = (material.map_cells, Level::NINETY_FIVE);
    ExpectedMap::of(drawn?, &manifest.classes, target, cells, level, manifest.seed)
}

/// What the map of the country will look like.
pub(super) fn national(map: &ExpectedMap) -> NationalMap {
    let rows = map.confusion.iter().map(|row| {
        let cell = |count: &crate::statistics::Count| {
            Estimate::within(count.expected, count.interval.lower, count.interval.upper)
        };
        row.iter().map(cell).collect()
    });
    NationalMap { cells: map.cells, confusion: rows.collect() }
}
