//! Evaluation: a fitted model, measured on a store that it was not fitted on.
//!
//! Cells of the store whose ids the model was fitted on are left out of the scores, because a model
//! knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tesela_datasets::cell::CellId;
use tesela_datasets::class::{ClassMap, Label};
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::fold::FoldPlan;
use tesela_datasets::source::{CellSource, InputDefinition};
use tesela_datasets::store::{Selection, StoreReader};
use tesela_datasets::table::ColumnOrder;
use tesela_models::Classifier;
use tesela_models::bundle::{self, BundleManifest, MANIFEST_FILE};
use tesela_models::classifier::PredictError;

use super::files::{read_json, write_json};
use super::strata::CellStrata;
use super::{
    DecidedScores, HeldOutCell, Measurement, Part, Predictions, RunDirectory, RunObserver,
    TrainingError,
};
use crate::experiment::{Experiment, Regrouping};
use crate::metrics::Prevalence;

/// The file of the scores with the operating point.
const DECIDED: &str = "decided-metrics.json";

/// A fitted model with what is known about where it comes from.
pub struct Fitted {
    classifier: Box<dyn Classifier>,
    manifest: BundleManifest,
    path: PathBuf,
    /// The run that it lies in.
    run: Option<(Experiment, FoldPlan)>,
}

/// What came of an evaluation.
pub struct Evaluation {
    /// The scores of the raw probabilities and the most probable class.
    pub measurement: Measurement,
    /// The scores of the same cells as the operating point of the bundle decides them, which is how a map decides; `None`
    /// where it has none.
    pub decided: Option<DecidedScores>,
    /// Cells that were left out because the model was fitted on them; `None` where nobody knows which it
    /// was fitted on.
    pub known_cells: Option<usize>,
    /// Cells of undefined class, or of classes that the model does not know.
    pub undefined: usize,
    /// Why the target prevalence, which tells strata apart, is that of all of them together here; `None` where it is not.
    pub unstratified: Option<String>,
}

impl Fitted {
    /// Loads the model in `path`: a bundle, or a run (or a folder that holds one), whose final model is
    /// taken, or that of `fold`.
    ///
    /// # Errors
    /// If there is no such model, or it cannot be loaded.
    pub fn load(path: &Path, fold: Option<usize>, device: &str) -> Result<Self, TrainingError> {
        let directory = if let Some(path) = RunDirectory::locate(path)? {
            let run = RunDirectory::open(&path)?;
            let part = fold.map_or(Part::Final, Part::Fold);
            if !run.is_done(part) {
                let reason = format!("its {part} is not done; `tesela train` continues the run");
                return Err(TrainingError::NotARun { path, reason });
            }
            run.bundle(part)
        } else if path.join(MANIFEST_FILE).is_file() {
            path.to_owned()
        } else {
            return Err(TrainingError::NoModel { path: path.to_owned() });
        };
        let (classifier, manifest) = bundle::load(&directory, device)
            .map_err(|error| TrainingError::read(&directory, error))?;
        let run = run_of(&directory, &manifest)?;
        Ok(Self { classifier, manifest, path: directory, run })
    }

    /// Where the bundle lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model without its operating point.
    #[must_use]
    pub fn without_operating_point(mut self) -> Self {
        self.manifest.operating_point = None;
        self
    }

    /// What the bundle says about the model.
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// The cells that it was fitted on; `None` where nobody knows.
    fn cells(&self) -> Option<BTreeSet<CellId>> {
        let (_, plan) = self.run.as_ref()?;
        let fold = self.manifest.provenance.fold.and_then(|fold| usize::try_from(fold).ok());
        let cells = plan.cells().iter().zip(plan.training(fold)).filter(|(_, trained)| *trained);
        Some(cells.map(|(id, _)| id.clone()).collect())
    }

    /// What the classes of `store` are to the model.
    fn regroup(&self, store: &ClassMap) -> Result<Regrouping, String> {
        let own = self.classifier.classes();
        if let Some((experiment, _)) = &self.run
            && let Ok(regrouping) = experiment.data().regroup(store)
            && regrouping.classes() == own
        {
            return Ok(regrouping);
        }
        match Regrouping::by_name(store, own) {
            Some(regrouping) => Ok(regrouping),
            None => Err(format!("its classes are {store}; the model knows {own}")),
        }
    }

