//! The dissimilarity index, and the highest that is inside the area of applicability.

use rayon::prelude::*;

use super::ApplicabilityError;
use super::draw::draw;
use super::nearest::Blocks;
use super::scaling::Scaling;
use super::training::{Limits, Training};

/// Rows that a thread takes at a time.
const CHUNK: usize = 256;

/// Says how unlike the training cells a cell is.
#[derive(Debug, Clone, PartialEq)]
pub struct Applicability {
    pub(crate) scaling: Scaling,
    pub(crate) references: Blocks,
    /// Mean distance between the references.
    pub(crate) mean_distance: f64,
    /// The highest index inside the area of applicability.
    pub(crate) threshold: f64,
}

/// An area of applicability with the training cells that it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// What goes into the bundle.
    pub applicability: Applicability,
    /// Which training cells are kept.
    pub references: Vec<usize>,
    /// The index of each of them, to the nearest one of another fold.
    pub cross_validated: Vec<f64>,
}

/// What one reference is to the others.
struct Neighbourhood {
    /// Sum of the distances to all others.
    sum: f64,
    /// Distance to the nearest of another fold.
    nearest: f64,
}

impl Applicability {
    /// Learns from training cells. Where there are more than `limits` allow, the cells that are kept are drawn from
    /// `seed` in the proportions of the classes, and the index is that of the columns and cells that are kept; means and
    /// deviations are those of all cells.
    ///
    /// The threshold is the upper quartile of the cross-validated indexes plus one and a half times the distance between
    /// the quartiles, and at most the highest of them.
    ///
    /// # Errors
    /// If lengths disagree, an importance is no number, no column varies and is important, or cells that differ are not
    /// in two folds at least.
    pub fn fit(
        training: &Training<'_>,
        limits: Limits,
        seed: u64,
    ) -> Result<Fitted, ApplicabilityError> {
        limits.check()?;
        training.check()?;
        let scaling = Scaling::fit(training, limits.columns)?;
        let columns = scaling.columns().len();
        let mut place = vec![0.0; columns];
        let known: Vec<usize> = (0..training.truths.len())
            .filter(|&cell| scaling.place(training.row(cell), &mut place))
            .collect();
        let kept = draw(&known, training.truths, limits.cells, seed);
        let folds: Vec<u32> = kept.iter().map(|&cell| training.folds[cell]).collect();
        if folds.iter().all(|&fold| fold == folds[0]) {
            return Err(ApplicabilityError::TooFew { found: kept.len() });
        }
        let mut places = vec![0.0; kept.len() * columns];
        for (&cell, place) in kept.iter().zip(places.chunks_exact_mut(columns)) {
            scaling.place(training.row(cell), place);
        }
        let references = Blocks::new(&places, columns);
        let neighbourhoods = neighbourhoods(&references, &places, &folds);
        let sum: f64 = neighbourhoods.iter().map(|one| one.sum).sum();
        let pairs = kept.len() as f64 * (kept.len() as f64 - 1.0);
        let mean_distance = sum / pairs;
        if mean_distance <= 0.0 {
            return Err(ApplicabilityError::TooFew { found: kept.len() });
        }
        let cross_validated: Vec<f64> =
            neighbourhoods.iter().map(|one| one.nearest / mean_distance).collect();
        let threshold = threshold(&cross_validated);
        let applicability = Self { scaling, references, mean_distance, threshold };
        Ok(Fitted { applicability, references: kept, cross_validated })
    }

    /// Number of columns that a row must have.
    pub fn width(&self) -> usize {
        self.scaling.width()
    }

    /// The columns that the index looks at, the most important first.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.scaling.columns().iter().map(|column| column.position)
    }

    /// Number of training cells that cells are compared with.
    pub fn references(&self) -> usize {
        self.references.len()
    }

    /// The highest index that is inside the area of applicability.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Whether a cell with this index is inside; one without an index is not.
    pub fn is_inside(&self, dissimilarity: f32) -> bool {
        f64::from(dissimilarity) <= self.threshold
    }

    /// The index of each of `rows`, `[cell, column]`, on all threads: 0 for a training cell, 1 where the nearest is as
    /// far as training cells are from each other; `NaN` where less than half of a row is known, by squared weight.
    ///
    /// # Errors
    /// If rows are not whole.
    pub fn dissimilarity(&self, rows: &[f32]) -> Result<Vec<f32>, ApplicabilityError> {
        let width = self.width();
        if !rows.len().is_multiple_of(width) {
            let (found, expected) = (rows.len(), rows.len() / width * width);
            return Err(ApplicabilityError::Length { what: "values", found, expected });
        }
        let mut found = vec![f32::NAN; rows.len() / width];
        rows.par_chunks(CHUNK * width)
            .zip(found.par_chunks_mut(CHUNK))
            .for_each(|(rows, found)| self.dissimilarity_of(rows, found));
        Ok(found)
    }

    /// Fills in the indexes of some rows.
    fn dissimilarity_of(&self, rows: &[f32], found: &mut [f32]) {
        let columns = self.scaling.columns().len();
        let mut places = vec![0.0; found.len() * columns];
        let rows = rows.chunks_exact(self.width()).zip(places.chunks_exact_mut(columns));
        let known: Vec<bool> = rows.map(|(row, place)| self.scaling.place(row, place)).collect();
        let squares = self.references.nearest(&places);
        for ((found, square), known) in found.iter_mut().zip(squares).zip(known) {
            if known {
                *found = index(square, self.mean_distance);
            }
        }
    }
}

fn index(square: f32, mean_distance: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the distance has that precision")]
    let index = (f64::from(square).sqrt() / mean_distance) as f32;
    index
}

fn neighbourhoods(references: &Blocks, places: &[f32], folds: &[u32]) -> Vec<Neighbourhood> {
    let columns = places.len() / folds.len();
    let one = |(place, &fold): (&[f32], &u32)| {
        let mut squares = Vec::new();
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || references.distances(place, &mut squares),
        );
        let other = |(square, other): (&f32, &u32)| (*other != fold).then_some(*square);
        let nearest = squares.iter().zip(folds).filter_map(other).fold(f32::INFINITY, f32::min);
        Neighbourhood {
            // The distance to itself is zero.
            sum: squares.iter().map(|&square| f64::from(square).sqrt()).sum(),
            nearest: f64::from(nearest).sqrt(),
        }
    };
    places.par_chunks(columns).zip(folds).map(one).collect()
}

/// Upper quartile plus one and a half times the distance between the quartiles, at most the highest.
fn threshold(indexes: &[f64]) -> f64 {
    let mut sorted = indexes.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, 0.25), quantile(&sorted, 0.75));
    (high + 1.5 * (high - low)).min(sorted[sorted.len() - 1])
}

/// The quantile of sorted numbers, straight between neighbours: type 7 of Hyndman and Fan (1996), the default of R and
/// numpy.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = (0..sorted.len() - 1).take_while(|&index| index as f64 + 1.0 <= at).count();
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}
