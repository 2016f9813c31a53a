//! Features: 18 statistics of each channel over the used pixels of a patch.
//!
//! Seven moments and order statistics, a histogram of ten bins and the centre pixel, for each of the 27
//! channels: 486 numbers a patch. [`FeatureExtractor`] computes them patch by patch, and
//! [`FeatureExtractor::matrix_of`] for a whole [`PatchSource`](crate::source::PatchSource) on all threads.
//! The result depends on the patches alone: not on threads, and not on the processor.
//!
//! Start with [`FeatureExtractor`].

mod extractor;
mod histogram;
mod keys;
mod matrix;
mod median;
mod moments;
mod statistic;

pub use extractor::{FeatureExtractor, FeatureScratch};
pub use histogram::HistogramMode;
pub use statistic::{BINS, STATISTICS, column_names, parts_of};
