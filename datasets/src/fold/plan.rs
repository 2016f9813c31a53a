//! The plan itself: the cells of an experiment, spread over folds in one or more ways.

use sha2::{Digest, Sha256};

use super::partition::Partition;
use super::roster::name_first;
use super::{FoldCount, FoldError, Roster, Scheme};
use crate::cell::CellId;
use crate::class::{ClassMap, Label};

/// More folds than anybody trains.
const MAX_FOLDS: usize = 1000;

/// Which cell is held out in which fold.
///
/// A plan has one or more partitions, each of which holds out the cells in a way of its own: at random, by blocks of the
/// ground, again with another seed. Folds are numbered through: those of the first partition come first.
///
/// ```
/// use tesela_datasets::cell::CellId;
/// use tesela_datasets::class::{ClassId, ClassMap, Label};
/// use tesela_datasets::fold::{FoldCount, FoldPlan, Partition, Roster};
///
/// let classes = ClassMap::new(["non-urban", "urban"])?;
/// let cells: Vec<(CellId, Label)> = (0..40)
///     .map(|index| (CellId::new(format!("cell {index}")), Label::Class(ClassId::new(index % 2))))
///     .collect();
/// let roster = Roster::new(&cells, &classes)?;
/// let random = Partition::random(&roster, FoldCount::TEN, 7, 0)?;
/// let plan = FoldPlan::new(&roster, vec![random])?;
/// assert_eq!(plan.held_out(0).count(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FoldPlan {
    /// In ascending order.
    pub(super) cells: Vec<CellId>,
    pub(super) partitions: Vec<Partition>,
}

/// One fold of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoldPlace {
    /// The partition, counted from 0.
    pub partition: usize,
    /// The fold, counted from 0 in its partition.
    pub fold: usize,
}

impl FoldPlan {
    /// The plan of `partitions`, all of which are of the cells of `roster`.
    ///
    /// # Errors
    /// If there are more than 1000 folds.
    ///
    /// # Panics
    /// If there is no partition, or one is of another number of cells.
    pub fn new(roster: &Roster, partitions: Vec<Partition>) -> Result<Self, FoldError> {
        assert!(!partitions.is_empty(), "a plan has a partition");
        let is_own = |partition: &Partition| partition.places.len() == roster.len();
        assert!(partitions.iter().all(is_own), "partitions are of the cells of the roster");
        let plan = Self { cells: roster.ids().to_vec(), partitions };
        match plan.folds() {
            0..=MAX_FOLDS => Ok(plan),
            found => Err(FoldError::TooMany { found }),
        }
    }

    /// The plan of a single partition at random; see [`Partition::random`].
    ///
    /// # Errors
    /// If an id comes twice, no cell is of a class, or a class that occurs has fewer cells than there are folds.
    pub fn stratified(
        cells: &[(CellId, Label)],
        classes: &ClassMap,
        folds: FoldCount,
        seed: u64,
    ) -> Result<Self, FoldError> {
        let roster = Roster::new(cells, classes)?;
        Self::new(&roster, vec![Partition::random(&roster, folds, seed, 0)?])
    }

    /// How many folds there are in all partitions together.
    pub fn folds(&self) -> usize {
        self.partitions.iter().map(Partition::folds).sum()
    }

    /// The partitions, in the order in which their folds are numbered.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// The number of the first fold of partition `partition`.
    pub fn first_fold(&self, partition: usize) -> usize {
        self.partitions.iter().take(partition).map(Partition::folds).sum()
    }

    /// Partition and own number of fold `fold`; `None` where there is no such fold.
    pub fn locate(&self, fold: usize) -> Option<FoldPlace> {
        let mut left = fold;
        for (number, partition) in self.partitions.iter().enumerate() {
            if left < partition.folds() {
                return Some(FoldPlace { partition: number, fold: left });
            }
            left -= partition.folds();
        }
        None
    }

