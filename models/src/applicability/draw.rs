//! Draws the training cells that are kept, in the proportions of their classes.

use std::collections::BTreeMap;

use tesela_datasets::class::ClassId;
use tesela_datasets::random;

/// At most `most` of `cells`, in their order: of each class its share, rounded down, and at least one; all of them where
/// they are few enough.
pub(crate) fn draw(cells: &[usize], truths: &[ClassId], most: usize, seed: u64) -> Vec<usize> {
    if cells.len() <= most {
        return cells.to_vec();
    }
    let mut by_class: BTreeMap<ClassId, Vec<usize>> = BTreeMap::new();
    for &cell in cells {
        by_class.entry(truths[cell]).or_default().push(cell);
    }
    let mut drawn = Vec::with_capacity(most);
    for (class, mut own) in by_class {
        let share = own.len() as u128 * most as u128 / cells.len() as u128;
        let count = usize::try_from(share).expect("a share is below the whole").max(1);
        let path = u64::try_from(class.index()).expect("a class is a small number");
        random::shuffle(&mut random::generator(seed, &[path]), &mut own);
        drawn.extend(own.into_iter().take(count));
    }
    // With more classes than places, the first classes have one each.
    drawn.truncate(most);
    drawn.sort_unstable();
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_their_proportions_and_rare_ones_a_cell() {
        let truths: Vec<ClassId> = (0..10_000)
            .map(|cell| ClassId::new(if cell == 7 { 2 } else { usize::from(cell % 4 == 0) }))
            .collect();
        let cells: Vec<usize> = (0..10_000).collect();
        let drawn = draw(&cells, &truths, 100, 1);
        let count = |class| drawn.iter().filter(|&&cell| truths[cell].index() == class).count();
        assert_eq!([count(0), count(1), count(2)], [74, 25, 1]);
        assert!(drawn.is_sorted() && draw(&cells, &truths, 100, 1) == drawn);
        assert_ne!(draw(&cells, &truths, 100, 2), drawn);
        assert_eq!(draw(&cells[..50], &truths, 100, 1), cells[..50]);
    }
}
