//! Brings cells into the space that distances are measured in.
//!
//! Of each column that is kept, the mean of the training cells is taken away, the rest divided by their standard
//! deviation and multiplied by the importance of the column. A missing number is put at the mean: it adds no distance
//! to a cell that is average, and so makes nothing look stranger than it is. A row of which less than half of the
//! squared weight is known is not placed at all.

use super::ApplicabilityError;
use super::training::Training;

/// The farthest from the mean that a number is placed: its square is far from the end of single precision.
const FARTHEST: f64 = 1e15;
/// The least share of the squared weights that must be known.
const LEAST_KNOWN: f64 = 0.5;

/// One column that is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    /// Its position among all columns.
    pub(crate) position: usize,
    /// Mean of the training cells.
    pub(crate) mean: f64,
    /// Standard deviation of the training cells, with `n − 1`; above 0.
    pub(crate) deviation: f64,
    /// Importance, above 0; the highest is 1.
    pub(crate) weight: f64,
}

/// The columns that are kept, the most important first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    /// Number of all columns.
    width: usize,
    columns: Vec<Column>,
    /// The squared weights of all columns that are kept.
    total: f64,
}

impl Scaling {
    /// Joins columns.
    pub(crate) fn new(width: usize, columns: Vec<Column>) -> Self {
        let total = columns.iter().map(|column| column.weight * column.weight).sum();
        Self { width, columns, total }
    }

    /// Keeps the `most` most important columns that vary; of equally important ones the first.
    ///
    /// # Errors
    /// If there is no such column.
    pub(crate) fn fit(training: &Training<'_>, most: usize) -> Result<Self, ApplicabilityError> {
        let mut columns: Vec<Column> = moments(training)
            .into_iter()
            .zip(training.importances)
            .enumerate()
            .filter(|(_, ((_, deviation), importance))| *deviation > 0.0 && **importance > 0.0)
            .map(|(position, ((mean, deviation), &weight))| Column {
                position,
                mean,
                deviation,
                weight,
            })
            .collect();
        columns.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.position.cmp(&b.position)));
        columns.truncate(most);
        let Some(highest) = columns.first().map(|column| column.weight) else {
            return Err(ApplicabilityError::NoColumn { columns: training.width() });
        };
        columns.iter_mut().for_each(|column| column.weight /= highest);
        columns.retain(|column| column.weight > 0.0);
        Ok(Self::new(training.width(), columns))
    }

    /// Number of all columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The columns that are kept.
    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Writes where `row` is to `place`, one number for each column that is kept; no where too little is known of it.
    pub(crate) fn place(&self, row: &[f32], place: &mut [f32]) -> bool {
        let mut known = 0.0;
        for (place, column) in place.iter_mut().zip(&self.columns) {
            let value = row[column.position];
            *place = if value.is_finite() {
                known += column.weight * column.weight;
                column.place(value)
            } else {
                0.0
            };
        }
        known >= LEAST_KNOWN * self.total
    }
}

impl Column {
    fn place(&self, value: f32) -> f32 {
        let distance = (f64::from(value) - self.mean) / self.deviation * self.weight;
        #[expect(clippy::cast_possible_truncation, reason = "distances need no more digits")]
        let place = distance.clamp(-FARTHEST, FARTHEST) as f32;
        place
    }
}

/// Mean and standard deviation of what is known of each column (Welford 1962); no deviation where less than two
/// numbers are known.
fn moments(training: &Training<'_>) -> Vec<(f64, f64)> {
    let mut moments = vec![(0.0_f64, 0.0_f64, 0.0_f64); training.width()];
    for row in training.rows() {
        for ((count, mean, squares), &value) in moments.iter_mut().zip(row) {
            if value.is_finite() {
                let value = f64::from(value);
                *count += 1.0;
                let distance = value - *mean;
                *mean += distance / *count;
                *squares += distance * (value - *mean);
            }
        }
    }
    let finish = |(count, mean, squares): (f64, f64, f64)| {
        (mean, if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { 0.0 })
    };
    moments.into_iter().map(finish).collect()
}
