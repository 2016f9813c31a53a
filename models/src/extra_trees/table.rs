//! The table that trees are grown on: checked, and held by row and by column.

use rayon::prelude::*;

use super::ForestError;
use super::binning::fill;
use super::matrix::Matrix;
use super::pages::Pages;
use super::rule::Number;
use super::tree::MOST_COLUMNS;
use super::view::View;

/// Labelled rows that are known to be usable.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    matrix: Matrix<'a>,
    labels: &'a [u16],
    classes: usize,
    weights: Option<&'a [f64]>,
}

impl<'a> Sample<'a> {
    /// Takes one label below `classes` for each row of `matrix`. Each row weighs the same. A number that is
    /// missing is `NaN`.
    ///
    /// # Errors
    /// If there are no rows, more than a `u32` can number, more than 65,536 columns, or another number of
    /// labels; or a label is out of range, or a number infinite.
    pub fn new(matrix: Matrix<'a>, labels: &'a [u16], classes: usize) -> Result<Self, ForestError> {
        let unusable = |reason| Err(ForestError::Unusable(reason));
        let rows = matrix.rows();
        if rows == 0 {
            return unusable("there are no rows; expected at least 1".into());
        }
        if u32::try_from(rows).is_err() {
            return unusable(format!("there are {rows} rows; expected at most {}", u32::MAX));
        }
        if matrix.columns() > MOST_COLUMNS {
            return unusable(format!(
                "there are {} columns; expected at most {MOST_COLUMNS}",
                matrix.columns()
            ));
        }
        if labels.len() != rows {
            return unusable(format!("there are {} labels for {rows} rows", labels.len()));
        }
        if let Some(row) = labels.iter().position(|&label| usize::from(label) >= classes) {
            return unusable(format!(
                "the label of row {row} is {}; there are {classes} classes",
                labels[row]
            ));
        }
        if let Some(place) = first_unusable(matrix.values()) {
            return unusable(format!(
                "row {}, column {} is {}; expected a finite number, or NaN where it is missing",
                place / matrix.columns(),
                place % matrix.columns(),
                matrix.values()[place]
            ));
        }
        Ok(Self { matrix, labels, classes, weights: None })
    }

    /// The same rows, of which each weighs what `weights` say: nothing, or any amount. A row of weight 2 counts
    /// as two equal rows do, but for `min-samples-split` and `min-samples-leaf`, which count rows that weigh
    /// anything once.
    ///
    /// # Errors
    /// If there is another number of weights, one is negative, infinite or `NaN`, or all are zero.
    pub fn with_weights(self, weights: &'a [f64]) -> Result<Self, ForestError> {
        let unusable = |reason| Err(ForestError::Unusable(reason));
        if weights.len() != self.rows() {
            return unusable(format!(
                "there are {} weights for {} rows",
                weights.len(),
                self.rows()
            ));
        }
        let usable = |weight: f64| weight.is_finite() && weight >= 0.0;
        if let Some(row) = weights.iter().position(|&weight| !usable(weight)) {
            let weight = weights[row];
            return unusable(format!(
                "the weight of row {row} is {weight}; expected 0 or a finite number above"
            ));
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return unusable(format!(
                "all {} weights are 0; expected at least one above",
                weights.len()
            ));
        }
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The class of each row.
    pub(crate) fn labels(&self) -> &'a [u16] {
        self.labels
    }

    /// What each row weighs, where they do not weigh the same.
    pub(crate) fn weights(&self) -> Option<&'a [f64]> {
        self.weights
    }

    /// The rows.
    pub(crate) fn matrix(&self) -> Matrix<'a> {
        self.matrix
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.matrix.rows()
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.matrix.columns()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many rows each class has.
    pub fn class_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.classes];
        for &label in self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }
}

/// Numbers that are looked at together.
const CHUNK: usize = 4096;

/// The first number that is infinite.
fn first_unusable(values: &[f32]) -> Option<usize> {
    // Without a way out of the inner loop it is done many numbers at a time.
    let any = |chunk: &[f32]| chunk.iter().fold(false, |any, value| any | value.is_infinite());
    let chunk = values.par_chunks(CHUNK).position_first(any)? * CHUNK;
    values[chunk..].iter().position(|value| value.is_infinite()).map(|place| chunk + place)
}

