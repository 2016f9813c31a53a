//! The laws that forests obey: how splits are distributed, what weights and missing numbers mean, and what
//! extreme numbers do.

use proptest::prelude::*;

use super::super::class_weight::ClassWeight;
use super::super::fit::{Work, tests::table};
use super::super::matrix::Matrix;
use super::super::oracle::Table;
use super::super::parameters::{Criterion, Cut, MaxFeatures, Parameters};
use super::super::table::Sample;
use super::super::tree::{Layout, Tree};
use super::super::{Forest, fit};

/// Trees whose root is looked at.
const TREES: usize = 50_000;

fn grow(table: &Table, parameters: &Parameters) -> (Forest, Vec<Tree>) {
    let numbers = table.numbers();
    let sample = table.sample(&numbers);
    let work = Work::new(sample, parameters, 3);
    let grown = work.grow(Some(2), &mut |_| true).unwrap();
    (grown.forest, grown.trees)
}

fn rows(rows: &[&[f32]], labels: &[u16]) -> Table {
    let rows = rows.iter().map(|row| row.to_vec()).collect();
    let classes = usize::from(*labels.iter().max().unwrap()) + 1;
    Table { rows, labels: labels.to_vec(), classes, weights: None }
}

fn stumps(tries: u64, cut: Cut) -> Parameters {
    Parameters {
        n_trees: TREES,
        cut,
        max_features: MaxFeatures::Count(tries),
        max_depth: Some(1),
        ..Parameters::default()
    }
}

/// Column, threshold and side of the missing of the roots.
fn roots(table: &Table, parameters: &Parameters) -> Vec<(usize, f32, bool)> {
    let layout = Layout::new(table.rows[0].len());
    let root = |tree: &Tree| {
        let node = tree.nodes[0];
        (layout.column(node), node.threshold(), layout.missing_left(node))
    };
    grow(table, parameters).1.iter().map(root).collect()
}

/// Chi-square of counts against probabilities; what is impossible must not have happened.
fn chi_square(counts: &[u32], probabilities: &[f64]) -> (f64, usize) {
    let total = f64::from(counts.iter().sum::<u32>());
    let (mut sum, mut cells) = (0.0, 0);
    for (&count, &probability) in counts.iter().zip(probabilities) {
        if probability == 0.0 {
            assert_eq!(count, 0);
            continue;
        }
        sum += (f64::from(count) - total * probability).powi(2) / (total * probability);
        cells += 1;
    }
    (sum, cells - 1)
}

/// Passed by chance once in ten thousand: the approximation of Wilson and Hilferty.
fn is_likely((chi_square, freedom): (f64, usize)) -> bool {
    let spread = 2.0 / (9.0 * freedom as f64);
    ((chi_square / freedom as f64).cbrt() - (1.0 - spread)) / spread.sqrt() < 3.719
}

/// Six rows of three columns; no two splits are equally good.
fn six() -> Table {
    rows(
        &[
            &[0.0, 1.0, 9.0],
            &[1.0, 4.0, 2.0],
            &[3.0, 0.0, 7.0],
            &[3.5, 9.0, 1.0],
            &[7.0, 2.5, 0.5],
            &[9.0, 6.0, 4.0],
        ],
        &[0, 0, 1, 0, 1, 1],
    )
}

/// Gini's gain of cutting `column` behind the `rank`-th smallest number.
fn gain(table: &Table, column: usize, rank: usize) -> f64 {
    let mut order: Vec<usize> = (0..table.rows.len()).collect();
    order.sort_by(|&a, &b| table.rows[a][column].total_cmp(&table.rows[b][column]));
    let purity = |rows: &[usize]| {
        let ones = rows.iter().filter(|&&row| table.labels[row] == 1).count() as f64;
        let all = rows.len() as f64;
        (ones * ones + (all - ones) * (all - ones)) / all
    };
    purity(&order[..=rank]) + purity(&order[rank + 1..])
}

fn sorted(table: &Table, column: usize) -> Vec<f32> {
    let mut values: Vec<f32> = table.rows.iter().map(|row| row[column]).collect();
    values.sort_by(f32::total_cmp);
    values
}

