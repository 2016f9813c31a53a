//! What the page of a run shows.

use crate::report::page::{
    CellMap, DecisionPoint, Estimate, PrecisionRecall, Reliability, Scores, Words,
};

/// Everything that the page of a run shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunPage {
    /// Name of the experiment.
    pub title: Words,
    /// Name of the run.
    pub run: Words,
    /// When it ended.
    pub date: Option<Words>,
    /// What was learned, such as `Extra Trees, 500 trees`.
    pub model: Words,
    /// What the experiment asks, from its opening comment.
    pub question: Option<Words>,
    /// The classes, in the order of all tables.
    pub classes: Vec<Words>,
    /// The class that the headline speaks of; all of them where `None`.
    pub focus: Option<usize>,
    /// What it ran on.
    pub data: DataFacts,
    /// What was measured, the scheme of the headline first.
    pub schemes: Vec<SchemeResults>,
    /// The country stratum by stratum; empty where it is known as a whole.
    pub strata: Vec<StratumResults>,
    /// What the map of the country will look like.
    pub national: Option<NationalMap>,
    /// How probabilities become classes.
    pub operating_point: Option<OperatingPoint>,
    /// How networks learned.
    pub learning: Vec<LearningCurve>,
    /// Where the errors lie.
    pub errors: Option<CellMap>,
    /// The cells of whose wrong class the model was surest.
    pub mistakes: Vec<Mistake>,
    /// What the model looks at.
    pub importances: Option<Importances>,
    /// Which features it was given.
    pub selection: Option<Selection>,
    /// How the model for use differs from the measured ones; `None` where there is none or nothing is known.
    pub refit: Option<Refit>,
    /// How to repeat the run.
    pub record: Record,
}

/// The cells and the imagery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DataFacts {
    /// Name of the data set.
    pub dataset: Words,
    /// Where the store lies.
    pub store: Words,
    /// Cells of each class.
    pub cells: Vec<u64>,
    /// Cells of no known class, which are predicted only.
    pub undefined: u64,
    /// Cells that are not scored though their class is known.
    pub left_out: Vec<LeftOut>,
    /// How integers become reflectance.
    pub product: Option<Words>,
    /// Whether numbers are not reflectance.
    pub uncalibrated: bool,
    /// The years of the labels.
    pub years: Option<Words>,
    /// Whether cells have places, so that blocks can be made.
    pub has_places: bool,
    /// Scored cells that the scored model was fitted on.
    pub scored_and_trained: u64,
}

/// Cells that are not scored.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Why.
    pub reason: Words,
    /// How many.
    pub cells: u64,
}

/// How cells are held out; later ones are stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum SchemeKind {
    /// Cell by cell at random.
    #[default]
    Random,
    /// Squares of ground.
    Blocks,
    /// Regions.
    Regions,
    /// One set that is never trained on.
    HeldOut,
}

impl SchemeKind {
    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "Random folds",
            Self::Blocks => "Spatial blocks",
            Self::Regions => "Regions left out",
            Self::HeldOut => "Held-out cells",
        }
    }

    /// Its name in a sentence, after `measured on`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Random => "random folds",
            Self::Blocks => "spatial blocks",
            Self::Regions => "regions that were left out",
            Self::HeldOut => "cells that were held out",
        }
    }

    /// Whether neighbours of a scored cell are kept from training.
    pub fn is_spatial(self) -> bool {
        self != Self::Random
    }
}

/// What one validation scheme found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SchemeResults {
    /// Which scheme.
    pub kind: SchemeKind,
    /// Its settings, such as `10 folds of 20 km squares, buffer 2 km`.
    pub how: Words,
    /// All cells, as they are mixed.
    pub sample: Measured,
    /// All cells, as if they were mixed as the country.
    pub target: Option<Measured>,
    /// Each fold, as it is mixed.
    pub folds: Vec<FoldResults>,
    /// Precision over recall, at the target where there is one.
    pub curve: Option<PrecisionRecall>,
    /// The probabilities as the model gives them.
    pub reliability: Option<Reliability>,
}

/// Figures at one mixture of classes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The share of each class.
    pub prevalence: Vec<f64>,
    /// The figures.
    pub scores: Scores,
    /// Known against most probable class: counts, or weights that sum to the number of cells.
    pub confusion: Vec<Vec<f64>>,
}

