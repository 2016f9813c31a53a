//! Tesela classifies the cells of a national grid from satellite imagery, with figures that hold on the map.
//!
//! This package holds what the user does: from imagery and labels to a store, from a store to measured
//! models, from a model to a map. Patches, channels and folds live in `tesela_datasets`, what can be learned
//! in `tesela_models`. Arrows point down: [`cli`] knows everything, nothing knows [`cli`].

pub mod assessment;
pub mod cli;
pub mod comparison;
pub mod cutting;
pub mod data_path;
pub mod experiment;
pub mod export;
pub mod grid;
pub mod inference;
pub mod inspection;
pub mod label;
pub mod map;
pub mod metrics;
pub mod numerals;
pub mod picture;
mod plausibility;
pub mod prepare;
pub mod progress;
pub mod raster;
pub mod report;
pub mod simulate;
pub mod statistics;
pub mod training;
