//! A tally: everything that figures need of each block, so that a resample costs one pass.
//!
//! Cells of one block with the same known and decided class, and of one stratum, are added up beforehand, and the orders of the
//! rankings are sorted once. A resample only says how often each block was drawn.

use tesela_datasets::class::{ClassId, ClassMap};

use super::Decided;
use crate::metrics::{
    Areas, OriginConfusion, Prevalence, Ranking, Scores, Totals, brier_loss, log_loss,
};

/// The sums and orders of some cells.
pub(super) struct Tally {
    entries: Vec<Entry>,
    rankings: Vec<Ranking>,
    classes: ClassMap,
    strata: usize,
    target: Option<Prevalence>,
}

/// The cells of one block with the same known and decided class.
#[derive(Debug, Clone, Copy)]
struct Entry {
    unit: u32,
    /// The origin (the known class, in its stratum) times the number of classes, plus the decided class.
    pair: u32,
    cells: u32,
    log_loss: f64,
    brier: f64,
}

/// Every figure of one resample.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    pub(super) confusion: OriginConfusion,
    /// As the cells are mixed.
    pub(super) sample: Vec<Option<f64>>,
    /// As if they were mixed as the target; empty where a class of the target was not drawn.
    pub(super) target: Vec<Option<f64>>,
}

impl Tally {
    pub(super) fn of(decided: &Decided, classes: &ClassMap, target: Option<&Prevalence>) -> Self {
        let ranking = |class| Ranking::of(decided.outcomes(), class, Some(decided.units()));
        let rankings = classes.ids().map(ranking).collect();
        Self { rankings, ..Self::unranked(decided, classes, target) }
    }

    /// Without the areas under curves, which cost more than all else: a resample costs as much as there are blocks.
    pub(super) fn unranked(
        decided: &Decided,
        classes: &ClassMap,
        target: Option<&Prevalence>,
    ) -> Self {
        let (entries, strata) = (entries(decided), decided.outcomes().strata());
        let (classes, target) = (classes.clone(), target.cloned());
        Self { entries, rankings: Vec::new(), classes, strata, target }
    }

    /// The figures when each block counts as often as `times` says; `None` where nothing is counted.
    pub(super) fn figures(&self, times: impl Fn(u32) -> u32 + Copy) -> Option<Figures> {
        let totals = self.totals(times);
        let supports = totals.confusion.supports();
        if supports.iter().all(|&support| support == 0) {
            return None;
        }
        let ones = vec![1.0; supports.len()];
        let values = |weights: &[f64], areas: &[Areas]| {
            let scores = Scores::assemble(&totals, areas, &self.classes, weights);
            scores.figures().into_iter().map(|figure| figure.value).collect::<Vec<_>>()
        };
        let target = self.target.as_ref().and_then(|target| target.weights(&supports));
        let (sample, target) = match &target {
            Some(weights) if self.rankings.is_empty() => {
                let none = self.areas(times, &ones);
                (values(&ones, &none), values(weights, &none))
            }
            Some(weights) => {
                let both = self.rankings.iter().map(|one| one.areas(times, [&ones, weights]));
                let (here, there): (Vec<Areas>, Vec<Areas>) = both.map(|[a, b]| (a, b)).unzip();
                (values(&ones, &here), values(weights, &there))
            }
            None => (values(&ones, &self.areas(times, &ones)), Vec::new()),
        };
        Some(Figures { confusion: totals.confusion, sample, target })
    }

    /// The areas of each class, none where cells are not ranked.
    fn areas(&self, times: impl Fn(u32) -> u32 + Copy, weights: &[f64]) -> Vec<Areas> {
        if self.rankings.is_empty() {
            return vec![Areas { roc_auc: None, average_precision: None }; self.classes.len()];
        }
        let areas = self.rankings.iter().map(|one| one.areas(times, [weights]));
        areas.map(|[areas]| areas).collect()
    }

    fn totals(&self, times: impl Fn(u32) -> u32) -> Totals {
        let classes = self.classes.len();
        let mut sums = vec![Sums::default(); self.strata * classes * classes];
        for entry in &self.entries {
            // Without a branch on what was drawn, which no processor foresees.
            let count = times(entry.unit);
            let sums = &mut sums[entry.pair as usize];
            sums.cells += u64::from(count) * u64::from(entry.cells);
            sums.log_loss += f64::from(count) * entry.log_loss;
            sums.brier += f64::from(count) * entry.brier;
        }
        let mut totals = Totals::new(classes, self.strata);
        for (pair, sums) in sums.iter().enumerate() {
            let (origin, decided) = (pair / classes, pair % classes);
            totals.confusion.add_many(origin, ClassId::new(decided), sums.cells);
            totals.log_loss[origin] += sums.log_loss;
            totals.brier[origin] += sums.brier;
        }
        totals
    }
}

/// Sums over the cells of one origin and one decided class.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    cells: u64,
    log_loss: f64,
    brier: f64,
}

/// The cells, added up by block, known and decided class, in that order.
fn entries(decided: &Decided) -> Vec<Entry> {
    let classes = decided.outcomes().classes();
    let outcomes = decided.outcomes();
    let cells = outcomes.iter().zip(decided.decisions()).zip(decided.units()).enumerate();
    let mut entries: Vec<Entry> = cells
        .map(|(cell, (((truth, row), &decided), &unit))| {
            let pair = outcomes.origin(cell) * classes + decided.index();
            Entry {
                unit,
                pair: u32::try_from(pair).expect("two numbers of 16 bits fit"),
                cells: 1,
                log_loss: log_loss(truth, row),
                brier: brier_loss(truth, row),
            }
        })
        .collect();
    // Stable, so that losses are added in the order of the cells.
    entries.sort_by_key(|entry| (entry.unit, entry.pair));
    entries.dedup_by(|next, kept| {
        let same = (next.unit, next.pair) == (kept.unit, kept.pair);
        if same {
            kept.cells += next.cells;
            kept.log_loss += next.log_loss;
            kept.brier += next.brier;
        }
        same
    });
    entries
}
