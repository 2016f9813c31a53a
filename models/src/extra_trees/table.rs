//! The table that trees are grown on: checked, and held by row and by column.

use rayon::prelude::*;

use super::ForestError;
use super::matrix::Matrix;
use super::pages::Pages;
use super::tree::MOST_COLUMNS;

/// Labelled rows that are known to be usable.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    matrix: Matrix<'a>,
    labels: &'a [u16],
    classes: usize,
}

impl<'a> Sample<'a> {
    /// Takes one label below `classes` for each row of `matrix`.
    ///
    /// # Errors
    /// If there are no rows, more than a `u32` can number, more than 65,536 columns, or another number of labels; or a label or a
    /// number is out of range: numbers are finite.
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
                "row {}, column {} is {}; expected a finite number",
                place / matrix.columns(),
                place % matrix.columns(),
                matrix.values()[place]
            ));
        }
        Ok(Self { matrix, labels, classes })
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

/// The first number that is infinite or none.
fn first_unusable(values: &[f32]) -> Option<usize> {
    // Without a way out of the inner loop it is done many numbers at a time.
    let all_finite = |chunk: &[f32]| chunk.iter().fold(true, |all, value| all & value.is_finite());
    let chunk = values.par_chunks(CHUNK).position_first(|chunk| !all_finite(chunk))? * CHUNK;
    values[chunk..].iter().position(|value| !value.is_finite()).map(|place| chunk + place)
}

/// A [`Sample`] and a copy of its numbers column by column.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    sample: Sample<'a>,
    by_column: Pages,
}

/// Columns that one thread copies at a time.
const BAND: usize = 64;
/// Rows that are copied at a time: sixteen numbers fill a cache line of a column.
const TILE: usize = 16;

impl<'a> Table<'a> {
    /// Copies the numbers of `sample`.
    pub(crate) fn new(sample: Sample<'a>) -> Self {
        let (rows, columns) = (sample.rows(), sample.columns());
        let mut by_column = Pages::zeros(rows * columns);
        by_column.as_mut_slice().par_chunks_mut(rows * BAND).enumerate().for_each(
            |(band, into)| {
                copy_columns(&sample.matrix, band * BAND, into);
            },
        );
        Self { sample, by_column }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.sample.rows()
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.sample.columns()
    }

    /// The class of each row.
    pub(crate) fn classes(&self) -> &'a [u16] {
        self.sample.labels
    }

    /// The numbers as given: `[row, column]`.
    pub(crate) fn by_row(&self) -> &'a [f32] {
        self.sample.matrix.values()
    }

    /// The numbers, without negative zeros: `[column, row]`.
    pub(crate) fn by_column(&self) -> &[f32] {
        self.by_column.as_slice()
    }
}

/// Copies the columns from number `first` on, as many as `into` has room for.
fn copy_columns(matrix: &Matrix<'_>, first: usize, into: &mut [f32]) {
    let rows = matrix.rows();
    let count = into.len() / rows;
    for tile in (0..rows).step_by(TILE) {
        let tile = tile..rows.min(tile + TILE);
        for column in 0..count {
            let to = &mut into[column * rows..][tile.clone()];
            for (to, row) in to.iter_mut().zip(tile.clone()) {
                *to = matrix.row(row)[first + column] + 0.0;
            }
        }
    }
}
