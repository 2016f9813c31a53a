//! Outcomes: what was known and what was predicted about some cells.

use tesela_datasets::class::ClassId;
use tesela_models::Probabilities;

use super::{Confusion, OriginConfusion, Prevalence};

/// The known class and the predicted probabilities of some cells, and where strata are told apart, the stratum of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    classes: usize,
    truths: Vec<ClassId>,
    probabilities: Vec<f32>,
    unclassified: u64,
    /// How many strata there are: one where none are told apart.
    strata: usize,
    /// The stratum of each cell; empty where there is one alone.
    places: Vec<u16>,
}

impl Outcomes {
    /// Nothing yet, about `classes` classes.
    ///
    /// # Panics
    /// If there are no classes.
    pub fn new(classes: usize) -> Self {
        Self::of_strata(classes, 1)
    }

    /// Nothing yet, about `classes` classes in so many strata.
    ///
    /// # Panics
    /// If there are no classes or no strata, or more than 65,535 of both together.
    pub fn of_strata(classes: usize, strata: usize) -> Self {
        assert!(classes > 0, "a class map is never empty");
        let fit = u16::try_from(classes.saturating_mul(strata)).is_ok();
        assert!(strata > 0 && fit, "classes of strata are numbered with 16 bits");
        let (truths, probabilities, places) = (Vec::new(), Vec::new(), Vec::new());
        Self { classes, truths, probabilities, unclassified: 0, strata, places }
    }

    /// Adds a cell of class `truth`. A row of `NaN` (no used pixel) is counted and otherwise left out: such
    /// a cell is written out as "no data", not as a class.
    ///
    /// The cell lies in the first stratum.
    ///
    /// # Panics
    /// If the row or the class is of another class map.
    pub fn push(&mut self, truth: ClassId, row: &[f32]) {
        self.push_in(0, truth, row);
    }

    /// The same for a cell in stratum `stratum`.
    ///
    /// # Panics
    /// If the row or the class is of another class map, or there is no such stratum.
    pub fn push_in(&mut self, stratum: u16, truth: ClassId, row: &[f32]) {
        assert!(usize::from(stratum) < self.strata, "the stratum is one of those told apart");
        assert_eq!(row.len(), self.classes, "a row has one probability per class");
        assert!(truth.index() < self.classes, "the class is of the same class map");
        if row.iter().any(|value| value.is_nan()) {
            self.unclassified += 1;
            return;
        }
        self.truths.push(truth);
        self.probabilities.extend_from_slice(row);
        if self.strata > 1 {
            self.places.push(stratum);
        }
    }

    /// Appends the cells of `other`.
    ///
    /// # Panics
    /// If the numbers of classes or strata differ.
    pub fn extend(&mut self, other: &Self) {
        assert_eq!(self.classes, other.classes, "both speak of the same classes");
        assert_eq!(self.strata, other.strata, "both speak of the same strata");
        self.places.extend_from_slice(&other.places);
        self.truths.extend_from_slice(&other.truths);
        self.probabilities.extend_from_slice(&other.probabilities);
        self.unclassified += other.unclassified;
    }

