//! The raw numbers that models give for cells, before anything is decided.

/// Which numbers stand in the row of a cell: the probabilities of each model, model after model, then the dissimilarity
/// index of those that have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLayout {
    classes: usize,
    models: usize,
    /// The models with a dissimilarity index.
    compared: Vec<usize>,
}

impl RawLayout {
    /// For so many models of so many classes, of which those in `compared` have a dissimilarity index.
    pub(super) fn new(classes: usize, models: usize, compared: Vec<usize>) -> Self {
        Self { classes, models, compared }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of models.
    pub fn models(&self) -> usize {
        self.models
    }

    /// The models with a dissimilarity index.
    pub fn compared(&self) -> &[usize] {
        &self.compared
    }

    /// How many numbers a cell has.
    pub fn width(&self) -> usize {
        self.classes * self.models + self.compared.len()
    }

    /// Joins what each model says of `cells` cells, then the indices, to one row for each cell.
    ///
    /// # Panics
    /// If a column has another length.
    pub(super) fn join(&self, cells: usize, columns: &[Vec<f32>]) -> Vec<f32> {
        let widths =
            (0..columns.len()).map(|column| if column < self.models { self.classes } else { 1 });
        let width = self.width();
        let mut rows = vec![0.0; cells * width];
        let mut start = 0;
        for (column, own) in columns.iter().zip(widths) {
            assert_eq!(column.len(), cells * own, "there is a row of numbers for each cell");
            for (row, values) in rows.chunks_exact_mut(width).zip(column.chunks_exact(own)) {
                row[start..start + own].copy_from_slice(values);
            }
            start += own;
        }
        rows
    }

    /// The probabilities of `model` in all `rows`, `[cell, class]`.
    pub(super) fn probabilities(&self, rows: &[f32], model: usize) -> Vec<f32> {
        let start = model * self.classes;
        let rows = rows.chunks_exact(self.width());
        rows.flat_map(|row| &row[start..start + self.classes]).copied().collect()
    }

    /// The dissimilarity indices in one row, in the order of [`RawLayout::compared`].
    pub(super) fn dissimilarities<'a>(&self, row: &'a [f32]) -> &'a [f32] {
        &row[self.classes * self.models..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_is_found_again() {
        let layout = RawLayout::new(2, 2, vec![1]);
        assert_eq!(layout.width(), 5);
        let columns = [vec![0.1, 0.9, 0.2, 0.8], vec![0.3, 0.7, 0.4, 0.6], vec![5.0, 6.0]];
        let rows = layout.join(2, &columns);
        assert_eq!(rows, [0.1, 0.9, 0.3, 0.7, 5.0, 0.2, 0.8, 0.4, 0.6, 6.0]);
        for (model, column) in columns[..2].iter().enumerate() {
            assert_eq!(&layout.probabilities(&rows, model), column);
        }
        assert_eq!(layout.dissimilarities(&rows[5..]), [6.0]);
    }
}
