//! How common the classes are where nothing is labelled, from what a classifier says there.
//!
//! [`estimate_prevalence`] is the EM of Saerens, Latinne and Decaestecker (2002): probabilities are moved to the
//! present estimate, their means are the next one, until it settles. It is the most likely mixture as far as the
//! probabilities are calibrated and cells of a class look alike in both places. [`count_classified`] and
//! [`adjusted_count`] are the plain counts that it is held against (Forman 2008, "Quantifying counts and costs").

use rayon::prelude::*;
use tesela_datasets::class::{ClassId, ClassMap};

use super::OperatingPointError;
use super::prior::check_shares;

/// An iteration that moves no share by more is the last.
const SETTLED: f64 = 1e-9;
/// Iterations after which the estimate is given up.
const MOST_ITERATIONS: usize = 10_000;
/// Cells that are summed in one go: sums do not depend on threads.
const CHUNK: usize = 1 << 14;

/// The most likely mixture of classes.
#[derive(Debug, Clone, PartialEq)]
pub struct PrevalenceEstimate {
    /// The share of each class; they sum to one.
    pub shares: Vec<f64>,
    /// Iterations until it settled.
    pub iterations: usize,
}

/// Estimates the mixture at a place from probabilities of its cells, `[cell, class]`, that are calibrated for the
/// mixture `from`; rows of `NaN` are passed over. An estimate counts as settled when no share moves by 1e-9.
///
/// # Errors
/// If there is no row, `from` is no mixture of the classes, or the estimate has not settled after 10,000 iterations.
pub fn estimate_prevalence(
    classes: &ClassMap,
    probabilities: &[f64],
    from: &[f64],
) -> Result<PrevalenceEstimate, OperatingPointError> {
    check_shares(classes, "sample", from)?;
    let mut shares = from.to_vec();
    let mut change = f64::INFINITY;
    for iterations in 1..=MOST_ITERATIONS {
        let ratios: Vec<f64> = shares.iter().zip(from).map(|(share, from)| share / from).collect();
        let next = mean_shifted(probabilities, &ratios)?;
        change = shares.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        shares = next;
        if change < SETTLED {
            return Ok(PrevalenceEstimate { shares, iterations });
        }
    }
    Err(OperatingPointError::Unsettled { iterations: MOST_ITERATIONS, change })
}

/// What a user should know of an estimate that has next to nothing of a class: less than one of the `cells` that it rests on.
/// One sentence without a full stop; `None` where every class has as much.
pub fn vanishing(classes: &ClassMap, shares: &[f64], cells: u64) -> Option<String> {
    let least = 1.0 / cells.max(1) as f64;
    let names = classes.names().iter().zip(shares).filter(|(_, share)| **share < least);
    let names: Vec<String> = names.map(|(name, _)| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "the estimated prevalence of {} is next to nothing, less than one of {cells} cells: either there is none, or its cells do \
             not look here as they did in the sample; do not trust the threshold and the map of it, and declare \
             `validation.target-prevalence` where it is known",
            names.join(", ")
        )
    })
}

/// Means of the probabilities after a shift by `ratios`.
fn mean_shifted(probabilities: &[f64], ratios: &[f64]) -> Result<Vec<f64>, OperatingPointError> {
    let width = ratios.len();
    let chunks: Vec<(Vec<f64>, usize)> = probabilities
        .par_chunks(CHUNK * width)
        .map(|chunk| {
            let (mut sums, mut cells) = (vec![0.0; width], 0);
            for row in chunk.chunks_exact(width) {
                let whole: f64 = row.iter().zip(ratios).map(|(value, ratio)| value * ratio).sum();
                if whole > 0.0 {
                    cells += 1;
                    for ((sum, value), ratio) in sums.iter_mut().zip(row).zip(ratios) {
                        *sum += value * ratio / whole;
                    }
                }
            }
            (sums, cells)
        })
        .collect();
    let cells: usize = chunks.iter().map(|(_, cells)| cells).sum();
    if cells == 0 {
        return Err(OperatingPointError::NothingToEstimate);
    }
    let total = |class: usize| chunks.iter().map(|(sums, _)| sums[class]).sum::<f64>();
    Ok((0..width).map(|class| total(class) / cells as f64).collect())
}

