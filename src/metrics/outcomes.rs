//! Outcomes: what was known and what was predicted about some cells.

use tesela_datasets::class::ClassId;
use tesela_models::Probabilities;

use super::Confusion;

/// The known class and the predicted probabilities of some cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    classes: usize,
    truths: Vec<ClassId>,
    probabilities: Vec<f32>,
    unclassified: u64,
}

impl Outcomes {
    /// Nothing yet, about `classes` classes.
    ///
    /// # Panics
    /// If there are no classes.
    pub fn new(classes: usize) -> Self {
        assert!(classes > 0, "a class map is never empty");
        Self { classes, truths: Vec::new(), probabilities: Vec::new(), unclassified: 0 }
    }

    /// Adds a cell of class `truth`. A row of `NaN` (no used pixel) is counted and otherwise left out: such
    /// a cell is written out as "no data", not as a class.
    ///
    /// # Panics
    /// If the row or the class is of another class map.
    pub fn push(&mut self, truth: ClassId, row: &[f32]) {
        assert_eq!(row.len(), self.classes, "a row has one probability per class");
        assert!(truth.index() < self.classes, "the class is of the same class map");
        if row.iter().any(|value| value.is_nan()) {
            self.unclassified += 1;
            return;
        }
        self.truths.push(truth);
        self.probabilities.extend_from_slice(row);
    }

    /// Appends the cells of `other`.
    ///
    /// # Panics
    /// If the numbers of classes differ.
    pub fn extend(&mut self, other: &Self) {
        assert_eq!(self.classes, other.classes, "both speak of the same classes");
        self.truths.extend_from_slice(&other.truths);
        self.probabilities.extend_from_slice(&other.probabilities);
        self.unclassified += other.unclassified;
    }

    /// What `judge` says of these cells with those of `other` behind them. Afterwards these are as they were: nothing is copied
    /// but `other`, and only for as long as it takes.
    ///
    /// # Panics
    /// If the numbers of classes differ.
    pub(crate) fn joined_by<T>(&mut self, other: &Self, judge: impl FnOnce(&Self) -> T) -> T {
        let (cells, unclassified) = (self.len(), self.unclassified);
        self.truths.reserve_exact(other.truths.len());
        self.probabilities.reserve_exact(other.probabilities.len());
        self.extend(other);
        let said = judge(self);
        self.truths.truncate(cells);
        self.probabilities.truncate(cells * self.classes);
        self.unclassified = unclassified;
        said
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
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