    /// Says how the columns of a table differ from those that the model was fitted on.
    fn check_columns(&self, store: &InputDefinition) -> Result<(), String> {
        match (self.classifier.input(), store) {
            (InputDefinition::Patches(_), InputDefinition::Patches(_)) => Ok(()),
            (InputDefinition::Table(own), InputDefinition::Table(found)) => {
                let order = ColumnOrder::find(own.columns(), found.columns());
                order.map(drop).map_err(|difference| difference.to_string())
            }
            (own, found) => {
                Err(format!("it holds {}; the model was fitted on {}", found.words(), own.words()))
            }
        }
    }

    fn target(&self) -> Option<Prevalence> {
        let (experiment, _) = self.run.as_ref()?;
        experiment.validation().target(self.classifier.classes()).ok().flatten()
    }
}

/// `evaluation.json`: what was measured on what.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct EvaluationManifest {
    /// The files of the model, with their digests.
    model: BTreeMap<String, FileMark>,
    store_digest: String,
    known_cells: Option<usize>,
    undefined: usize,
}

impl EvaluationManifest {
    /// Makes `out` the directory of this evaluation, unless it holds something else.
    fn claim(&self, out: &Path) -> Result<(), TrainingError> {
        let own = out.join("evaluation.json");
        let refuse = |reason: &str| TrainingError::Occupied {
            path: out.to_owned(),
            reason: reason.to_owned(),
        };
        std::fs::create_dir_all(out).map_err(|error| TrainingError::write(out, error))?;
        if own.is_file() {
            if read_json::<Self>(&own)? == *self {
                return Ok(());
            }
            return Err(refuse("it holds an evaluation of another model or store"));
        }
        let mut entries =
            std::fs::read_dir(out).map_err(|error| TrainingError::read(out, error))?;
        match entries.next() {
            Some(_) => Err(refuse("it holds other things; expected an empty folder")),
            None => write_json(&own, self),
        }
    }
}

/// The run in which a bundle lies, if it does.
fn run_of(
    bundle: &Path,
    manifest: &BundleManifest,
) -> Result<Option<(Experiment, FoldPlan)>, TrainingError> {
    let Some(root) = bundle
        .canonicalize()
        .ok()
        .and_then(|path| path.parent().and_then(Path::parent).map(Path::to_owned))
    else {
        return Ok(None);
    };
    if !root.join("run.json").is_file() {
        return Ok(None);
    }
    let run = RunDirectory::open(&root)?;
    let plan = run.plan()?;
    if manifest.provenance.fold_plan_digest.as_deref() != Some(plan.digest().as_str()) {
        return Ok(None);
    }
    Ok(Some((run.experiment()?, plan)))
}

