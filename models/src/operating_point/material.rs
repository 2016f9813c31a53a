//! What the calibrations are fitted on: the cells of some parts, on the scales that the fits need.
//!
//! Cross-fitting fits each calibration many times on different parts of the same cells. Logarithms and sorted
//! orders are therefore made once; a fit passes over the cells of its parts, always in the same order.

use rayon::prelude::*;
use tesela_datasets::class::ClassId;

use super::edge::log_odds;
use super::out_of_fold::check_weights;
use super::{OperatingPointError, OutOfFold};

/// The parts that a fit leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Without(Option<u8>, Option<u8>);

impl Without {
    /// Leaves nothing out.
    pub(crate) const NOTHING: Self = Self(None, None);

    /// Leaves `part` out.
    pub(crate) fn part(part: u8) -> Self {
        Self(Some(part), None)
    }

    /// Leaves two parts out.
    pub(crate) fn parts(first: u8, second: u8) -> Self {
        Self(Some(first), Some(second))
    }

    /// Whether cells of `part` are fitted on.
    pub(crate) fn keeps(self, part: u8) -> bool {
        self.0 != Some(part) && self.1 != Some(part)
    }
}

/// Out-of-fold predictions with all that fits have in common.
pub(crate) struct Material<'a> {
    pub(crate) data: &'a OutOfFold,
    weights: Option<&'a [f64]>,
    columns: Vec<Column>,
}

/// One class against all others.
struct Column {
    class: ClassId,
    /// Of each cell.
    log_odds: Vec<f64>,
    /// The cells by rising probability.
    order: Vec<u32>,
}

/// One cell of a class-against-others problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Example {
    /// Log-odds of the raw probability of the class.
    pub(crate) log_odds: f64,
    /// Whether the cell is of the class.
    pub(crate) own: bool,
    /// What the cell weighs.
    pub(crate) weight: f64,
}

impl<'a> Material<'a> {
    /// Prepares `data`, each cell of which weighs 1 or its number of `weights`.
    ///
    /// # Errors
    /// If there is not one weight, finite and not negative, for each cell.
    pub(crate) fn new(
        data: &'a OutOfFold,
        weights: Option<&'a [f64]>,
    ) -> Result<Self, OperatingPointError> {
        if let Some(weights) = weights {
            check_weights(data, weights)?;
        }
        let columns = curve_classes(data.classes().len());
        let columns = columns.into_par_iter().map(|class| Column::new(data, class)).collect();
        Ok(Self { data, weights, columns })
    }

    /// What cell `index` weighs.
    pub(crate) fn weight(&self, index: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[index])
    }

    /// Number of class-against-others problems: one for two classes, else one for each.
    pub(crate) fn curves(&self) -> usize {
        self.columns.len()
    }

    /// The class of problem `curve`.
    pub(crate) fn class(&self, curve: usize) -> ClassId {
        self.columns[curve].class
    }

    /// The cells that are fitted on, in their order.
    pub(crate) fn cells(&self, without: Without) -> impl Iterator<Item = usize> + '_ {
        let kept = move |(cell, &part)| without.keeps(part).then_some(cell);
        self.data.parts().iter().enumerate().filter_map(kept)
    }

    /// The examples of problem `curve`, in the order of the cells.
    pub(crate) fn examples(
        &self,
        curve: usize,
        without: Without,
    ) -> impl Iterator<Item = Example> + '_ {
        self.cells(without).map(move |cell| self.example(curve, cell))
    }

    /// The examples of problem `curve` by rising probability.
    pub(crate) fn sorted(
        &self,
        curve: usize,
        without: Without,
    ) -> impl Iterator<Item = (f32, Example)> + '_ {
        let parts = self.data.parts();
        let column = &self.columns[curve];
        let cells = column.order.iter().map(|&cell| cell as usize);
        cells
            .filter(move |&cell| without.keeps(parts[cell]))
            .map(move |cell| (self.data.row(cell)[column.class.index()], self.example(curve, cell)))
    }

    /// Weight of the cells of the class of `curve`, and of all others.
    ///
    /// # Errors
    /// If one of them is nothing; then `kind` of calibration cannot be fitted.
    pub(crate) fn both_sides(
        &self,
        curve: usize,
        without: Without,
        kind: super::CalibrationKind,
    ) -> Result<[f64; 2], OperatingPointError> {
        let (mut own, mut others) = (0.0, 0.0);
        for example in self.examples(curve, without) {
            *(if example.own { &mut own } else { &mut others }) += example.weight;
        }
        if own > 0.0 && others > 0.0 {
            return Ok([own, others]);
        }
        let class = self.data.classes().name(self.class(curve)).to_owned();
        Err(OperatingPointError::OneSided { kind, class, own, others })
    }

    fn example(&self, curve: usize, cell: usize) -> Example {
        let column = &self.columns[curve];
        Example {
            log_odds: column.log_odds[cell],
            own: self.data.truths()[cell] == column.class,
            weight: self.weight(cell),
        }
    }
}

impl Column {
    fn new(data: &OutOfFold, class: ClassId) -> Self {
        let value = |cell: usize| data.row(cell)[class.index()];
        let mut order: Vec<u32> = (0..).take(data.len()).collect();
        order.sort_by(|&a, &b| value(a as usize).total_cmp(&value(b as usize)));
        let log_odds = (0..data.len()).map(|cell| log_odds(f64::from(value(cell)))).collect();
        Self { class, log_odds, order }
    }
}

/// The classes that have a curve of their own: the second of two, whose complement is the first, else each.
pub(crate) fn curve_classes(classes: usize) -> Vec<ClassId> {
    let first = usize::from(classes == 2);
    (first..classes).map(ClassId::new).collect()
}
