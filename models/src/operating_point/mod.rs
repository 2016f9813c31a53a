//! The operating point: what turns the raw probabilities of a classifier into figures and decisions that hold
//! where the model is used.
//!
//! A classifier is fitted on a sample that is rarely as mixed as the country, and its probabilities are rarely
//! those that they claim to be. An [`OperatingPoint`] mends both, in four steps that are learned from
//! out-of-fold predictions alone: a [`Calibration`] makes probabilities true for the sample, a [`PriorShift`]
//! moves them to the mixture of the place of use, a [`Decision`] turns them into a class, and
//! [`ConformalSets`] list the classes that cannot be ruled out at a guaranteed rate of error. It is small, lies
//! in the bundle beside the weights, and is applied at prediction.
//!
//! How well it does is measured on cells that it has not seen: for each part of the folds the whole operating
//! point is learned from the others, choice of calibration and threshold included ([`Assessment`]).
//!
//! Start with [`OutOfFold`] and [`OperatingPoint::fit`]; [`OperatingPoint::apply`] is what prediction calls.

mod assessment;
mod calibration;
mod choice;
mod conformal;
mod cross_fit;
mod cuts;
mod decision;
mod edge;
mod error;
mod fit;
#[cfg(test)]
mod golden;
mod isotonic;
mod material;
mod out_of_fold;
mod plan;
mod platt;
mod point;
mod prevalence;
mod prior;
mod quality;
mod reliability;
mod settings;
mod temperature;
#[cfg(test)]
mod tests;
mod unsettled;
mod warnings;

pub use assessment::{Assessment, ClassCoverage, Comparison};
pub use calibration::{Calibration, CalibrationKind};
pub use choice::KindLoss;
pub use conformal::ConformalSets;
pub use cuts::Cut;
pub use decision::Decision;
pub use edge::EDGE;
pub use error::OperatingPointError;
pub use fit::{Fitted, Place};
pub use isotonic::Isotonic;
pub use out_of_fold::OutOfFold;
pub use platt::Sigmoid;
pub use point::{Decided, OperatingPoint};
pub use prevalence::{
    PrevalenceEstimate, adjusted_count, count_classified, estimate_prevalence, vanishing,
};
pub use prior::PriorShift;
pub use quality::Quality;
pub use reliability::{BINS, Binning, Reliability, ReliabilityBin};
pub use settings::{
    CalibrationChoice, ConformalError, OperatingSettings, PriorChoice, RawOperatingPoint,
    ThresholdRule,
};
pub use temperature::Temperature;
pub use unsettled::{Settled, Unsettled};
