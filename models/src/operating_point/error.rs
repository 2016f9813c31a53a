//! Why there is no operating point.

use super::CalibrationKind;

/// Why an operating point could not be learned, read or applied.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OperatingPointError {
    /// There is nothing to tell apart.
    #[error("there is one class, `{class}`; an operating point needs two at least")]
    OneClass {
        /// The class.
        class: String,
    },
    /// The columns do not have one entry for each cell.
    #[error("there are {found} {what} for {cells} cells of {classes} classes; expected {expected}")]
    Length {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many cells there are.
        cells: usize,
        /// How many classes there are.
        classes: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A cell has a class that is not there.
    #[error("cell {cell} is of class {found}; the {classes} classes are numbered from 0")]
    UnknownClass {
        /// Position of the cell.
        cell: usize,
        /// The number of its class.
        found: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A probability is none.
    #[error("cell {cell} has probability {found} for class `{class}`; expected 0 to 1")]
    Probability {
        /// Position of the cell.
        cell: usize,
        /// The class.
        class: String,
        /// The number.
        found: f32,
    },
    /// The probabilities of a cell are no whole.
    #[error("the probabilities of cell {cell} sum to {found}; expected 1, to a thousandth")]
    Sum {
        /// Position of the cell.
        cell: usize,
        /// Their sum.
        found: f64,
    },
    /// A weight is none.
    #[error(
        "cell {cell} weighs {found}; expected a number from 0 to 1e12, and above 0 for some cell of each class"
    )]
    Weight {
        /// Position of the cell.
        cell: usize,
        /// The weight.
        found: f64,
    },
    /// A class has no cells.
    #[error("no cell with probabilities is of class `{class}`; expected cells of each class")]
    NoCells {
        /// The class.
        class: String,
    },
    /// All cells were held out together.
    #[error(
        "all cells are of one fold; expected two at least, to measure on cells that were not learned from"
    )]
    OneFold,
    /// A fold holds a class whole.
    #[error(
        "fold {fold}{} holds all {cells} cells of class `{class}`; expected cells of each class in two folds at least \
         (fewer folds or smaller blocks help)",
        if *.joined { ", with the folds that are joined to it," } else { "" }
    )]
    ClassInOneFold {
        /// The fold.
        fold: u32,
        /// Whether it stands for several, since there are more than ten.
        joined: bool,
        /// How many cells.
        cells: usize,
        /// The class.
        class: String,
    },
    /// A share cannot be that of a class.
    #[error(
        "the {what} prevalence of class `{class}` is {found}; expected a number above 0 and below 1 (a class that does \
         not occur is left out of the classes)"
    )]
    Prevalence {
        /// Which prevalence: `target`, `estimated`.
        what: &'static str,
        /// The class.
        class: String,
        /// The share.
        found: f64,
    },
    /// The shares are no whole.
    #[error(
        "there are {found} shares of {classes} classes that sum to {sum}; expected one each, and a sum of 1"
    )]
    Prevalences {
        /// How many.
        found: usize,
        /// How many classes.
        classes: usize,
        /// Their sum.
        sum: f64,
    },
    /// A prevalence is to be estimated from nothing.
    #[error(
        "`prior = \"estimated\"` needs predictions of cells as they occur at the place of use that were not trained on, and \
         there are none; expected at least one, or `prior = \"target\"` with `validation.target-prevalence`"
    )]
    NothingToEstimate,
    /// The estimate did not settle.
    #[error(
        "the prevalence has not settled after {iterations} iterations: it still moves by {change}"
    )]
    Unsettled {
        /// How many.
        iterations: usize,
        /// The largest change of the last one.
        change: f64,
    },
    /// The settings name a class that is not there.
    #[error("`operating-point.class` names `{found}`; the classes are {expected}")]
    UnknownName {
        /// The name.
        found: String,
        /// All names.
        expected: String,
    },
    /// A threshold speaks of no class.
    #[error(
        "`operating-point.threshold` asks for a threshold and there are {classes} classes; expected \
         `operating-point.class` to name the one it speaks of"
    )]
    NoClass {
        /// How many.
        classes: usize,
    },
    /// No threshold is precise enough.
    #[error(
        "no threshold reaches precision {wanted} for class `{class}` at its prevalence of {prevalence}; the best is {best}, \
         with recall {recall}"
    )]
    Precision {
        /// What was asked for.
        wanted: f64,
        /// The class.
        class: String,
        /// The prevalence that it holds for.
        prevalence: f64,
        /// The highest precision there is.
        best: f64,
        /// The recall there.
        recall: f64,
    },
    /// A calibration was given too little.
    #[error(
        "{kind} calibration of class `{class}` needs cells of the class and others; found {own} and {others} (by weight)"
    )]
    OneSided {
        /// The calibration.
        kind: CalibrationKind,
        /// The class.
        class: String,
        /// Weight of its cells.
        own: f64,
        /// Weight of all others.
        others: f64,
    },
    /// A stored part is not what it should be.
    #[error("the {part} of the operating point {reason}")]
    Stored {
        /// The part.
        part: &'static str,
        /// What was found and what was expected.
        reason: String,
    },
}
