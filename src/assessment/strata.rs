//! Strata: parts of the scored cells with figures of their own, such as the cells of a state or those near an edge.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;

use super::KnownCells;
use crate::map::Quality;
use crate::metrics::{Areas, Confusion, Scores, Totals, brier_loss, log_loss};

/// A class with fewer cells than this has no figures to speak of.
pub const FEW: u64 = 10;

/// What tells parts of the scored cells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrataKind {
    /// How well cells were seen.
    Quality,
    /// Whether they are like the training cells.
    Applicability,
    /// The polygon that holds their middle.
    Region,
    /// How far the nearest cell of another class is.
    Distance,
}

/// Parts of the scored cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strata {
    /// What tells the parts apart.
    pub kind: StrataKind,
    /// The same in a word, such as `quality`, or the name of a column.
    pub by: String,
    /// The parts that have cells, in order.
    pub parts: Vec<Stratum>,
    /// Scored cells in none of them.
    pub elsewhere: u64,
}

/// Some of the scored cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// What they have in common.
    pub name: String,
    /// Known against mapped class.
    pub confusion: Confusion,
    /// Their scores, at their own prevalence; without areas under curves.
    pub scores: Scores,
    /// Classes of which there are fewer than ten cells.
    pub few: Vec<String>,
}

impl Strata {
    /// The scores of the cells of each part; `part_of` says for each cell in which of the parts called `names` it lies.
    pub(super) fn of(
        (kind, by): (StrataKind, &str),
        names: &[String],
        cells: &KnownCells,
        classes: &ClassMap,
        part_of: impl Fn(usize) -> Option<usize>,
    ) -> Self {
        let mut totals = vec![Totals::new(classes.len(), 1); names.len()];
        let mut elsewhere = 0;
        let rows = cells.outcomes.iter().zip(&cells.decisions).enumerate();
        for (cell, ((truth, row), &decided)) in rows {
            let Some(part) = part_of(cell) else {
                elsewhere += 1;
                continue;
            };
            let totals = &mut totals[part];
            totals.confusion.add_many(truth.index(), decided, 1);
            totals.log_loss[truth.index()] += log_loss(truth, row);
            totals.brier[truth.index()] += brier_loss(truth, row);
        }
        let parts = names.iter().zip(&totals);
        let parts = parts.filter_map(|(name, totals)| Stratum::of(name, totals, classes)).collect();
        Self { kind, by: by.to_owned(), parts, elsewhere }
    }
}

impl Stratum {
    fn of(name: &str, totals: &Totals, classes: &ClassMap) -> Option<Self> {
        let confusion = totals.confusion.by_class();
        let supports = confusion.supports();
        if confusion.total() == 0 {
            return None;
        }
        let areas = vec![Areas { roc_auc: None, average_precision: None }; classes.len()];
        let scores = Scores::assemble(totals, &areas, classes, &vec![1.0; classes.len()]);
        let few = classes.names().iter().zip(supports);
        let few = few.filter(|(_, support)| *support < FEW).map(|(name, _)| name.clone());
        Some(Self { name: name.to_owned(), few: few.collect(), scores, confusion })
    }
}

/// The strata that the columns of a map make: how well cells were seen, and whether they are like the training cells.
pub(super) fn of_map(cells: &KnownCells, classes: &ClassMap) -> Vec<Strata> {
    let mut all = Vec::new();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    if !cells.qualities.is_empty() {
        let own = [Quality::Full, Quality::Partial];
        let of = |cell: usize| own.iter().position(|own| *own == cells.qualities[cell]);
        all.push(Strata::of(
            (StrataKind::Quality, "quality"),
            &names(&own.map(Quality::name)),
            cells,
            classes,
            of,
        ));
    }
    if !cells.inside.is_empty() {
        let of = |cell: usize| Some(usize::from(!cells.inside[cell]));
        let own = names(&["inside", "outside"]);
        all.push(Strata::of(
            (StrataKind::Applicability, "area of applicability"),
            &own,
            cells,
            classes,
            of,
        ));
    }
    all
}
