//! A forest as it is walked, wherever its tables lie.

use rayon::prelude::*;

use super::ForestError;
use super::group_view::GroupView;
use super::matrix::Matrix;
use super::tree::Layout;
use super::votes::{Means, Squares, deviation, mean};
use super::walk::{Walks, chunk_rows};

/// A forest whose tables lie elsewhere: in a [`Forest`](super::Forest), or in the bytes of a file, which may be mapped
/// into memory.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestView<'a> {
    columns: usize,
    classes: usize,
    layout: Layout,
    groups: Vec<GroupView<'a>>,
}

/// The probabilities of rows, and how far the trees are from agreeing on them.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The probability of each class for each row, as of [`ForestView::predict`]: `[row, class]`.
    pub probabilities: Vec<f32>,
    /// The standard deviation of what the single trees give, of which the probability is the mean:
    /// `[row, class]`, from 0 where all agree to 0.5.
    pub deviations: Vec<f32>,
}

impl<'a> ForestView<'a> {
    /// The forest of `groups`, whose nodes have the layout for so many columns.
    pub(crate) fn new(columns: usize, classes: usize, groups: Vec<GroupView<'a>>) -> Self {
        Self { columns, classes, layout: Layout::new(columns), groups }
    }

    /// Number of columns of the rows that it predicts.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.groups.iter().map(|group| group.trees).sum()
    }

    /// The trees, in order, in groups.
    pub(crate) fn groups(&self) -> &[GroupView<'a>] {
        &self.groups
    }

    /// The probability of each class for each row of `matrix`, `[row, class]`: the mean over the trees of the
    /// class shares in the leaf. Rows are spread over the threads of rayon's current pool; the sum of a row
    /// is taken in the order of the trees, so it is the same at any number of threads.
    ///
    /// A number that is `NaN` goes to the side that was chosen for missing numbers when the tree was grown.
    /// Beyond the result, memory for some thousand rows a thread is used.
    ///
    /// # Errors
    /// If the matrix has another number of columns.
    pub fn predict(&self, matrix: Matrix<'_>) -> Result<Vec<f32>, ForestError> {
        let (classes, trees) = (self.classes, self.trees());
        let mut probabilities = vec![0.0; self.check(matrix)? * classes];
        let into = probabilities.par_chunks_mut(self.chunk_rows(matrix) * classes);
        let walks = Walks::default();
        self.chunks(matrix).zip(into).for_each(|(chunk, into)| {
            walks.lend(|walk| {
                let width = self.layout.row_width();
                let sums = walk.sum::<Means>(&self.groups, width, classes, chunk);
                for (into, &sum) in into.iter_mut().zip(sums) {
                    *into = mean(sum, trees);
                }
            });
        });
        Ok(probabilities)
    }

    /// As [`Self::predict`], with the spread of the trees around each probability, from the same walk.
    ///
    /// The spread is `√(Σ p² / trees − (Σ p / trees)²)` over the probabilities *p* that the single trees give,
    /// with sums in double precision in the order of the trees: right to about 10⁻⁷.
    ///
    /// # Errors
    /// If the matrix has another number of columns.
    pub fn predict_with_spread(&self, matrix: Matrix<'_>) -> Result<Spread, ForestError> {
        let (classes, trees) = (self.classes, self.trees());
        let mut probabilities = vec![0.0; self.check(matrix)? * classes];
        let mut deviations = probabilities.clone();
        let size = self.chunk_rows(matrix) * classes;
        let into = probabilities.par_chunks_mut(size).zip(deviations.par_chunks_mut(size));
        let walks = Walks::default();
        self.chunks(matrix).zip(into).for_each(|(chunk, (means, deviations))| {
            walks.lend(|walk| {
                let width = self.layout.row_width();
                let sums = walk.sum::<Squares>(&self.groups, width, classes, chunk);
                let rows =
                    means.chunks_exact_mut(classes).zip(deviations.chunks_exact_mut(classes));
                for ((means, deviations), sums) in rows.zip(sums.chunks_exact(2 * classes)) {
                    let (sums, squares) = sums.split_at(classes);
                    for class in 0..classes {
                        means[class] = mean(sums[class], trees);
                        deviations[class] = deviation(sums[class], squares[class], trees);
                    }
                }
            });
        });
        Ok(Spread { probabilities, deviations })
    }

    /// The number of rows of `matrix`, which must have the columns of the forest.
    fn check(&self, matrix: Matrix<'_>) -> Result<usize, ForestError> {
        if matrix.columns() == self.columns {
            return Ok(matrix.rows());
        }
        Err(ForestError::Unusable(format!(
            "there are {} columns; the forest was grown on {}",
            matrix.columns(),
            self.columns
        )))
    }

    fn chunk_rows(&self, matrix: Matrix<'_>) -> usize {
        chunk_rows(matrix.rows(), rayon::current_num_threads(), self.layout.row_width())
    }

    /// The rows of `matrix`, some at a time.
    fn chunks<'m>(&self, matrix: Matrix<'m>) -> impl IndexedParallelIterator<Item = Matrix<'m>> {
        let chunks = matrix.values().par_chunks(self.chunk_rows(matrix) * matrix.columns());
        chunks.map(move |values| {
            Matrix::new(values, matrix.columns()).expect("chunks are whole rows")
        })
    }
}
