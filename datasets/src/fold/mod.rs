//! Folds: which cell is held out when.
//!
//! A [`FoldPlan`] is keyed by cell id, so two experiments that share one hold out the same cells whatever
//! the order of rows in their stores. It holds one or more [`Partition`]s, each of which spreads the same cells over folds
//! once, by a [`Scheme`]: at random, by blocks of the ground, by region, or as a fixed held-out set. What a
//! partition is depends on the ids, their classes, their places and the seed alone.
//!
//! All of it is arithmetic but for [`FoldPlan::save`] and [`FoldPlan::load`].
//!
//! Start with [`Roster`], the constructors of [`Partition`], and [`FoldPlan::new`].

mod blocks;
mod buffer;
mod count;
mod error;
mod file;
mod held_out;
mod largest;
mod packing;
mod partition;
mod plan;
mod random;
mod regions;
mod roster;
mod rows;
mod scheme;

pub use blocks::BlockSize;
pub use count::FoldCount;
pub use error::FoldError;
pub use partition::{Design, Partition, Place};
pub use plan::{FoldPlace, FoldPlan};
pub use roster::Roster;
pub use scheme::Scheme;
