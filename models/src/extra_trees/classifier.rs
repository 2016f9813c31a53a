//! A fitted forest as a classifier of cells.

use std::path::{Path, PathBuf};

use tesela_datasets::class::ClassMap;
use tesela_datasets::source::{Batch, CellSource, InputDefinition};
use tesela_datasets::table::ColumnOrder;

use super::forest::Forest;
use super::format::FormatError;
use super::matrix::Matrix;
use super::parameters::Cut;
use crate::classifier::{Classifier, PredictError, Probabilities, SaveError};
use crate::describe::{Describer, is_empty};
use crate::onnx::{OnnxError, OnnxModel, Scores};

/// The name of the kind of model.
pub const KIND: &str = "extra-trees";
/// The name of random forests as a kind of model.
pub const RANDOM_FOREST_KIND: &str = "random-forest";
/// The name of the file in a bundle.
pub const WEIGHTS_FILE: &str = "forest.bin";
/// Sources of more cells are streamed: their features would fill the memory.
const MOST_FEATURE_ROWS: usize = 200_000;
/// Cells that are streamed at a time.
const STREAM_BATCH: usize = 4096;
/// Rows after which progress is reported.
const REPORT_ROWS: usize = 16_384;

/// Why a forest could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The operating system refused.
    #[error("cannot read forest `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The bytes are not a forest.
    #[error("`{}` is not a usable forest", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FormatError,
    },
    /// The forest is not of the model that the bundle describes.
    #[error("forest `{}` has {found} {what}; the bundle's model has {expected}", .path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// How many the forest has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
}

/// A forest that classifies patches by their features, or rows of a table by its columns.
#[derive(Debug)]
pub struct ExtraTreesClassifier {
    cut: Cut,
    classes: ClassMap,
    input: InputDefinition,
    describer: Describer,
    forest: Forest,
}

impl ExtraTreesClassifier {
    /// Joins a forest with what its columns and classes mean.
    pub(super) fn new(
        cut: Cut,
        classes: ClassMap,
        input: InputDefinition,
        describer: Describer,
        forest: Forest,
    ) -> Self {
        Self { cut, classes, input, describer, forest }
    }

    /// The forest behind it.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// The name of each column of the forest.
    pub fn columns(&self) -> &[String] {
        self.describer.columns()
    }

    /// Predicts rows of numbers; rows without any are `NaN`.
    fn predict_rows(&self, values: &[f32]) -> Probabilities {
        let (columns, classes) = (self.forest.columns(), self.classes.len());
        let matrix = Matrix::new(values, columns).expect("features fill whole rows");
        let mut probabilities =
            self.forest.predict(matrix).expect("the columns are those of the forest");
        let rows = values.chunks_exact(columns).zip(probabilities.chunks_exact_mut(classes));
        rows.filter(|(row, _)| is_empty(row)).for_each(|(_, into)| into.fill(f32::NAN));
        Probabilities::new(classes, probabilities)
    }

    /// Whether the features that `source` may hold already are those of this model.
    fn can_use_features_of(&self, source: &dyn CellSource) -> bool {
        match (source.input(), &self.input) {
            (InputDefinition::Table(_), InputDefinition::Table(_)) => true,
            (found, expected) => found == expected,
        }
    }

    fn predict_features_of(
        &self,
        source: &dyn CellSource,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Probabilities, PredictError> {
        let features = source.features()?;
        let order = ColumnOrder::find(self.describer.columns(), &features.columns)?;
        let mut all = Probabilities::new(self.classes.len(), Vec::new());
        for rows in features.values.chunks(REPORT_ROWS * self.forest.columns()) {
            all.extend(&self.predict_rows(&order.arrange(rows)));
            if !progress(all.len()) {
                return Err(PredictError::Interrupted);
            }
        }
        Ok(all)
    }
}

impl Classifier for ExtraTreesClassifier {
    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn input(&self) -> &InputDefinition {
        &self.input
    }

    fn kind(&self) -> &'static str {
        self.cut.kind()
    }

    fn predict(&self, cells: &Batch) -> Result<Probabilities, PredictError> {
        Ok(self.predict_rows(&self.describer.describe(cells)?))
    }

    fn predict_features(&self, values: &[f32]) -> Option<Probabilities> {
        values.len().is_multiple_of(self.forest.columns()).then(|| self.predict_rows(values))
    }

    fn predict_source(
        &self,
        source: &dyn CellSource,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Probabilities, PredictError> {
        if self.can_use_features_of(source) && source.len() <= MOST_FEATURE_ROWS {
            return self.predict_features_of(source, progress);
        }
        let order: Vec<u32> = (0..).take(source.len()).collect();
        let mut all = Probabilities::new(self.classes.len(), Vec::new());
        for batch in source.stream(&order, STREAM_BATCH)? {
            all.extend(&self.predict(&batch?)?);
            if !progress(all.len()) {
                return Err(PredictError::Interrupted);
            }
        }
        Ok(all)
    }

    fn write_onnx(&self, model: &mut OnnxModel) -> Result<Scores, OnnxError> {
        let features = model.features(self.forest.columns());
        let probabilities = self.forest.write_onnx(model.graph(), &features);
        Ok(Scores { logits: None, probabilities })
    }

    fn features(&self) -> Option<&[String]> {
        Some(self.columns())
    }

    fn save_weights(&self, directory: &Path) -> Result<(), SaveError> {
        self.forest.save(&directory.join(WEIGHTS_FILE))
    }
}

/// Reads the forest that [`Classifier::save_weights`] wrote into `directory`; every byte is checked. `cut` says
/// which model it is.
///
/// # Errors
/// If the file is missing, or does not hold a forest for `input` and `classes`.
pub fn load(
    directory: &Path,
    cut: Cut,
    classes: ClassMap,
    input: &InputDefinition,
) -> Result<Box<dyn Classifier>, LoadError> {
    let path = directory.join(WEIGHTS_FILE);
    let forest = Forest::load(&path)?;
    let describer = Describer::new(input);
    for (what, found, expected) in [
        ("columns", forest.columns(), describer.columns().len()),
        ("classes", forest.classes(), classes.len()),
    ] {
        if found != expected {
            return Err(LoadError::Mismatch { path, what, found, expected });
        }
    }
    Ok(Box::new(ExtraTreesClassifier::new(cut, classes, input.clone(), describer, forest)))
}
