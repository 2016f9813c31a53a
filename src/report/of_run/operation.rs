//! What the operating point of a run does, for its page.

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_models::operating_point::{Binning, Decision, Fitted};

use super::figures;
use super::schemes::reliability_of;
use super::write::Material;
use crate::report::page::{DecisionPoint, OperatingPoint, Words};
use crate::report::percent;
use crate::statistics::{ExpectedMap, IntervalMethod, Level, Resampled};
use crate::training::Operation;

/// An operating point with all that is drawn to say how good it is: drawing costs more than everything else on a page.
pub(super) struct Drawn {
    pub(super) operation: Operation,
    resampled: Option<Resampled>,
    /// What the map of the country will look like.
    pub(super) map: Option<ExpectedMap>,
}

impl Drawn {
    pub(super) fn of(operation: Operation, map_cells: u64, seed: u64) -> Self {
        let resampled = operation.resampled(seed);
        let map = resampled.as_ref().and_then(|own| operation.expected_map(own, map_cells, seed));
        Self { operation, resampled, map }
    }
}

/// What the operating point of `drawn` does.
pub(super) fn point(material: &Material, drawn: &Drawn) -> Option<OperatingPoint> {
    let Drawn { operation, resampled, map } = drawn;
    let (before, after) = (operation.before()?, operation.after()?);
    let classes = &material.run.manifest().classes;
    let Fitted { point, losses, assessment, warnings, .. } = &operation.fitted;
    let replicates = resampled.as_ref().map(|all| all.target().unwrap_or(all.sample()));
    let mut estimates = replicates
        .map(|replicates| replicates.intervals(Level::NINETY_FIVE, IntervalMethod::default()));
    // Where a map is to be expected, the intervals are those that its own figures should fall into.
    if let (Some(map), Some(estimates)) = (map, &mut estimates) {
        map.amend(estimates);
    }
    let kind = losses.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
    let quality = &assessment.at_sample;
    Some(OperatingPoint {
        calibration: calibration(point.calibration(), kind.map(|one| one.kind)).into(),
        prior: prior(point, classes),
        stands_in: point.unsettled().is_some(),
        decision: decision(point.decision(), classes),
        point: at(material, point.decision(), &after),
        tried: losses.iter().map(|one| (one.kind.to_string().into(), one.log_loss)).collect(),
        before: figures::plain(&before, material.focus),
        after: match estimates {
            Some(estimates) => figures::resampled(&estimates, classes.len(), material.focus),
            None => figures::plain(&after, material.focus),
        },
        log_loss: Some((quality.before.log_loss, quality.after.log_loss)),
        reliability: quality
            .after
            .reliability
            .iter()
            .find(|one| {
                one.class == material.focus.map(ClassId::new) && one.binning == Binning::EqualWidth
            })
            .map(|found| reliability_of("after calibration", found)),
        sets: sets(operation, classes),
        // Sentences, some of them longer than any name.
        remarks: warnings.iter().map(|remark| Words::lines(remark)).collect(),
    })
}

/// To which prevalence probabilities are moved.
fn prior(
    point: &tesela_models::operating_point::OperatingPoint,
    classes: &ClassMap,
) -> Option<Words> {
    let to = point.prior().map(|prior| {
        let shares = classes.names().iter().zip(prior.to_shares());
        let shares: Vec<String> =
            shares.map(|(name, share)| format!("{name} {}", percent(*share))).collect();
        shares.join(", ")
    });
    let words = match (to, point.unsettled()) {
        (Some(to), None) => format!("moved to that of the country: {to}"),
        (Some(to), Some(_)) => format!(
            "estimated when a map is made, from its own cells; the declared one stands in for it here: {to}"
        ),
        (None, Some(_)) => {
            "estimated when a map is made, from its own cells; that of the sample stands in for it here".to_owned()
        }
        (None, None) => return None,
    };
    Some(words.into())
}

/// What the chosen calibration is.
fn calibration(
    chosen: &tesela_models::operating_point::Calibration,
    best: Option<tesela_models::operating_point::CalibrationKind>,
) -> String {
    use tesela_models::operating_point::Calibration;
    let words = match chosen {
        Calibration::None => "none: probabilities stay as they are",
        Calibration::Temperature(_) => "temperature: one number for all classes",
        Calibration::Platt(_) => "Platt: a sigmoid for each class",
        Calibration::Isotonic(_) => "isotonic: a rising curve for each class",
    };
    let is_choice = if best.is_some() { ", the best of those tried" } else { "" };
    format!("{words}{is_choice}")
}

fn decision(decision: Decision, classes: &ClassMap) -> Option<Words> {
    match decision {
        Decision::Threshold { class, at_least } => {
            let name = classes.name(class);
            Some(format!("{name} where its probability is at least {}", percent(at_least)).into())
        }
        Decision::Argmax => None,
    }
}

/// Where on the curve of precision over recall cells are decided.
fn at(
    material: &Material,
    decision: Decision,
    after: &crate::metrics::Scores,
) -> Option<DecisionPoint> {
    let Decision::Threshold { class, at_least } = decision else { return None };
    let own = after.classes.get(class.index()).filter(|_| material.focus == Some(class.index()))?;
    Some(DecisionPoint { threshold: at_least, recall: own.recall, precision: own.precision })
}

/// How often the sets of classes hold the true one.
fn sets(operation: &Operation, classes: &ClassMap) -> Option<Words> {
    let sets = operation.fitted.point.conformal()?;
    let coverage = operation.fitted.assessment.coverage.iter().map(|one| {
        let (name, covered) = (classes.name(one.class), percent(one.covered));
        format!("{covered} of {name} ({:.2} classes on average)", one.size)
    });
    let coverage: Vec<String> = coverage.collect();
    let promised = percent(1.0 - sets.error());
    Some(
        format!(
            "hold the true class in {promised} of the cells of each class; here in {}",
            coverage.join(", ")
        )
        .into(),
    )
}
