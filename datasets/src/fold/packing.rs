//! Packing: blocks of different sizes into folds, so that class shares and cell counts stay even.

use std::cmp::Ordering;

use super::Roster;

/// More rounds of mending than were ever needed; each makes the folds more even.
const MAX_ROUNDS: usize = 200;
/// Less than this is rounding.
const GAIN: f64 = 1e-12;

/// Puts each block into one of `folds` folds; `blocks` has the block of each cell of `roster`, counted from 0 without
/// gaps.
///
/// A block is a vector: its share of each class, and of all cells. The largest goes first, and each goes where the sum of
/// squared distances of the folds from even ones grows least; then blocks move as long as that makes the sum smaller. In
/// the end no single move does, so for any two folds the squared distance between their vectors is at most the
/// sum of the squared lengths of the blocks in them. Ties go to the first block and the first fold.
pub(super) fn pack(roster: &Roster, blocks: &[u32], folds: usize) -> Vec<u16> {
    let vectors = vectors(roster, blocks);
    let width = roster.classes().len() + 1;
    let mut order: Vec<usize> = (0..vectors.len()).collect();
    let length = |block: &usize| -> f64 { vectors[*block].iter().map(|share| share * share).sum() };
    order.sort_by(|a, b| length(b).partial_cmp(&length(a)).unwrap_or(Ordering::Equal));
    let mut sums = vec![vec![0.0; width]; folds];
    let mut own = vec![0; vectors.len()];
    for &block in &order {
        let fold = emptiest(&sums, &vectors[block]);
        add(&mut sums[fold], &vectors[block], 1.0);
        own[block] = fold;
    }
    for _ in 0..MAX_ROUNDS {
        let moved =
            order.iter().filter(|&&block| mend(&mut sums, &vectors[block], &mut own[block]));
        if moved.count() == 0 {
            break;
        }
    }
    let number = |fold: usize| u16::try_from(fold).expect("folds are counted in 16 bits");
    own.into_iter().map(number).collect()
}

/// The share of each block in each class, and in all cells.
pub(super) fn vectors(roster: &Roster, blocks: &[u32]) -> Vec<Vec<f64>> {
    let width = roster.classes().len() + 1;
    let count = blocks.iter().max().map_or(0, |&last| last as usize + 1);
    let mut vectors = vec![vec![0.0; width]; count];
    let mut totals = vec![0.0; width];
    for (&block, class) in blocks.iter().zip(roster.own()) {
        for column in [class.index(), width - 1] {
            vectors[block as usize][column] += 1.0;
            totals[column] += 1.0;
        }
    }
    for vector in &mut vectors {
        for (share, total) in vector.iter_mut().zip(&totals) {
            *share /= f64::max(*total, 1.0);
        }
    }
    vectors
}

/// The fold that is furthest from full where `block` has most.
fn emptiest(sums: &[Vec<f64>], block: &[f64]) -> usize {
    let fullness = |fold: usize| dot(&sums[fold], block);
    (1..sums.len()).fold(0, |best, fold| if fullness(fold) < fullness(best) { fold } else { best })
}

/// Moves a block to where the folds become more even, if there is such a fold.
fn mend(sums: &mut [Vec<f64>], block: &[f64], own: &mut usize) -> bool {
    let from = *own;
    let squared = dot(block, block);
    let to = emptiest(sums, block);
    // Moving changes the sum of squares by twice this.
    let change = squared - (dot(&sums[from], block) - dot(&sums[to], block));
    if to == from || change >= -GAIN {
        return false;
    }
    add(&mut sums[from], block, -1.0);
    add(&mut sums[to], block, 1.0);
    *own = to;
    true
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f64], block: &[f64], sign: f64) {
    for (sum, share) in sum.iter_mut().zip(block) {
        *sum += sign * share;
    }
}
