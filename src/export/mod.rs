//! Exporting: the model of a run, or a bundle, as a bundle that others can use.
//!
//! Of a run that is the final model, the models of all folds as an ensemble, or the model of one fold; the bundle then says how
//! good such a model is, with intervals. What is written beside the weights is the business of `tesela_models::export`.
//!
//! Start with [`export_model`].

mod choice;
mod error;
mod measured;

use std::path::{Path, PathBuf};

use tesela_models::bundle::{BundleManifest, Gathering, MANIFEST_FILE};
use tesela_models::export::{Format, export};

pub use choice::ModelChoice;
pub use error::ExportError;

use self::measured::{RunFigures, of_fold};
use crate::training::{Part, RunDirectory};

/// Writes the model that `choice` names of the run or bundle at `path` to `directory`, as a bundle with the model in `formats`
/// beside it; in all that it has where `None`. Of a run, the final model is taken where `choice` is `None`.
///
/// # Errors
/// If there is no such model, it lacks a format, something else than a bundle lies at `directory`, or the disk refuses.
pub fn export_model(
    path: &Path,
    choice: Option<ModelChoice>,
    formats: Option<&[Format]>,
    directory: &Path,
) -> Result<BundleManifest, ExportError> {
    let gathering = if path.join(MANIFEST_FILE).is_file() {
        if let Some(choice) = choice {
            return Err(ExportError::OneModel { path: path.to_owned(), choice });
        }
        Gathering::copy(path)?
    } else {
        of_run(&RunDirectory::find(path)?, choice.unwrap_or(ModelChoice::Final))?
    };
    Ok(export(gathering, directory, formats)?)
}

fn of_run(run: &RunDirectory, choice: ModelChoice) -> Result<Gathering, ExportError> {
    match choice {
        ModelChoice::Final => final_model(run),
        ModelChoice::Fold(fold) => of_one_fold(run, fold),
        ModelChoice::Ensemble => ensemble(run),
    }
}

fn final_model(run: &RunDirectory) -> Result<Gathering, ExportError> {
    let Some(bundle) = final_bundle(run) else {
        let path = run.path().to_owned();
        return Err(match run.experiment()?.final_model() {
            true => ExportError::NoFinal { path },
            false => ExportError::NeverFinal { path },
        });
    };
    let mut gathering = Gathering::copy(&bundle)?;
    let figures = RunFigures::of(run)?;
    gathering.manifest_mut().provenance.measured.extend(figures.intervals()?);
    Ok(gathering)
}

fn of_one_fold(run: &RunDirectory, fold: usize) -> Result<Gathering, ExportError> {
    let folds = run.manifest().folds;
    if fold >= folds {
        return Err(ExportError::NoFold { path: run.path().to_owned(), fold, last: folds - 1 });
    }
    if !run.is_done(Part::Fold(fold)) {
        return Err(ExportError::Unfinished { path: run.path().to_owned(), fold });
    }
    let mut gathering = Gathering::copy(&run.bundle(Part::Fold(fold)))?;
    gathering.manifest_mut().provenance.measured.extend(of_fold(run, fold)?);
    Ok(gathering)
}

/// The folds of the headline scheme: it is their held-out cells that the operating point was learned from.
fn ensemble(run: &RunDirectory) -> Result<Gathering, ExportError> {
    let figures = RunFigures::of(run)?;
    let member = |&fold: &usize| {
        let part = Part::Fold(fold);
        (part.folder(), run.bundle(part))
    };
    let members: Vec<(String, PathBuf)> = figures.folds().iter().map(member).collect();
    let mut gathering = Gathering::ensemble(&members, final_bundle(run).as_deref())?;
    let manifest = gathering.manifest_mut();
    manifest.operating_point = run.operating_point()?;
    manifest.provenance.measured = figures.measured()?;
    manifest.provenance.measured.extend(figures.intervals()?);
    Ok(gathering)
}

/// The bundle of the final model, where there is one.
fn final_bundle(run: &RunDirectory) -> Option<PathBuf> {
    Some(run.bundle(Part::Final)).filter(|bundle| bundle.join(MANIFEST_FILE).is_file())
}
