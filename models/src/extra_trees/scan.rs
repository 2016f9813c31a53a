//! Walks along sorted rows and weighs every cut between them.

use std::ops::Range;

use super::amounts::real;
use super::impurity::proxy;
use super::kernels::fold;
use super::parameters::Criterion;
use super::rank::Rank;
use super::rule::{Node, Number};

/// Working memory of a walk.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Amounts up to and with each row: of both classes, and of the second.
    all: Vec<u32>,
    ones: Vec<u32>,
    scores: Vec<f64>,
    left: Vec<u64>,
}

/// Doubles hold the square of a smaller sum exactly.
const EXACT: u64 = 1 << 26;
/// Scores that are compared together.
const LANES: usize = 16;

/// The first of the best of `cuts` between two classes by Gini, and its score, where that exceeds `best`.
///
/// A cut is behind the sorted row of its number. Its score is the square of what the second class has more on
/// one side than its share, over the product of the sides' weights: in one node that ranks cuts as Gini's
/// impurity does. Codes hold the class in one bit and the amount above; `base` goes left with every cut.
#[inline(always)]
pub(crate) fn best_of_two<R: Rank>(
    keys: &[R::Key],
    cuts: Range<usize>,
    base: &[u64],
    node: &[u64],
    weights: &[f64],
    best: f64,
    totals: &mut Totals,
) -> Option<(usize, f64)> {
    let small = |amount: u64| u32::try_from(amount).expect("amounts in codes are below 2³¹");
    let Totals { all, ones, scores, .. } = totals;
    for buffer in [&mut *all, &mut *ones] {
        if buffer.len() < keys.len() {
            buffer.resize(keys.len(), 0);
        }
    }
    let (mut sum, mut second) = (small(base[0] + base[1]), small(base[1]));
    for ((all, ones), &key) in all.iter_mut().zip(ones.iter_mut()).zip(&keys[..cuts.end]) {
        let code = R::code(key);
        sum += code >> 1;
        second += code >> 1 & (code & 1).wrapping_neg();
        *all = sum;
        *ones = second;
    }
    let (zero, one) = (weights[0], weights[1]);
    let share = one * real(node[1]);
    let whole = zero * real(node[0]) + share;
    let count = cuts.len();
    if scores.len() < count {
        scores.resize(count, 0.0);
    }
    let scores = &mut scores[..count];
    let sums = all[cuts.clone()].iter().zip(&ones[cuts.clone()]);
    let neighbours = keys[cuts.clone()].iter().zip(&keys[cuts.start + 1..]);
    for ((score, (&all, &ones)), (&key, &next)) in scores.iter_mut().zip(sums).zip(neighbours) {
        let second = one * f64::from(ones);
        let left = second + zero * f64::from(all - ones);
        let excess = second * whole - left * share;
        let value = excess * excess / (left * (whole - left));
        *score = if R::of_key(key) == R::of_key(next) { f64::NEG_INFINITY } else { value };
    }
    let highest = highest(scores);
    if highest > best {
        let place = scores.iter().position(|&score| score == highest)?;
        return Some((cuts.start + place, highest));
    }
    None
}

/// The score of one cut between two classes, as [`best_of_two`] computes it.
fn score_of_two(left: [u64; 2], node: &[u64], weights: &[f64]) -> f64 {
    let second = weights[1] * real(left[1]);
    let share = weights[1] * real(node[1]);
    let whole = weights[0] * real(node[0]) + share;
    let left = second + weights[0] * real(left[0]);
    let excess = second * whole - left * share;
    excess * excess / (left * (whole - left))
}

#[inline(always)]
fn highest(scores: &[f64]) -> f64 {
    let larger = |value: f64, than: f64| if value > than { value } else { than };
    let mut lanes = [f64::NEG_INFINITY; LANES];
    let (chunks, rest) = scores.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = larger(chunk[lane], lanes[lane]);
        }
    }
    for (lane, &score) in rest.iter().enumerate() {
        lanes[lane] = larger(score, lanes[lane]);
    }
    fold(lanes, larger)
}

/// The first of the best of `cuts` and its score, where that exceeds `best`: any classes, any criterion.
///
/// `decode` gives the class and the amount of a sorted row, `is_cut` whether its rank differs from the next.
#[inline(always)]
pub(crate) fn first_of_best<N: Number>(
    cuts: Range<usize>,
    best: f64,
    base: &[u64],
    node: &Node<'_, N>,
    totals: &mut Totals,
    decode: impl Fn(usize) -> (usize, u64),
    is_cut: impl Fn(usize) -> bool,
) -> Option<(usize, f64)> {
    let (counts, weights) = (node.counts, node.weights);
    let criterion = node.ground.parameters.criterion;
    let left = &mut totals.left;
    left.clear();
    left.extend_from_slice(base);
    // Where all classes weigh one, sums of squares change by whole numbers: no error adds up.
    let square =
        |counts: &[u64]| counts.iter().map(|&count| real(count) * real(count)).sum::<f64>();
    let right = counts.iter().zip(&*left).map(|(&node, &left)| node - left).collect::<Vec<u64>>();
    let two = criterion == Criterion::Gini && counts.len() == 2;
    let plain = criterion == Criterion::Gini
        && weights.iter().all(|&weight| weight == 1.0)
        && counts.iter().sum::<u64>() < EXACT;
    let mut sides = [real(left.iter().sum()), real(right.iter().sum())];
    let mut squares = [square(left), square(&right)];
    let mut found = None;
    let mut highest = best;
    for place in 0..cuts.end {
        let (class, amount) = decode(place);
        if plain {
            let (moved, from) = (real(amount), real(counts[class] - left[class]));
            squares[0] += moved * (2.0 * real(left[class]) + moved);
            squares[1] -= moved * (2.0 * from - moved);
            sides = [sides[0] + moved, sides[1] - moved];
        }
        left[class] += amount;
        if place < cuts.start || !is_cut(place) {
            continue;
        }
        let score = if two {
            score_of_two([left[0], left[1]], counts, weights)
        } else if plain {
            squares[0] / sides[0] + squares[1] / sides[1]
        } else {
            proxy(criterion, left, counts, weights)
        };
        if score > highest {
            highest = score;
            found = Some((place, score));
        }
    }
    found
}
