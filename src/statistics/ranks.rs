//! Ranks, of which equal values share their mean.

/// The rank of each value, the lowest having rank one.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut above = 0;
    for step in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = above as f64 + f64::midpoint(step.len() as f64, 1.0);
        step.iter().for_each(|&place| ranks[place] = rank);
        above += step.len();
    }
    ranks
}

/// Sum of `n³ - n` over groups of `n` equal ranks: how much ties take from the spread of the ranks.
pub(super) fn ties(ranks: &[f64]) -> f64 {
    let mut sorted = ranks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let groups = sorted.chunk_by(|a, b| a == b).map(|group| group.len() as f64);
    groups.map(|size| size.powi(3) - size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(ranks(&[0.3, 0.1, 0.3, 0.9]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert_eq!(ties(&ranks(&[0.3, 0.1, 0.3, 0.9])), 6.0);
        assert!(ranks(&[]).is_empty());
    }
}
