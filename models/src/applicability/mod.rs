//! The area of applicability: which cells are like anything that a model was fitted on.
//!
//! A model answers for every cell, also for landscapes that no training cell shows. The dissimilarity index (Meyer and
//! Pebesma 2021, "Predicting into unknown space? Estimating the area of applicability of spatial prediction models",
//! Methods in Ecology and Evolution 12:1620) says how far a cell is from the nearest training cell, in columns that are
//! standardised and weighted by their importance, in units of the mean distance between training cells. Training cells
//! have an index too, their distance to the nearest one of another fold; a cell whose index is above nearly all of
//! those is outside the area of applicability, and what was measured in cross-validation says nothing about it.
//!
//! A bundle carries a bounded part of the training cells and columns, so that the index can be computed where the map
//! is made. Neighbours are found by comparing with all of them: with dozens of columns a tree of any kind looks at
//! nearly all cells too, and straight loops run at the speed of the vector unit.
//!
//! Start with [`Applicability::fit`] and [`Applicability::dissimilarity`].

mod cells;
mod draw;
mod error;
mod file;
#[cfg(test)]
mod golden;
mod index;
mod nearest;
mod scaling;
#[cfg(test)]
mod tests;
mod training;

pub use cells::CellApplicability;
pub use error::ApplicabilityError;
pub use index::{Applicability, Fitted};
pub use training::{Limits, Training};