/// What one fold found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoldResults {
    /// Scored cells of each class.
    pub cells: Vec<u64>,
    /// Cells that the buffer kept from training.
    pub dropped: u64,
    /// The figures.
    pub scores: Scores,
}

/// A stratum of the country, and what was found there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StratumResults {
    /// Its name.
    pub name: Words,
    /// The share of all cells of the country that lie in it.
    pub share: f64,
    /// The share of each class among them.
    pub prevalence: Vec<f64>,
    /// Scored cells of each class.
    pub cells: Vec<u64>,
    /// The figures of these cells at its own mixture; empty where they cannot be mixed so.
    pub scores: Scores,
}

/// The confusion that the map of a country is expected to have.
#[derive(Debug, Clone, PartialEq)]
pub struct NationalMap {
    /// Cells of the country.
    pub cells: u64,
    /// Known against decided class, in cells; the intervals hold for what the map itself will have.
    pub confusion: Vec<Vec<Estimate>>,
}

/// How probabilities become classes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperatingPoint {
    /// Which calibration was the best, in words.
    pub calibration: Words,
    /// How probabilities were moved to the prevalence of the country; `None` where they were not.
    pub prior: Option<Words>,
    /// Whether the prevalence is estimated when a map is made: until then, that of the figures stands in for it.
    pub stands_in: bool,
    /// How a class is decided; `None` where it is the most probable one.
    pub decision: Option<Words>,
    /// Where on the curve of the headline cells are decided.
    pub point: Option<DecisionPoint>,
    /// The log-loss of each calibration that was tried.
    pub tried: Vec<(Words, f64)>,
    /// Figures at the target with the raw probabilities and the most probable class.
    pub before: Scores,
    /// The same figures with the operating point.
    pub after: Scores,
    /// The log-loss in the sample before and after calibration.
    pub log_loss: Option<(f64, f64)>,
    /// The probabilities after calibration, in the sample.
    pub reliability: Option<Reliability>,
    /// The sets of classes that hold the true one with a stated certainty.
    pub sets: Option<Words>,
    /// What should be known about how it was learned, a sentence each.
    pub remarks: Vec<Words>,
}

/// How one network learned.
#[derive(Debug, Clone, PartialEq)]
pub struct LearningCurve {
    /// The fold that it was measured on.
    pub fold: usize,
    /// What happened.
    pub epochs: Vec<Epoch>,
}

/// One pass over the training cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: u32,
    /// Mean loss while training.
    pub train_loss: f64,
    /// Loss on the cells that decide when to stop.
    pub validation_loss: Option<f64>,
    /// Step size at its end.
    pub learning_rate: f64,
}

/// A cell that was confidently given a wrong class.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// The cell.
    pub cell: Words,
    /// Its known class.
    pub known: Words,
    /// The class it was given.
    pub decided: Words,
    /// The probability of the class it was given.
    pub probability: f64,
    /// Its patch, as a PNG file; empty where there is no picture.
    pub png: Vec<u8>,
}

/// What a model looks at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Importances {
    /// How they were found, such as `loss of accuracy when the feature is shuffled`.
    pub method: Words,
    /// The features that count most, the first most.
    pub features: Vec<Importance>,
    /// Summed by channel.
    pub channels: Vec<Importance>,
    /// Summed by statistic.
    pub statistics: Vec<Importance>,
}

/// How much something counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The feature, channel or statistic.
    pub name: Words,
    /// How much.
    pub value: f64,
    /// Its deviation over folds or repeats.
    pub deviation: Option<f64>,
}

/// How features were selected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// How, such as `ANOVA F, family-wise error 0.05; variance above 0`.
    pub method: Words,
    /// Features that there were.
    pub offered: usize,
    /// Features kept in each fold.
    pub kept: Vec<usize>,
    /// Features kept in every fold.
    pub always: usize,
    /// Features kept in some folds only.
    pub sometimes: Vec<Words>,
}

/// How the model for use differs from the measured ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Refit {
    /// What it was fitted on and how, in words.
    pub how: Words,
    /// What differs beyond the cells; empty where nothing does.
    pub differs: Vec<Words>,
}

/// How to repeat a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The command.
    pub command: Option<Words>,
    /// The resolved experiment.
    pub configuration: Option<Words>,
    /// Digests, versions and times, by name.
    pub facts: Vec<(Words, Words)>,
}