/// A [`Sample`] and its numbers, row by row and column by column, as a rule looks at them.
#[derive(Debug)]
pub(crate) struct Table<'a, N: Number> {
    sample: Sample<'a>,
    by_row: Pages<N>,
    by_column: Pages<N>,
    meaning: N::Meaning,
}

/// Columns that one thread copies at a time.
pub(crate) const BAND: usize = 64;
/// Rows that are copied at a time: sixteen numbers of four bytes fill a cache line of a column.
const TILE: usize = 16;
/// Bytes of two cache lines, which are fetched together.
const LINES: usize = 128;

impl<'a> Table<'a, u8> {
    /// The numbers of `sample` in bins between at most so many edges.
    pub(crate) fn binned(sample: Sample<'a>, most_edges: usize) -> Self {
        let mut by_column = Pages::zeros(sample.rows() * sample.columns());
        let bins = fill(&sample.matrix, most_edges, by_column.as_mut_slice());
        Self::new(sample, by_column, bins)
    }
}

impl<'a, N: Number> Table<'a, N> {
    /// A table of what `by_column` holds for the numbers of `sample`.
    pub(crate) fn new(sample: Sample<'a>, by_column: Pages<N>, meaning: N::Meaning) -> Self {
        let width = width::<N>(sample.columns());
        let by_row = turn(by_column.as_slice(), sample.rows(), width);
        Self { sample, by_row, by_column, meaning }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.sample.rows()
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.sample.columns()
    }

    /// The sample itself.
    pub(crate) fn sample(&self) -> &Sample<'a> {
        &self.sample
    }

    /// The numbers as nodes of many rows read them.
    pub(crate) fn by_column(&self) -> View<'_, N> {
        View::ByColumn(self.by_column.as_slice(), self.rows())
    }

    /// The numbers as nodes of few rows read them.
    pub(crate) fn by_row(&self) -> View<'_, N> {
        View::ByRow(self.by_row.as_slice(), width::<N>(self.columns()))
    }

    /// What the numbers stand for.
    #[inline(always)]
    pub(crate) fn meaning(&self) -> &N::Meaning {
        &self.meaning
    }

    /// The number of row `id` of the sample in `column`, in the form in which it is compared.
    #[inline(always)]
    pub(crate) fn number(&self, id: u32, column: u32) -> f32 {
        tidy(self.sample.matrix.row(id as usize)[column as usize])
    }
}

/// Copies the columns from number `first` on, as many as `into` has room for.
pub(crate) fn copy_columns(matrix: &Matrix<'_>, first: usize, into: &mut [f32]) {
    let rows = matrix.rows();
    let count = into.len() / rows;
    for tile in (0..rows).step_by(TILE) {
        let tile = tile..rows.min(tile + TILE);
        for column in 0..count {
            let to = &mut into[column * rows..][tile.clone()];
            for (to, row) in to.iter_mut().zip(tile.clone()) {
                *to = tidy(matrix.row(row)[first + column]);
            }
        }
    }
}

/// A number in the form in which it is compared: negative zeros become positive, so that an extreme does not
/// depend on the order of comparison.
#[inline(always)]
pub(crate) fn tidy(value: f32) -> f32 {
    value + 0.0
}

/// How far rows of `columns` numbers are apart: none crosses more cache lines than it must.
fn width<N>(columns: usize) -> usize {
    let lines = LINES / size_of::<N>();
    if columns < lines { columns.next_power_of_two() } else { columns.next_multiple_of(lines) }
}

/// What lies column by column, row by row.
fn turn<N: Number>(by_column: &[N], rows: usize, width: usize) -> Pages<N> {
    let mut by_row = Pages::zeros(rows * width);
    by_row.as_mut_slice().par_chunks_mut(width).with_min_len(TILE).enumerate().for_each(
        |(row, into)| {
            for (to, column) in into.iter_mut().zip(by_column.chunks_exact(rows)) {
                *to = column[row];
            }
        },
    );
    by_row
}
