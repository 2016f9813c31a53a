//! Agreement: what two runs take the same cells for.

use serde::{Deserialize, Serialize};
use tesela_datasets::class::ClassId;

/// How two runs decide about the same cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Agreement {
    /// `[class by the first][class by the second]`: number of cells.
    pub cells: Vec<Vec<u64>>,
    /// Cells that both are right about.
    pub both_right: u64,
    /// Cells that only the first is right about.
    pub only_first_right: u64,
    /// Cells that only the second is right about.
    pub only_second_right: u64,
    /// Cells that both are wrong about.
    pub both_wrong: u64,
}

impl Agreement {
    /// Compares the decisions of two runs about cells of known classes.
    ///
    /// # Panics
    /// If the three are of different lengths, or a class is not below `classes`.
    pub fn of(classes: usize, truths: &[ClassId], first: &[ClassId], second: &[ClassId]) -> Self {
        assert_eq!(truths.len(), first.len(), "each cell has one decision of the first run");
        assert_eq!(truths.len(), second.len(), "each cell has one decision of the second run");
        let mut table = Self {
            cells: vec![vec![0; classes]; classes],
            both_right: 0,
            only_first_right: 0,
            only_second_right: 0,
            both_wrong: 0,
        };
        for ((truth, a), b) in truths.iter().zip(first).zip(second) {
            table.cells[a.index()][b.index()] += 1;
            match (a == truth, b == truth) {
                (true, true) => table.both_right += 1,
                (true, false) => table.only_first_right += 1,
                (false, true) => table.only_second_right += 1,
                (false, false) => table.both_wrong += 1,
            }
        }
        table
    }

    /// Number of cells that both decide the same about.
    pub fn same(&self) -> u64 {
        self.cells.iter().enumerate().map(|(class, row)| row[class]).sum()
    }

    /// Number of cells.
    pub fn total(&self) -> u64 {
        self.cells.iter().flatten().sum()
    }

    /// The share of cells that both decide the same about; `None` without cells.
    pub fn share(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| self.same() as f64 / total as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_by_both_decisions_and_by_who_is_right() {
        let ids = |classes: [usize; 5]| classes.map(ClassId::new);
        let table =
            Agreement::of(3, &ids([0, 0, 1, 1, 2]), &ids([0, 1, 1, 0, 2]), &ids([0, 0, 2, 2, 2]));
        assert_eq!(table.cells, [[1, 0, 1], [1, 0, 1], [0, 0, 1]]);
        assert_eq!((table.both_right, table.only_first_right), (2, 1));
        assert_eq!((table.only_second_right, table.both_wrong), (1, 1));
        assert_eq!((table.same(), table.total(), table.share()), (2, 5, Some(0.4)));
        assert_eq!(Agreement::of(2, &[], &[], &[]).share(), None);
    }
}
