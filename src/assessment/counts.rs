//! Counts: what becomes of every cell of a map, and of every label.

use serde::{Deserialize, Serialize};

/// What became of the cells of a map. `scored`, `trained`, `without_class`, `undefined` and `unlabelled` are apart from
/// each other and make up all cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellCounts {
    /// Cells of the map.
    pub map: u64,
    /// Cells that the figures are of.
    pub scored: u64,
    /// Cells that are left out because a model was trained on them.
    pub trained: u64,
    /// Cells of a known class that the map gives none.
    pub without_class: u64,
    /// Of those: cells that lie in the mosaic, of which no pixel is used.
    pub no_data: u64,
    /// Of those: cells outside the mosaic.
    pub outside: u64,
    /// Cells whose label says that nothing is known.
    pub undefined: u64,
    /// Cells that no label speaks of.
    pub unlabelled: u64,
    /// Cells of the labels that the map does not have.
    pub not_on_map: u64,
    /// Cells that the map takes for each class, known or not.
    pub mapped: Vec<u64>,
}

impl CellCounts {
    /// Cells that the map gives a class.
    pub fn classified(&self) -> u64 {
        self.mapped.iter().sum()
    }

    /// The share of the classified cells whose class is known.
    pub fn known_share(&self) -> f64 {
        (self.scored + self.trained) as f64 / self.classified().max(1) as f64
    }

    /// Whether the class of every classified cell is known.
    pub fn is_census(&self) -> bool {
        self.scored + self.trained == self.classified()
    }
}
