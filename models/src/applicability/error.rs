//! Why there is no area of applicability.

/// Why an area of applicability could not be learned, read or applied.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicabilityError {
    /// The columns do not have one entry for each cell.
    #[error("there are {found} {what}; expected {expected}")]
    Length {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// An importance is no number.
    #[error("column {column} has importance {found}; expected a finite number")]
    Importance {
        /// Position of the column.
        column: usize,
        /// The importance.
        found: f64,
    },
    /// No column tells cells apart.
    #[error("none of {columns} columns varies and is important; expected one at least")]
    NoColumn {
        /// How many there are.
        columns: usize,
    },
    /// There is nothing to compare with.
    #[error(
        "{found} cells know half of the important columns at least; expected two, in two folds, that differ"
    )]
    TooFew {
        /// How many.
        found: usize,
    },
    /// A limit is out of range.
    #[error("the limit of {what} is {found}; expected {least} to {most}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The limit.
        found: usize,
        /// The lowest.
        least: usize,
        /// The highest.
        most: usize,
    },
    /// The bytes are not what was written.
    #[error("the area of applicability {reason}")]
    Content {
        /// What was found and what was expected.
        reason: String,
    },
    /// The bytes have no readable layout.
    #[error("the area of applicability is not a safetensors file: {reason}")]
    Format {
        /// What the reader said.
        reason: String,
    },
}
