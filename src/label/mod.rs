//! Labels: what polygons say about the cells of a grid.
//!
//! A cell is of a class when the polygons of that class cover at least a given share of it; of the rest
//! class when polygons of named classes cover less than a second share of it *and* the source says something
//! about the cell at all; otherwise it is undefined. Shares are exact areas: what several polygons cover
//! counts once.
//!
//! Start with [`LabelPlan::load`] and [`label_grid`].

mod clip;
mod config;
mod coverage;
mod error;
mod index;
mod job;
mod rule;
#[cfg(test)]
mod tests;

pub use config::LabelPlan;
pub use error::LabelError;
pub(crate) use index::{IndexBuilder, PolygonIndex};
pub use job::{LabelSummary, label_grid};
