//! Learns an operating point on some parts of the cells.

use tesela_datasets::class::ClassId;

use super::cuts::{Cut, Cuts, Scored};
use super::material::{Material, Without};
use super::plan::Plan;
use super::{
    Calibration, CalibrationKind, ConformalSets, Decision, OperatingPoint, OperatingPointError,
    PriorShift, ThresholdRule,
};

/// What was learned.
#[derive(Debug)]
pub(crate) struct Learned {
    pub(crate) point: OperatingPoint,
    /// What the threshold does on the cells that were learned from.
    pub(crate) cut: Option<Cut>,
    /// Whether the threshold does what was asked.
    pub(crate) reached: bool,
}

/// Learns a whole operating point from the parts that `without` keeps.
pub(crate) fn learn(
    material: &Material<'_>,
    plan: &Plan,
    kind: CalibrationKind,
    without: Without,
) -> Result<Learned, OperatingPointError> {
    let classes = material.data.classes();
    let calibration = Calibration::fit_parts(kind, material, without)?;
    let counts = counts(material, without);
    let prior = match &plan.target {
        Some(target) => Some(PriorShift::new(classes, &shares(&counts), target)?),
        None => None,
    };
    let found = plan.rule.map(|(class, rule)| {
        let weights = plan.target.as_ref().map_or_else(
            || vec![1.0; counts.len()],
            |target| target.iter().zip(&counts).map(|(share, count)| share / count).collect(),
        );
        let cells = scores(material, without, &calibration, prior.as_ref(), class);
        let share = plan.target.as_ref().map_or_else(|| shares(&counts), Clone::clone);
        let cuts = Cuts::new(cells, class.index(), &weights);
        let (cut, reached) = cuts.find(rule, share[class.index()]);
        (class, rule, cut, reached)
    });
    let decision = found.as_ref().map_or(Decision::Argmax, |&(class, _, cut, _)| {
        Decision::Threshold { class, at_least: cut.threshold }
    });
    let conformal = match plan.error {
        Some(error) => Some(ConformalSets::fit_parts(material.data, error, without)?),
        None => None,
    };
    let point = OperatingPoint::new(classes.clone(), calibration, prior, decision, conformal)?;
    let cut = found.as_ref().map(|found| found.2);
    Ok(Learned { point, cut, reached: found.is_none_or(|found| found.3) })
}

/// The error of a precision that no threshold reaches.
pub(crate) fn unreached(material: &Material<'_>, plan: &Plan, cut: Cut) -> OperatingPointError {
    let (class, wanted) = match plan.rule {
        Some((class, ThresholdRule::Precision(wanted))) => (class, wanted),
        other => (other.map_or(ClassId::new(0), |rule| rule.0), 1.0),
    };
    let prevalence =
        plan.target.clone().unwrap_or_else(|| shares(&counts(material, Without::NOTHING)))
            [class.index()];
    let class = material.data.classes().name(class).to_owned();
    let (best, recall) = (cut.precision, cut.recall);
    OperatingPointError::Precision { wanted, class, prevalence, best, recall }
}

/// The probability of `class` in each cell, with the class that is known and what the cell counts beside others of it.
fn scores(
    material: &Material<'_>,
    without: Without,
    calibration: &Calibration,
    prior: Option<&PriorShift>,
    class: ClassId,
) -> Vec<Scored> {
    let data = material.data;
    let mut row = vec![0.0; data.classes().len()];
    let score = |cell: usize| {
        calibration.apply(data.row(cell), &mut row);
        if let Some(prior) = prior {
            prior.apply(&mut row);
        }
        let (probability, truth) = (row[class.index()], data.truths()[cell].index());
        Scored { probability, truth, weight: data.weight(cell) }
    };
    material.cells(without).map(score).collect()
}

/// Number of cells of each class in the parts that are kept, or what they count together.
fn counts(material: &Material<'_>, without: Without) -> Vec<f64> {
    let data = material.data;
    let mut counts = vec![0.0; data.classes().len()];
    for cell in material.cells(without) {
        counts[data.truths()[cell].index()] += data.weight(cell);
    }
    counts
}

fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| count / total).collect()
}
