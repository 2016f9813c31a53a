//! The dissimilarity of cells as they come: patches, whose features are computed, or rows of a table.

use tesela_datasets::source::{Batch, InputDefinition};

use super::{Applicability, ApplicabilityError};
use crate::classifier::PredictError;
use crate::describe::Describer;

/// Says how unlike the training cells each cell of a batch is.
#[derive(Debug)]
pub struct CellApplicability {
    describer: Describer,
    applicability: Applicability,
}

impl CellApplicability {
    /// For cells as `input` says.
    ///
    /// # Errors
    /// If cells have another number of features or columns than the training cells had.
    pub fn new(
        applicability: Applicability,
        input: &InputDefinition,
    ) -> Result<Self, ApplicabilityError> {
        let describer = Describer::new(input);
        let (found, expected) = (applicability.width(), describer.columns().len());
        if found != expected {
            return Err(ApplicabilityError::Length { what: "columns", found, expected });
        }
        let describer = describer.only(applicability.columns());
        Ok(Self { describer, applicability })
    }

    /// The columns that the index looks at, the most important first.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.applicability.columns()
    }

    /// The dissimilarity index of each cell: see [`Applicability::dissimilarity`].
    ///
    /// # Errors
    /// If the cells are not what the training cells were.
    pub fn dissimilarity(&self, cells: &Batch) -> Result<Vec<f32>, PredictError> {
        Ok(self.dissimilarity_of_rows(&self.describer.describe(cells)?))
    }

    /// The dissimilarity index of cells whose `rows` a [`Describer`] for the same input has made, of
    /// [`Self::columns`] at least.
    ///
    /// # Panics
    /// If the last row is not whole.
    pub fn dissimilarity_of_rows(&self, rows: &[f32]) -> Vec<f32> {
        self.applicability.dissimilarity(rows).expect("features fill whole rows")
    }

    /// Whether a cell with this index is like those that were trained on.
    pub fn is_inside(&self, dissimilarity: f32) -> bool {
        self.applicability.is_inside(dissimilarity)
    }
}
