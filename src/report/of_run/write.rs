//! Fills the page of a run and writes it.

use std::path::PathBuf;

use tesela_datasets::store::{StoreError, StoreReader};
use tesela_datasets::whole_file::write_whole;

use super::ReportError;
use super::operation::{self, Drawn};
use super::{history, importances, places, refit, schemes, strata};
use crate::metrics::{Prevalence, Scores};
use crate::report::page::{DataFacts, LeftOut, Record, RunPage, Words, run_page};
use crate::training::{Predictions, RunDirectory};

/// The name of the report in the directory of a run.
const FILE: &str = "report.html";

/// Writes `report.html` into the directory of a run that is done; where it lies.
///
/// # Errors
/// If the run is not done or cannot be read, or the disk refuses.
pub fn write_report(run: &RunDirectory) -> Result<PathBuf, ReportError> {
    let path = run.path().join(FILE);
    let page = run_page(&page_of(run)?);
    write_whole(&path, page.as_bytes())
        .map_err(|error| ReportError::Write { path: path.clone(), source: error })?;
    Ok(path)
}

/// What a report is made from.
pub(super) struct Material<'a> {
    pub(super) run: &'a RunDirectory,
    /// All out-of-fold predictions.
    pub(super) predictions: Predictions,
    /// How common the classes are in the country.
    pub(super) target: Option<Prevalence>,
    /// The position of the class that the headline speaks of.
    pub(super) focus: Option<usize>,
    /// How many cells the map of the country will have.
    pub(super) map_cells: u64,
    /// The store, where it is still what the run was on.
    pub(super) store: Option<StoreReader>,
}

impl Material<'_> {
    /// The names of the classes.
    pub(super) fn names(&self) -> Vec<Words> {
        self.run.manifest().classes.names().iter().map(Words::from).collect()
    }
}

/// Everything that the page of a run shows.
fn page_of(run: &RunDirectory) -> Result<RunPage, ReportError> {
    let failed = |source| ReportError::Run { path: run.path().to_owned(), source };
    let manifest = run.manifest();
    let measurement = run.measurement().map_err(failed)?;
    let experiment = run.experiment().map_err(failed)?;
    let target = experiment.validation().target(&manifest.classes);
    let target = target.map_err(|error| failed(error.into()))?;
    let shares = target.as_ref().map(Prevalence::shares);
    let (store, absence) = open_store(run);
    let material = Material {
        run,
        predictions: run.all_predictions().map_err(failed)?,
        focus: focus(manifest.classes.len(), shares),
        target,
        map_cells: experiment.validation().map_cells(),
        store,
    };
    let plan = run.plan().map_err(failed)?;
    let (schemes, drawn) = schemes::schemes(&material, &measurement, &plan);
    let headline = measurement.headline();
    let own = material.predictions.of_partition(headline.partition);
    let (errors, mistakes) = places::places(&material, &own)?;
    let operation = run.operation(&own).map_err(failed)?;
    let strata = strata::strata(&material, &own, operation.as_ref());
    let operation = operation.map(|own| Drawn::of(own, material.map_cells, manifest.seed));
    let raw_map = match &operation {
        Some(_) => None,
        None => schemes::raw_map(&material, drawn.as_ref()),
    };
    let map = operation.as_ref().map_or(raw_map.as_ref(), |drawn| drawn.map.as_ref());
    let features = importances::features(run, &headline.folds)?;
    Ok(RunPage {
        title: (&manifest.experiment).into(),
        run: (&manifest.run).into(),
        model: (&manifest.model).into(),
        classes: material.names(),
        focus: material.focus,
        data: data(&material, &headline.sample.pooled),
        national: map.map(schemes::national),
        operating_point: operation.as_ref().and_then(|own| operation::point(&material, own)),
        importances: importances::importances(run, &features)?,
        selection: importances::selection(&features),
        schemes,
        strata,
        learning: history::learning(run)?,
        errors,
        mistakes,
        refit: refit::refit(run, headline, &plan)?,
        question: experiment.question().map(|words| Words::lines(&words)),
        record: record(run, &experiment.to_file(), absence),
        ..RunPage::default()
    })
}

