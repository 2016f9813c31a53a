//! Figures: everything that is said of some cells of a map, at their own prevalence.

use serde::Serialize;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_models::operating_point::{Binning, Quality as ProbabilityQuality};

use super::TrainingSource;
use super::blocks::Blocks;
use super::join::Joined;
use crate::metrics::{Confusion, Outcomes, Scores};
use crate::statistics::{Bootstrap, Decided, Estimate, IntervalMethod, Level, Resampled};

/// More cells than this have intervals without areas under curves, whose order would be gone through in each draw.
const MOST_RANKED: usize = 100_000;

/// Figures of some cells, at their own prevalence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Whether the models were trained on some of the cells, as far as anybody knows.
    pub contaminated: bool,
    /// Known against mapped class.
    pub confusion: Confusion,
    /// The scores.
    pub scores: Scores,
    /// Expected calibration error of the most probable class, and of each class.
    pub calibration_errors: Vec<Option<f64>>,
    /// The figures of the scores with intervals of 95 %; empty for contaminated ones.
    pub intervals: Vec<Estimate>,
}

impl Figures {
    fn of(
        outcomes: &Outcomes,
        decisions: &[ClassId],
        classes: &ClassMap,
        contaminated: bool,
    ) -> Option<Self> {
        let scores = Scores::decided(outcomes, decisions, classes, None)?;
        let rows = outcomes.iter().flat_map(|(_, row)| row);
        let rows: Vec<f64> = rows.map(|&value| f64::from(value)).collect();
        let ones = vec![1.0; classes.len()];
        let quality = ProbabilityQuality::new(&rows, outcomes.truths(), &ones);
        let error = |class| quality.calibration_error(class, Binning::EqualWidth);
        let of_classes = classes.ids().map(|class| error(Some(class)));
        Some(Self {
            contaminated,
            confusion: outcomes.confusion_of(decisions),
            scores,
            calibration_errors: std::iter::once(error(None)).chain(of_classes).collect(),
            intervals: Vec::new(),
        })
    }
}

/// The figures of the cells that were not trained on.
pub(super) fn headline(
    joined: &Joined,
    classes: &ClassMap,
    blocks: &Blocks,
    replicates: usize,
    training: &TrainingSource,
) -> Figures {
    let cells = &joined.fresh;
    let decided =
        Decided::most_probable(cells.outcomes.clone()).with_decisions(cells.decisions.clone());
    let decided = match blocks.of_cells() {
        [] => decided,
        blocks => decided.with_blocks(blocks),
    };
    let bootstrap = Bootstrap { replicates, seed: 0 };
    let resampled = if cells.len() <= MOST_RANKED {
        Resampled::of(&decided, classes, None, bootstrap)
    } else {
        Resampled::without_areas(&decided, classes, bootstrap)
    };
    let intervals = resampled
        .map(|all| all.sample().intervals(Level::NINETY_FIVE, IntervalMethod::default()))
        .unwrap_or_default();
    let contaminated = *training == TrainingSource::Nobody;
    let figures = Figures::of(&cells.outcomes, &cells.decisions, classes, contaminated);
    let mut figures = figures.expect("cells are scored only where there are some");
    figures.intervals = intervals;
    // Areas under curves that were not drawn still have their value.
    for (estimate, figure) in figures.intervals.iter_mut().zip(figures.scores.figures()) {
        estimate.value = figure.value;
    }
    figures
}

/// The figures of all known cells, those that were trained on among them; `None` where there are none of those.
pub(super) fn contaminated(joined: &Joined, classes: &ClassMap) -> Option<Figures> {
    if joined.trained.is_empty() {
        return None;
    }
    let mut outcomes = joined.fresh.outcomes.clone();
    outcomes.extend(&joined.trained.outcomes);
    let decisions = [joined.fresh.decisions.as_slice(), &joined.trained.decisions].concat();
    Figures::of(&outcomes, &decisions, classes, true)
}
