//! A partition: the cells of a plan, spread over folds once.

use serde::{Deserialize, Serialize};

use super::Scheme;

/// How a partition came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How cells come into folds.
    pub scheme: Scheme,
    /// Counts the partitions of one scheme, from 0.
    pub repeat: u16,
    /// The seed of its draws.
    pub seed: u64,
    /// Side of a block in metres, where there are blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_metres: Option<f64>,
    /// Cells within so many metres of a held-out one are not trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_metres: Option<f64>,
}

impl Design {
    /// One of `scheme`, without blocks and buffer.
    pub(super) fn new(scheme: Scheme, repeat: u16, seed: u64) -> Self {
        Self { scheme, repeat, seed, block_metres: None, buffer_metres: None }
    }
}

/// Where a partition puts a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The fold in which the cell is held out, counted from 0 in its partition; `None` where it is trained on in
    /// every fold, as the cells outside a fixed held-out set.
    pub fold: Option<u16>,
    /// What stays together: a block, a region, or the cell alone.
    pub block: u32,
}

/// The cells of a plan, spread over folds once.
///
/// Cells are known by their place in the order of ids; [`super::FoldPlan`] knows the ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    pub(super) design: Design,
    pub(super) folds: u16,
    /// One for each cell.
    pub(super) places: Vec<Place>,
    /// For each fold the cells that are neither held out nor trained on, in ascending order.
    pub(super) left_out: Vec<Vec<u32>>,
}

impl Partition {
    pub(super) fn new(design: Design, folds: usize, places: Vec<Place>) -> Self {
        let left_out = vec![Vec::new(); folds];
        let folds = u16::try_from(folds).expect("a partition has at most 1000 folds");
        Self { design, folds, places, left_out }
    }

    /// How it came about.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// How cells come into folds.
    pub fn scheme(&self) -> Scheme {
        self.design.scheme
    }

    /// How many folds there are.
    pub fn folds(&self) -> usize {
        usize::from(self.folds)
    }

    /// Where each cell is, in order of ids.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The cells, by place, that are held out in `fold`.
    pub fn held_out(&self, fold: usize) -> impl Iterator<Item = usize> {
        let held_out = move |place: &Place| place.fold.is_some_and(|own| usize::from(own) == fold);
        let places = self.places.iter().enumerate();
        places.filter_map(move |(cell, place)| held_out(place).then_some(cell))
    }

    /// The cells, by place and in ascending order, that the buffer keeps out of the training part of `fold`.
    pub fn left_out(&self, fold: usize) -> &[u32] {
        self.left_out.get(fold).map_or(&[], Vec::as_slice)
    }

    /// Whether the model of each fold is fitted on each cell.
    pub fn training(&self, fold: usize) -> Vec<bool> {
        let held_out = |place: &Place| place.fold.is_some_and(|own| usize::from(own) == fold);
        let mut training: Vec<bool> = self.places.iter().map(|place| !held_out(place)).collect();
        for &cell in self.left_out(fold) {
            training[cell as usize] = false;
        }
        training
    }
}
