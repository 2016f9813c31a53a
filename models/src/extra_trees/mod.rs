//! Extremely randomised trees (Geurts, Ernst and Wehenkel 2006).
//!
//! The engine works on plain matrices and knows nothing of cells: a [`Sample`] is labelled rows, [`fit`]
//! grows a [`Forest`] on it, and the forest predicts the rows of a [`Matrix`]. [`ExtraTrees`] is the same
//! engine behind [`Fit`](crate::Fit), on the features of patches or the columns of a table.
//!
//! Each node tries some columns at random, draws one threshold in each uniformly between its extremes, and
//! keeps the split that lowers the impurity most; columns that are constant in the node are passed over as
//! scikit-learn does. Every draw is addressed by seed, tree and path, so a forest is the same, bit for bit,
//! at any number of threads.
//!
//! ```
//! use tesela_models::extra_trees::{Forest, ForestView, Matrix, Parameters, Sample, fit};
//!
//! // Four rows of two numbers, the first two of class 0.
//! let numbers = [0.0, 5.0, 1.0, 6.0, 8.0, 5.5, 9.0, 6.5];
//! let matrix = Matrix::new(&numbers, 2)?;
//! let sample = Sample::new(matrix, &[0, 0, 1, 1], 2)?;
//! let forest = fit(&sample, &Parameters::default(), 7, None, &mut |_| true)?;
//!
//! let directory = tempfile::tempdir()?;
//! let path = directory.path().join("some.forest");
//! forest.save(&path)?;
//! let forest = Forest::load(&path)?;
//!
//! let probabilities = forest.predict(matrix)?;
//! assert_eq!(probabilities, [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
//! // In between the trees disagree; a number that is missing is no error.
//! let between = [4.5, 5.5, f32::NAN, 5.5];
//! let spread = forest.predict_with_spread(Matrix::new(&between, 2)?)?;
//! assert!(spread.deviations[0] > 0.2);
//!
//! // As a file that is walked where it lies: mapped into memory, it is shared by all processes that use it.
//! let path = directory.path().join("some.view");
//! forest.view().save(&path)?;
//! // SAFETY: nobody writes to the file; whoever replaces it puts another in its place.
//! let mapped = unsafe { memmap2::Mmap::map(&std::fs::File::open(&path)?)? };
//! let view = ForestView::from_bytes(&mapped)?;
//! assert_eq!(view.predict(matrix)?, probabilities);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How fast it is
//!
//! Against scikit-learn 1.9.1, medians of five turns of each in one run of `benches/peers/trees.py` on a shared Emerald
//! Rapids machine, CPU seconds of one thread; 40,000 rows of 486 columns, 100 trees. Both feel their neighbours: for the
//! fit, where 5.5 stands here, three turns shortly before had given 4.7, and three beside other work 5.4:
//!
//! | | Tesela | scikit-learn | ratio |
//! |---|---|---|---|
//! | fit | 3.0 s | 16.3 s | 5.5 |
//! | predict, a row | 3.9 µs | 27.9 µs | 7.2 |
//! | predict 100,000 rows | 0.40 s | 3.4 s | 8.4 |
//! | model on disk | 3.6 MB | 103 MB | 28 |
//! | reading the model | 48 ms | 93 ms | 1.9 |
//! | most memory while fitting, of it beyond the data | 134, 53 MB | 335, 128 MB | 2.5, 2.4 |
//! | accuracy, log-loss | .9113, .2757 | .9117, .2755 | |
//!
//! A random forest of as many trees takes 8.3 s against 77.2 (one turn of each): 9.3 times as fast.
//!
//! Two million rows take 8.8 CPU seconds on two threads, with 500 trees 41. `forest.bin` is read whole and unpacked, in
//! 50 ms. A [`ForestView`] walks a file of 7.4 MB where it lies, after a check of 6 ms, as fast; mapped into memory, such a
//! file is there once for all processes. Mapping takes unsafe code, which this project forbids itself: whoever wants it
//! writes the one line above.
//!
//! # Where the time goes
//!
//! On 40,000 rows of 486 columns a tree has 12,900 nodes at a mean depth of 16, and tries 22 columns at each of
//! them: 14.1 million numbers a tree, of 114,000 columns in a node. Shares of time are those of the processor's
//! counter and of samples of the running program.
//!
//! * *Growing* takes some 26 ms a tree where the machine is quiet, a third more where it is not. Numbers are looked at
//!   as the bins of their column, one byte each: what is needed of them fits the caches. Nodes of up to 4,096 rows go
//!   through each step with all their columns side by side, 32 to a vector. A row of 486 bins is eight lines of cache,
//!   and with AVX-512 the bytes of all columns are picked from them by four instructions: 640,000 rows a tree, at some
//!   20 cycles a row where it lies in a near cache and 100 at its first visit. The floor of this method is the lines,
//!   5.1 million a tree, at two cycles each from the second level of the cache, and what is done for each column in a
//!   node (about a hundred instructions, 114,000 times): some 7 ms. What lies above is mostly waiting for memory.
//!   Two fifths of the time pass in nodes of less than 64 rows: in one of 8 to 15 rows a quarter of it goes into
//!   drawing thresholds and finding them among the edges of the bins, a third into weighing the cuts and looking up
//!   numbers, a tenth into collecting and counting bins. In nodes of 1,024 rows and more more than half of it goes into
//!   collecting bins, and a fifth into numbers. In a node of 8 to 15 rows bins leave the side of some rows open in five
//!   of 22 columns, from 256 rows on in sixteen. The other cuts are weighed first, and of the open ones only those are
//!   divided that could win, the most promising first: .6 and 2.7 a node, and each waits for numbers that no cache
//!   holds.
//!   Tried without gain: sweeping whole columns with a mask in nodes of many rows; all nodes row by row (a tenth
//!   slower than up to 4,096 rows); columns in the order of memory; eight columns at a time instead of four; picking
//!   words from one line at a time. Asking for the lines of rows 8, 16 or 32 ahead gained 4 per cent, no more than where
//!   the compiler happens to put the loops. Trees that share columns while these lie in a cache were not built: on a tenth of
//!   the rows, of which the second-level cache holds all bins, a node takes 1.7 µs instead of 2.2 and has fewer rows,
//!   so that little is left to gain. With bytes collected one by one a tree took 32 ms; before columns were cut side by
//!   side 45 ms, and with single-precision numbers in place of bins 57.
//! * *Predicting* takes 295 instructions a row and tree: 12 for each of 20 to 24 steps (a row waits for the deepest
//!   of ten trees), the rest for the votes. Sixteen steps of 12 instructions would be 190: a third is lost to
//!   waiting. Groups of 8 to 20 trees and vector gathers were tried; ten trees and single loads are the fastest.
//!   Tables of splits alone, whose leaves lie in the bits of their parents, are three tenths smaller and 1.5 to 1.8
//!   times as slow: each step has to tell leaves from splits.

