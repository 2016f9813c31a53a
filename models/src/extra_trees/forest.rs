//! A fitted forest, and what it says about rows.

use super::ForestError;
use super::forest_view::{ForestView, Spread};
use super::group::Group;
use super::matrix::Matrix;
use super::tree::{Layout, Tree};

/// Trees that vote by the classes of the training rows in the leaf that a row falls into.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    columns: usize,
    layout: Layout,
    class_weights: Vec<f64>,
    groups: Vec<Group>,
}

impl Forest {
    /// The forest of `trees` over `columns`, whose rows weigh `class_weights`.
    pub(crate) fn new(columns: usize, class_weights: Vec<f64>, trees: &[Tree]) -> Self {
        let layout = Layout::new(columns);
        let groups = Group::of_trees(trees, layout, &class_weights);
        Self { columns, layout, class_weights, groups }
    }

    /// Number of columns of the rows that it predicts.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.class_weights.len()
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.groups.iter().map(Group::trees).sum()
    }

    /// Number of splits and leaves of all trees.
    pub fn nodes(&self) -> usize {
        self.groups.iter().map(Group::count).sum()
    }

    /// The forest as it is walked; it can be written as a file that is walked where it lies.
    pub fn view(&self) -> ForestView<'_> {
        let groups = self.groups.iter().map(Group::view).collect();
        ForestView::new(self.columns, self.classes(), groups)
    }

    /// The probability of each class for each row of `matrix`, `[row, class]`, as of [`ForestView::predict`].
    ///
    /// # Errors
    /// If the matrix has another number of columns.
    pub fn predict(&self, matrix: Matrix<'_>) -> Result<Vec<f32>, ForestError> {
        self.view().predict(matrix)
    }

    /// As [`Self::predict`], with the spread of the trees around each probability, from the same walk.
    ///
    /// # Errors
    /// If the matrix has another number of columns.
    pub fn predict_with_spread(&self, matrix: Matrix<'_>) -> Result<Spread, ForestError> {
        self.view().predict_with_spread(matrix)
    }

    /// The layout of the nodes.
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// The weight of a row of each class.
    pub(crate) fn class_weights(&self) -> &[f64] {
        &self.class_weights
    }

    /// The trees, in order, in groups.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::{grow, table};
    use super::super::parameters::Parameters;
    use super::super::tree::MOST_COLUMNS;
    use super::super::votes::mean;
    use super::*;
    use proptest::prelude::*;

    /// Trees of every shape with mixed leaves, over `columns`.
    fn forest(trees: usize, columns: usize, classes: u16, leaf: usize) -> (Forest, Vec<f32>) {
        let table = table(300, columns, classes, 3);
        let parameters =
            Parameters { n_trees: trees, min_samples_leaf: leaf, ..Parameters::default() };
        (grow(&table, &parameters, 1), table.rows.concat())
    }

    /// What each tree gives for `row`, by the nodes alone: `[tree, class]`.
    fn by_hand(forest: &Forest, row: &[f32]) -> Vec<Vec<f32>> {
        let (layout, classes) = (forest.layout, forest.classes());
        let trees = forest
            .groups
            .iter()
            .flat_map(|group| (0..group.trees()).map(move |tree| (group, tree)));
        let walk = |(group, tree): (&Group, usize)| {
            let mut node = group.node(group.root(tree));
            while node.leaf_code().is_none() {
                let value = row[layout.column(node)];
                let left = if value.is_nan() {
                    layout.missing_left(node)
                } else {
                    value <= node.threshold()
                };
                node = group.node(layout.child(node) + u32::from(!left));
            }
            group.shares_of(node.leaf_code().unwrap(), classes)
        };
        trees.map(walk).collect()
    }

    fn assert_agrees(forest: &Forest, numbers: &[f32]) {
        let matrix = Matrix::new(numbers, forest.columns()).unwrap();
        let classes = forest.classes();
        let spread = forest.predict_with_spread(matrix).unwrap();
        assert_eq!(forest.predict(matrix).unwrap(), spread.probabilities);
        for (row, (means, deviations)) in spread
            .probabilities
            .chunks_exact(classes)
            .zip(spread.deviations.chunks_exact(classes))
            .enumerate()
        {
            let single = by_hand(forest, matrix.row(row));
            for class in 0..classes {
                let values = || single.iter().map(|shares| f64::from(shares[class]));
                let sum: f64 = values().sum();
                assert_eq!(means[class], mean(sum, single.len()), "row {row}");
                let trees = single.len() as f64;
                let variance = values().map(|value| (value - sum / trees).powi(2)).sum::<f64>();
                let expected = (variance / trees).sqrt();
                assert!((f64::from(deviations[class]) - expected).abs() < 1e-7, "row {row}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn the_forest_says_what_its_trees_say(
            trees in 1_usize..24, columns in 1_usize..30, classes in 2_u16..6, leaf in 1_usize..20,
            missing in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
        ) {
            let (forest, mut numbers) = forest(trees, columns, classes, leaf);
            assert_eq!(forest.trees(), trees);
            for place in missing {
                let place = place.index(numbers.len());
                numbers[place] = f32::NAN;
            }
            numbers[0] = f32::INFINITY;
            numbers[columns] = f32::NEG_INFINITY;
            assert_agrees(&forest, &numbers);
        }
    }

    #[test]
    fn every_width_of_rows_is_walked() {
        for columns in [512, 513, 1025, 2049, 4097, 8193, 16_385, MOST_COLUMNS] {
            let (layout, numbers) = (Layout::new(columns), vec![1.5; 3 * columns]);
            let last = u32::try_from(columns - 1).unwrap();
            let tree = Tree {
                nodes: vec![layout.split(last, 1.0, true, 1), layout.leaf(1, 0), layout.leaf(2, 1)],
                mixed: Vec::new(),
            };
            let forest = Forest::new(columns, vec![1.0; 2], &[tree]);
            let matrix = Matrix::new(&numbers, columns).unwrap();
            assert_eq!(forest.predict(matrix).unwrap(), [0.0, 1.0].repeat(3));
        }
    }

    #[test]
    fn probabilities_are_the_same_at_any_number_of_threads() {
        let (forest, numbers) = forest(23, 12, 3, 4);
        let numbers = numbers.repeat(20);
        let matrix = Matrix::new(&numbers, 12).unwrap();
        let predict = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| forest.predict_with_spread(matrix)).unwrap()
        };
        let one = predict(1);
        for threads in [2, 3, 16] {
            assert!(predict(threads) == one, "{threads} threads");
        }
    }

    #[test]
    fn missing_numbers_go_to_the_larger_side_where_none_were_missing_in_growing() {
        // One split, of three rows from one.
        let numbers = [0.0, 1.0, 2.0, 10.0];
        let matrix = Matrix::new(&numbers, 1).unwrap();
        for (labels, expected) in [([0, 0, 0, 1], [1.0, 0.0]), ([0, 1, 1, 1], [0.0, 1.0])] {
            let sample = super::super::Sample::new(matrix, &labels, 2).unwrap();
            let parameters = Parameters { n_trees: 1, max_depth: Some(1), ..Parameters::default() };
            let seed = (0..99).find(|&seed| {
                let forest = super::super::fit(&sample, &parameters, seed, Some(1), &mut |_| true);
                let known = forest.unwrap().predict(matrix).unwrap();
                known.iter().all(|&value| value == 0.0 || value == 1.0)
            });
            let forest =
                super::super::fit(&sample, &parameters, seed.unwrap(), Some(1), &mut |_| true);
            let missing = Matrix::new(&[f32::NAN], 1).unwrap();
            assert_eq!(forest.unwrap().predict(missing).unwrap(), expected);
        }
    }

    #[test]
    fn rows_of_other_columns_are_refused() {
        let (forest, numbers) = forest(1, 5, 2, 1);
        let error = forest.predict(Matrix::new(&numbers[..12], 6).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "there are 6 columns; the forest was grown on 5");
    }
}
