//! How the model for use differs from the models that were measured.
//!
//! It is fitted anew on all cells, so it is none of them; it should differ in nothing else. The bundles say whether it does: a
//! bundle that was put in its place, or was fitted by other settings, was not measured by this run.

use tesela_models::bundle::{BundleManifest, read_manifest};

use super::ReportError;
use crate::report::grouped;
use crate::report::page::{Refit, Words};
use crate::training::{Part, PartitionMeasurement, RunDirectory};

/// How the final model differs from those of the folds of `headline`; `None` where there is none. `plan` says who is trained on
/// which cells.
pub(super) fn refit(
    run: &RunDirectory,
    headline: &PartitionMeasurement,
    plan: &tesela_datasets::fold::FoldPlan,
) -> Result<Option<Refit>, ReportError> {
    if !run.is_done(Part::Final) {
        return Ok(None);
    }
    let last = manifest(run, Part::Final)?;
    let mut differs = Vec::new();
    for &fold in &headline.folds {
        let fold = manifest(run, Part::Fold(fold))?;
        differs.extend(differences(&last, &fold).into_iter().map(Words::from));
    }
    differs.sort();
    differs.dedup();
    let trained = |fold| plan.training(fold).into_iter().filter(|&own| own).count() as u64;
    let folds: u64 = headline.folds.iter().map(|&fold| trained(Some(fold))).sum();
    let each = folds / headline.folds.len().max(1) as u64;
    let how = format!(
        "fitted anew on all {} cells; the measured models on {} each, on average",
        grouped(trained(None)),
        grouped(each)
    );
    Ok(Some(Refit { how: how.into(), differs }))
}

fn manifest(run: &RunDirectory, part: Part) -> Result<BundleManifest, ReportError> {
    let path = run.bundle(part);
    read_manifest(&path).map_err(|error| ReportError::History { path, source: error.into() })
}

/// What differs between the final model and that of a fold beyond their cells.
fn differences(last: &BundleManifest, fold: &BundleManifest) -> Vec<String> {
    let mut all = Vec::new();
    let (own, measured) = (&last.provenance, &fold.provenance);
    if last.kind != fold.kind {
        all.push(format!("it is of kind `{}`, and `{}` was measured", last.kind, fold.kind));
    } else if own.model != measured.model {
        all.push("its settings are others".to_owned());
    }
    if (&last.classes, &last.input) != (&fold.classes, &fold.input) {
        all.push("it sees other bands, columns or classes".to_owned());
    }
    if (&own.store_digest, &own.fold_plan_digest)
        != (&measured.store_digest, &measured.fold_plan_digest)
    {
        all.push("it was fitted on another store or with other folds".to_owned());
    }
    if own.seed != measured.seed {
        all.push(format!("its seed is {}, not {}", own.seed, measured.seed));
    }
    if own.program_version != measured.program_version {
        let [own, measured] = [own, measured].map(|one| &one.program_version);
        all.push(format!("version {own} of the program fitted it, not {measured}"));
    }
    all
}
