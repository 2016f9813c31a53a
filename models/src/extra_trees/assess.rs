//! What growing a forest tells beside the forest: how much each column lowered the impurity, and what the
//! trees say of the rows that they have not seen.

use rayon::prelude::*;

use super::ForestError;
use super::fit::{GrownForest, Work, start};
use super::forest::Forest;
use super::matrix::Matrix;
use super::parameters::Parameters;
use super::table::Sample;

/// A forest and what growing it told.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// The forest, as of [`fit`](super::fit()).
    pub forest: Forest,
    /// The importance of each column, as in scikit-learn: the sum, over the splits of a tree that look at it, of
    /// what they lower the impurity by, times the share of the tree's weight that is in the node; divided by its
    /// sum over the columns, in each tree and then in the mean over the trees that have a split. From 0 to 1, with
    /// a sum of 1; all 0 where no tree has a split.
    pub importances: Vec<f64>,
    /// What the trees say of rows that they have not seen; `None` without bootstrap.
    pub out_of_bag: Option<OutOfBag>,
}

/// The probabilities of the rows that a forest was grown on, each by the trees that have not seen it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfBag {
    /// The mean over those trees of the class shares in the leaf, `[row, class]`; `NaN` for a row that all trees
    /// have seen.
    pub probabilities: Vec<f32>,
    /// How many rows all trees have seen.
    pub never_out: usize,
}

/// As [`fit`](super::fit()), and tells what else growing the forest shows. The forest is the same.
///
/// # Errors
/// If the parameters do not suit the sample, `progress` answers no, or threads cannot be started.
pub fn fit_assessed(
    sample: &Sample<'_>,
    parameters: &Parameters,
    seed: u64,
    threads: Option<usize>,
    progress: &mut dyn FnMut(usize) -> bool,
) -> Result<Assessed, ForestError> {
    let work = Work { with_importances: true, ..Work::new(*sample, parameters, seed) };
    let grown = work.grow(threads, progress)?;
    let out_of_bag = match parameters.bootstrap {
        true => Some(start(threads)?.install(|| out_of_bag(&grown, sample, seed))?),
        false => None,
    };
    let importances = importances(sample.columns(), &grown.decreases);
    Ok(Assessed { forest: grown.forest, importances, out_of_bag })
}

/// The mean over the trees of their shares.
pub(super) fn importances(columns: usize, decreases: &[Vec<f64>]) -> Vec<f64> {
    let mut sums = vec![0.0; columns];
    for tree in decreases {
        for (sum, share) in sums.iter_mut().zip(shares(tree)) {
            *sum += share;
        }
    }
    shares(&sums).collect()
}

/// Numbers divided by their sum, where that is not 0.
fn shares(numbers: &[f64]) -> impl Iterator<Item = f64> {
    let sum: f64 = numbers.iter().sum();
    numbers.iter().map(move |&number| if sum > 0.0 { number / sum } else { 0.0 })
}