    /// The strictest scheme of the plan, whose scores have the last word.
    pub fn headline(&self) -> Scheme {
        self.partitions.iter().map(Partition::scheme).max().unwrap_or(Scheme::Random)
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The cells, in order of their ids.
    pub fn cells(&self) -> &[CellId] {
        &self.cells
    }

    /// The place of `cell` among [`Self::cells`].
    pub fn position(&self, cell: &CellId) -> Option<usize> {
        self.cells.binary_search(cell).ok()
    }

    /// The cells that are held out in `fold`, in order of their ids; none where there is no such fold.
    pub fn held_out(&self, fold: usize) -> impl Iterator<Item = &CellId> {
        let place = self.locate(fold).into_iter();
        place.flat_map(|place| {
            let cells = self.partitions[place.partition].held_out(place.fold);
            cells.map(|cell| &self.cells[cell])
        })
    }

    /// Whether the model of `fold` may be fitted on each of [`Self::cells`]: on those that are neither held out nor in the
    /// buffer. All of them where there is no such fold.
    pub fn training(&self, fold: Option<usize>) -> Vec<bool> {
        match fold.and_then(|fold| self.locate(fold)) {
            Some(place) => self.partitions[place.partition].training(place.fold),
            None => vec![true; self.len()],
        }
    }

    /// The SHA-256 of everything that decides who is trained on what, in hexadecimal digits. Equal digests hold out
    /// the same cells in the same folds; `datasets/README.md` says of which bytes it is.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        match self.partitions.as_slice() {
            [only] if only.scheme() == Scheme::Random => self.hash_assignment(only, &mut hash),
            partitions => {
                hash.update((partitions.len() as u64).to_le_bytes());
                for partition in partitions {
                    hash_design(partition, &mut hash);
                    self.hash_assignment(partition, &mut hash);
                    hash_blocks(partition, &mut hash);
                }
            }
        }
        crate::hex::encode(&hash.finalize())
    }

    /// The number of folds, and each id with its fold.
    fn hash_assignment(&self, partition: &Partition, hash: &mut Sha256) {
        hash.update(partition.folds.to_le_bytes());
        for (id, place) in self.cells.iter().zip(&partition.places) {
            hash_text(id.as_str(), hash);
            hash.update(place.fold.unwrap_or(u16::MAX).to_le_bytes());
        }
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
        let is_missing = |id: &&CellId| self.position(id).is_none();
        let missing: Vec<&CellId> = cells.iter().copied().filter(is_missing).collect();
        if let Some((count, named)) = name_first(&missing) {
            return Err(FoldError::Missing { count, named });
        }
        let is_unknown = |id: &&CellId| cells.binary_search(id).is_err();
        let unknown: Vec<&CellId> = self.cells.iter().filter(is_unknown).collect();
        match name_first(&unknown) {
            Some((count, named)) => Err(FoldError::Unknown { count, named }),
            None => Ok(()),
        }
    }
}

fn hash_text(text: &str, hash: &mut Sha256) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn hash_design(partition: &Partition, hash: &mut Sha256) {
    let design = &partition.design;
    hash_text(design.scheme.name(), hash);
    for length in [design.block_metres, design.buffer_metres] {
        hash.update(length.unwrap_or(0.0).to_le_bytes());
    }
}