mod ahead;
mod amounts;
mod assess;
mod bag;
mod best_cut;
mod binning;
mod bins;
mod bits;
mod class_weight;
mod classifier;
mod draw;
mod drawn_cut;
mod file;
mod fit;
mod forest;
mod forest_view;
mod format;
mod group;
mod group_view;
mod grow;
mod impurity;
mod kernels;
mod lane_cuts;
mod lanes;
mod matrix;
mod onnx;
mod open_cut;
mod order;
mod pages;
mod parameters;
mod partition;
mod place;
mod random_cut;
mod rank;
mod recipe;
mod row_picks;
mod rule;
mod scan;
mod slate;
mod table;
mod tally;
mod threshold;
mod tree;
mod trial;
mod vectors;
mod view;
mod view_format;
mod votes;
mod walk;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use assess::{Assessed, OutOfBag, fit_assessed};
pub use class_weight::ClassWeight;
pub use classifier::{
    ExtraTreesClassifier, KIND, LoadError, RANDOM_FOREST_KIND, WEIGHTS_FILE, load,
};
pub use fit::fit;
pub use forest::Forest;
pub use forest_view::{ForestView, Spread};
pub use format::{FORMAT_VERSION, FormatError};
pub use matrix::Matrix;
pub use parameters::{Criterion, Cut, MaxFeatures, Parameters, RawExtraTrees, RawRandomForest};
pub use recipe::ExtraTrees;
pub use table::Sample;
pub use threshold::Threshold;
pub use view_format::VIEW_FORMAT_VERSION;

/// Why a forest could not be grown or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForestError {
    /// The table is not what is needed.
    #[error("{0}")]
    Unusable(String),
    /// The caller asked to stop.
    #[error("growing the forest was interrupted")]
    Interrupted,
    /// Threads could not be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
}
