//! The cells that a model was fitted on, as the dissimilarity index needs them.

use tesela_datasets::class::ClassId;

use super::ApplicabilityError;

/// The most cells and columns that may be kept: a file of 256 MiB, and a second for some thousand cells.
pub(crate) const MOST: [usize; 2] = [1 << 16, 1 << 10];

/// Training cells.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// The features, `[cell, column]`; what is not finite is missing.
    pub values: &'a [f32],
    /// How important each column is to the model, in any unit; what is below 0 counts as 0.
    pub importances: &'a [f64],
    /// The class of each cell; the cells that are kept are drawn in the proportions of the classes.
    pub truths: &'a [ClassId],
    /// The fold that each cell was held out in.
    pub folds: &'a [u32],
}

/// How much of the training cells is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most cells.
    pub cells: usize,
    /// The most columns: those of the highest importance.
    pub columns: usize,
}

impl Default for Limits {
    /// 4,096 cells and 54 columns, such as mean and variance of 27 channels: 900 kB.
    fn default() -> Self {
        Self { cells: 4096, columns: 54 }
    }
}

impl Limits {
    pub(crate) fn check(self) -> Result<(), ApplicabilityError> {
        let limit = |what, found, least, most| {
            if (least..=most).contains(&found) {
                return Ok(());
            }
            Err(ApplicabilityError::Limit { what, found, least, most })
        };
        limit("cells", self.cells, 2, MOST[0])?;
        limit("columns", self.columns, 1, MOST[1])
    }
}

impl Training<'_> {
    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.importances.len()
    }

    pub(crate) fn row(&self, cell: usize) -> &[f32] {
        &self.values[cell * self.width()..][..self.width()]
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        // Without columns there are no rows.
        self.values.chunks_exact(self.width().max(1))
    }

    pub(crate) fn check(&self) -> Result<(), ApplicabilityError> {
        let length = |what, found, expected| {
            if found == expected {
                return Ok(());
            }
            Err(ApplicabilityError::Length { what, found, expected })
        };
        let cells = self.truths.len();
        length("values", self.values.len(), cells.saturating_mul(self.width()))?;
        length("folds", self.folds.len(), cells)?;
        match self.importances.iter().position(|importance| !importance.is_finite()) {
            Some(column) => {
                let found = self.importances[column];
                Err(ApplicabilityError::Importance { column, found })
            }
            None => Ok(()),
        }
    }
}