/// The probability that each gap of each column is the split, `[column, gap]`, by enumeration.
fn enumerate(table: &Table, tries: usize) -> Vec<f64> {
    let gaps = table.rows.len() - 1;
    let share = |column: usize, gap: usize| {
        let values = sorted(table, column);
        f64::from(values[gap + 1] - values[gap]) / f64::from(values[gaps] - values[0])
    };
    let mut probabilities = vec![0.0; 3 * gaps];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        for code in 0..gaps.pow(3) {
            let gap_of = |place: usize| code / gaps.pow(u32::try_from(place).unwrap()) % gaps;
            // Columns beyond the tries do not matter; summing over their gaps gives one.
            let probability: f64 = (0..3).map(|place| share(order[place], gap_of(place))).product();
            let mut best = (f64::NEG_INFINITY, 0);
            for (place, &column) in order.iter().enumerate().take(tries) {
                let gap = gap_of(place);
                let gain = gain(table, column, gap);
                if gain > best.0 {
                    best = (gain, column * gaps + gap);
                }
            }
            probabilities[best.1] += probability / orders.len() as f64;
        }
    }
    probabilities
}

#[test]
fn splits_are_as_likely_as_an_enumeration_says() {
    let table = six();
    for tries in 1..=3 {
        let mut counts = vec![0_u32; 15];
        for (column, threshold, _) in roots(&table, &stumps(tries, Cut::Random)) {
            let gap =
                sorted(&table, column).iter().filter(|&&value| value <= threshold).count() - 1;
            counts[column * 5 + gap] += 1;
        }
        let probabilities = enumerate(&table, usize::try_from(tries).unwrap());
        assert!(is_likely(chi_square(&counts, &probabilities)), "{tries} tries: {counts:?}");
    }
}

#[test]
fn thresholds_are_uniform_between_the_extremes() {
    let table = six();
    let roots = roots(&table, &stumps(1, Cut::Random));
    for column in 0..3 {
        let values = sorted(&table, column);
        let (low, high) = (f64::from(values[0]), f64::from(values[5]));
        let of_column = roots.iter().filter(|root| root.0 == column);
        let mut places: Vec<f64> =
            of_column.map(|root| (f64::from(root.1) - low) / (high - low)).collect();
        places.sort_by(f64::total_cmp);
        let count = places.len() as f64;
        let apart = |(rank, place): (usize, &f64)| {
            (place - rank as f64 / count).abs().max((place - (rank + 1) as f64 / count).abs())
        };
        let distance = places.iter().enumerate().map(apart).fold(0.0, f64::max);
        // Kolmogorov and Smirnov: passed by chance once in ten thousand.
        assert!(distance * count.sqrt() < 2.23, "column {column}: {distance}");
        assert!(places[0] >= 0.0 && places[places.len() - 1] < 1.0);
    }
}

#[test]
fn constant_columns_are_passed_over_without_favour() {
    let mut table = six();
    for row in &mut table.rows {
        row.extend([3.3, 3.3, f32::NAN]);
    }
    for cut in [Cut::Random, Cut::Best] {
        let mut counts = [0_u32; 6];
        for (column, ..) in roots(&table, &stumps(1, cut)) {
            counts[column] += 1;
        }
        let third = 1.0 / 3.0;
        let probabilities = [third, third, third, 0.0, 0.0, 0.0];
        assert!(is_likely(chi_square(&counts, &probabilities)), "{cut:?}: {counts:?}");
    }
}

#[test]
fn a_fair_coin_sends_the_missing() {
    let table = rows(&[&[0.0], &[1.0], &[2.0], &[f32::NAN]], &[0, 1, 0, 1]);
    let left = roots(&table, &stumps(1, Cut::Random)).iter().filter(|root| root.2).count();
    let half = TREES as f64 / 2.0;
    assert!((left as f64 - half).abs() < 4.0 * (half / 2.0).sqrt(), "{left}");
}

#[test]
fn a_random_forest_takes_the_best_cut_of_the_columns_it_tries() {
    let table = six();
    // The first of the best.
    let better = |column, best, gap| gain(&table, column, gap) > gain(&table, column, best);
    let best = |column: usize| {
        (1..5).fold(0, |best, gap| if better(column, best, gap) { gap } else { best })
    };
    for (column, threshold, _) in roots(&table, &stumps(1, Cut::Best)).into_iter().take(2000) {
        let values = sorted(&table, column);
        let gap = best(column);
        assert_eq!(threshold, f32::midpoint(values[gap], values[gap + 1]), "column {column}");
    }
}

fn parameters(cut: Cut, criterion: Criterion) -> Parameters {
    Parameters {
        n_trees: 4,
        cut,
        criterion,
        max_features: MaxFeatures::Share(0.5),
        ..Parameters::default()
    }
}

/// The same rows, each as often as its whole weight says.
fn repeated(table: &Table) -> Table {
    let weights = table.weights.as_ref().unwrap();
    let mut result =
        Table { rows: Vec::new(), labels: Vec::new(), classes: table.classes, weights: None };
    for ((row, &label), &weight) in table.rows.iter().zip(&table.labels).zip(weights) {
        let mut times = 0.0;
        while times < weight {
            result.rows.push(row.clone());
            result.labels.push(label);
            times += 1.0;
        }
    }
    result
}

