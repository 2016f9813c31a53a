//! Extra Trees as a recipe: fits a forest on the features of patches, or on the columns of a table.

use tesela_datasets::source::{CellSource, FeatureMatrix, InputDefinition};

use super::assess::importances;
use super::classifier::{ExtraTreesClassifier, KIND};
use super::fit::Work;
use super::parameters::Parameters;
use super::place::Place;
use super::{ForestError, Matrix, Sample};
use crate::classifier::{Classifier, FeatureRecord, Fit, FitError, FitEvent, FitObserver};
use crate::describe::{Describer, is_empty};
use crate::selection::Selection;

/// Fits Extra Trees, or a random forest, on the features of patches, or on the columns of a table.
///
/// A cell of which nothing is known (a row of `NaN`: a patch without used pixels, a row without a number) cannot
/// be learned from: it is left out, and the observer is warned of how many there are.
#[derive(Debug, Clone)]
pub struct ExtraTrees {
    parameters: Parameters,
    seed: u64,
    threads: Option<usize>,
}

impl ExtraTrees {
    /// A recipe; `threads` changes the time it takes and nothing else.
    pub fn new(parameters: Parameters, seed: u64, threads: Option<usize>) -> Self {
        Self { parameters, seed, threads }
    }
}

impl Fit for ExtraTrees {
    fn fit(
        &self,
        train: &dyn CellSource,
        _validation: &dyn CellSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError> {
        self.fit_forest(train, observer).map_err(|error| match error {
            FitError::Unusable { reason, .. } => {
                FitError::Unusable { model: self.parameters.cut().kind(), reason }
            }
            other => other,
        })
    }
}

impl ExtraTrees {
    fn fit_forest(
        &self,
        train: &dyn CellSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError> {
        let parameters = self.parameters.in_order(train.classes().names()).map_err(unusable)?;
        let describer = Describer::new(train.input());
        let labels = labels(train)?;
        let features = train.features()?;
        if features.columns != describer.columns() {
            return Err(unusable("the features of the source are not those of its cells".into()));
        }
        let rows = Rows::of(&features, labels, unknown_words(train.input()), observer)?;
        check_classes(train, &rows.labels)?;
        let width = features.columns.len();
        let chosen = Chosen::of(rows.values(&features), &rows.labels, train, &parameters)?;
        let (values, columns) = match &chosen {
            Some(chosen) => (chosen.values.as_slice(), chosen.positions.len()),
            None => (rows.values(&features), width),
        };
        let sample =
            Sample::new(Matrix::new(values, columns)?, &rows.labels, train.classes().len())?;
        let patches = sample.rows() as u64;
        let total = parameters.n_trees as u64;
        observer.notice(&FitEvent::Started { unit: "trees", total, patches });
        let mut heard = 0;
        let mut progress = |done: usize| {
            if done > heard {
                heard = done;
                observer.notice(&FitEvent::Progress { done: done as u64, patches });
            }
            !observer.wants_stop()
        };
        let place = chosen.as_ref().map(|own| Place { width, positions: &own.positions });
        let work =
            Work { with_importances: true, place, ..Work::new(sample, &parameters, self.seed) };
        let grown = work.grow(self.threads, &mut progress)?;
        let importances = importances(sample.columns(), &grown.decreases);
        let names = describer.columns();
        observer.notice(&FitEvent::Features(records(names, chosen.as_ref(), &importances)));
        let forest = grown.forest;
        let (classes, input) = (train.classes().clone(), train.input().clone());
        let cut = parameters.cut();
        Ok(Box::new(ExtraTreesClassifier::new(cut, classes, input, describer, forest)))
    }
}

impl From<ForestError> for FitError {
    fn from(error: ForestError) -> Self {
        match error {
            ForestError::Interrupted => Self::Interrupted,
            other => unusable(other.to_string()),
        }
    }
}

fn unusable(reason: String) -> FitError {
    FitError::Unusable { model: KIND, reason }
}

/// What a cell lacks of which nothing is known.
fn unknown_words(input: &InputDefinition) -> &'static str {
    match input {
        InputDefinition::Patches(_) => "patches have no used pixels",
        InputDefinition::Table(_) => "rows have no number",
    }
}

/// The class of each cell.
fn labels(train: &dyn CellSource) -> Result<Vec<u16>, FitError> {
    let number = |(cell, label): (usize, &tesela_datasets::class::Label)| {
        let class = label.class().filter(|class| class.index() < train.classes().len());
        let class = class.and_then(|class| u16::try_from(class.index()).ok());
        class.ok_or_else(|| unusable(format!("cell {cell} is of no class of the source")))
    };
    train.labels().iter().enumerate().map(number).collect()
}

fn check_classes(train: &dyn CellSource, labels: &[u16]) -> Result<(), FitError> {
    let mut present = vec![false; train.classes().len()];
    for &label in labels {
        present[usize::from(label)] = true;
    }
    match present.iter().position(|present| !present) {
        Some(class) => Err(unusable(format!(
            "there is no cell of class `{}` among {} cells; expected at least 1 of each class",
            train.classes().names()[class],
            labels.len()
        ))),
        None => Ok(()),
    }
}

/// The columns that a selection has kept.
struct Chosen {
    selection: Selection,
    /// Where they lie among all.
    positions: Vec<u32>,
    /// Their numbers: `[row, kept column]`.
    values: Vec<f32>,
}

impl Chosen {
    /// Selects among the columns of `values`, where the parameters say so.
    fn of(
        values: &[f32],
        labels: &[u16],
        train: &dyn CellSource,
        parameters: &Parameters,
    ) -> Result<Option<Self>, FitError> {
        let Some(settings) = &parameters.select else { return Ok(None) };
        let selection = Selection::of(values, labels, train.classes().len(), settings)
            .map_err(|error| unusable(error.to_string()))?;
        let kept: Vec<usize> = selection.kept().collect();
        let rows = values.chunks_exact(selection.tests().len());
        let values = rows.flat_map(|row| kept.iter().map(|&column| row[column])).collect();
        let position = |&column| u32::try_from(column).expect("columns are counted in 16 bits");
        let positions = kept.iter().map(position).collect();
        Ok(Some(Self { selection, positions, values }))
    }
}

/// What was found out about each column, all of which `names` names; `importances` are those of the columns that were
/// learned from.
fn records(names: &[String], chosen: Option<&Chosen>, importances: &[f64]) -> Vec<FeatureRecord> {
    let mut importances = importances.iter().copied();
    let record = |(column, name): (usize, &String)| {
        let test = chosen.map(|chosen| chosen.selection.tests()[column]);
        let is_learned = test.is_none_or(|test| test.kept);
        let importance = if is_learned { importances.next() } else { None };
        FeatureRecord { name: name.clone(), test, importance }
    };
    names.iter().enumerate().map(record).collect()
}

/// The rows that can be learned from.
struct Rows {
    labels: Vec<u16>,
    /// Their numbers, where not all rows of the features are among them.
    kept: Option<Vec<f32>>,
}

impl Rows {
    /// All rows of `features` but those of cells of which nothing is known.
    fn of(
        features: &FeatureMatrix,
        labels: Vec<u16>,
        unknown: &str,
        observer: &mut dyn FitObserver,
    ) -> Result<Self, FitError> {
        if labels.len() != features.rows {
            let (labels, rows) = (labels.len(), features.rows);
            return Err(unusable(format!("there are {rows} rows of features for {labels} cells")));
        }
        let usable = |row: &usize| !is_empty(features.row(*row));
        let kept: Vec<usize> = (0..features.rows).filter(usable).collect();
        if kept.len() == features.rows {
            return Ok(Self { labels, kept: None });
        }
        observer.notice(&FitEvent::Warning {
            message: format!(
                "{} of {} {unknown} and are left out",
                features.rows - kept.len(),
                features.rows
            ),
        });
        let values = kept.iter().flat_map(|&row| features.row(row)).copied().collect();
        Ok(Self { labels: kept.iter().map(|&row| labels[row]).collect(), kept: Some(values) })
    }

    fn values<'a>(&'a self, features: &'a FeatureMatrix) -> &'a [f32] {
        self.kept.as_deref().unwrap_or(&features.values)
    }
}
