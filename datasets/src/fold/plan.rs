//! The plan itself: pure arithmetic on ids.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cell::CellId;
use crate::cells::CellTableError;
use crate::class::{ClassMap, Label};
use crate::random::{below, derive, generator, mix, shuffle};

/// The place of fold plans below a seed, so that other draws from the same seed differ.
const PLACE: u64 = 0x466f_6c64;
/// How many cells an error names.
const NAMED: usize = 5;

/// How many folds there are: 2 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct FoldCount(u16);

impl FoldCount {
    /// The usual ten.
    pub const TEN: Self = Self(10);

    /// `folds` folds.
    ///
    /// # Errors
    /// If there are fewer than 2 or more than 1000.
    pub fn new(folds: usize) -> Result<Self, FoldError> {
        match u16::try_from(folds) {
            Ok(count @ 2..=1000) => Ok(Self(count)),
            _ => Err(FoldError::Count { found: folds }),
        }
    }

    /// The number.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl TryFrom<u16> for FoldCount {
    type Error = FoldError;

    fn try_from(folds: u16) -> Result<Self, Self::Error> {
        Self::new(usize::from(folds))
    }
}

impl From<FoldCount> for u16 {
    fn from(count: FoldCount) -> Self {
        count.0
    }
}

/// How cells come into folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scheme {
    /// At random, each class spread evenly.
    Stratified,
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stratified => formatter.write_str("stratified"),
        }
    }
}

/// Why there is no usable fold plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The number of folds makes no sense.
    #[error("there are {found} folds; expected 2 to 1000")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// No cell is of a class.
    #[error("no cell is of a class; there is nothing to train on")]
    AllUndefined,
    /// A class cannot be in every fold.
    #[error("class `{class}` has {count} cells; {folds} folds need at least {folds}")]
    TooFew {
        /// The class.
        class: String,
        /// How many cells it has.
        count: usize,
        /// How many folds there are.
        folds: usize,
    },
    /// A cell was given twice.
    #[error("duplicate cell_id `{id}`; every cell needs an id of its own")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// The plan does not speak of some cells.
    #[error("the fold plan lacks {count} of the labelled cells: {named}")]
    Missing {
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// The plan speaks of cells that are not there.
    #[error("the fold plan has {count} cells that are not among the labelled ones: {named}")]
    Unknown {
        /// How many.
        count: usize,
        /// The first of them.
        named: String,
    },
    /// The file cannot be read.
    #[error("cannot read the fold plan `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file cannot be written.
    #[error("cannot write the fold plan `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system or the format said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file holds something else.
    #[error("`{}` is not a fold plan: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A column of the file is missing or of another type.
    #[error("a column of the fold plan cannot be used")]
    Column {
        /// Why.
        #[from]
        source: CellTableError,
    },
}

/// Which cell is held out in which fold.
///
/// ```
/// use tesela_datasets::cell::CellId;
/// use tesela_datasets::class::{ClassId, ClassMap, Label};
/// use tesela_datasets::fold::{FoldCount, FoldPlan};
///
/// let classes = ClassMap::new(["non-urban", "urban"])?;
/// let cells: Vec<(CellId, Label)> = (0..40)
///     .map(|index| (CellId::new(format!("cell {index}")), Label::Class(ClassId::new(index % 2))))
///     .collect();
/// let plan = FoldPlan::stratified(&cells, &classes, FoldCount::TEN, 7)?;
/// assert_eq!(plan.held_out(0).count(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldPlan {
    pub(super) scheme: Scheme,
    pub(super) folds: FoldCount,
    pub(super) seed: u64,
    pub(super) assignment: BTreeMap<CellId, u16>,
}

