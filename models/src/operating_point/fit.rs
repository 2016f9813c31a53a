//! Fits an operating point and measures it.

use rayon::prelude::*;
use tesela_datasets::class::ClassMap;

use super::assessment::Assessment;
use super::choice::Choice;
use super::cross_fit::{Learned, learn, unreached};
use super::cuts::Cut;
use super::material::{Material, Without};
use super::plan::Plan;
use super::prior::check_shares;
use super::warnings::Facts;
use super::{
    Calibration, CalibrationKind, KindLoss, OperatingPoint, OperatingPointError, OperatingSettings,
    OutOfFold, PrevalenceEstimate, PriorChoice, Unsettled, estimate_prevalence,
};

/// What is known about the place of use.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// The declared share of each class.
    pub target: Option<&'a [f64]>,
    /// Raw probabilities of cells as they occur there, `[cell, class]`, for `prior = "estimated"`; without them the
    /// prevalence is left to be estimated when a map is made ([`OperatingPoint::settle`]).
    pub unlabelled: Option<&'a [f32]>,
}

/// An operating point with what is known about it.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// What goes into the bundle.
    pub point: OperatingPoint,
    /// The log-loss of each kind of calibration that was tried, on cells that it was not fitted on.
    pub losses: Vec<KindLoss>,
    /// What the threshold does on the cells that it was found on; the assessment says what to expect on others.
    pub cut: Option<Cut>,
    /// The estimate of the prevalence, where one was asked for.
    pub estimate: Option<PrevalenceEstimate>,
    /// What to expect on cells that were not learned from.
    pub assessment: Assessment,
    /// What the user should know, in words: classes with few cells, cells that are left out.
    pub warnings: Vec<String>,
}

impl OperatingPoint {
    /// Learns an operating point from all cells of `data`, and measures it by cross-fitting: for each part of the
    /// folds, a whole operating point is learned from the others and applied to this one.
    ///
    /// Calibrations are compared, and conformal limits found, at the mixture of the sample; thresholds at that of the
    /// place of use.
    ///
    /// ```
    /// use tesela_datasets::class::{ClassId, ClassMap};
    /// use tesela_models::operating_point::{OperatingPoint, OperatingSettings, OutOfFold, Place};
    ///
    /// // A sample of as many urban cells as others, in four folds; one in fifty is urban in the country.
    /// let classes = ClassMap::new(["non-urban", "urban"])?;
    /// let truths: Vec<ClassId> = (0..400).map(|cell| ClassId::new(cell % 2)).collect();
    /// let urban = |cell: usize| if cell % 10 == 0 { 0.9 } else { [0.2, 0.7][cell % 2] };
    /// let raw: Vec<f32> = (0..400).flat_map(|cell| [1.0 - urban(cell), urban(cell)]).collect();
    /// let folds: Vec<u32> = (0..400).map(|cell| cell / 100).collect();
    ///
    /// let data = OutOfFold::new(&classes, &truths, &raw, &folds)?;
    /// let place = Place { target: Some(&[0.98, 0.02]), unlabelled: None };
    /// let fitted = OperatingPoint::fit(&data, &OperatingSettings::default(), &place)?;
    /// let decided = fitted.point.apply_all(&[0.3, 0.7])?;
    /// // What looks urban in the sample is mostly not so in the country.
    /// assert!(decided.probabilities[1] < 0.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the settings do not fit the classes, a prevalence is 0 or 1, no threshold reaches the precision that is asked
    /// for, or no prevalence can be estimated from the unlabelled cells.
    pub fn fit(
        data: &OutOfFold,
        settings: &OperatingSettings,
        place: &Place<'_>,
    ) -> Result<Fitted, OperatingPointError> {
        let material = Material::new(data, data.weights())?;
        let choice = Choice::new(settings.calibration().kinds(), &material)?;
        let (target, estimate) = target(&material, settings.prior(), choice.best, place)?;
        let stands_in = settings.prior() == PriorChoice::Estimated && estimate.is_none();
        let plan = Plan::new(settings, data.classes(), target)?;
        let Learned { point, cut, reached } =
            learn(&material, &plan, choice.best, Without::NOTHING)?;
        if let (Some(cut), false) = (cut, reached) {
            return Err(unreached(&material, &plan, cut));
        }
        let point = match stands_in {
            true => point.with_unsettled(Unsettled::new(data.shares(), plan.rule))?,
            false => point,
        };
        let parts: Vec<Learned> = (0..data.part_count())
            .into_par_iter()
            .map(|part| {
                let kinds = choice.best_without.as_ref();
                let kind = kinds.map_or(choice.best, |kinds| kinds[usize::from(part)]);
                learn(&material, &plan, kind, Without::part(part))
            })
            .collect::<Result<_, _>>()?;
        let nested = choice.best_without.is_some();
        let assessment = Assessment::new(data, &parts, plan.target.as_deref(), nested);
        let undeclared = settings.prior() == PriorChoice::Target && plan.target.is_none();
        let declared = place.target;
        let unlabelled = place.unlabelled.map_or(0, |raw| raw.len() / data.classes().len()) as u64;
        let estimated = estimate.as_ref().map(|found| (found.shares.as_slice(), unlabelled));
        let warnings = Facts {
            data,
            point: &point,
            assessment: &assessment,
            cut,
            undeclared,
            stands_in,
            estimated,
            declared,
        };
        let warnings = warnings.warnings();
        Ok(Fitted { point, losses: choice.losses, cut, estimate, assessment, warnings })
    }
}

type Target = (Option<Vec<f64>>, Option<PrevalenceEstimate>);

/// The mixture that probabilities are moved to. One that is estimated when a map is made has the declared one as a stand-in,
/// or that of the sample.
fn target(
    material: &Material<'_>,
    prior: PriorChoice,
    kind: CalibrationKind,
    place: &Place<'_>,
) -> Result<Target, OperatingPointError> {
    let classes = material.data.classes();
    let estimated = (prior == PriorChoice::Estimated).then_some(place.unlabelled).flatten();
    match (prior, estimated, place.target) {
        (PriorChoice::Sample, ..) | (_, None, None) => Ok((None, None)),
        (_, None, Some(target)) => {
            check_shares(classes, "target", target)?;
            Ok((Some(target.to_vec()), None))
        }
        (_, Some(raw), _) => {
            let calibration = Calibration::fit_parts(kind, material, Without::NOTHING)?;
            let rows = calibrated(classes, &calibration, raw)?;
            let estimate = estimate_prevalence(classes, &rows, &material.data.shares())?;
            check_shares(classes, "estimated", &estimate.shares)?;
            Ok((Some(estimate.shares.clone()), Some(estimate)))
        }
    }
}

/// Calibrated probabilities of unlabelled cells, at the mixture of the sample.
fn calibrated(
    classes: &ClassMap,
    calibration: &Calibration,
    raw: &[f32],
) -> Result<Vec<f64>, OperatingPointError> {
    let decision = super::Decision::Argmax;
    let point = OperatingPoint::new(classes.clone(), calibration.clone(), None, decision, None)?;
    Ok(point.apply_all(raw)?.probabilities)
}
