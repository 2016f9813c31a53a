//! Augmentation: the flips and turns that leave the shape of a patch as it is.
//!
//! A satellite looks straight down: a patch and its mirror image show the same thing. Square patches have eight
//! such symmetries, others four.

use tesela_datasets::random;

/// The place of the draws below the seed.
const SYMMETRY: u64 = 3;

/// Where each pixel of a patch comes from, for every symmetry; the first leaves everything in place.
#[derive(Debug, Clone)]
pub(crate) struct Symmetries {
    tables: Vec<Vec<usize>>,
}

impl Symmetries {
    /// The symmetries of patches of `height` × `width` pixels; the identity alone where `augment` is false.
    pub(crate) fn new([height, width]: [usize; 2], augment: bool) -> Self {
        let transposes: &[bool] = if height == width { &[false, true] } else { &[false] };
        let mut tables = Vec::new();
        for &transpose in transposes {
            for (flip_rows, flip_columns) in
                [(false, false), (false, true), (true, false), (true, true)]
            {
                let source = |row: usize, column: usize| {
                    let row = if flip_rows { height - 1 - row } else { row };
                    let column = if flip_columns { width - 1 - column } else { column };
                    if transpose { column * width + row } else { row * width + column }
                };
                let rows = 0..height;
                tables.push(
                    rows.flat_map(|row| (0..width).map(move |column| source(row, column)))
                        .collect(),
                );
            }
        }
        tables.truncate(if augment { tables.len() } else { 1 });
        Self { tables }
    }

    /// All symmetries, the identity first.
    pub(crate) fn all(&self) -> &[Vec<usize>] {
        &self.tables
    }

    /// The symmetry of the patch at place `slot` of the order of `epoch`: its place among [`Self::all`].
    pub(crate) fn pick(&self, seed: u64, epoch: u64, slot: u64) -> usize {
        let mut generator = random::generator(seed, &[SYMMETRY, epoch, slot]);
        let pick = random::below(&mut generator, self.tables.len() as u64);
        usize::try_from(pick).expect("there are at most eight symmetries")
    }

    /// The symmetry of the patch at place `slot` of the order of `epoch`: where each pixel comes from.
    pub(crate) fn draw(&self, seed: u64, epoch: u64, slot: u64) -> &[usize] {
        &self.tables[self.pick(seed, epoch, slot)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_square_has_eight_symmetries_and_each_moves_every_pixel_once() {
        let symmetries = Symmetries::new([5, 5], true);
        let distinct: BTreeSet<_> = symmetries.tables.iter().cloned().collect();
        assert_eq!(distinct.len(), 8);
        for table in distinct {
            let pixels: BTreeSet<_> = table.iter().copied().collect();
            assert_eq!(pixels.len(), 25);
            assert_eq!(table[12], 12, "the centre stays");
        }
    }

    #[test]
    fn symmetries_of_symmetries_are_symmetries() {
        let tables = Symmetries::new([4, 4], true).tables;
        for first in &tables {
            for second in &tables {
                let both: Vec<usize> = second.iter().map(|&pixel| first[pixel]).collect();
                assert!(tables.contains(&both));
            }
        }
    }

    #[test]
    fn an_oblong_has_four_and_no_augmentation_has_one() {
        assert_eq!(Symmetries::new([2, 3], true).tables.len(), 4);
        assert_eq!(Symmetries::new([3, 3], false).tables.len(), 1);
        let none = Symmetries::new([3, 3], false);
        assert_eq!(none.draw(1, 2, 3), none.all()[0]);
    }

    #[test]
    fn draws_derive_from_their_place() {
        let symmetries = Symmetries::new([2, 2], true);
        let draws = |epoch| (0..64).map(|at| symmetries.draw(9, epoch, at)).collect::<Vec<_>>();
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