/// Of two classes the rarer one in the country, or the second where that is not known; of more, none.
pub(in crate::report) fn focus(classes: usize, target: Option<&[f64]>) -> Option<usize> {
    let rarer = target.is_some_and(|shares| shares.first() < shares.get(1));
    (classes == 2).then_some(usize::from(!rarer))
}

/// The store of the run where it is still the same; otherwise why not.
fn open_store(run: &RunDirectory) -> (Option<StoreReader>, Option<String>) {
    let manifest = run.manifest();
    match StoreReader::open(&manifest.store) {
        Ok(store) if store.digest() == manifest.store_digest => (Some(store), None),
        Ok(_) => (None, Some("it has changed since the run, so there are no maps".to_owned())),
        Err(error) => (None, Some(format!("{}, so there are no maps", reason(&error)))),
    }
}

/// An error with its causes.
fn reason(error: &StoreError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        words = format!("{words}: {source}");
        cause = source.source();
    }
    words
}

fn data(material: &Material, scores: &Scores) -> DataFacts {
    let manifest = material.run.manifest();
    let without_pixels =
        LeftOut { reason: "for which nothing was predicted".into(), cells: scores.unclassified };
    let facts = DataFacts {
        dataset: (&manifest.dataset).into(),
        store: manifest.store.to_string_lossy().into(),
        cells: scores.classes.iter().map(|class| class.support).collect(),
        left_out: vec![without_pixels],
        ..DataFacts::default()
    };
    let Some(store) = &material.store else { return facts };
    let scaling = store.definition().input.patches().map(|patches| &patches.pixel.scaling);
    let cells = store.cells();
    let years = || cells.iter().filter_map(|cell| cell.cell.year);
    DataFacts {
        undefined: store.counts().undefined,
        product: scaling.map(|scaling| match scaling.product {
            Some(product) => product.name().into(),
            None => "a scale of its own".into(),
        }),
        uncalibrated: scaling.is_some_and(|scaling| !scaling.is_calibrated()),
        years: match (years().min(), years().max()) {
            (Some(first), Some(last)) if first == last => Some(first.to_string().into()),
            (Some(first), Some(last)) => Some(format!("{first} to {last}").into()),
            _ => None,
        },
        has_places: cells.iter().any(|cell| cell.cell.outline.is_some()),
        ..facts
    }
}

fn record(run: &RunDirectory, resolved: &str, absence: Option<String>) -> Record {
    let manifest = run.manifest();
    let facts = [
        ("Program", format!("tesela {}", manifest.program_version)),
        ("Run", manifest.run.clone()),
        ("Digest of the experiment", manifest.experiment_digest.clone()),
        ("Digest of the store", manifest.store_digest.clone()),
        ("Digest of the folds", manifest.fold_plan_digest.clone()),
        ("Seed", manifest.seed.to_string()),
        ("Device", manifest.device.clone()),
    ];
    let absence = absence.map(|words| ("Store", words));
    let regions = manifest.region_digest.clone().map(|digest| ("Digest of the regions", digest));
    let facts = facts.into_iter().chain(regions).chain(absence);
    Record {
        command: Some("tesela train resolved.toml --out again".into()),
        configuration: Some(Words::lines(resolved)),
        facts: facts.map(|(name, value)| (name.into(), value.into())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_speaks_of_the_rarer_of_two_classes() {
        assert_eq!(focus(2, None), Some(1));
        assert_eq!(focus(2, Some(&[0.98, 0.02])), Some(1));
        assert_eq!(focus(2, Some(&[0.02, 0.98])), Some(0));
        assert_eq!(focus(10, None), None);
    }
}
