//! Why there is no usable fold plan.

use std::path::PathBuf;

use crate::cells::CellTableError;

/// Why there is no usable fold plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The number of folds makes no sense.
    #[error("there are {found} folds; expected 2 to 1000")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// All partitions together have more folds than can be numbered.
    #[error("all schemes and repeats together have {found} folds; expected at most 1000")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// No cell is of a class.
    #[error("no cell is of a class; there is nothing to train on")]
    AllUndefined,
    /// A class cannot be in every fold.
    #[error("class `{class}` has {count} cells; {folds} folds need at least {folds}")]
    TooFew {
        /// The class.
        class: String,
        /// How many cells it has.
        count: usize,
        /// How many folds there are.
        folds: usize,
    },
    /// Blocks are so large that a fold has no cell of some class.
    #[error(
        "blocks of {size} m cannot give each of {folds} folds cells of class `{class}`, which lies in {blocks} blocks; {}",
        advice(.largest.as_ref())
    )]
    Blocks {
        /// Side of a block in metres.
        size: f64,
        /// How many folds there are.
        folds: usize,
        /// The class.
        class: String,
        /// In how many blocks the class lies.
        blocks: usize,
        /// Side of the largest blocks that work, in metres, found by trying; `None` where none was found.
        largest: Option<f64>,
    },
    /// A buffer leaves a fold too little to train on.
    #[error(
        "a buffer of {buffer} m leaves fold {fold} no cell of class `{class}` to train on; {}",
        advice_on_buffers(.largest.as_ref())
    )]
    Buffer {
        /// Width of the buffer in metres.
        buffer: f64,
        /// The fold, counted from 0 in its partition.
        fold: usize,
        /// The class.
        class: String,
        /// Side of the largest blocks that work with this buffer, where there are blocks and some were found.
        largest: Option<f64>,
    },
    /// A length is no length.
    #[error("{what} is {found} m; expected {expected}")]
    Length {
        /// What it is the length of.
        what: &'static str,
        /// The length.
        found: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// A cell has no place on the ground.
    #[error("{count} of the labelled cells have no place on the ground: {named}")]
    NoPlace {
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// A cell belongs to no region.
    #[error("{count} of the labelled cells belong to no region: {named}")]
    NoRegion {
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// There is nothing to leave out one by one.
    #[error("all labelled cells lie in one region, `{only}`; expected two regions at least")]
    OneRegion {
        /// The region.
        only: String,
    },
    /// A fixed set leaves nothing to score or nothing to train on.
    #[error("{found} of the {cells} labelled cells are to be held out; expected some and not all")]
    HeldOut {
        /// How many are to be held out.
        found: usize,
        /// How many there are.
        cells: usize,
    },
    /// A cell was given twice.
    #[error("duplicate cell_id `{id}`; every cell needs an id of its own")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// The plan does not speak of some cells.
    #[error("the fold plan lacks {count} of the labelled cells: {named}")]
    Missing {
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// The plan speaks of cells that are not there.
    #[error("the fold plan has {count} cells that are not among the labelled ones: {named}")]
    Unknown {
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// The file cannot be read.
    #[error("cannot read the fold plan `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file cannot be written.
    #[error("cannot write the fold plan `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system or the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file holds something else.
    #[error("`{}` is not a fold plan: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A column of the file is missing or of another type.
    #[error("a column of the fold plan cannot be used")]
    Column {
        /// Why.
        #[from]
        source: CellTableError,
    },
}

fn advice(largest: Option<&f64>) -> String {
    match largest {
        Some(size) => format!("the largest block size that works is {size} m"),
        None => "no smaller block size works, so take fewer folds".to_owned(),
    }
}

fn advice_on_buffers(largest: Option<&f64>) -> String {
    match largest {
        Some(size) => format!("with it, the largest block size that works is {size} m"),
        None => "take a narrower one".to_owned(),
    }
}
