//! Variograms: over what distance cells are alike.
//!
//! The empirical variogram of a quantity is half the mean squared difference between pairs of cells, by the distance between
//! them (Matheron 1963, "Principles of geostatistics", Economic Geology 58). It rises to a sill; the distance at which it
//! gets there, the range, is how far cells know about each other, and so how large a block of held-out cells has to
//! be at least. Pure arithmetic on places in metres and numbers.
//!
//! Start with [`Variogram::of`] and [`Variogram::fit`].

mod empirical;
#[cfg(test)]
mod golden;
mod model;

pub use empirical::{Lag, Quantity, Variogram, variograms};
pub use model::{Fitted, Model, Reach};
