//! The lattice of a grid: whole numbers for the places of cells, and how far it is to another class.
//!
//! Distances are measured on the lattice, from middle to middle, in cells. They are exact up to [`FAR`] cells and not
//! looked for beyond: the vertical distance to the nearest cell of another class is found by two passes over each
//! column, and the smallest distance by trying the columns that are near enough (the two phases of Meijster, Roerdink
//! and Hesselink 2000, *A general algorithm for computing distance transforms in linear time*, the second by
//! trial because few columns are near).

use rayon::prelude::*;
use tesela_datasets::cell::{Outline, Point};
use tesela_datasets::class::ClassId;

/// Distances from here on are all called far.
pub(super) const FAR: u8 = 11;
/// How far a middle may lie from its place on the lattice, in cells.
const SLACK: f64 = 0.05;
/// Most places of a lattice: a country of the size of Russia has 17 million cells of 1 km.
const MOST_PLACES: usize = 100_000_000;
/// A place of which nothing is known.
const UNKNOWN: u16 = u16::MAX;

/// The width and height of a cell, in the coordinates of its table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pitch {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Pitch {
    /// That of a cell with `outline`; `None` where it has no extent.
    pub(super) fn of(outline: &Outline) -> Option<Self> {
        let first = outline.corners.first()?;
        let start = (first.x, first.y, first.x, first.y);
        let (west, south, east, north) = outline.corners.iter().fold(start, |ends, corner| {
            (ends.0.min(corner.x), ends.1.min(corner.y), ends.2.max(corner.x), ends.3.max(corner.y))
        });
        let (x, y) = (east - west, north - south);
        (x > 0.0 && y > 0.0 && x.is_finite() && y.is_finite()).then_some(Self { x, y })
    }
}

/// Known classes on a lattice.
pub(super) struct Lattice {
    origin: Point,
    pitch: Pitch,
    columns: usize,
    rows: usize,
    /// `[column][row]`, so that a column lies together.
    classes: Vec<u16>,
}

impl Lattice {
    /// The lattice of `cells`, which repeat; what keeps them from lying on one, in words.
    pub(super) fn of(
        cells: impl Iterator<Item = (ClassId, Point)> + Clone,
        pitch: Pitch,
    ) -> Result<Self, String> {
        let ends = cells.clone().fold(None, |ends: Option<(Point, Point)>, (_, at)| {
            let (low, high) = ends.unwrap_or((at, at));
            let low = Point { x: low.x.min(at.x), y: low.y.min(at.y) };
            Some((low, Point { x: high.x.max(at.x), y: high.y.max(at.y) }))
        });
        let (low, high) = ends.ok_or("no cell has a place")?;
        let side = |length: f64, pitch: f64| whole((length / pitch).round()).map(|side| side + 1);
        let (columns, rows) = (side(high.x - low.x, pitch.x), side(high.y - low.y, pitch.y));
        let places = columns.zip(rows).and_then(|(columns, rows)| columns.checked_mul(rows));
        let places = places.filter(|&places| places <= MOST_PLACES);
        let (Some(columns), Some(rows), Some(places)) = (columns, rows, places) else {
            return Err(format!("their lattice has more than {MOST_PLACES} places"));
        };
        let classes = vec![UNKNOWN; places];
        let mut lattice = Self { origin: low, pitch, columns, rows, classes };
        for (class, at) in cells {
            let place = lattice.place(at).ok_or("they do not lie on a lattice of equal cells")?;
            lattice.classes[place] =
                u16::try_from(class.index()).expect("a class map has few classes");
        }
        Ok(lattice)
    }

    /// Where `at` lies in the list of places.
    fn place(&self, at: Point) -> Option<usize> {
        let along = |value: f64, origin: f64, pitch: f64| {
            let place = (value - origin) / pitch;
            ((place - place.round()).abs() < SLACK).then(|| whole(place.round())).flatten()
        };
        let column = along(at.x, self.origin.x, self.pitch.x)?;
        let row = along(at.y, self.origin.y, self.pitch.y)?;
        (column < self.columns && row < self.rows).then_some(column * self.rows + row)
    }

    /// For each place the distance to the nearest known cell of another class than `class`, squared, in cells; `FAR` squared
    /// where there is none nearer.
    fn distances(&self, class: u16) -> Vec<u8> {
        let far = FAR;
        let vertical = self.vertical(class);
        let mut squares = vec![0; self.classes.len()];
        squares.par_chunks_mut(self.rows).enumerate().for_each(|(column, squares)| {
            let near = column.saturating_sub(usize::from(far) - 1)
                ..(column + usize::from(far)).min(self.columns);
            let own = &self.classes[column * self.rows..(column + 1) * self.rows];
            for (row, square) in
                squares.iter_mut().enumerate().filter(|(row, _)| own[*row] == class)
            {
                let nearest = near.clone().map(|other| {
                    let across = other.abs_diff(column);
                    let along = usize::from(vertical[other * self.rows + row]);
                    across * across + along * along
                });
                let most = usize::from(far) * usize::from(far);
                let nearest = nearest.min().unwrap_or(most).min(most);
                *square = u8::try_from(nearest).unwrap_or(u8::MAX);
            }
        });
        squares
    }

