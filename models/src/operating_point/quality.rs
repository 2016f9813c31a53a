//! How good probabilities are: Brier score, log-loss and reliability, at a mixture of classes.

use rayon::prelude::*;
use tesela_datasets::class::ClassId;

use super::reliability::Said;
use super::{Binning, Reliability};

/// How good some probabilities are.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// Mean squared distance to what is known: summed over the classes, halved where there are two (scikit-learn's
    /// convention, 0 to 1 there).
    pub brier: f64,
    /// Mean of `-ln p` of the known class, `p` kept within machine precision of 0 and 1.
    pub log_loss: f64,
    /// For each binning: the most probable class of each cell, then each class.
    pub reliability: Vec<Reliability>,
}

impl Quality {
    /// Judges `rows`, `[cell, class]`, where a cell of each class weighs its number of `weights`.
    ///
    /// # Panics
    /// If a truth has no weight.
    pub fn new(rows: &[f64], truths: &[ClassId], weights: &[f64]) -> Self {
        Self::of_cells(rows, truths, weights.len(), &|cell| weights[truths[cell].index()])
    }

    /// Judges `rows` of so many classes, where each cell has a `weight` of its own.
    ///
    /// # Panics
    /// If a truth is none of the classes.
    pub fn of_cells(
        rows: &[f64],
        truths: &[ClassId],
        classes: usize,
        weight: &(dyn Fn(usize) -> f64 + Sync),
    ) -> Self {
        let total: f64 = (0..truths.len()).map(weight).sum();
        let mean = |score: &dyn Fn(usize, &[f64]) -> f64| {
            let cells = truths.iter().zip(rows.chunks_exact(classes)).enumerate();
            let one = |(cell, (truth, row)): (usize, (&ClassId, &[f64]))| {
                weight(cell) * score(truth.index(), row)
            };
            cells.map(one).sum::<f64>() / total
        };
        let views: Vec<Option<ClassId>> = std::iter::once(None)
            .chain((0..classes).map(|class| Some(ClassId::new(class))))
            .collect();
        let reliability: Vec<[Reliability; 2]> = views
            .par_iter()
            .map(|&view| reliability(rows, truths, classes, weight, view))
            .collect();
        let (widths, masses) =
            reliability.into_iter().map(Into::into).unzip::<_, _, Vec<_>, Vec<_>>();
        Self {
            brier: mean(&brier) * if classes == 2 { 0.5 } else { 1.0 },
            log_loss: mean(&|truth, row| -row[truth].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()),
            reliability: widths.into_iter().chain(masses).collect(),
        }
    }

    /// The expected calibration error of a class, or of the most probable class of each cell where `None`.
    pub fn calibration_error(&self, class: Option<ClassId>, binning: Binning) -> Option<f64> {
        let wanted = |one: &&Reliability| one.class == class && one.binning == binning;
        self.reliability.iter().find(wanted).map(|one| one.error)
    }
}

fn brier(truth: usize, row: &[f64]) -> f64 {
    let square = |(class, value): (usize, &f64)| {
        let known = if class == truth { 1.0 } else { 0.0 };
        (value - known) * (value - known)
    };
    row.iter().enumerate().map(square).sum()
}

fn reliability(
    rows: &[f64],
    truths: &[ClassId],
    classes: usize,
    weight: &(dyn Fn(usize) -> f64 + Sync),
    view: Option<ClassId>,
) -> [Reliability; 2] {
    let said = |(cell, (row, truth)): (usize, (&[f64], &ClassId))| {
        let class = view.map_or_else(|| highest(row), ClassId::index);
        (row[class], class == truth.index(), weight(cell))
    };
    let cells = rows.chunks_exact(classes).zip(truths).enumerate();
    let mut said: Vec<Said> = cells.map(said).collect();
    said.sort_by(|a, b| a.0.total_cmp(&b.0));
    [Binning::EqualWidth, Binning::EqualMass].map(|binning| Reliability::new(view, binning, &said))
}

/// The position of the first of the highest.
fn highest(row: &[f64]) -> usize {
    let better = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
    (0..row.len()).fold(0, better)
}
