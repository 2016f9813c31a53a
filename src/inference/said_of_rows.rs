//! What models say of the rows of a table, kept between two passes over it: to predict costs more than to read again.

use std::hash::{DefaultHasher, Hash, Hasher};

use tesela_datasets::cell::Cell;

/// What models say of each row, in the order of the table.
#[derive(Debug)]
pub(super) struct SaidOfRows {
    width: usize,
    /// A row of `width` numbers for each row of the table, as [`RawLayout`](super::RawLayout) says.
    values: Vec<f32>,
    /// Where the next row begins that is taken.
    next: usize,
    written: DefaultHasher,
    taken: DefaultHasher,
}

impl SaidOfRows {
    /// Nothing yet; `width` numbers are said of each row.
    pub(super) fn new(width: usize) -> Self {
        let (written, taken) = (DefaultHasher::new(), DefaultHasher::new());
        Self { width, values: Vec::new(), next: 0, written, taken }
    }

    /// Adds what is said of `cells`.
    pub(super) fn push(&mut self, cells: &[Cell], values: &[f32]) {
        hash(cells, &mut self.written);
        self.values.extend_from_slice(values);
    }

    /// What was said of `cells`, which come next; `None` where so many were not added.
    pub(super) fn take(&mut self, cells: &[Cell]) -> Option<&[f32]> {
        hash(cells, &mut self.taken);
        let values = self.values.get(self.next..self.next + cells.len() * self.width)?;
        self.next += values.len();
        Some(values)
    }

    /// Whether what was added was taken, for the same cells.
    pub(super) fn is_taken(&self) -> bool {
        self.next == self.values.len() && self.written.finish() == self.taken.finish()
    }
}

fn hash(cells: &[Cell], hasher: &mut DefaultHasher) {
    cells.iter().for_each(|cell| cell.id.as_str().hash(hasher));
}

#[cfg(test)]
mod tests {
    use tesela_datasets::cell::CellId;
    use tesela_datasets::class::Label;

    use super::*;

    fn cells(ids: &[&str]) -> Vec<Cell> {
        let cell = |id: &&str| Cell {
            id: CellId::new(*id),
            label: Label::Undefined,
            outline: None,
            year: None,
        };
        ids.iter().map(cell).collect()
    }

    fn two() -> SaidOfRows {
        let mut said = SaidOfRows::new(2);
        said.push(&cells(&["a"]), &[0.25, 0.75]);
        said.push(&cells(&["b", "c"]), &[0.5, 0.5, 1.0, 0.0]);
        said
    }

    #[test]
    fn rows_are_given_back_in_batches_of_any_size() {
        let mut said = two();
        assert_eq!(said.take(&cells(&["a", "b"])), Some([0.25, 0.75, 0.5, 0.5].as_slice()));
        assert!(!said.is_taken());
        assert_eq!(said.take(&cells(&["c"])), Some([1.0, 0.0].as_slice()));
        assert!(said.is_taken());
    }

    #[test]
    fn a_table_that_changed_meanwhile_is_noticed() {
        let mut said = two();
        assert_eq!(said.take(&cells(&["a", "b", "c", "d"])), None);
        let mut said = two();
        assert!(said.take(&cells(&["a", "b", "other"])).is_some() && !said.is_taken());
    }
}
