//! Which rows a tree is grown on, and how much each counts.

use super::amounts::{Amounts, balanced, real};
use super::class_weight::ClassWeight;
use super::draw::Draws;
use super::parameters::Parameters;
use super::table::Sample;

/// Row numbers, their classes and amounts, permuted together.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) ids: Vec<u32>,
    pub(crate) classes: Vec<u16>,
    /// How much each row counts; each counts once where this is empty.
    pub(crate) amounts: Vec<u64>,
}

impl Rows {
    /// The rows from `range` on, to be looked at.
    #[inline(always)]
    pub(crate) fn of(&self, range: std::ops::Range<usize>) -> RowsOf<'_> {
        let amounts = if self.amounts.is_empty() { &[][..] } else { &self.amounts[range.clone()] };
        RowsOf { ids: &self.ids[range.clone()], classes: &self.classes[range], amounts }
    }

    /// How much row `index` counts.
    #[inline(always)]
    pub(crate) fn amount(&self, index: usize) -> u64 {
        self.amounts.get(index).copied().unwrap_or(1)
    }
}

/// Some rows of [`Rows`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowsOf<'n> {
    pub(crate) ids: &'n [u32],
    pub(crate) classes: &'n [u16],
    /// How much each row counts; each counts once where this is empty.
    pub(crate) amounts: &'n [u64],
}

/// The rule by which each tree gets its rows.
#[derive(Debug)]
pub(crate) struct Bagging {
    draw: Option<Draw>,
    amounts: Amounts,
    balanced_subsample: bool,
}

/// How rows are drawn with replacement.
#[derive(Debug)]
struct Draw {
    rows: usize,
    /// Up to and with each row, where rows are not equally likely.
    cumulative: Option<Vec<u64>>,
}

impl Bagging {
    /// The rule of `parameters` on `sample`.
    ///
    /// As in scikit-learn 1.9 a bootstrap sample is drawn with probabilities proportional to the weights of
    /// rows and classes, and only counts from there on; and a balanced subsample weighs the classes anew.
    ///
    /// # Errors
    /// If the weights of the classes do not suit the sample.
    pub(crate) fn new(sample: &Sample<'_>, parameters: &Parameters) -> Result<Self, String> {
        if !parameters.bootstrap {
            let amounts = Amounts::new(sample, &parameters.class_weight)?;
            return Ok(Self { draw: None, amounts, balanced_subsample: false });
        }
        let balanced_subsample = parameters.class_weight == ClassWeight::BalancedSubsample;
        let weighted =
            if balanced_subsample { &ClassWeight::None } else { &parameters.class_weight };
        let amounts = Amounts::new(sample, weighted)?.folded(sample.labels());
        let cumulative = amounts.rows.as_ref().map(|rows| {
            let mut sum = 0;
            rows.iter()
                .map(|&amount| {
                    sum += amount;
                    sum
                })
                .collect()
        });
        let draw = Some(Draw { rows: sample.rows(), cumulative });
        let amounts = Amounts { rows: None, classes: amounts.classes };
        Ok(Self { draw, amounts, balanced_subsample })
    }

    /// The factor of each class, where all trees share them.
    pub(crate) fn class_weights(&self) -> &[f64] {
        &self.amounts.classes
    }

    /// Whether each row counts once in each tree.
    pub(crate) fn is_plain(&self) -> bool {
        self.draw.is_none() && self.amounts.rows.is_none()
    }

    /// Whether leaves can be told by numbers of rows that fit 32 bits, weighed by [`Self::class_weights`].
    pub(crate) fn is_counted(&self) -> bool {
        let total = self.amounts.rows.as_ref().map_or(0, |rows| rows.iter().sum::<u64>());
        !self.balanced_subsample && u32::try_from(total).is_ok()
    }

    /// How often each row of the sample is drawn for tree number `tree`; `None` where rows are not drawn.
    pub(crate) fn times(&self, seed: u64, tree: usize) -> Option<Vec<u32>> {
        let draw = self.draw.as_ref()?;
        let mut draws = Draws::bootstrap(seed, tree);
        let mut times = vec![0; draw.rows];
        let bound = u32::try_from(draw.rows).expect("a table has less than 2³² rows");
        for _ in 0..draw.rows {
            let row = match &draw.cumulative {
                None => draws.below(bound) as usize,
                Some(sums) => {
                    let point = draws.below_wide(sums[draw.rows - 1]);
                    sums.partition_point(|&sum| sum <= point)
                }
            };
            times[row] += 1;
        }
        Some(times)
    }

