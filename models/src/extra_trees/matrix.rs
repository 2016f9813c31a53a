//! Plain matrices: what the engine learns from, without a copy.

use super::ForestError;

/// A borrowed table of numbers, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Matrix<'a> {
    /// Views `values`, `[row, column]`, as rows of `columns` numbers.
    ///
    /// # Errors
    /// If there are no columns, or the values do not fill whole rows.
    pub fn new(values: &'a [f32], columns: usize) -> Result<Self, ForestError> {
        if columns == 0 {
            return Err(ForestError::Unusable("there are no columns; expected at least 1".into()));
        }
        if !values.len().is_multiple_of(columns) {
            return Err(ForestError::Unusable(format!(
                "{} values do not fill rows of {columns}",
                values.len()
            )));
        }
        Ok(Self { values, columns })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The numbers of row `index`.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.columns..(index + 1) * self.columns]
    }

    /// All numbers: `[row, column]`.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }
}