impl FoldPlan {
    /// Spreads the labelled ones of `cells` over `folds` folds at random, each class evenly: the numbers of
    /// cells of a class in two folds differ by at most one, and so do the sizes of two folds. Undefined cells
    /// are in no fold.
    ///
    /// The order of `cells` is of no consequence.
    ///
    /// # Errors
    /// If an id comes twice, no cell is of a class, or a class that occurs has fewer cells than there are
    /// folds.
    pub fn stratified(
        cells: &[(CellId, Label)],
        classes: &ClassMap,
        folds: FoldCount,
        seed: u64,
    ) -> Result<Self, FoldError> {
        let mut members: Vec<Vec<&CellId>> = vec![Vec::new(); classes.len()];
        for (id, label) in cells {
            if let Some(class) = label.class() {
                members[class.index()].push(id);
            }
        }
        if members.iter().all(Vec::is_empty) {
            return Err(FoldError::AllUndefined);
        }
        let mut assignment = BTreeMap::new();
        // Each class begins where the last one ended, so that the surplus of every class does not land in
        // the first folds.
        let mut next = below(&mut generator(seed, &[PLACE]), folds.get() as u64);
        for (class, ids) in classes.ids().zip(&mut members) {
            if !ids.is_empty() && ids.len() < folds.get() {
                let class = classes.name(class).to_owned();
                return Err(FoldError::TooFew { class, count: ids.len(), folds: folds.get() });
            }
            ids.sort_unstable();
            let place = derive(seed, &[PLACE, mix(class.index() as u64)]);
            shuffle(&mut generator(place, &[]), ids);
            for &id in &*ids {
                let fold = u16::try_from(next).expect("folds are counted in 16 bits");
                next = (next + 1) % folds.get() as u64;
                if assignment.insert(id.clone(), fold).is_some() {
                    return Err(FoldError::Duplicate { id: id.to_string() });
                }
            }
        }
        Ok(Self { scheme: Scheme::Stratified, folds, seed, assignment })
    }

    /// How many folds there are.
    pub fn folds(&self) -> FoldCount {
        self.folds
    }

    /// How the cells came into folds.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The seed of the assignment.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.assignment.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.assignment.is_empty()
    }

    /// The fold in which `cell` is held out.
    pub fn fold(&self, cell: &CellId) -> Option<usize> {
        self.assignment.get(cell).map(|&fold| usize::from(fold))
    }

    /// The cells that are held out in `fold`, in order of their ids.
    pub fn held_out(&self, fold: usize) -> impl Iterator<Item = &CellId> {
        let cells = self.assignment.iter();
        cells.filter_map(move |(id, &own)| (usize::from(own) == fold).then_some(id))
    }

    /// Every cell with its fold, in order of ids.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = (&CellId, usize)> {
        self.assignment.iter().map(|(id, &fold)| (id, usize::from(fold)))
    }

    /// The SHA-256 of the assignment: of the number of folds, and of each id and its fold in order of ids.
    /// Equal digests hold out the same cells, however the plan was made.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.folds.0.to_le_bytes());
        for (id, fold) in &self.assignment {
            hash.update((id.as_str().len() as u64).to_le_bytes());
            hash.update(id.as_str().as_bytes());
            hash.update(fold.to_le_bytes());
        }
        crate::hex::encode(&hash.finalize())
    }

    /// Checks that the plan speaks of exactly `cells`, the labelled ones of a data set.
    ///
    /// # Errors
    /// If one of them is not in the plan, or the plan has others; the first few are named.
    pub fn check<'a>(&self, cells: impl IntoIterator<Item = &'a CellId>) -> Result<(), FoldError> {
        let mut cells: Vec<&CellId> = cells.into_iter().collect();
        cells.sort_unstable();
        if let Some(pair) = cells.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(FoldError::Duplicate { id: pair[0].to_string() });
        }
        let is_missing = |id: &&CellId| !self.assignment.contains_key(*id);
        let missing: Vec<&CellId> = cells.iter().copied().filter(is_missing).collect();
        if let Some((count, named)) = name_first(&missing) {
            return Err(FoldError::Missing { count, named });
        }
        let is_unknown = |id: &&CellId| cells.binary_search(id).is_err();
        let unknown: Vec<&CellId> = self.assignment.keys().filter(is_unknown).collect();
        match name_first(&unknown) {
            Some((count, named)) => Err(FoldError::Unknown { count, named }),
            None => Ok(()),
        }
    }
}

