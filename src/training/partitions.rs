//! What a run says about its held-out cells, partition by partition.
//!
//! This is what everything that looks at a finished run starts from: intervals, operating points, reports, variograms.

use tesela_datasets::cell::{Outline, Point};
use tesela_datasets::fold::{Design, Scheme};
use tesela_datasets::store::StoreReader;

use super::{Predictions, RunDirectory, TrainingError};

/// The held-out cells of one partition of a run that is done.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredPartition {
    /// Its number in the fold plan.
    pub number: usize,
    /// How it came about.
    pub design: Design,
    /// Each cell with fold, block, known class and probabilities, in order of ids.
    pub predictions: Predictions,
}

impl RunDirectory {
    /// The partitions of a run that is done, in the order of its fold plan.
    ///
    /// # Errors
    /// If it is not done, or cannot be read.
    pub fn partitions(&self) -> Result<Vec<ScoredPartition>, TrainingError> {
        let (plan, predictions) = (self.plan()?, self.all_predictions()?);
        let designs = plan.partitions().iter().map(|partition| partition.design().clone());
        let scored = designs.enumerate().map(|(number, design)| {
            let predictions = predictions.of_partition(number);
            ScoredPartition { number, design, predictions }
        });
        Ok(scored.collect())
    }
}

impl ScoredPartition {
    /// How its cells came into folds.
    pub fn scheme(&self) -> Scheme {
        self.design.scheme
    }

    /// The row in `store` of each cell; `None` for a cell that the store does not have.
    pub fn rows_in(&self, store: &StoreReader) -> Vec<Option<u32>> {
        let ids = store.cells().iter().map(|cell| &cell.cell.id);
        let mut rows: Vec<_> = ids.zip(0_u32..).collect();
        rows.sort_unstable();
        let row = |id| {
            let found = rows.binary_search_by(|(other, _)| (*other).cmp(id)).ok();
            found.map(|index| rows[index].1)
        };
        self.predictions.cells().map(row).collect()
    }

    /// The middle of each cell, in the coordinates of `store`; `None` for a cell without a place.
    pub fn centroids(&self, store: &StoreReader) -> Vec<Option<Point>> {
        let middle = |row: u32| {
            store.cells()[row as usize].cell.outline.as_ref().and_then(Outline::centroid)
        };
        self.rows_in(store).into_iter().map(|row| row.and_then(middle)).collect()
    }
}
