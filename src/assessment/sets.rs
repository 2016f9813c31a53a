//! Conformal sets, held against what is known: how often they hold the known class, and how much they leave open.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassMap;

use super::KnownCells;

/// What the sets of the scored cells of one class are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetCoverage {
    /// The known class; `None` for the cells of all classes.
    pub class: Option<String>,
    /// Scored cells.
    pub cells: u64,
    /// The share of them whose set holds the known class.
    pub covered: f64,
    /// Mean number of classes in a set.
    pub mean_size: f64,
    /// The share of them whose set holds one class alone.
    pub single: f64,
}

/// All cells, then those of each class that has some; nothing where the map has no sets.
pub(super) fn coverage(cells: &KnownCells, classes: &ClassMap) -> Vec<SetCoverage> {
    if cells.sets.is_empty() {
        return Vec::new();
    }
    let mut sums = vec![Sums::default(); classes.len() + 1];
    let sets = cells.sets.chunks_exact(classes.len());
    for (truth, set) in cells.outcomes.truths().iter().zip(sets) {
        for place in [0, truth.index() + 1] {
            sums[place].add(set, set[truth.index()]);
        }
    }
    let names = std::iter::once(None).chain(classes.names().iter().cloned().map(Some));
    names.zip(sums).filter(|(_, sums)| sums.cells > 0).map(|(name, sums)| sums.of(name)).collect()
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    cells: u64,
    covered: u64,
    held: u64,
    single: u64,
}

impl Sums {
    fn add(&mut self, set: &[bool], covered: bool) {
        let size: u64 = set.iter().map(|&held| u64::from(held)).sum();
        self.cells += 1;
        self.covered += u64::from(covered);
        self.held += size;
        self.single += u64::from(size == 1);
    }

    fn of(self, class: Option<String>) -> SetCoverage {
        let share = |count: u64| count as f64 / self.cells as f64;
        let (covered, mean_size, single) =
            (share(self.covered), share(self.held), share(self.single));
        SetCoverage { class, cells: self.cells, covered, mean_size, single }
    }
}