    /// Puts the rows of tree number `tree` into `rows`, in order, and the factors of its classes into
    /// `weights`.
    pub(crate) fn fill(
        &self,
        seed: u64,
        tree: usize,
        labels: &[u16],
        rows: &mut Rows,
        weights: &mut Vec<f64>,
    ) {
        rows.amounts.clear();
        rows.ids.clear();
        if let Some(times) = self.times(seed, tree) {
            rows.ids.extend((0..).zip(&times).filter(|(_, times)| **times > 0).map(|(id, _)| id));
            let drawn = times.into_iter().filter(|&times| times > 0);
            rows.amounts.extend(drawn.map(u64::from));
        } else if let Some(amounts) = &self.amounts.rows {
            let positive = (0..).zip(amounts).filter(|(_, amount)| **amount > 0);
            rows.ids.extend(positive.map(|(id, _)| id));
            rows.amounts.extend(amounts.iter().filter(|&&amount| amount > 0));
        } else {
            rows.ids.extend((0..).take(labels.len()));
        }
        rows.classes.clear();
        rows.classes.extend(rows.ids.iter().map(|&id| labels[id as usize]));
        weights.clone_from(&self.amounts.classes);
        if self.balanced_subsample {
            let mut totals = vec![0.0; weights.len()];
            for (index, &class) in rows.classes.iter().enumerate() {
                totals[usize::from(class)] += real(rows.amount(index));
            }
            *weights = balanced(&totals);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::matrix::Matrix;
    use super::*;

    fn bagging(weights: Option<&[f64]>, labels: &[u16], class_weight: ClassWeight) -> Bagging {
        let numbers = vec![0.0; labels.len()];
        let sample = Sample::new(Matrix::new(&numbers, 1).unwrap(), labels, 2).unwrap();
        let sample = match weights {
            Some(weights) => sample.with_weights(weights).unwrap(),
            None => sample,
        };
        let parameters = Parameters { bootstrap: true, class_weight, ..Parameters::default() };
        Bagging::new(&sample, &parameters).unwrap()
    }

    #[test]
    fn a_row_is_in_a_bootstrap_sample_with_the_probability_of_the_law() {
        let labels = vec![0; 1000];
        let bagging = bagging(None, &labels, ClassWeight::None);
        let drawn =
            |tree| bagging.times(5, tree).unwrap().iter().filter(|&&times| times > 0).count();
        let mean = (0..100).map(|tree| drawn(tree) as f64 / 1000.0).sum::<f64>() / 100.0;
        // 1 - (1 - 1/n)ⁿ; the mean of a hundred has a standard deviation below .0011.
        assert!((mean - 0.632_304_6).abs() < 0.005, "{mean}");
        assert_eq!(bagging.times(5, 3).unwrap().iter().sum::<u32>(), 1000);
    }

    #[test]
    fn rows_are_drawn_in_proportion_to_their_weights() {
        let labels = vec![0; 1000];
        let weights: Vec<f64> = (0..1000).map(|row| f64::from(row % 4)).collect();
        let bagging = bagging(Some(&weights), &labels, ClassWeight::None);
        let mut counts = [0.0; 4];
        for tree in 0..100 {
            for (row, times) in bagging.times(1, tree).unwrap().into_iter().enumerate() {
                counts[row % 4] += f64::from(times);
            }
        }
        assert_eq!(counts[0], 0.0);
        for (weight, count) in counts.iter().enumerate().skip(1) {
            let expected = 100_000.0 * weight as f64 / 6.0;
            assert!((count - expected).abs() < 5.0 * expected.sqrt(), "{counts:?}");
        }
    }

    #[test]
    fn classes_weigh_in_the_draw_or_anew_in_the_subsample() {
        let labels: Vec<u16> = (0..1000).map(|row| u16::from(row % 10 == 0)).collect();
        let mut rows = Rows::default();
        let mut weights = Vec::new();
        let ones = |rows: &Rows| {
            let of = |index: usize| rows.amount(index) * u64::from(rows.classes[index]);
            real((0..rows.ids.len()).map(of).sum())
        };
        bagging(None, &labels, ClassWeight::Balanced).fill(1, 0, &labels, &mut rows, &mut weights);
        assert_eq!(weights, [1.0, 1.0]);
        assert!((ones(&rows) - 500.0).abs() < 80.0, "{}", ones(&rows));
        let subsample = bagging(None, &labels, ClassWeight::BalancedSubsample);
        subsample.fill(1, 0, &labels, &mut rows, &mut weights);
        assert!((ones(&rows) - 100.0).abs() < 50.0, "{}", ones(&rows));
        let (one, zero) = (ones(&rows), 1000.0 - ones(&rows));
        assert_eq!(weights, [1000.0 / (2.0 * zero), 1000.0 / (2.0 * one)]);
        assert!(!subsample.is_counted());
    }
}