    /// For each place the distance to the nearest known cell of another class in its column, at most `FAR`.
    fn vertical(&self, class: u16) -> Vec<u8> {
        let mut distances = vec![FAR; self.classes.len()];
        let columns = distances.par_chunks_mut(self.rows).zip(self.classes.par_chunks(self.rows));
        columns.for_each(|(distances, classes)| {
            let is_other = |row: usize| classes[row] != class && classes[row] != UNKNOWN;
            let mut pass = |row: usize, last: &mut u8| {
                *last = if is_other(row) { 0 } else { FAR.min(*last + 1) };
                distances[row] = distances[row].min(*last);
            };
            let mut last = FAR;
            (0..classes.len()).for_each(|row| pass(row, &mut last));
            let mut last = FAR;
            (0..classes.len()).rev().for_each(|row| pass(row, &mut last));
        });
        distances
    }

    /// The distance of each of `cells` to the nearest known cell of another class, in whole cells (rounded down), `FAR` where
    /// it is that or more; `None` for cells that are not on the lattice.
    pub(super) fn to_other_class(
        &self,
        cells: &[(ClassId, Option<Point>)],
        classes: usize,
    ) -> Vec<Option<u8>> {
        let mut found = vec![None; cells.len()];
        for class in 0..classes {
            let mut own =
                (0..cells.len()).filter(|&cell| cells[cell].0.index() == class).peekable();
            if own.peek().is_none() {
                continue;
            }
            let squares = self.distances(u16::try_from(class).expect("there are few classes"));
            for cell in own {
                let place = cells[cell].1.and_then(|at| self.place(at));
                found[cell] = place.map(|place| squares[place].isqrt());
            }
        }
        found
    }
}

/// A number of places, where it is one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
fn whole(value: f64) -> Option<usize> {
    (0.0..=1e9).contains(&value).then_some(value as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(columns: usize, classes: &[Option<usize>]) -> Vec<(ClassId, Point)> {
        let place = |index: usize| Point {
            x: 500.5 + 250.0 * (index % columns) as f64,
            y: -90.0 + 250.0 * (index / columns) as f64,
        };
        let known = classes.iter().enumerate();
        known.filter_map(|(index, class)| Some((ClassId::new((*class)?), place(index)))).collect()
    }

    const PITCH: Pitch = Pitch { x: 250.0, y: 250.0 };

    proptest! {
        #[test]
        fn distances_are_those_of_trying_every_cell(
            columns in 1_usize..30,
            classes in prop::collection::vec(prop::option::weighted(0.9, prop::sample::select(vec![0_usize, 0, 0, 0, 0, 1, 2])), 1..300),
        ) {
            let cells = cells(columns, &classes);
            prop_assume!(!cells.is_empty());
            let lattice = Lattice::of(cells.iter().copied(), PITCH).unwrap();
            let asked: Vec<_> = cells.iter().map(|&(class, at)| (class, Some(at))).collect();
            for (found, (class, at)) in lattice.to_other_class(&asked, 3).into_iter().zip(&cells) {
                let others = cells.iter().filter(|(other, _)| other != class);
                let nearest = others.map(|(_, other)| (at.x - other.x).hypot(at.y - other.y) / 250.0);
                let nearest = nearest.fold(f64::INFINITY, f64::min).min(f64::from(FAR));
                prop_assert_eq!(f64::from(found.unwrap()), (nearest + 1e-9).floor());
            }
        }
    }

    #[test]
    fn cells_that_lie_anyhow_are_no_lattice_and_strangers_have_no_distance() {
        let at = |x, y| (ClassId::new(0), Point { x, y });
        let error = Lattice::of([at(0.0, 0.0), at(380.0, 0.0)].into_iter(), PITCH).err().unwrap();
        assert!(error.contains("lattice"), "{error}");
        let far = [at(0.0, 0.0), at(1e9, 1e9)].into_iter();
        assert!(Lattice::of(far, PITCH).err().unwrap().contains("more than"));
        let lattice = Lattice::of([at(0.0, 0.0)].into_iter(), PITCH).unwrap();
        let class = ClassId::new(0);
        let asked = [(class, None), (class, Some(Point { x: 0.0, y: 0.0 }))];
        assert_eq!(lattice.to_other_class(&asked, 1), [None, Some(FAR)]);
    }

    #[test]
    fn the_pitch_is_the_extent_of_a_cell() {
        assert_eq!(Pitch::of(&Outline::square(3.0, 4.0, 250.0)), Some(PITCH));
        assert_eq!(Pitch::of(&Outline::point(3.0, 4.0)), None);
    }
}