/// Splits, leaves and counts of all trees; what is missing later goes with the majority of rows, which a weight
/// does not change.
type Shapes = Vec<(Vec<(usize, u32, u32)>, Vec<u32>)>;

fn shapes(table: &Table, parameters: &Parameters) -> Shapes {
    let layout = Layout::new(table.rows[0].len());
    let shape = |tree: &Tree| {
        let node = |&node: &super::super::tree::Node| match node.leaf_code() {
            Some(code) => (usize::MAX, code, 0),
            None => (layout.column(node), node.threshold().to_bits(), layout.child(node)),
        };
        (tree.nodes.iter().map(node).collect(), tree.mixed.clone())
    };
    grow(table, parameters).1.iter().map(shape).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_whole_weight_is_a_repetition_and_none_is_absence(
        count in 3_usize..120, columns in 1_usize..9, classes in 2_u16..5, seed in any::<u64>(),
        weights in prop::collection::vec(0_u8..4, 120), best in any::<bool>(), entropy in any::<bool>(),
    ) {
        let mut table = table(count, columns, classes, seed);
        let weights: Vec<f64> = weights.into_iter().take(count - 1).map(f64::from).collect();
        table.weights = Some([weights, vec![1.0]].concat());
        let cut = if best { Cut::Best } else { Cut::Random };
        let criterion = if entropy { Criterion::Entropy } else { Criterion::Gini };
        let parameters = parameters(cut, criterion);
        prop_assert_eq!(shapes(&table, &parameters), shapes(&repeated(&table), &parameters));
    }
}

#[test]
fn a_weight_of_a_class_is_that_weight_of_its_rows() {
    let mut table = table(300, 8, 3, 9);
    let numbers = table.numbers();
    let matrix = Matrix::new(&numbers, 8).unwrap();
    for cut in [Cut::Random, Cut::Best] {
        let by_class = Parameters {
            class_weight: ClassWeight::InOrder(vec![1.0, 3.0, 0.0]),
            max_depth: Some(3),
            ..parameters(cut, Criterion::Gini)
        };
        table.weights = None;
        let expected = grow(&table, &by_class).0.predict(matrix).unwrap();
        let weight = |label: &u16| [1.0, 3.0, 0.0][usize::from(*label)];
        table.weights = Some(table.labels.iter().map(weight).collect());
        let by_row = Parameters { class_weight: ClassWeight::None, ..by_class };
        let found = grow(&table, &by_row).0.predict(matrix).unwrap();
        assert_eq!(found, expected);
        assert!(found.chunks_exact(3).all(|row| row[2] == 0.0));
    }
}

/// The share of rows whose own class is the most probable one.
fn accuracy(forest: &Forest, table: &Table) -> f64 {
    let numbers = table.numbers();
    let matrix = Matrix::new(&numbers, table.rows[0].len()).unwrap();
    let said = forest.predict(matrix).unwrap();
    let right = said
        .chunks_exact(table.classes)
        .zip(&table.labels)
        .filter(|(row, label)| row.iter().all(|&other| other <= row[usize::from(**label)]));
    right.count() as f64 / table.labels.len() as f64
}

#[test]
fn what_only_the_missing_tell_is_learned_by_both_models() {
    let telling = |seed| {
        let mut table = table(400, 3, 2, seed);
        for (row, &label) in table.rows.iter_mut().zip(&table.labels) {
            // The first column is noise whose absence tells the class; the second is missing altogether.
            row[0] = if label == 1 { f32::NAN } else { row[0] };
            row[1] = f32::NAN;
        }
        table
    };
    let (train, test) = (telling(1), telling(2));
    for cut in [Cut::Random, Cut::Best] {
        let parameters = Parameters { n_trees: 30, ..parameters(cut, Criterion::Gini) };
        let (forest, trees) = grow(&train, &parameters);
        assert!(accuracy(&forest, &test) > 0.95, "{cut:?}: {}", accuracy(&forest, &test));
        let layout = Layout::new(3);
        let splits = trees.iter().flat_map(|tree| &tree.nodes);
        let mut splits = splits.filter(|node| node.leaf_code().is_none());
        assert!(splits.all(|&node| layout.column(node) != 1));
    }
}

