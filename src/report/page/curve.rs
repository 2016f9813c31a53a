//! Curves: what probabilities are worth, at every threshold and in every range.

use super::Words;

/// Precision over recall of one class, at a stated prevalence.
#[derive(Debug, Clone, PartialEq)]
pub struct PrecisionRecall {
    /// What it is the curve of, such as `spatial blocks`.
    pub name: Words,
    /// The class.
    pub class: Words,
    /// The share of the class that the precision holds for.
    pub prevalence: f64,
    /// Recall and precision, by rising recall.
    pub points: Vec<(f64, f64)>,
    /// The area below.
    pub average_precision: f64,
    /// Where cells are decided.
    pub decision: Option<DecisionPoint>,
}

/// The point of a curve at which cells are decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecisionPoint {
    /// Cells of at least this probability are taken for the class.
    pub threshold: f64,
    /// The recall there.
    pub recall: f64,
    /// The precision there.
    pub precision: f64,
}

/// How often cells are of the class, by the probability that they were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// What it is the diagram of, such as `before calibration`.
    pub name: Words,
    /// By rising probability; empty ranges are left out.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error: mean distance of the bins from the diagonal, by their number of cells.
    pub calibration_error: Option<f64>,
}

/// The cells of one range of probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Their mean probability of the class.
    pub predicted: f64,
    /// The share of them that is of the class.
    pub observed: f64,
    /// How many they are.
    pub cells: u64,
}