/// The share of cells that are mapped as each of so many classes; cells without a class are passed over. `None` where
/// there is no cell.
pub fn count_classified(classes: usize, decided: &[Option<ClassId>]) -> Option<Vec<f64>> {
    let mut counts = vec![0_u64; classes];
    for class in decided.iter().flatten() {
        if let Some(count) = counts.get_mut(class.index()) {
            *count += 1;
        }
    }
    let total: u64 = counts.iter().sum();
    (total > 0).then(|| counts.iter().map(|&count| count as f64 / total as f64).collect())
}

/// The share of a class behind the `mapped` share, from the share of its cells that are mapped as it and the share of
/// other cells that are mapped as it; kept within 0 to 1. `None` where the map does not tell the class from others.
pub fn adjusted_count(mapped: f64, true_positive: f64, false_positive: f64) -> Option<f64> {
    let skill = true_positive - false_positive;
    (skill > 0.0).then(|| ((mapped - false_positive) / skill).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tesela_datasets::random;

    #[test]
    fn the_mixture_of_another_place_is_found() {
        // Scores of two classes that differ by a known likelihood ratio, at a tenth of the sample's prevalence.
        let mut draws = random::generator(3, &[]);
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let mut rows = Vec::new();
        for cell in 0..200_000 {
            let urban = cell % 20 == 0;
            // Densities 2x and 2(1 - x) on 0..1: the calibrated probability at even odds is x itself.
            let score = random::unit(&mut draws).sqrt();
            let score = if urban { score } else { 1.0 - score };
            rows.extend([1.0 - score, score]);
        }
        let found = estimate_prevalence(&classes, &rows, &[0.5, 0.5]).unwrap();
        assert!((found.shares[1] - 0.05).abs() < 0.01, "{found:?}");
        assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && found.iterations > 3);
        rows.extend([f64::NAN; 2]);
        assert_eq!(estimate_prevalence(&classes, &rows, &[0.5, 0.5]), Ok(found));
    }

    #[test]
    fn a_class_that_vanishes_is_warned_of() {
        // No cell of the place looks urban, so the estimate runs to the bound.
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let rows = [0.9, 0.1].repeat(1000);
        let found = estimate_prevalence(&classes, &rows, &[0.5, 0.5]).unwrap();
        let warning = vanishing(&classes, &found.shares, 1000).unwrap();
        assert!(warning.starts_with(
            "the estimated prevalence of `urban` is next to nothing, less than one of 1000 cells: "
        ));
        assert_eq!(vanishing(&classes, &[0.998, 0.002], 1000), None);
    }

    #[test]
    fn nothing_gives_no_estimate() {
        let classes = ClassMap::new(["non-urban", "urban"]).unwrap();
        let error = estimate_prevalence(&classes, &[f64::NAN; 4], &[0.5, 0.5]).unwrap_err();
        assert_eq!(error, OperatingPointError::NothingToEstimate);
    }

    #[test]
    fn counts_are_adjusted_for_what_the_map_misses_and_invents() {
        let decided = [Some(1), Some(0), None, Some(1), Some(1)].map(|c| c.map(ClassId::new));
        assert_eq!(count_classified(2, &decided), Some(vec![0.25, 0.75]));
        assert_eq!(count_classified(2, &[None]), None);
        // The pilot: 8.1 % mapped as urban, 96.53 % of urban cells and 6.19 % of others mapped so.
        let share = adjusted_count(0.080_98, 0.9653, 0.0619).unwrap();
        assert!((share - 0.0211).abs() < 1e-4, "{share}");
        assert_eq!(adjusted_count(0.5, 0.3, 0.3), None);
    }
}
