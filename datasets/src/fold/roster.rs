//! The roster: the cells that are to be spread over folds.

use super::FoldError;
use crate::cell::CellId;
use crate::class::{ClassId, ClassMap, Label};

/// How many cells an error names.
const NAMED: usize = 5;

/// The labelled cells that are to be spread over folds, in order of their ids.
///
/// A cell is known by its place in this order everywhere in this room, so that nothing depends on the order in which
/// cells were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    ids: Vec<CellId>,
    own: Vec<ClassId>,
    classes: ClassMap,
}

impl Roster {
    /// The labelled ones of `cells`.
    ///
    /// # Errors
    /// If an id comes twice, or no cell is of a class.
    pub fn new(cells: &[(CellId, Label)], classes: &ClassMap) -> Result<Self, FoldError> {
        let labelled = cells.iter().filter_map(|(id, label)| Some((id, label.class()?)));
        let mut labelled: Vec<(&CellId, ClassId)> = labelled.collect();
        if labelled.is_empty() {
            return Err(FoldError::AllUndefined);
        }
        labelled.sort_unstable();
        if let Some(pair) = labelled.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(FoldError::Duplicate { id: pair[0].0.to_string() });
        }
        let (ids, own) = labelled.into_iter().map(|(id, class)| (id.clone(), class)).unzip();
        Ok(Self { ids, own, classes: classes.clone() })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no cells; there always are.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids, in order.
    pub fn ids(&self) -> &[CellId] {
        &self.ids
    }

    /// The class of each cell.
    pub fn own(&self) -> &[ClassId] {
        &self.own
    }

    /// The classes.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// The cells whose places `keep` holds of; `None` where there are none.
    pub(super) fn only(&self, keep: impl Fn(usize) -> bool) -> Option<Self> {
        let cells = self.ids.iter().zip(&self.own).enumerate();
        let kept = cells.filter(|(place, _)| keep(*place));
        let (ids, own): (Vec<CellId>, Vec<ClassId>) =
            kept.map(|(_, (id, &class))| (id.clone(), class)).unzip();
        let classes = self.classes.clone();
        (!ids.is_empty()).then_some(Self { ids, own, classes })
    }

    /// The places of the cells of `class`.
    pub(super) fn members(&self, class: ClassId) -> Vec<usize> {
        let cells = self.own.iter().enumerate();
        cells.filter_map(|(place, &own)| (own == class).then_some(place)).collect()
    }

    /// Checks that each class that occurs has a cell for each of `folds` folds.
    pub(super) fn suffices(&self, folds: usize) -> Result<(), FoldError> {
        for class in self.classes.ids() {
            let count = self.own.iter().filter(|&&own| own == class).count();
            if (1..folds).contains(&count) {
                let class = self.classes.name(class).to_owned();
                return Err(FoldError::TooFew { class, count, folds });
            }
        }
        Ok(())
    }

    /// What every cell has, or how many lack it, and the first of them.
    pub(super) fn complete<T: Copy>(&self, given: &[Option<T>]) -> Result<Vec<T>, (usize, String)> {
        assert_eq!(given.len(), self.len(), "something is said about every cell");
        let lacking = self.ids.iter().zip(given).filter(|(_, given)| given.is_none());
        let lacking: Vec<&CellId> = lacking.map(|(id, _)| id).collect();
        match name_first(&lacking) {
            Some(lacking) => Err(lacking),
            None => Ok(given.iter().copied().flatten().collect()),
        }
    }
}

/// How many there are, and the first of them; nothing where there are none.
pub(super) fn name_first(ids: &[&CellId]) -> Option<(usize, String)> {
    let names: Vec<String> = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    (!ids.is_empty()).then(|| (ids.len(), names.join(", ") + more))
}