fn out_of_bag(
    grown: &GrownForest,
    sample: &Sample<'_>,
    seed: u64,
) -> Result<OutOfBag, ForestError> {
    let (rows, classes) = (sample.rows(), sample.classes());
    let mut sums = vec![0.0; rows * classes];
    let mut counts = vec![0_u32; rows];
    for (number, tree) in grown.trees.iter().enumerate() {
        let times = grown.bagging.times(seed, number).expect("rows are drawn");
        let out: Vec<usize> = (0..rows).filter(|&row| times[row] == 0).collect();
        let numbers: Vec<f32> =
            out.par_iter().flat_map_iter(|&row| sample.matrix().row(row).iter().copied()).collect();
        let weights = grown.forest.class_weights().to_vec();
        let alone = Forest::new(sample.columns(), weights, std::slice::from_ref(tree));
        let said = alone.predict(Matrix::new(&numbers, sample.columns())?)?;
        for (&row, said) in out.iter().zip(said.chunks_exact(classes)) {
            counts[row] += 1;
            for (sum, &share) in sums[row * classes..].iter_mut().zip(said) {
                *sum += f64::from(share);
            }
        }
    }
    let never_out = counts.iter().filter(|&&count| count == 0).count();
    let of_row = |(sums, &count): (&[f64], &u32)| {
        #[expect(clippy::cast_possible_truncation, reason = "probabilities are single precision")]
        let mean = move |sum: &f64| (sum / f64::from(count)) as f32;
        sums.iter().map(mean).collect::<Vec<f32>>()
    };
    let probabilities = sums.chunks_exact(classes).zip(&counts).flat_map(of_row).collect();
    Ok(OutOfBag { probabilities, never_out })
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::table;
    use super::super::{Cut, fit};
    use super::*;

    fn forest_of(n_trees: usize, cut: Cut) -> Parameters {
        Parameters { n_trees, cut, bootstrap: true, ..Parameters::default() }
    }

    #[test]
    fn importances_are_shares_and_dull_columns_have_none() {
        let table = table(400, 10, 2, 3);
        let numbers = table.numbers();
        let sample = table.sample(&numbers);
        for cut in [Cut::Random, Cut::Best] {
            let parameters = forest_of(20, cut);
            let assessed = fit_assessed(&sample, &parameters, 1, Some(2), &mut |_| true).unwrap();
            let forest = fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap();
            assert!(assessed.forest == forest);
            let importances = assessed.importances;
            assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            // Columns 3 and 8 are constant; columns 1 and 6 tell the class.
            assert_eq!((importances[3], importances[8]), (0.0, 0.0));
            assert!(importances[1] + importances[6] > 0.4, "{importances:?}");
        }
    }

    #[test]
    fn the_importance_of_a_single_split_is_all() {
        let numbers = [0.0, 5.0, 0.0, 5.0, 1.0, 5.0, 1.0, 5.0];
        let sample = Sample::new(Matrix::new(&numbers, 2).unwrap(), &[0, 0, 1, 1], 2).unwrap();
        let assessed =
            fit_assessed(&sample, &Parameters::default(), 1, Some(1), &mut |_| true).unwrap();
        assert_eq!(assessed.importances, [1.0, 0.0]);
        assert!(assessed.out_of_bag.is_none());
        let pure = Sample::new(Matrix::new(&numbers, 2).unwrap(), &[0, 0, 0, 0], 2).unwrap();
        let assessed =
            fit_assessed(&pure, &Parameters::default(), 1, Some(1), &mut |_| true).unwrap();
        assert_eq!(assessed.importances, [0.0, 0.0]);
    }

    /// The share of rows whose most probable class is right; rows of `NaN` count as wrong.
    fn accuracy(probabilities: &[f32], labels: &[u16], classes: usize) -> f64 {
        let right = probabilities.chunks_exact(classes).zip(labels).filter(|(row, label)| {
            let own = row[usize::from(**label)];
            row.iter().all(|&other| other <= own)
        });
        right.count() as f64 / labels.len() as f64
    }

    #[test]
    fn what_trees_say_of_unseen_rows_is_what_they_say_of_new_ones() {
        let (train, test) = (table(1000, 10, 3, 3), table(4000, 10, 3, 4));
        let (numbers, new) = (train.numbers(), test.numbers());
        let sample = train.sample(&numbers);
        for cut in [Cut::Random, Cut::Best] {
            let parameters = forest_of(100, cut);
            let assessed = fit_assessed(&sample, &parameters, 1, Some(2), &mut |_| true).unwrap();
            let out = assessed.out_of_bag.unwrap();
            assert_eq!(out.never_out, 0);
            let unseen = accuracy(&out.probabilities, &train.labels, 3);
            let said = assessed.forest.predict(Matrix::new(&new, 10).unwrap()).unwrap();
            let held_out = accuracy(&said, &test.labels, 3);
            // Twice the standard error of a share of a thousand rows, and of the other.
            let error = (unseen * (1.0 - unseen) * (1.0 / 1000.0 + 1.0 / 4000.0)).sqrt();
            assert!((unseen - held_out).abs() < 2.0 * error, "{unseen} {held_out}");
        }
    }

    #[test]
    fn rows_that_all_trees_have_seen_are_counted_and_have_no_probability() {
        let table = table(500, 5, 2, 3);
        let numbers = table.numbers();
        let sample = table.sample(&numbers);
        let parameters = forest_of(2, Cut::Random);
        let assessed = fit_assessed(&sample, &parameters, 1, Some(2), &mut |_| true).unwrap();
        let out = assessed.out_of_bag.unwrap();
        let nan = out.probabilities.chunks_exact(2).filter(|row| row.iter().all(|p| p.is_nan()));
        assert_eq!(nan.count(), out.never_out);
        // Two of two samples hold a row with a probability of .632².
        assert!((130..270).contains(&out.never_out), "{}", out.never_out);
    }
}
