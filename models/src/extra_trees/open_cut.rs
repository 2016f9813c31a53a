//! How good a cut can be while rows lie between its ends.
//!
//! How good a split is is a convex function of what is on its left, so it is greatest where all open rows of a class
//! are on one side. That bounds every way to divide them, for two classes by four numbers.

use super::impurity::proxy;
use super::kernels::{LANES, fold};
use super::parameters::Criterion;

/// The ways to put the open rows of two classes: for each class, left of the first end of the cut alone, or of the
/// second, too.
pub(crate) const CORNERS: [[usize; 2]; 4] = [[0, 0], [1, 0], [0, 1], [1, 1]];

/// By how much rounding can lift a split above another, relatively: ten thousand times what it does.
const ROUNDING: f64 = 1e-12;

/// How good a cut can be at most that has at least and at most these amounts of each class on its left.
#[inline(always)]
pub(crate) fn limit(criterion: Criterion, ends: [&[u64]; 2], node: &[u64], weights: &[f64]) -> f64 {
    if node.len() != 2 {
        return f64::INFINITY;
    }
    let corner = |[first, second]: [usize; 2]| {
        proxy(criterion, &[ends[first][0], ends[second][1]], node, weights)
    };
    CORNERS.into_iter().map(corner).fold(f64::NEG_INFINITY, f64::max)
}

/// Whether a cut that is as good as `limit` at most can be as good as the `best` so far.
#[inline(always)]
pub(crate) fn could_win(limit: f64, best: f64) -> bool {
    // There is nothing to be better than before the first.
    best == f64::NEG_INFINITY || limit >= best - ROUNDING * best.abs()
}

/// The highest of some scores, and its first lane.
#[inline(always)]
pub(crate) fn highest(scores: &[f64; LANES]) -> (usize, f64) {
    let highest = fold(*scores, f64::max);
    let mut lanes = 0_u32;
    for (lane, &score) in scores.iter().enumerate() {
        lanes |= u32::from(score == highest) << lane;
    }
    (lanes.trailing_zeros() as usize % LANES, highest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_way_to_divide_the_open_rows_is_better_than_the_limit(
            least in [0_u64..9, 0_u64..9], open in [0_u64..6, 0_u64..6], right in [1_u64..9, 1_u64..9],
            weights in [0.1..3.0_f64, 0.1..3.0_f64], entropy in any::<bool>(),
        ) {
            let criterion = if entropy { Criterion::Entropy } else { Criterion::Gini };
            let most = [least[0] + open[0], least[1] + open[1]];
            let node = [most[0] + right[0], most[1] + right[1]];
            prop_assume!(least[0] + least[1] > 0);
            let limit = limit(criterion, [&least, &most], &node, &weights);
            for first in least[0]..=most[0] {
                for second in least[1]..=most[1] {
                    let score = proxy(criterion, &[first, second], &node, &weights);
                    prop_assert!(could_win(limit, score), "{first}, {second}: {score} above {limit}");
                }
            }
        }

        #[test]
        fn the_first_of_the_highest_is_found(scores in prop::collection::vec(0_u8..5, LANES)) {
            let numbers: Vec<f64> = scores.iter().map(|&score| f64::from(score) - 2.0).collect();
            let best = scores.iter().max().unwrap();
            let lane = scores.iter().position(|score| score == best).unwrap();
            let expected = (lane, f64::from(*best) - 2.0);
            prop_assert_eq!(highest(&numbers.try_into().unwrap()), expected);
        }
    }

    #[test]
    fn where_there_is_no_score_none_is_higher() {
        assert_eq!(highest(&[f64::NEG_INFINITY; LANES]).1, f64::NEG_INFINITY);
        assert!(could_win(f64::INFINITY, 3.0) && !could_win(2.0, 3.0));
        assert!(could_win(f64::NEG_INFINITY, f64::NEG_INFINITY));
    }
}