/// How many there are, and the first of them; nothing where there are none.
fn name_first(ids: &[&CellId]) -> Option<(usize, String)> {
    let names: Vec<String> = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    (!ids.is_empty()).then(|| (ids.len(), names.join(", ") + more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::ClassId;
    use proptest::prelude::*;

    fn classes() -> ClassMap {
        ClassMap::new(["non-urban", "urban", "water"]).unwrap()
    }

    fn cells(labels: &[Option<usize>]) -> Vec<(CellId, Label)> {
        let cell = |(index, class): (usize, &Option<usize>)| {
            (CellId::new(format!("E{index}")), Label::from(class.map(ClassId::new)))
        };
        labels.iter().enumerate().map(cell).collect()
    }

    proptest! {
        #[test]
        fn labelled_cells_are_held_out_once_and_evenly(
            labels in prop::collection::vec(prop::option::of(0_usize..3), 1..300),
            folds in 2_usize..12, seed in any::<u64>(),
        ) {
            let count = FoldCount::new(folds).unwrap();
            let cells = cells(&labels);
            let of = |class: usize| labels.iter().flatten().filter(|&&own| own == class).count();
            let few = (0..3).any(|class| (1..folds).contains(&of(class)));
            let plan = match FoldPlan::stratified(&cells, &classes(), count, seed) {
                Ok(plan) => plan,
                Err(FoldError::AllUndefined) => {
                    prop_assert!(labels.iter().all(Option::is_none));
                    return Ok(());
                }
                Err(error) => {
                    prop_assert!(few, "{}", error);
                    return Ok(());
                }
            };
            prop_assert!(!few);
            let held_out: usize = (0..folds).map(|fold| plan.held_out(fold).count()).sum();
            prop_assert_eq!(held_out, labels.iter().flatten().count());
            for class in [None, Some(0), Some(1), Some(2)] {
                let mut sizes = vec![0_usize; folds];
                for (id, label) in &cells {
                    let own = label.class().map(ClassId::index);
                    prop_assert_eq!(plan.fold(id).is_some(), own.is_some());
                    if let Some(fold) = plan.fold(id).filter(|_| class.is_none() || own == class) {
                        sizes[fold] += 1;
                    }
                }
                prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            }
        }

        #[test]
        fn the_order_of_rows_is_of_no_consequence(
            labels in prop::collection::vec((0_usize..2).prop_map(Some), 60..100), seed in any::<u64>(),
        ) {
            let folds = FoldCount::new(3).unwrap();
            let mut cells = cells(&labels);
            let Ok(plan) = FoldPlan::stratified(&cells, &classes(), folds, seed) else {
                return Err(TestCaseError::reject("a class is too small"));
            };
            shuffle(&mut generator(seed, &[]), &mut cells);
            let again = FoldPlan::stratified(&cells, &classes(), folds, seed).unwrap();
            prop_assert_eq!(plan.digest(), again.digest());
            prop_assert_eq!(&plan, &again);
            let other = FoldPlan::stratified(&cells, &classes(), folds, !seed).unwrap();
            prop_assert_ne!(plan.digest(), other.digest());
        }
    }

    #[test]
    fn a_class_that_cannot_be_in_every_fold_is_named() {
        let labels: Vec<_> = (0..30).map(|index| Some(usize::from(index < 3))).collect();
        let plan = FoldPlan::stratified(&cells(&labels), &classes(), FoldCount::TEN, 1);
        assert_eq!(
            plan.unwrap_err().to_string(),
            "class `urban` has 3 cells; 10 folds need at least 10"
        );
    }

    #[test]
    fn plans_that_cannot_be_are_refused() {
        assert!(matches!(FoldCount::new(1), Err(FoldError::Count { found: 1 })));
        assert!(matches!(FoldCount::new(1001), Err(FoldError::Count { found: 1001 })));
        let two = FoldCount::new(2).unwrap();
        let undefined = FoldPlan::stratified(&cells(&[None, None]), &classes(), two, 1);
        assert!(matches!(undefined, Err(FoldError::AllUndefined)));
        let twice = [cells(&[Some(0), Some(0)]), cells(&[Some(0)])].concat();
        let error = FoldPlan::stratified(&twice, &classes(), two, 1).unwrap_err();
        assert_eq!(error.to_string(), "duplicate cell_id `E0`; every cell needs an id of its own");
    }

    #[test]
    fn a_plan_for_other_cells_names_the_first_of_them() {
        let own = cells(&[Some(0); 8]);
        let plan = FoldPlan::stratified(&own, &classes(), FoldCount::new(2).unwrap(), 1).unwrap();
        let ids: Vec<CellId> = own.iter().map(|(id, _)| id.clone()).collect();
        plan.check(&ids).unwrap();
        assert_eq!(
            plan.check(&ids[1..]).unwrap_err().to_string(),
            "the fold plan has 1 cells that are not among the labelled ones: `E0`"
        );
        let more = cells(&[Some(0); 15]);
        assert_eq!(
            plan.check(more.iter().map(|(id, _)| id)).unwrap_err().to_string(),
            "the fold plan lacks 7 of the labelled cells: `E10`, `E11`, `E12`, `E13`, `E14`, …"
        );
    }
}
