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
        let width = weights.len();
        let total: f64 = truths.iter().map(|truth| weights[truth.index()]).sum();
        let mean = |score: &dyn Fn(usize, &[f64]) -> f64| {
            let cells = truths.iter().zip(rows.chunks_exact(width));
            let one = |(truth, row): (&ClassId, &[f64])| {
                weights[truth.index()] * score(truth.index(), row)
            };
            cells.map(one).sum::<f64>() / total
        };
        let views: Vec<Option<ClassId>> = std::iter::once(None)
            .chain((0..width).map(|class| Some(ClassId::new(class))))
            .collect();
        let reliability: Vec<[Reliability; 2]> =
            views.par_iter().map(|&view| reliability(rows, truths, weights, view)).collect();
        let (widths, masses) =
            reliability.into_iter().map(Into::into).unzip::<_, _, Vec<_>, Vec<_>>();
        Self {
            brier: mean(&brier) * if width == 2 { 0.5 } else { 1.0 },
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
    weights: &[f64],
    view: Option<ClassId>,
) -> [Reliability; 2] {
    let said = |(row, truth): (&[f64], &ClassId)| {
        let class = view.map_or_else(|| highest(row), ClassId::index);
        (row[class], class == truth.index(), weights[truth.index()])
    };
    let mut said: Vec<Said> = rows.chunks_exact(weights.len()).zip(truths).map(said).collect();
    said.sort_by(|a, b| a.0.total_cmp(&b.0));
    [Binning::EqualWidth, Binning::EqualMass].map(|binning| Reliability::new(view, binning, &said))
}

/// The position of the first of the highest.
fn highest(row: &[f64]) -> usize {
    let better = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
    (0..row.len()).fold(0, better)
}
