//! How good a split is, from the classes on its two sides.

use super::amounts::real;
use super::kernels::LANES;
use super::parameters::Criterion;

/// The part of the gain in purity that depends on the split; greater is better.
///
/// For Gini the sum over both sides of `Σ w² / Σ w`, for entropy minus the weighted entropies of the sides.
/// The terms are added in the order of the classes.
#[inline(always)]
pub(crate) fn proxy(criterion: Criterion, left: &[u64], node: &[u64], weights: &[f64]) -> f64 {
    match criterion {
        Criterion::Gini => gini_proxy(left, node, weights),
        Criterion::Entropy => entropy_proxy(left, node, weights),
    }
}

#[inline(always)]
fn gini_proxy(left: &[u64], node: &[u64], weights: &[f64]) -> f64 {
    let (mut squares, mut totals) = ([0.0; 2], [0.0; 2]);
    for ((&left, &node), &weight) in left.iter().zip(node).zip(weights) {
        let sides = [weight * real(left), weight * real(node - left)];
        for side in 0..2 {
            squares[side] += sides[side] * sides[side];
            totals[side] += sides[side];
        }
    }
    squares[0] / totals[0] + squares[1] / totals[1]
}

/// Lanes whose sums stay in registers.
const STEP: usize = 8;

/// [`proxy`] by Gini of many splits of one node. `left` holds the rows of each class on the left of each, twice, and
/// `chosen` says for each class which of the two it is; the first where it does not say.
#[inline(always)]
pub(crate) fn gini_of_lanes(
    left: &[[[u32; LANES]; 2]],
    chosen: [usize; 2],
    node: &[u64],
    weights: &[f64],
) -> [f64; LANES] {
    let mut scores = [0.0; LANES];
    for (step, scores) in scores.as_chunks_mut::<STEP>().0.iter_mut().enumerate() {
        let (mut squares, mut totals) = ([[0.0; STEP]; 2], [[0.0; STEP]; 2]);
        for (class, ((left, &node), &weight)) in left.iter().zip(node).zip(weights).enumerate() {
            let node = real(node);
            let left = &left[if class < 2 { chosen[class] } else { 0 }];
            let left = &left.as_chunks::<STEP>().0[step];
            for lane in 0..STEP {
                // Signed numbers are converted by one instruction.
                let left = f64::from(left[lane].cast_signed());
                let sides = [weight * left, weight * (node - left)];
                for side in 0..2 {
                    squares[side][lane] += sides[side] * sides[side];
                    totals[side][lane] += sides[side];
                }
            }
        }
        for lane in 0..STEP {
            scores[lane] = squares[0][lane] / totals[0][lane] + squares[1][lane] / totals[1][lane];
        }
    }
    scores
}

fn entropy_proxy(left: &[u64], node: &[u64], weights: &[f64]) -> f64 {
    let side = |of: &dyn Fn(usize) -> u64| {
        let weight = |class: usize| weights[class] * real(of(class));
        let total: f64 = (0..left.len()).map(weight).sum();
        let term = |value: f64| if value > 0.0 { value * (value / total).ln() } else { 0.0 };
        (0..left.len()).map(|class| term(weight(class))).sum::<f64>()
    };
    side(&|class| left[class]) + side(&|class| node[class] - left[class])
}

/// What rows of these `counts` weigh together, and that times their impurity: Gini's, or the entropy in bits.
pub(crate) fn weight_and_impurity(
    criterion: Criterion,
    counts: impl Iterator<Item = u64> + Clone,
    weights: &[f64],
) -> (f64, f64) {
    let weighed = counts.zip(weights).map(|(count, &weight)| weight * real(count));
    let total: f64 = weighed.clone().sum();
    let impurity = match criterion {
        Criterion::Gini => 1.0 - weighed.map(|value| (value / total).powi(2)).sum::<f64>(),
        Criterion::Entropy => weighed
            .map(|value| value / total)
            .map(|share| if share > 0.0 { -share * share.log2() } else { 0.0 })
            .sum(),
    };
    (total, total * impurity)
}

/// By how much a split lowers the impurity, times the weight of the node.
pub(crate) fn decrease(criterion: Criterion, left: &[u64], node: &[u64], weights: &[f64]) -> f64 {
    let right = node.iter().zip(left).map(|(&node, &left)| node - left);
    let [(_, node), (_, left), (_, right)] = [
        weight_and_impurity(criterion, node.iter().copied(), weights),
        weight_and_impurity(criterion, left.iter().copied(), weights),
        weight_and_impurity(criterion, right, weights),
    ];
    node - left - right
}

/// Whether each side holds one class only: no split can be better.
#[inline(always)]
pub(crate) fn is_perfect(left: &[u64], node: &[u64]) -> bool {
    let (mut on_left, mut on_right) = (0, 0);
    for (&left, &node) in left.iter().zip(node) {
        on_left += u32::from(left > 0);
        on_right += u32::from(node > left);
    }
    on_left == 1 && on_right == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_ranks_splits_as_the_impurity_does() {
        // Gini by its definition: the weighted mean of 1 - Σ p².
        let impurity = |counts: [u64; 2]| {
            let total = real(counts[0] + counts[1]);
            1.0 - counts.map(|count| (real(count) / total).powi(2)).iter().sum::<f64>()
        };
        let (node, weights) = ([6, 4], [1.0, 1.0]);
        for left in [[1, 3], [5, 1], [6, 0]] {
            let right = [node[0] - left[0], node[1] - left[1]];
            let total = |side: [u64; 2]| real(side[0] + side[1]);
            let weighted = total(left) * impurity(left) + total(right) * impurity(right);
            let proxy = proxy(Criterion::Gini, &left, &node, &weights);
            assert!((proxy - (10.0 - weighted)).abs() < 1e-12);
            let gain = 10.0 * impurity(node) - weighted;
            assert!((decrease(Criterion::Gini, &left, &node, &weights) - gain).abs() < 1e-12);
        }
    }

    #[test]
    fn a_pure_side_has_no_entropy() {
        let weights = [1.0, 1.0];
        let perfect = proxy(Criterion::Entropy, &[3, 0], &[3, 5], &weights);
        let mixed = proxy(Criterion::Entropy, &[3, 1], &[3, 5], &weights);
        assert_eq!(perfect, 0.0);
        // Minus 4 × the entropy of (3/4, 1/4), in nats.
        assert!((mixed + 4.0 * 0.562_335_144_618_808_3).abs() < 1e-12);
        // Of 8 rows, 5 to 3: all of the entropy goes.
        let all = decrease(Criterion::Entropy, &[3, 0], &[3, 5], &weights);
        assert!((all - 8.0 * 0.954_434_002_924_965).abs() < 1e-12);
        assert!(is_perfect(&[3, 0], &[3, 5]) && !is_perfect(&[3, 1], &[3, 5]));
    }
}
