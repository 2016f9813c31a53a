//! Strata of the target prevalence: in which of them each cell lies, and whether the cells can stand for all of them.
//!
//! A class of a stratum of which there is no cell is stood for by the cells of the class in other strata
//! ([`Prevalence::weights`](crate::metrics::Prevalence::weights)). That is done where it concerns at most a twentieth of the class:
//! its recall may then be off by a twentieth at worst, and the user is told. Beyond that it is refused, because the figures would
//! rest on strata that somebody should have chosen: who knows which ones are alike joins them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::store::{CellContent, StoreReader};

use super::regions::CellRegions;
use super::{HeldOutCell, TrainingError};
use crate::experiment::RegionSource;
use crate::metrics::{Outcomes, Prevalence};
use crate::numerals::percent;

/// The largest share of a class that cells of other strata stand for.
const MOST_COLLAPSED: f64 = 0.05;
/// Names that a message lists.
const MOST_NAMES: usize = 10;

/// The stratum of some cells of a store.
#[derive(Debug)]
pub(super) struct CellStrata {
    /// By row of the store.
    of_rows: BTreeMap<u32, Arc<str>>,
    /// What a user should know.
    pub(super) remarks: Vec<String>,
}

impl CellStrata {
    /// The strata of the cells in `rows` of `store`, as `source` says.
    ///
    /// # Errors
    /// If polygons cannot be read, or a cell lies in no stratum.
    pub(super) fn of(
        source: &RegionSource,
        store: &StoreReader,
        rows: &[u32],
    ) -> Result<Self, TrainingError> {
        let (names, remarks, lacking) = match source {
            RegionSource::Groups => (groups(store, rows), Vec::new(), "have no group".to_owned()),
            RegionSource::Polygons(polygons) => {
                let CellRegions { names, remarks } = CellRegions::find(polygons, store, rows)?;
                (names, remarks, format!("lie in no polygon of `{}`", polygons.file.display()))
            }
        };
        let refuse = |reason| TrainingError::Strata { store: store.path().to_owned(), reason };
        let mut without = names.iter().zip(rows).filter(|(name, _)| name.is_none());
        if let Some((_, &first)) = without.next() {
            let (count, all) = (1 + without.count(), rows.len());
            if count == all && *source == RegionSource::Groups {
                return Err(refuse(
                    "none has a group; expected a store of a table whose descriptor names a column `group`, or polygons \
                     (`strata = { file = …, column = … }`)"
                        .to_owned(),
                ));
            }
            let id = &store.cells()[first as usize].cell.id;
            let reason =
                format!("{count} of {all} {lacking}, `{id}` for one; expected a stratum for each");
            return Err(refuse(reason));
        }
        let names = names.into_iter().flatten();
        Ok(Self { of_rows: rows.iter().copied().zip(names).collect(), remarks })
    }

    /// The stratum of the cell in row `row`.
    pub(super) fn at(&self, row: u32) -> Option<Arc<str>> {
        self.of_rows.get(&row).cloned()
    }

    /// Checks that the cells, of which each has its row and class, can stand for all that `target` has; gives what a user should
    /// know.
    ///
    /// # Errors
    /// If a cell lies in a stratum that `target` does not list, or a class lacks cells where much of it is.
    pub(super) fn check(
        &self,
        cells: &[(u32, ClassId)],
        target: &Prevalence,
        classes: &ClassMap,
        store: &StoreReader,
    ) -> Result<Vec<String>, TrainingError> {
        let refuse = |reason| TrainingError::Strata { store: store.path().to_owned(), reason };
        let numbers = numbers(target);
        let mut supports = vec![0; target.strata().len() * classes.len()];
        let mut unlisted = Vec::new();
        for (row, class) in cells {
            let Some(name) = self.of_rows.get(row) else { continue };
            match numbers.get(&**name) {
                Some(&number) => supports[usize::from(number) * classes.len() + class.index()] += 1,
                None => unlisted.push(&**name),
            }
        }
        if !unlisted.is_empty() {
            let (count, names) = (unlisted.len(), BTreeSet::from_iter(unlisted));
            let listed = target.strata().iter().map(|one| one.stratum.as_str());
            return Err(refuse(format!(
                "{count} lie in strata that `validation.target-prevalence` does not list: {}; it lists {}",
                listing(names.into_iter()),
                listing(listed)
            )));
        }
        collapsed(target, &supports, classes).map_err(refuse)
    }
}

/// What stands for what, where cells are missing; the reason where too much would.
fn collapsed(
    target: &Prevalence,
    supports: &[u64],
    classes: &ClassMap,
) -> Result<Vec<String>, String> {
    let uncovered = target.uncovered(supports);
    let mut remarks = Vec::new();
    for class in classes.ids() {
        let own = uncovered.iter().filter(|one| one.class == class);
        let missing: f64 = own.clone().map(|one| one.share_of_class).sum();
        if missing <= 0.0 {
            continue;
        }
        let strata = listing(own.map(|one| target.strata()[one.stratum].stratum.as_str()));
        let (name, share) = (classes.name(class), percent(missing));
        if missing > MOST_COLLAPSED {
            return Err(format!(
                "none is of class `{name}` in {strata}, where {share} of the class are, and cells of other strata are made to stand for \
                 at most {}; label some there, or join each with a stratum that is like it, under one name in the cells and in \
                 `validation.target-prevalence`",
                percent(MOST_COLLAPSED)
            ));
        }
        remarks.push(format!(
            "no cell is of class `{name}` in {strata}, where {share} of the class are: its cells in other strata stand for them, and \
             what is said of the class may be off by as much"
        ));
    }
    Ok(remarks)
}

