//! A fitted forest as a classifier of patches.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tesela_datasets::class::ClassMap;
use tesela_datasets::features::{FeatureExtractor, FeatureScratch, HistogramMode};
use tesela_datasets::patch::PatchBatch;
use tesela_datasets::source::{InputDefinition, PatchSource};
use tesela_datasets::whole_file::write_whole;

use super::forest::Forest;
use super::format::FormatError;
use super::matrix::Matrix;
use super::recipe::{check_columns, is_empty};
use crate::classifier::{Classifier, PredictError, Probabilities, SaveError, check_input};

/// The name of the kind of model.
pub const KIND: &str = "extra-trees";
/// The name of the file in a bundle.
pub const WEIGHTS_FILE: &str = "forest.bin";
/// The largest file that is read.
const MOST_BYTES: u64 = 1 << 33;
/// Sources of more patches are streamed: their features would fill the memory.
const MOST_FEATURE_ROWS: usize = 200_000;
/// Patches that are streamed at a time.
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

/// A forest that classifies patches by their features.
#[derive(Debug)]
pub struct ExtraTreesClassifier {
    classes: ClassMap,
    input: InputDefinition,
    extractor: FeatureExtractor,
    forest: Forest,
}

impl ExtraTreesClassifier {
    /// Joins a forest with what its columns and classes mean.
    pub(super) fn new(
        classes: ClassMap,
        input: InputDefinition,
        extractor: FeatureExtractor,
        forest: Forest,
    ) -> Self {
        Self { classes, input, extractor, forest }
    }

    /// The forest behind it.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// The name of each column of the forest.
    pub fn columns(&self) -> &[String] {
        self.extractor.columns()
    }

    /// Predicts rows of features; rows without any are `NaN`.
    fn predict_rows(&self, values: &[f32]) -> Probabilities {
        let (columns, classes) = (self.forest.columns(), self.classes.len());
        let matrix = Matrix::new(values, columns).expect("features fill whole rows");
        let mut probabilities =
            self.forest.predict(matrix).expect("the columns are those of the forest");
        let rows = values.chunks_exact(columns).zip(probabilities.chunks_exact_mut(classes));
        rows.filter(|(row, _)| is_empty(row)).for_each(|(_, into)| into.fill(f32::NAN));
        Probabilities::new(classes, probabilities)
    }

    /// The features of `patches`, computed on all threads.
    fn describe(&self, patches: &PatchBatch) -> Vec<f32> {
        let columns = self.forest.columns();
        let mut values = vec![0.0; patches.len() * columns];
        values.par_chunks_exact_mut(columns).enumerate().for_each_init(
            || (FeatureScratch::default(), vec![0.0; patches.shape.samples()]),
            |(scratch, samples), (index, row)| {
                patches.copy_patch(index, samples);
                self.extractor.extract(
                    scratch,
                    patches.shape,
                    samples,
                    patches.used_of(index),
                    row,
                );
            },
        );
        values
    }

    fn predict_features(
        &self,
        source: &dyn PatchSource,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Probabilities, PredictError> {
        let features = source.features()?;
        check_columns(&features.columns, self.extractor.columns()).map_err(|found| {
            let expected = format!("{} columns of features", self.forest.columns());
            PredictError::Input { what: "the features", found, expected }
        })?;
        let mut all = Probabilities::new(self.classes.len(), Vec::new());
        for rows in features.values.chunks(REPORT_ROWS * self.forest.columns()) {
            all.extend(&self.predict_rows(rows));
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
        KIND
    }

    fn predict(&self, patches: &PatchBatch) -> Result<Probabilities, PredictError> {
        check_input(&self.input, patches)?;
        Ok(self.predict_rows(&self.describe(patches)))
    }

    fn predict_source(
        &self,
        source: &dyn PatchSource,
        progress: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Probabilities, PredictError> {
        if source.input() == &self.input && source.len() <= MOST_FEATURE_ROWS {
            return self.predict_features(source, progress);
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

    fn save_weights(&self, directory: &Path) -> Result<(), SaveError> {
        let path = directory.join(WEIGHTS_FILE);
        write_whole(&path, &self.forest.to_bytes())
            .map_err(|error| SaveError { path, source: error.into() })
    }
}

/// Reads the forest that [`Classifier::save_weights`] wrote into `directory`; every byte is checked.
///
/// # Errors
/// If the file is missing, or does not hold a forest for `input` and `classes`.
pub fn load(
    directory: &Path,
    classes: ClassMap,
    input: &InputDefinition,
) -> Result<Box<dyn Classifier>, LoadError> {
    let path = directory.join(WEIGHTS_FILE);
    let bytes = read(&path).map_err(|source| LoadError::Read { path: path.clone(), source })?;
    let forest = Forest::from_bytes(&bytes)
        .map_err(|source| LoadError::Format { path: path.clone(), source })?;
    let extractor = FeatureExtractor::new(&input.pixel, HistogramMode::default());
    for (what, found, expected) in [
        ("columns", forest.columns(), extractor.columns().len()),
        ("classes", forest.classes(), classes.len()),
    ] {
        if found != expected {
            return Err(LoadError::Mismatch { path, what, found, expected });
        }
    }
    Ok(Box::new(ExtraTreesClassifier::new(classes, input.clone(), extractor, forest)))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
