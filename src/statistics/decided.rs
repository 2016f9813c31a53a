//! Decided cells: what was known, what was predicted, what was decided, and what belongs together.

use tesela_datasets::class::ClassId;

use crate::metrics::Outcomes;

/// Cells with the class that each was taken for and the block that it lies in.
///
/// The class need not be the most probable one: an operating point may decide otherwise. Cells of one block are
/// drawn together, because neighbours are alike and say less than as many distant cells would.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    outcomes: Outcomes,
    decisions: Vec<ClassId>,
    /// The block of each cell, from zero up without gaps.
    units: Vec<u32>,
    blocks: u32,
}

impl Decided {
    /// Takes each cell for its most probable class and for a block of its own.
    ///
    /// # Panics
    /// If there are four billion cells or more.
    pub fn most_probable(outcomes: Outcomes) -> Self {
        let blocks =
            u32::try_from(outcomes.len()).expect("there are fewer than four billion cells");
        let decisions = outcomes.most_probable();
        Self { outcomes, decisions, units: (0..blocks).collect(), blocks }
    }

    /// Takes each cell for its class in `decisions` instead.
    ///
    /// # Panics
    /// If there is not one decision per cell, or a decision is of another class map.
    #[must_use]
    pub fn with_decisions(self, decisions: Vec<ClassId>) -> Self {
        assert_eq!(self.outcomes.len(), decisions.len(), "each cell has one decision");
        let classes = self.outcomes.classes();
        assert!(
            decisions.iter().all(|class| class.index() < classes),
            "decisions are of the class map"
        );
        Self { decisions, ..self }
    }

    /// Puts the cells of equal `blocks` into one block.
    ///
    /// # Panics
    /// If there is not one block per cell.
    #[must_use]
    pub fn with_blocks<Block: Ord>(self, blocks: &[Block]) -> Self {
        assert_eq!(self.outcomes.len(), blocks.len(), "each cell is in one block");
        let mut distinct: Vec<&Block> = blocks.iter().collect();
        distinct.sort_unstable();
        distinct.dedup();
        let place =
            |block| distinct.binary_search(&block).expect("each block is among the distinct ones");
        let number =
            |block| u32::try_from(place(block)).expect("there are no more blocks than cells");
        let units = blocks.iter().map(number).collect();
        let count = u32::try_from(distinct.len()).expect("there are no more blocks than cells");
        Self { units, blocks: count, ..self }
    }

    /// Known classes and probabilities.
    pub fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// The class that each cell was taken for.
    pub fn decisions(&self) -> &[ClassId] {
        &self.decisions
    }

    /// Number of blocks.
    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    /// The block of each cell.
    pub(super) fn units(&self) -> &[u32] {
        &self.units
    }

    /// Whether each cell was taken for its known class.
    pub fn right(&self) -> impl ExactSizeIterator<Item = bool> + '_ {
        self.outcomes.truths().iter().zip(&self.decisions).map(|(truth, decided)| truth == decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_block_and_blocks_have_no_gaps() {
        let mut outcomes = Outcomes::new(2);
        for _ in 0..4 {
            outcomes.push(ClassId::new(0), &[0.6, 0.4]);
        }
        let decided = Decided::most_probable(outcomes).with_blocks(&["d", "a", "d", "b"]);
        assert_eq!((decided.units(), decided.blocks()), ([2, 0, 2, 1].as_slice(), 3));
        let right: Vec<bool> = decided.with_decisions(vec![ClassId::new(1); 4]).right().collect();
        assert_eq!(right, [false; 4]);
    }
}
