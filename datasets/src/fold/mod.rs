//! Folds: which cell is held out when.
//!
//! A [`FoldPlan`] is keyed by cell id, so two experiments that share one hold out the same cells whatever
//! the order of rows in their stores. The assignment depends on the ids, their classes and the seed alone.
//!
//! Start with [`FoldPlan::stratified`].

mod file;
mod plan;

pub use plan::{FoldCount, FoldError, FoldPlan, Scheme};
