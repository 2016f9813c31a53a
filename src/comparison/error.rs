//! Why runs cannot be compared.

use std::path::PathBuf;

use tesela_datasets::cells::CellTableError;

use crate::training::TrainingError;

/// Why runs cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] TrainingError),
    /// There is nothing to compare with.
    #[error("{found} runs are named; expected two or more")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// The runs speak of other classes.
    #[error("`{first}` has the classes {expected}; `{other}` has {found}")]
    Classes {
        /// The first run.
        first: String,
        /// Its classes.
        expected: String,
        /// The other run.
        other: String,
        /// Its classes.
        found: String,
    },
    /// The runs are measured in different ways.
    #[error("the runs share no validation scheme: {found}")]
    Schemes {
        /// How each run is measured.
        found: String,
    },
    /// The runs are on other cells.
    #[error(
        "`{first}` and `{other}` are not on the same cells: {missing} of {total} are missing in the \
         other, which has {added} of its own (`validation.plan` makes a run use the cells of another)"
    )]
    Cells {
        /// The first run.
        first: String,
        /// The other run.
        other: String,
        /// Cells of the first alone.
        missing: usize,
        /// Cells of the first.
        total: usize,
        /// Cells of the other alone.
        added: usize,
    },
    /// The runs hold out the same cells in other folds.
    #[error(
        "`{first}` and `{other}` are on the same cells in different folds: {moved} of {total} cells, `{cell}` for \
         one, are held out in another fold or block (`validation.plan` makes a run use the folds of another)"
    )]
    Folds {
        /// The first run.
        first: String,
        /// The other run.
        other: String,
        /// Cells in another fold.
        moved: usize,
        /// All cells.
        total: usize,
        /// One of them.
        cell: String,
    },
    /// The runs disagree on what is known.
    #[error(
        "`{first}` and `{other}` do not know the same: {changed} of {total} cells, `{cell}` for one, have another \
         label; expected stores with the same labels"
    )]
    Labels {
        /// The first run.
        first: String,
        /// The other run.
        other: String,
        /// Cells with another label.
        changed: usize,
        /// All cells.
        total: usize,
        /// One of them.
        cell: String,
    },
    /// A run has numbers for probabilities that are none.
    #[error(
        "`{run}` has {found} for the probabilities of cell `{cell}`, and {count} such cells in all; expected \
         numbers from 0 to 1 that sum to 1"
    )]
    Probabilities {
        /// The run.
        run: String,
        /// The numbers.
        found: String,
        /// The first such cell.
        cell: String,
        /// How many there are.
        count: usize,
    },
    /// A run holds the same cell out twice in one partition.
    #[error("`{run}` holds out cell `{cell}` twice in one partition; expected once")]
    Twice {
        /// The run.
        run: String,
        /// The cell.
        cell: String,
    },
    /// The results cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The table of cells cannot be written.
    #[error(transparent)]
    Table(#[from] CellTableError),
}

impl ComparisonError {
    pub(super) fn write(
        path: &std::path::Path,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Write { path: path.to_owned(), source: source.into() }
    }
}