    /// What `judge` says of these cells with those of `other` behind them. Afterwards these are as they were: nothing is copied
    /// but `other`, and only for as long as it takes.
    ///
    /// # Panics
    /// If the numbers of classes or strata differ.
    pub(crate) fn joined_by<T>(&mut self, other: &Self, judge: impl FnOnce(&Self) -> T) -> T {
        let (cells, unclassified) = (self.len(), self.unclassified);
        self.truths.reserve_exact(other.truths.len());
        self.probabilities.reserve_exact(other.probabilities.len());
        self.extend(other);
        let said = judge(self);
        self.truths.truncate(cells);
        self.places.truncate(cells);
        self.probabilities.truncate(cells * self.classes);
        self.unclassified = unclassified;
        said
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of strata that are told apart; one where none are.
    pub fn strata(&self) -> usize {
        self.strata
    }

    /// The stratum of cell `index`.
    pub fn stratum(&self, index: usize) -> u16 {
        self.places.get(index).copied().unwrap_or(0)
    }

    /// The origin of cell `index`: its stratum times the number of classes, plus its class.
    pub(crate) fn origin(&self, index: usize) -> usize {
        usize::from(self.stratum(index)) * self.classes + self.truths[index].index()
    }

    /// How many cells are of each class in the first stratum, then in the second, and so on.
    pub fn supports(&self) -> Vec<u64> {
        let mut supports = vec![0; self.strata * self.classes];
        (0..self.len()).for_each(|cell| supports[self.origin(cell)] += 1);
        supports
    }

    /// What a cell of each origin weighs at `target`, or one where there is none; see [`Prevalence::weights`].
    pub(crate) fn weights(&self, target: Option<&Prevalence>) -> Option<Vec<f64>> {
        Prevalence::weights_of(target, &self.supports())
    }

    /// The cells of stratum `stratum` alone, with those of `decisions` that are theirs.
    pub(crate) fn in_stratum(&self, stratum: u16, decisions: &[ClassId]) -> (Self, Vec<ClassId>) {
        let (mut own, mut decided) = (Self::new(self.classes), Vec::new());
        for (cell, ((truth, row), &decision)) in self.iter().zip(decisions).enumerate() {
            if self.stratum(cell) == stratum {
                own.push(truth, row);
                decided.push(decision);
            }
        }
        (own, decided)
    }

    /// Cells that were classified.
    pub fn len(&self) -> usize {
        self.truths.len()
    }

    /// Whether no cell was classified.
    pub fn is_empty(&self) -> bool {
        self.truths.is_empty()
    }

    /// Cells without used pixels, which no score counts.
    pub fn unclassified(&self) -> u64 {
        self.unclassified
    }

    /// The known classes.
    pub fn truths(&self) -> &[ClassId] {
        &self.truths
    }

    /// Known class and probabilities of each cell.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ClassId, &[f32])> {
        self.truths.iter().copied().zip(self.probabilities.chunks_exact(self.classes))
    }

    /// The probability of `class` for each cell.
    pub fn column(&self, class: ClassId) -> Vec<f32> {
        self.probabilities.iter().skip(class.index()).step_by(self.classes).copied().collect()
    }

    /// The most probable class of each cell; the lowest class where several are most probable.
    pub fn most_probable(&self) -> Vec<ClassId> {
        let decide = |row| Probabilities::most_probable(row).expect("rows hold no NaN");
        self.probabilities.chunks_exact(self.classes).map(decide).collect()
    }

    /// Known against decided class, cells of one class told apart by stratum.
    pub(crate) fn by_origin(&self, decisions: &[ClassId]) -> OriginConfusion {
        assert_eq!(self.len(), decisions.len(), "each cell has one decision");
        let mut confusion = OriginConfusion::new(self.classes, self.strata);
        for (cell, &decided) in decisions.iter().enumerate() {
            confusion.add_many(self.origin(cell), decided, 1);
        }
        confusion
    }

    /// Known against most probable class.
    pub fn confusion(&self) -> Confusion {
        self.confusion_of(&self.most_probable())
    }

    /// Known against decided class.
    ///
    /// # Panics
    /// If there is not one decision per cell.
    pub fn confusion_of(&self, decisions: &[ClassId]) -> Confusion {
        assert_eq!(self.len(), decisions.len(), "each cell has one decision");
        let mut confusion = Confusion::new(self.classes);
        for (&truth, &decided) in self.truths.iter().zip(decisions) {
            confusion.add(truth, decided);
        }
        confusion
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_were_joined_for_a_while_leave_nothing_behind() {
        let mut own = Outcomes::new(2);
        own.push(ClassId::new(0), &[0.8, 0.2]);
        own.push(ClassId::new(1), &[f32::NAN; 2]);
        let mut other = Outcomes::new(2);
        other.push(ClassId::new(1), &[0.4, 0.6]);
        other.push(ClassId::new(1), &[f32::NAN; 2]);
        let before = own.clone();
        let (truths, unclassified) =
            own.joined_by(&other, |both| (both.truths().to_vec(), both.unclassified()));
        assert_eq!((truths, unclassified), (vec![ClassId::new(0), ClassId::new(1)], 2));
        assert_eq!(own, before);
    }
}
