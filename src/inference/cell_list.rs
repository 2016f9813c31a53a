//! Cells in little memory: a national grid has millions of them, and a map needs them in the order of the grid.

use tesela_datasets::cell::{Cell, CellId, Outline, Point};
use tesela_datasets::class::Label;

/// Cells, by number, in a quarter of the memory of a `Vec<Cell>`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CellList {
    ids: String,
    id_ends: Vec<usize>,
    corners: Vec<Point>,
    corner_ends: Vec<usize>,
    labels: Vec<Label>,
    years: Vec<Option<i32>>,
}

impl CellList {
    /// Appends `cell`. An outline without corners counts as none.
    pub fn push(&mut self, cell: &Cell) {
        self.ids.push_str(cell.id.as_str());
        self.id_ends.push(self.ids.len());
        let corners = cell.outline.as_ref().map_or(&[][..], |outline| &outline.corners);
        self.corners.extend_from_slice(corners);
        self.corner_ends.push(self.corners.len());
        self.labels.push(cell.label);
        self.years.push(cell.year);
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// What is known about each cell.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The id of cell `index`.
    pub fn id(&self, index: usize) -> &str {
        &self.ids[start(&self.id_ends, index)..self.id_ends[index]]
    }

    /// The corners of cell `index`.
    pub fn corners(&self, index: usize) -> &[Point] {
        &self.corners[start(&self.corner_ends, index)..self.corner_ends[index]]
    }

    /// Cell `index`.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn get(&self, index: usize) -> Cell {
        let corners = self.corners(index);
        Cell {
            id: CellId::new(self.id(index)),
            label: self.labels[index],
            outline: (!corners.is_empty()).then(|| Outline { corners: corners.to_vec() }),
            year: self.years[index],
        }
    }
}

impl<'a> Extend<&'a Cell> for CellList {
    fn extend<T: IntoIterator<Item = &'a Cell>>(&mut self, cells: T) {
        for cell in cells {
            self.push(cell);
        }
    }
}

/// Where item `index` starts in a list whose items end at `ends`.
fn start(ends: &[usize], index: usize) -> usize {
    index.checked_sub(1).map_or(0, |before| ends[before])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::class::ClassId;

    #[test]
    fn cells_come_back_as_they_were() {
        let cells = [
            Cell {
                id: CellId::new("a"),
                label: Label::Undefined,
                outline: Some(Outline::square(1.0, 2.0, 3.0)),
                year: None,
            },
            Cell {
                id: CellId::new(""),
                label: Label::Class(ClassId::new(1)),
                outline: None,
                year: Some(2010),
            },
            Cell {
                id: CellId::new("ccc"),
                label: Label::Class(ClassId::new(0)),
                outline: Some(Outline::square(5.0, 2.0, 3.0)),
                year: Some(2010),
            },
        ];
        let mut list = CellList::default();
        list.extend(&cells);
        let back: Vec<Cell> = (0..list.len()).map(|index| list.get(index)).collect();
        assert_eq!(back, cells);
    }
}
