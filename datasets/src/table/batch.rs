//! Rows of a table, some at a time.

use std::sync::Arc;

use crate::class::Label;

/// Some rows of one table, contiguous in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct RowBatch {
    /// The name of each column.
    pub columns: Arc<[String]>,
    /// `[row, column]`; `NaN` where a number is missing, never infinite.
    pub values: Vec<f32>,
    /// What is known about each row.
    pub labels: Vec<Label>,
    /// Position of each row in the source that it was read from.
    pub positions: Vec<u32>,
}

impl RowBatch {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The numbers of row `index`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, index: usize) -> &[f32] {
        let width = self.columns.len();
        &self.values[index * width..(index + 1) * width]
    }
}
