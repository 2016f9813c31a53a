//! What tabular models see of cells: the features of patches, or the columns of a table as they are.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;
use tesela_datasets::features::{FeatureExtractor, FeatureScratch, HistogramMode};
use tesela_datasets::patch::{PatchBatch, PatchDefinition};
use tesela_datasets::source::{Batch, InputDefinition};
use tesela_datasets::table::ColumnOrder;

use crate::classifier::{PredictError, checked_patches};

/// Turns cells into the rows of numbers that tabular models see: where several look at the same cells, these are
/// computed once.
#[derive(Debug)]
pub struct Describer(Kind);

#[derive(Debug)]
enum Kind {
    /// Computes the features of patches.
    Features { input: PatchDefinition, extractor: Box<FeatureExtractor> },
    /// Takes the columns of a table.
    Columns(Arc<[String]>),
}

impl Describer {
    /// For cells as `input` says.
    pub fn new(input: &InputDefinition) -> Self {
        match input {
            InputDefinition::Patches(input) => {
                let extractor = FeatureExtractor::new(&input.pixel, HistogramMode::default());
                Self(Kind::Features { input: input.clone(), extractor: Box::new(extractor) })
            }
            InputDefinition::Table(table) => Self(Kind::Columns(Arc::clone(table.columns()))),
        }
    }

    /// One that computes no more than the columns at the positions `columns` where that saves work; others may be `NaN`.
    #[must_use]
    pub fn only(self, columns: impl IntoIterator<Item = usize>) -> Self {
        Self(match self.0 {
            Kind::Features { input, extractor } => {
                Kind::Features { input, extractor: Box::new(extractor.only(columns)) }
            }
            Kind::Columns(columns) => Kind::Columns(columns),
        })
    }

    /// The name of each number of a row.
    pub fn columns(&self) -> &[String] {
        match &self.0 {
            Kind::Features { extractor, .. } => extractor.columns(),
            Kind::Columns(columns) => columns,
        }
    }

    /// The rows of `cells`, `[cell, column]`, computed on all threads where they have to be.
    ///
    /// # Errors
    /// If the cells are not as the input says.
    pub fn describe<'a>(&self, cells: &'a Batch) -> Result<Cow<'a, [f32]>, PredictError> {
        match (&self.0, cells) {
            (Kind::Features { input, extractor }, cells) => {
                Ok(Cow::Owned(features(extractor, checked_patches(input, cells)?)))
            }
            (Kind::Columns(columns), Batch::Rows(rows)) => {
                Ok(ColumnOrder::find(columns, &rows.columns)?.arrange(&rows.values))
            }
            (Kind::Columns(columns), Batch::Patches(_)) => Err(PredictError::Input {
                what: "each cell",
                found: "a patch of pixels".to_owned(),
                expected: format!("rows of {} numbers", columns.len()),
            }),
        }
    }
}

fn features(extractor: &FeatureExtractor, patches: &PatchBatch) -> Vec<f32> {
    let columns = extractor.columns().len();
    let mut values = vec![0.0; patches.len() * columns];
    values.par_chunks_exact_mut(columns).enumerate().for_each_init(
        || (FeatureScratch::default(), vec![0.0; patches.shape.samples()]),
        |(scratch, samples), (index, row)| {
            patches.copy_patch(index, samples);
            extractor.extract(scratch, patches.shape, samples, patches.used_of(index), row);
        },
    );
    values
}

/// Whether nothing is known of the cell behind a row: no pixel of a patch is used, no number of a table there.
pub(crate) fn is_empty(row: &[f32]) -> bool {
    row.iter().all(|value| value.is_nan())
}