#[test]
fn what_is_missing_only_later_goes_with_the_majority() {
    for (numbers, labels, expected) in [
        ([0.0, 1.0, 2.0, 9.0], [0, 0, 0, 1], [1.0, 0.0]),
        ([0.0, 7.0, 8.0, 9.0], [0, 1, 1, 1], [0.0, 1.0]),
    ] {
        let sample = Sample::new(Matrix::new(&numbers, 1).unwrap(), &labels, 2).unwrap();
        let parameters =
            Parameters { max_depth: Some(1), ..parameters(Cut::Best, Criterion::Gini) };
        let forest = fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap();
        let missing = [f32::NAN];
        assert_eq!(forest.predict(Matrix::new(&missing, 1).unwrap()).unwrap(), expected);
    }
}

#[test]
fn extreme_numbers_are_told_apart() {
    let tiny = f32::from_bits(1);
    let cases: [&[f32]; 6] = [
        &[f32::MIN, f32::MAX],
        &[-3e38, 3e38, 1e38, -1e38],
        &[1e30, 1.000_000_1e30],
        &[16_777_216.0, 16_777_218.0, 16_777_220.0],
        &[1.0, 1.0_f32.next_up().next_up()],
        &[-1.0, tiny, 1.0],
    ];
    for numbers in cases {
        let labels: Vec<u16> = (0..numbers.len()).map(|row| u16::from(row % 2 == 1)).collect();
        let sample = Sample::new(Matrix::new(numbers, 1).unwrap(), &labels, 2).unwrap();
        for cut in [Cut::Random, Cut::Best] {
            let parameters = parameters(cut, Criterion::Gini);
            let forest = fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap();
            let said = forest.predict(Matrix::new(numbers, 1).unwrap()).unwrap();
            for (row, &label) in said.chunks_exact(2).zip(&labels) {
                assert_eq!(row[usize::from(label)], 1.0, "{cut:?} of {numbers:?}");
            }
        }
    }
}

#[test]
fn zeros_of_both_signs_and_subnormal_numbers_are_one_constant() {
    let numbers = [0.0, -0.0, f32::from_bits(1), -f32::MIN_POSITIVE];
    let sample = Sample::new(Matrix::new(&numbers, 1).unwrap(), &[0, 1, 0, 1], 2).unwrap();
    for cut in [Cut::Random, Cut::Best] {
        let parameters = parameters(cut, Criterion::Gini);
        let forest = fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap();
        assert_eq!(forest.nodes(), 4, "each of four trees is a leaf");
        assert_eq!(forest.predict(Matrix::new(&[0.0], 1).unwrap()).unwrap(), [0.5, 0.5]);
    }
}

#[test]
fn unusable_weights_are_refused_with_the_reason() {
    let numbers = [1.0, 2.0];
    let sample = Sample::new(Matrix::new(&numbers, 1).unwrap(), &[0, 1], 2).unwrap();
    let reason = |weights: &[f64]| sample.with_weights(weights).unwrap_err().to_string();
    let expected = "expected 0 or a finite number above";
    assert_eq!(reason(&[1.0, -0.5]), format!("the weight of row 1 is -0.5; {expected}"));
    assert_eq!(reason(&[f64::NAN, 1.0]), format!("the weight of row 0 is NaN; {expected}"));
    assert_eq!(reason(&[0.0, 0.0]), "all 2 weights are 0; expected at least one above");
    assert_eq!(reason(&[1.0]), "there are 1 weights for 2 rows");
    let refuse = |class_weight, labels: &[u16]| {
        let parameters = Parameters { class_weight, ..Parameters::default() };
        let sample = Sample::new(Matrix::new(&numbers, 1).unwrap(), labels, 2).unwrap();
        fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap_err().to_string()
    };
    assert_eq!(
        refuse(ClassWeight::InOrder(vec![1.0]), &[0, 1]),
        "`class-weight` lists 1 weights; there are 2 classes"
    );
    assert_eq!(
        refuse(ClassWeight::InOrder(vec![0.0, 1.0]), &[0, 0]),
        "all rows weigh 0 with the weights of their classes; expected more"
    );
    let named = ClassWeight::Named([("urban".to_owned(), 2.0)].into());
    assert!(refuse(named, &[0, 1]).contains("have no names here"));
}

#[test]
fn more_rows_times_trees_than_32_bits_count_are_no_trouble() {
    let (rows, trees) = (66_000, 66_000);
    let table = Table {
        rows: (0..rows).map(|row| vec![f32::from(u8::from(row % 2 == 0))]).collect(),
        labels: vec![1; rows],
        classes: 2,
        weights: None,
    };
    let parameters = Parameters { n_trees: trees, ..Parameters::default() };
    // With one class each tree is a leaf, so that it does not take long.
    let (forest, _) = grow(&table, &parameters);
    assert_eq!(forest.nodes(), trees);
    assert_eq!(forest.predict(Matrix::new(&[0.0], 1).unwrap()).unwrap(), [0.0, 1.0]);
}
