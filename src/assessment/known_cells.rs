//! Known cells: those of a map whose class is known, as columns.

use tesela_datasets::cell::{Outline, Point};
use tesela_datasets::class::ClassId;

use crate::map::{MapRows, Quality};
use crate::metrics::{Confusion, Outcomes};

/// Cells of a map whose class is known and that the map gives a class.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownCells {
    /// Known classes and probabilities.
    pub outcomes: Outcomes,
    /// The class of each on the map.
    pub decisions: Vec<ClassId>,
    /// The middle of each, in the coordinates of the map; `None` where it has no place.
    pub places: Vec<Option<Point>>,
    /// How well each was seen; empty where the map does not say.
    pub qualities: Vec<Quality>,
    /// Whether each is like the cells that were trained on; empty where the map does not say.
    pub inside: Vec<bool>,
    /// The classes that cannot be ruled out, `[cell, class]`; empty where the map does not say.
    pub sets: Vec<bool>,
}

impl KnownCells {
    /// None yet, of `classes` classes.
    pub(super) fn new(classes: usize) -> Self {
        Self {
            outcomes: Outcomes::new(classes),
            decisions: Vec::new(),
            places: Vec::new(),
            qualities: Vec::new(),
            inside: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// Adds the cell in row `index`, which is of class `truth` and which the map takes for `decided`.
    pub(super) fn push(&mut self, rows: &MapRows, index: usize, truth: ClassId, decided: ClassId) {
        let classes = self.outcomes.classes();
        self.outcomes.push(truth, rows.probabilities_of(index, classes));
        self.decisions.push(decided);
        self.places.push(rows.cells[index].outline.as_ref().and_then(Outline::centroid));
        self.qualities.extend(rows.qualities.get(index));
        self.inside.extend(rows.inside.get(index));
        self.sets.extend(rows.sets.get(index * classes..(index + 1) * classes).unwrap_or(&[]));
    }

    /// What `judge` says of the outcomes and decisions of these cells with those of `other` behind them; afterwards these are as they
    /// were.
    pub(super) fn joined_by<T>(
        &mut self,
        other: &Self,
        judge: impl FnOnce(&Outcomes, &[ClassId]) -> T,
    ) -> T {
        let own = self.decisions.len();
        self.decisions.extend_from_slice(&other.decisions);
        let decisions = &self.decisions;
        let said = self.outcomes.joined_by(&other.outcomes, |both| judge(both, decisions));
        self.decisions.truncate(own);
        said
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.decisions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }

    /// Known against mapped class.
    pub fn confusion(&self) -> Confusion {
        self.outcomes.confusion_of(&self.decisions)
    }
}
