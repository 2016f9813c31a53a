//! Sets of cells by their number, one bit each.

/// A set of cells by their number in the grid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellSet {
    words: Vec<u64>,
    len: usize,
}

impl CellSet {
    /// Adds `cell`; says whether it was new.
    pub fn insert(&mut self, cell: u32) -> bool {
        let (word, bit) = place(cell);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += usize::from(new);
        new
    }

    /// Whether `cell` is one of them.
    pub fn contains(&self, cell: u32) -> bool {
        let (word, bit) = place(cell);
        self.words.get(word).is_some_and(|found| found & bit != 0)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The word of a cell, and its bit in there.
fn place(cell: u32) -> (usize, u64) {
    let word = usize::try_from(cell / u64::BITS).expect("a cell's number fits memory");
    (word, 1 << (cell % u64::BITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_holds_what_was_put_in(cells in prop::collection::vec(0_u32..3000, 0..300)) {
            let (mut set, mut expected) = (CellSet::default(), BTreeSet::new());
            for &cell in &cells {
                prop_assert_eq!(set.insert(cell), expected.insert(cell));
            }
            prop_assert_eq!(set.len(), expected.len());
            for cell in 0..3100 {
                prop_assert_eq!(set.contains(cell), expected.contains(&cell));
            }
        }
    }
}