/// The block of each cell, and for each fold the cells that the buffer leaves out.
fn hash_blocks(partition: &Partition, hash: &mut Sha256) {
    for place in &partition.places {
        hash.update(place.block.to_le_bytes());
    }
    for cells in &partition.left_out {
        hash.update((cells.len() as u64).to_le_bytes());
        for cell in cells {
            hash.update(cell.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::BlockSize;
    use super::*;
    use crate::cell::Point;
    use crate::class::ClassId;
    use crate::random::{generator, shuffle};
    use proptest::prelude::*;

    fn classes() -> ClassMap {
        ClassMap::new(["non-urban", "urban"]).unwrap()
    }

    fn cells(count: usize) -> Vec<(CellId, Label)> {
        let cell = |index: usize| {
            (CellId::new(format!("E{index}")), Label::Class(ClassId::new(index % 2)))
        };
        (0..count).map(cell).collect()
    }

    fn two_ways(count: usize, buffer: f64) -> FoldPlan {
        let roster = Roster::new(&cells(count), &classes()).unwrap();
        let point = |id: &CellId| {
            let number: u32 = id.as_str()[1..].parse().unwrap();
            Some(Point { x: f64::from(number % 20), y: f64::from(number / 20) })
        };
        let points: Vec<_> = roster.ids().iter().map(point).collect();
        let folds = FoldCount::new(4).unwrap();
        let size = BlockSize { side: 3.0, buffer };
        let partitions = vec![
            Partition::random(&roster, folds, 7, 0).unwrap(),
            Partition::blocks(&roster, &points, size, folds, 7, 0).unwrap(),
        ];
        FoldPlan::new(&roster, partitions).unwrap()
    }

    proptest! {
        #[test]
        fn the_order_of_rows_is_of_no_consequence(count in 60_usize..100, seed in any::<u64>()) {
            let folds = FoldCount::new(3).unwrap();
            let mut cells = cells(count);
            let plan = FoldPlan::stratified(&cells, &classes(), folds, seed).unwrap();
            shuffle(&mut generator(seed, &[]), &mut cells);
            let again = FoldPlan::stratified(&cells, &classes(), folds, seed).unwrap();
            prop_assert_eq!(plan.digest(), again.digest());
            prop_assert_eq!(&plan, &again);
            let other = FoldPlan::stratified(&cells, &classes(), folds, !seed).unwrap();
            prop_assert_ne!(plan.digest(), other.digest());
        }
    }

    #[test]
    fn a_single_partition_at_random_has_the_digest_that_it_always_had() {
        let plan = FoldPlan::stratified(&cells(50), &classes(), FoldCount::TEN, 7).unwrap();
        let expected = "6e17a4f697662df66ba37578706dbad7a7013cde1be05194c4e96dba50bf8239";
        assert_eq!(plan.digest(), expected);
    }

    #[test]
    fn folds_are_numbered_through_and_each_partition_holds_out_every_cell_once() {
        let plan = two_ways(100, 0.0);
        assert_eq!(plan.folds(), 8);
        assert_eq!(plan.first_fold(1), 4);
        assert_eq!(plan.locate(5), Some(FoldPlace { partition: 1, fold: 1 }));
        assert_eq!(plan.locate(8), None);
        assert_eq!(plan.headline(), Scheme::Blocks);
        for first in [0, 4] {
            let mut seen: Vec<&CellId> =
                (first..first + 4).flat_map(|fold| plan.held_out(fold)).collect();
            seen.sort_unstable();
            assert!(seen.iter().copied().eq(plan.cells()));
        }
    }

    #[test]
    fn the_buffer_counts_in_the_digest_and_in_the_training_part() {
        let (without, with) = (two_ways(400, 0.0), two_ways(400, 1.5));
        assert_ne!(without.digest(), with.digest());
        let trained = |plan: &FoldPlan, fold| {
            plan.training(Some(fold)).iter().filter(|trained| **trained).count()
        };
        assert_eq!(trained(&without, 0), trained(&with, 0));
        for fold in 4..8 {
            let lost = with.partitions()[1].left_out(fold - 4).len();
            assert!(lost > 0);
            assert_eq!(trained(&without, fold), trained(&with, fold) + lost);
        }
        assert!(with.training(None).iter().all(|trained| *trained));
    }

    #[test]
    fn a_plan_for_other_cells_names_the_first_of_them() {
        let own = cells(8);
        let plan = FoldPlan::stratified(&own, &classes(), FoldCount::new(2).unwrap(), 1).unwrap();
        let ids: Vec<CellId> = own.iter().map(|(id, _)| id.clone()).collect();
        plan.check(&ids).unwrap();
        assert_eq!(
            plan.check(&ids[1..]).unwrap_err().to_string(),
            "the fold plan has 1 cells that are not among the labelled ones: `E0`"
        );
        let more = cells(15);
        assert_eq!(
            plan.check(more.iter().map(|(id, _)| id)).unwrap_err().to_string(),
            "the fold plan lacks 7 of the labelled cells: `E10`, `E11`, `E12`, `E13`, `E14`, …"
        );
    }
}
