//! Figures: everything that is said of some cells of a map, at the prevalence of the map.
//!
//! Cells that a model was trained on say nothing about the others and are left out. They are part of the map all the
//! same: where a sample held more than half of the towns of a country, as the pilot's did, the cells that are left have half
//! as many, and precision among them is not that of the map. So rates are those of the cells that were not trained
//! on, mixed as all labelled cells of the map are.

use serde::Serialize;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_models::operating_point::{Binning, Quality as ProbabilityQuality};

use super::TrainingSource;
use super::blocks::Blocks;
use super::join::Joined;
use crate::metrics::{Confusion, Outcomes, Prevalence, Scores};
use crate::statistics::{Bootstrap, Decided, Estimate, IntervalMethod, Level, Resampled};

/// More cells than this have intervals without areas under curves, whose order would be gone through in each draw.
const MOST_RANKED: usize = 100_000;

/// Figures of some cells, at the prevalence of all labelled cells of the map.
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
        mixture: Option<&Prevalence>,
        contaminated: bool,
    ) -> Option<Self> {
        let scores = Scores::decided(outcomes, decisions, classes, mixture)?;
        let confusion = outcomes.confusion_of(decisions);
        let weights = weights(mixture, &confusion);
        let rows = outcomes.iter().flat_map(|(_, row)| row);
        let rows: Vec<f64> = rows.map(|&value| f64::from(value)).collect();
        let quality = ProbabilityQuality::new(&rows, outcomes.truths(), &weights);
        let error = |class| quality.calibration_error(class, Binning::EqualWidth);
        let of_classes = classes.ids().map(|class| error(Some(class)));
        Some(Self {
            contaminated,
            confusion,
            scores,
            calibration_errors: std::iter::once(error(None)).chain(of_classes).collect(),
            intervals: Vec::new(),
        })
    }
}

/// How common each class is among all labelled cells of the map, those that were trained on among them; `None` where none
/// were, or where a class has no cell that was not.
pub(super) fn mixture(joined: &Joined) -> Option<Prevalence> {
    if joined.trained.is_empty() {
        return None;
    }
    let (fresh, trained) =
        (joined.fresh.confusion().supports(), joined.trained.confusion().supports());
    let all: Vec<u64> =
        fresh.iter().zip(&trained).map(|(fresh, trained)| fresh + trained).collect();
    let total = all.iter().sum::<u64>() as f64;
    let mixture = Prevalence::new(all.iter().map(|&cells| cells as f64 / total).collect()).ok()?;
    mixture.weights(&fresh).map(|_| mixture)
}

/// What a cell of each class weighs in figures of `confusion`.
pub(super) fn weights(mixture: Option<&Prevalence>, confusion: &Confusion) -> Vec<f64> {
    let supports = confusion.supports();
    let weights = Prevalence::weights_of(mixture, &supports);
    weights.expect("a mixture that was found has cells of each of its classes")
}

/// The figures of the cells that were not trained on, mixed as `mixture` says.
pub(super) fn headline(
    joined: &Joined,
    classes: &ClassMap,
    blocks: &Blocks,
    replicates: usize,
    training: &TrainingSource,
    mixture: Option<&Prevalence>,
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
        Resampled::of(&decided, classes, mixture, bootstrap)
    } else {
        Resampled::without_areas(&decided, classes, mixture, bootstrap)
    };
    let intervals = resampled
        .map(|all| {
            let drawn = all.target().unwrap_or_else(|| all.sample());
            drawn.intervals(Level::NINETY_FIVE, IntervalMethod::default())
        })
        .unwrap_or_default();
    let contaminated = *training == TrainingSource::Nobody;
    let figures = Figures::of(&cells.outcomes, &cells.decisions, classes, mixture, contaminated);
    let mut figures = figures.expect("cells are scored only where there are some");
    figures.intervals = intervals;
    // Areas under curves that were not drawn still have their value.
    for (estimate, figure) in figures.intervals.iter_mut().zip(figures.scores.figures()) {
        estimate.value = figure.value;
    }
    figures
}

/// The figures of all known cells, those that were trained on among them; `None` where there are none of those.
pub(super) fn contaminated(joined: &mut Joined, classes: &ClassMap) -> Option<Figures> {
    if joined.trained.is_empty() {
        return None;
    }
    let Joined { fresh, trained, .. } = joined;
    fresh.joined_by(trained, |outcomes, decisions| {
        Figures::of(outcomes, decisions, classes, None, true)
    })
}
