//! What the page of a comparison shows.

use crate::report::page::{
    CellMap, Estimate, Figure, PrecisionRecall, Reliability, SchemeKind, Scores, Words,
};

/// Everything that the page of a comparison shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComparisonPage {
    /// What is compared.
    pub title: Words,
    /// When.
    pub date: Option<Words>,
    /// The classes, in the order of all tables.
    pub classes: Vec<Words>,
    /// The class that the headline speaks of; all of them where `None`.
    pub focus: Option<usize>,
    /// The scheme that the figures are of.
    pub scheme: SchemeKind,
    /// Cells that all runs scored.
    pub cells: u64,
    /// The runs, in the order of all tables.
    pub runs: Vec<ComparedRun>,
    /// Whether there are figures at the mixture of the country.
    pub has_target: bool,
    /// What the operating points of the runs decide, which the headline speaks of; `None` where a run has none.
    pub decided: Option<DecidedPairs>,
    /// Differences of pairs of runs.
    pub differences: Vec<Difference>,
    /// Which cells one run has right and the other wrong.
    pub discordances: Vec<Discordance>,
    /// What two runs make of the same cells.
    pub agreements: Vec<Agreement>,
    /// The ranks of many runs.
    pub ranks: Option<CriticalDifference>,
    /// Precision over recall, one for each run.
    pub curves: Vec<PrecisionRecall>,
    /// How far probabilities can be believed, one for each run.
    pub reliability: Vec<Reliability>,
    /// The cells where two runs differ.
    pub map: Option<CellMap>,
}

/// One of the runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComparedRun {
    /// Its name, unlike that of the others.
    pub name: Words,
    /// What was learned.
    pub model: Words,
    /// Where its store lies.
    pub store: Words,
    /// The digest of the store.
    pub store_digest: Words,
    /// The years of its labels.
    pub years: Option<Words>,
    /// The prevalences that its figures at the target hold for.
    pub target: Option<Vec<f64>>,
    /// Its figures as the cells are mixed.
    pub sample: Scores,
    /// Its figures at its target.
    pub at_target: Scores,
    /// Its figures with its operating point, at its target where it has one; empty where it has no operating point.
    pub decided: Scores,
}

/// Pairs of runs whose cells are decided by their operating points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecidedPairs {
    /// What should be known about the intervals, a sentence or two each.
    pub remarks: Vec<Words>,
    /// Differences of pairs of runs.
    pub differences: Vec<Difference>,
    /// Which cells one run has right and the other wrong.
    pub discordances: Vec<Discordance>,
}

/// The difference of a figure between two runs on the same cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The run that is compared, by its position.
    pub run: usize,
    /// The run that it is compared with.
    pub with: usize,
    /// The figure.
    pub figure: Figure,
    /// The figure of `run` minus that of `with`.
    pub difference: Estimate,
    /// The chance of so large a difference where there is none, by the name of the test.
    pub chances: Vec<(Words, f64)>,
}

/// McNemar's table of two runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discordance {
    /// The first run, by its position.
    pub run: usize,
    /// The second.
    pub with: usize,
    /// Cells that both have right.
    pub both: u64,
    /// Cells that the first alone has right.
    pub run_alone: u64,
    /// Cells that the second alone has right.
    pub with_alone: u64,
    /// Cells that neither has right.
    pub neither: u64,
    /// The name of the test.
    pub test: Words,
    /// The chance of so uneven a table where both are as good.
    pub chance: f64,
}

/// The classes that two runs give to the same cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agreement {
    /// The run of the rows, by its position.
    pub run: usize,
    /// The run of the columns.
    pub with: usize,
    /// Cells by class of the first and class of the second.
    pub cells: Vec<Vec<u64>>,
}

/// Average ranks of runs over folds, with the difference that a test can see (Demšar 2006).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CriticalDifference {
    /// What was ranked, such as `accuracy over 10 folds`.
    pub of: Words,
    /// Each run with its average rank, the best first.
    pub ranks: Vec<(Words, f64)>,
    /// Ranks that lie closer than this are not told apart.
    pub critical_difference: f64,
    /// Runs that are not told apart, by their positions in `ranks`.
    pub groups: Vec<Vec<usize>>,
    /// The chance of such ranks where all runs are as good (Friedman's test).
    pub chance: Option<f64>,
}