/// The first names, each in backticks, and how many more there are.
fn listing<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match all.get(MOST_NAMES..) {
        Some(more) if !more.is_empty() => {
            format!("{} and {} more", all[..MOST_NAMES].join(", "), more.len())
        }
        _ => all.join(", "),
    }
}

/// The groups of the cells in `rows`.
pub(super) fn groups(store: &StoreReader, rows: &[u32]) -> Vec<Option<Arc<str>>> {
    let group = |row: &u32| match &store.cells()[*row as usize].content {
        CellContent::Row { group, .. } => group.clone(),
        CellContent::Pixels { .. } => None,
    };
    rows.iter().map(group).collect()
}

/// The number of each stratum by its name.
fn numbers(target: &Prevalence) -> BTreeMap<&str, u16> {
    (0..).zip(target.strata()).map(|(number, one)| (one.stratum.as_str(), number)).collect()
}

/// The number of the stratum of each of some cells.
///
/// They are told apart where the target does so and lists the strata of all cells; else they are cells of one whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StratumNumbers {
    strata: usize,
    of_cells: Vec<u16>,
}

impl StratumNumbers {
    /// Those of `cells` in `target`.
    pub(crate) fn of<'a>(
        cells: impl Iterator<Item = &'a HeldOutCell>,
        target: Option<&Prevalence>,
    ) -> Self {
        let whole = Self { strata: 1, of_cells: Vec::new() };
        let Some(target) = target.filter(|target| !target.strata().is_empty()) else {
            return whole;
        };
        let numbers = numbers(target);
        let number = |cell: &HeldOutCell| numbers.get(cell.stratum.as_deref()?).copied();
        match cells.map(number).collect() {
            Some(of_cells) => Self { strata: target.strata().len(), of_cells },
            None => whole,
        }
    }

    /// Outcomes in these strata, of no cell yet.
    pub(crate) fn outcomes(&self, classes: usize) -> Outcomes {
        Outcomes::of_strata(classes, self.strata)
    }

    /// The number of the stratum of cell `index`.
    pub(crate) fn at(&self, index: usize) -> u16 {
        self.of_cells.get(index).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::StratumShares;

    fn target(shares: [f64; 3]) -> Prevalence {
        let stratum = |(number, share): (usize, f64)| StratumShares {
            stratum: format!("s{number}"),
            share: [0.5, 0.3, 0.2][number],
            prevalence: vec![1.0 - share, share],
        };
        Prevalence::by_stratum(shares.into_iter().enumerate().map(stratum).collect()).unwrap()
    }

    fn found(shares: [f64; 3], supports: [u64; 6]) -> Result<Vec<String>, String> {
        let classes = ClassMap::new(["rural", "urban"]).unwrap();
        collapsed(&target(shares), &supports, &classes)
    }

    #[test]
    fn little_of_a_class_is_stood_for_and_much_is_refused() {
        assert_eq!(found([0.1, 0.1, 0.1], [5; 6]), Ok(vec![]));
        // 0.0004 of 0.0404, which is 1 %.
        let remarks = found([0.05, 0.05, 0.002], [9, 9, 9, 9, 9, 0]).unwrap();
        assert_eq!(remarks.len(), 1);
        assert!(
            remarks[0]
                .starts_with("no cell is of class `urban` in `s2`, where 1.0 % of the class are: "),
            "{remarks:?}"
        );
        let reason = found([0.1, 0.1, 0.1], [9, 9, 9, 0, 9, 0]).unwrap_err();
        assert!(
            reason.starts_with(
                "none is of class `urban` in `s1`, `s2`, where 50.0 % of the class are"
            ),
            "{reason}"
        );
        assert!(reason.contains("at most 5.0 %; label some there, or join each"), "{reason}");
        // Where a stratum has nothing of a class, nothing is missing.
        assert_eq!(found([0.1, 0.1, 0.0], [9, 9, 9, 9, 9, 0]), Ok(vec![]));
    }

    #[test]
    fn long_listings_end_early() {
        let names: Vec<String> = (0..13).map(|number| number.to_string()).collect();
        let text = listing(names.iter().map(String::as_str));
        assert!(text.starts_with("`0`, `1`, ") && text.ends_with("`9` and 3 more"), "{text}");
    }

    #[test]
    fn cells_of_unknown_strata_are_cells_of_one_whole() {
        let cell = |stratum: Option<&str>| HeldOutCell {
            cell: tesela_datasets::cell::CellId::new("c"),
            partition: 0,
            fold: 0,
            block: 0,
            label: ClassId::new(0),
            stratum: stratum.map(Arc::from),
        };
        let target = target([0.1, 0.1, 0.1]);
        let known = [cell(Some("s2")), cell(Some("s0"))];
        let numbers = StratumNumbers::of(known.iter(), Some(&target));
        assert!(numbers.at(0) == 2 && numbers.at(1) == 0);
        assert_eq!(numbers.outcomes(2).strata(), 3);
        for cells in [[cell(Some("s2")), cell(None)], [cell(Some("s2")), cell(Some("other"))]] {
            let numbers = StratumNumbers::of(cells.iter(), Some(&target));
            assert_eq!(numbers.outcomes(2).strata(), 1);
        }
        let plain = Prevalence::new(vec![0.9, 0.1]).unwrap();
        assert_eq!(StratumNumbers::of(known.iter(), Some(&plain)).outcomes(2).strata(), 1);
        assert_eq!(StratumNumbers::of(known.iter(), None).outcomes(2).strata(), 1);
    }
}