/// Measures `model` on the labelled cells of the store at `store` and writes raw predictions and scores into
/// `out`, which is made: `metrics.json` of the most probable classes, and `decided-metrics.json` of what the operating point of
/// the bundle decides, where it has one.
///
/// # Errors
/// If the store cannot be read, does not fit the model, or has no labelled cell that is new to it; if `out`
/// cannot be written, or the user stops.
pub fn evaluate(
    model: &Fitted,
    store: &Path,
    out: &Path,
    observer: &mut dyn RunObserver,
) -> Result<Evaluation, TrainingError> {
    let reader = Arc::new(StoreReader::open(store)?);
    let refuse = |reason: String| TrainingError::Unfit { store: store.to_owned(), reason };
    model.check_columns(&reader.definition().input).map_err(refuse)?;
    let regrouping = model.regroup(&reader.definition().classes).map_err(refuse)?;
    let fitted_on = model.cells();
    let known = |id: &CellId| fitted_on.as_ref().is_some_and(|cells| cells.contains(id));
    let (mut rows, mut labels, mut known_cells, mut undefined) = (Vec::new(), Vec::new(), 0, 0);
    for (row, cell) in (0..).zip(reader.cells()) {
        let label = regrouping.label(cell.cell.label);
        if label == Label::Undefined {
            undefined += 1;
        } else if known(&cell.cell.id) {
            known_cells += 1;
        } else if !cell.content.is_empty() {
            rows.push(row);
            labels.push(label);
        }
    }
    if rows.is_empty() {
        let reason = format!(
            "of its {} cells, {undefined} are undefined and the model was fitted on {known_cells}; \
             expected labelled cells that are new to it",
            reader.len()
        );
        return Err(TrainingError::NoCells { store: store.to_owned(), reason });
    }
    let manifest = EvaluationManifest {
        model: model.manifest.weights.clone(),
        store_digest: reader.digest().to_owned(),
        known_cells: fitted_on.is_some().then_some(known_cells),
        undefined,
    };
    manifest.claim(out)?;
    let selection = reader.select(rows, labels, regrouping.classes().clone());
    let target = model.target();
    let (strata, unstratified) = strata(model, &selection, target.as_ref());
    let predictions = predict(model, &selection, strata.as_ref(), observer)?;
    let outcomes = predictions.outcomes(target.as_ref());
    let measurement = Measurement::of_held_out(outcomes, regrouping.classes(), target.as_ref())
        .ok_or_else(|| refuse("no cell could be classified".to_owned()))?;
    let decided = match &model.manifest.operating_point {
        Some(point) => DecidedScores::of(&predictions, point, target.as_ref())
            .map_err(|error| TrainingError::read(&model.path, error))?,
        None => None,
    };
    predictions.sorted().save(&out.join("predictions.parquet"))?;
    write_decided(&out.join(DECIDED), decided.as_ref())?;
    write_json(&out.join("metrics.json"), &measurement)?;
    let known_cells = fitted_on.is_some().then_some(known_cells);
    Ok(Evaluation { measurement, decided, known_cells, undefined, unstratified })
}

/// In which strata of `target` the cells lie; else the reason, where strata are told apart.
fn strata(
    model: &Fitted,
    selection: &Selection,
    target: Option<&Prevalence>,
) -> (Option<CellStrata>, Option<String>) {
    let source = model.run.as_ref().and_then(|(experiment, _)| experiment.validation().strata());
    let (Some(source), Some(target)) = (source, target) else { return (None, None) };
    let cells = selection.rows().iter().zip(selection.labels());
    let cells: Vec<_> = cells.filter_map(|(&row, label)| Some((row, label.class()?))).collect();
    let found = CellStrata::of(source, selection.reader(), selection.rows());
    let checked = found.and_then(|strata| {
        strata.check(&cells, target, selection.classes(), selection.reader())?;
        Ok(strata)
    });
    match checked {
        Ok(strata) => (Some(strata), None),
        Err(error) => (None, Some(error.to_string())),
    }
}

/// Writes the scores of an operating point, or removes those of an earlier evaluation that had one.
fn write_decided(path: &Path, decided: Option<&DecidedScores>) -> Result<(), TrainingError> {
    match decided {
        Some(decided) => write_json(path, decided),
        None if path.exists() => {
            std::fs::remove_file(path).map_err(|error| TrainingError::write(path, error))
        }
        None => Ok(()),
    }
}

fn predict(
    model: &Fitted,
    selection: &Selection,
    strata: Option<&CellStrata>,
    observer: &mut dyn RunObserver,
) -> Result<Predictions, TrainingError> {
    let total = selection.len();
    let mut progress = |done| {
        observer.predicted(Part::Final, done, total);
        !observer.wants_stop()
    };
    let probabilities = model.classifier.predict_source(selection, &mut progress).map_err(
        |source| match source {
            PredictError::Interrupted => TrainingError::Interrupted,
            source => TrainingError::Predict { part: Part::Final, source },
        },
    )?;
    let mut predictions = Predictions::new(selection.classes().clone());
    let cells = selection.rows().iter().zip(selection.labels()).zip(probabilities.rows());
    for (((&row, label), probabilities), block) in cells.zip(0..) {
        let Label::Class(label) = *label else { continue };
        let cell = selection.reader().cells()[row as usize].cell.id.clone();
        let stratum = strata.and_then(|strata| strata.at(row));
        let cell = HeldOutCell { cell, partition: 0, fold: 0, block, label, stratum };
        predictions.push(cell, probabilities);
    }
    Ok(predictions)
}
