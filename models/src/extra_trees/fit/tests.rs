//! Tests of whole forests, and the tables that other tests use, too.

use super::super::class_weight::ClassWeight;
use super::super::matrix::Matrix;
use super::super::oracle;
use super::super::parameters::{Criterion, MaxFeatures};
use super::super::threshold::Threshold;
use super::*;
use proptest::prelude::*;
use tesela_datasets::random::{below, generator, unit};

#[expect(clippy::cast_possible_truncation, reason = "any number will do")]
/// Rows with continuous, coarse, constant and nearly constant columns, some of which tell the class.
pub(in super::super) fn table(
    rows: usize,
    columns: usize,
    classes: u16,
    seed: u64,
) -> oracle::Table {
    let mut draws = generator(seed, &[]);
    let mut table = oracle::Table {
        rows: Vec::new(),
        labels: Vec::new(),
        classes: usize::from(classes),
        weights: None,
    };
    for _ in 0..rows {
        let class = u16::try_from(below(&mut draws, u64::from(classes))).unwrap();
        let row = (0..columns).map(|column| match column % 5 {
            0 => (unit(&mut draws) * 10.0 - 5.0) as f32,
            1 => (f64::from(class) + unit(&mut draws) * 3.0) as f32,
            2 => below(&mut draws, 3) as f32 - 1.0,
            3 => 3.3,
            _ => {
                if below(&mut draws, 20) == 0 {
                    1.0
                } else {
                    -0.0
                }
            }
        });
        table.rows.push(row.collect());
        table.labels.push(class);
    }
    table
}

pub(in super::super) fn grow(
    table: &oracle::Table,
    parameters: &Parameters,
    threads: usize,
) -> Forest {
    grow_with(table, parameters, threads, [FEW_ROWS, MOST_EDGES])
}

fn grow_with(
    table: &oracle::Table,
    parameters: &Parameters,
    threads: usize,
    [few_rows, most_edges]: [usize; 2],
) -> Forest {
    let numbers = table.numbers();
    let work = Work::new(table.sample(&numbers), parameters, 11);
    let work = Work { few_rows, most_edges, ..work };
    work.grow(Some(threads), &mut |_| true).unwrap().forest
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_engine_is_the_oracle_bit_for_bit(
        (table, mut parameters) in (table_of_any_kind(), parameters_of_any_kind()),
    ) {
        if let ClassWeight::InOrder(weights) = &mut parameters.class_weight {
            *weights = weights.iter().copied().cycle().take(table.classes).collect();
        }
        let numbers = table.numbers();
        prop_assume!(Bagging::new(&table.sample(&numbers), &parameters).is_ok());
        let expected = oracle::grow(&table, &parameters, 11);
        // Columns one by one or side by side, between few edges or many.
        for way in [[0, 5], [2, 1], [33, MOST_EDGES], [100, 12], [8192, 5], [8192, MOST_EDGES]] {
            let forest = grow_with(&table, &parameters, 1, way);
            prop_assert!(forest == expected, "{way:?}");
        }
    }
}

fn table_of_any_kind() -> impl Strategy<Value = oracle::Table> {
    let weights = prop_oneof![Just(None), Just(Some(3.0)), Just(Some(0.7)), Just(Some(1e6)),];
    (2_usize..200, 1_usize..14, 2_u16..12, any::<u64>(), weights).prop_map(
        |(rows, columns, classes, seed, most)| {
            let mut table = table(rows, columns, classes, seed);
            if seed % 2 == 0 {
                lose(&mut table, seed);
            }
            if seed % 3 == 0 {
                crowd(&mut table, seed);
            }
            let mut draws = generator(seed, &[1]);
            table.weights = most.map(|most| {
                let weight = |_| match most {
                    // A few whole weights; any; any large whole ones.
                    3.0 => below(&mut draws, 4) as f64,
                    1e6 => (unit(&mut draws) * most).round(),
                    _ => unit(&mut draws) * most,
                };
                (1..rows).map(weight).chain([1.0]).collect()
            });
            table
        },
    )
}

/// Makes some columns neighbouring floats.
fn crowd(table: &mut oracle::Table, seed: u64) {
    let mut draws = generator(seed, &[3]);
    for row in &mut table.rows {
        for (column, value) in row.iter_mut().enumerate().filter(|(column, _)| column % 4 == 0) {
            let base = [1e30_f32, -1.0, 4.0][column / 4 % 3];
            let step = u32::try_from(below(&mut draws, 5)).unwrap();
            *value = f32::from_bits(base.to_bits() + step);
        }
    }
}

/// Makes some numbers of some columns missing, all of one and none of others; a class is missing more often.
fn lose(table: &mut oracle::Table, seed: u64) {
    let mut draws = generator(seed, &[2]);
    for (row, label) in table.rows.iter_mut().zip(&table.labels) {
        for (column, value) in row.iter_mut().enumerate() {
            let lost = match column % 7 {
                1 | 3 => below(&mut draws, 10) == 0,
                2 => below(&mut draws, 3) <= u64::from(*label % 2),
                6 => true,
                _ => false,
            };
            *value = if lost { f32::NAN } else { *value };
        }
    }
}

fn parameters_of_any_kind() -> impl Strategy<Value = Parameters> {
    let class_weight = prop_oneof![
        3 => Just(ClassWeight::None),
        1 => Just(ClassWeight::Balanced),
        1 => Just(ClassWeight::BalancedSubsample),
        1 => Just(ClassWeight::InOrder(vec![0.3, 2.0])),
        1 => Just(ClassWeight::InOrder(vec![1.0, 0.0, 2.5])),
    ];
    let sizes = (1_usize..4, 2_usize..6, prop::option::of(1_usize..6));
    let kinds = (any::<bool>(), any::<bool>(), any::<bool>(), class_weight);
    let decrease = prop_oneof![Just(0.0), 0.0..0.02_f64];
    let laws = prop_oneof![
        2 => Just(Threshold::Uniform),
        1 => Just(Threshold::QuantileUniform),
        1 => Just(Threshold::LogUniform),
    ];
    (sizes, kinds, 0.01..1.0_f64, decrease, laws).prop_map(
        |(
            (leaf, split, depth),
            (best, entropy, bootstrap, class_weight),
            share,
            decrease,
            threshold,
        )| {
            Parameters {
                n_trees: 3,
                cut: if best { Cut::Best } else { Cut::Random },
                max_features: MaxFeatures::Share(share),
                min_samples_leaf: leaf,
                min_samples_split: split,
                max_depth: depth,
                min_impurity_decrease: decrease,
                criterion: if entropy { Criterion::Entropy } else { Criterion::Gini },
                threshold,
                bootstrap,
                class_weight,
                select: None,
            }
        },
    )
}

#[test]
fn a_forest_does_not_depend_on_the_number_of_threads() {
    let table = table(3000, 23, 3, 5);
    for bootstrap in [false, true] {
        let parameters = Parameters { n_trees: 9, bootstrap, ..Parameters::default() };
        let one = grow(&table, &parameters, 1);
        for threads in [2, 3, 16] {
            assert!(grow(&table, &parameters, threads) == one, "{threads} threads");
        }
    }
}

#[test]
fn a_forest_of_some_columns_finds_them_in_wider_rows() {
    let table = table(300, 600, 3, 5);
    let positions = [1_u32, 7, 11, 580];
    let narrow: Vec<f32> =
        table.rows.iter().flat_map(|row| positions.map(|column| row[column as usize])).collect();
    let narrow = Matrix::new(&narrow, positions.len()).unwrap();
    let sample = Sample::new(narrow, &table.labels, 3).unwrap();
    for cut in [Cut::Random, Cut::Best] {
        let parameters = Parameters { n_trees: 5, cut, ..Parameters::default() };
        let work = Work::new(sample, &parameters, 3);
        let place = Some(Place { width: 600, positions: &positions });
        let expected = work.grow(Some(1), &mut |_| true).unwrap().forest;
        let forest = Work { place, ..work }.grow(Some(1), &mut |_| true).unwrap().forest;
        assert_eq!(forest.columns(), 600);
        let numbers = table.numbers();
        let wide = Matrix::new(&numbers, 600).unwrap();
        assert_eq!(forest.predict(wide).unwrap(), expected.predict(narrow).unwrap());
    }
}

#[test]
fn distinct_rows_are_learned_without_error() {
    let table = table(1500, 10, 4, 6);
    let numbers = table.numbers();
    let forest = grow(&table, &Parameters { n_trees: 2, ..Parameters::default() }, 2);
    let probabilities = forest.predict(Matrix::new(&numbers, 10).unwrap()).unwrap();
    for (row, &label) in table.labels.iter().enumerate() {
        assert_eq!(probabilities[row * 4 + usize::from(label)], 1.0, "row {row}");
    }
}

#[test]
fn bootstrap_leaves_out_a_third_of_the_rows() {
    let table = table(2000, 5, 2, 8);
    let parameters = Parameters { n_trees: 1, bootstrap: true, ..Parameters::default() };
    let forest = grow(&table, &parameters, 1);
    let numbers = table.numbers();
    let probabilities = forest.predict(Matrix::new(&numbers, 5).unwrap()).unwrap();
    let right = table
        .labels
        .iter()
        .enumerate()
        .filter(|(row, label)| probabilities[row * 2 + usize::from(**label)] == 1.0)
        .count();
    // All of the 63 % that it has seen, and some of the others.
    assert!((1264..1950).contains(&right), "{right}");
}

#[test]
fn a_forest_is_given_up_when_asked() {
    let table = table(4000, 20, 2, 7);
    let numbers = table.numbers();
    let matrix = Matrix::new(&numbers, 20).unwrap();
    let sample = Sample::new(matrix, &table.labels, 2).unwrap();
    let parameters = Parameters { n_trees: 50_000, ..Parameters::default() };
    let mut heard = 0;
    let error = fit(&sample, &parameters, 1, Some(2), &mut |done| {
        heard = done;
        done < 3
    });
    assert!(matches!(error, Err(ForestError::Interrupted)));
    assert_eq!(heard, 3);
}

#[test]
fn unusable_samples_are_refused_with_the_reason() {
    let matrix = |numbers: &'static [f32]| Matrix::new(numbers, 2).unwrap();
    let reason = |matrix, labels| Sample::new(matrix, labels, 2).unwrap_err().to_string();
    assert_eq!(reason(matrix(&[]), &[]), "there are no rows; expected at least 1");
    assert_eq!(reason(matrix(&[1.0, 2.0]), &[0, 1]), "there are 2 labels for 1 rows");
    assert_eq!(reason(matrix(&[1.0, 2.0]), &[2]), "the label of row 0 is 2; there are 2 classes");
    assert_eq!(
        reason(matrix(&[1.0, 2.0, 0.0, f32::INFINITY]), &[0, 1]),
        "row 1, column 1 is inf; expected a finite number, or NaN where it is missing"
    );
    let numbers = [1.0, 2.0];
    let sample = Sample::new(Matrix::new(&numbers, 2).unwrap(), &[0], 2).unwrap();
    let parameters = Parameters { max_features: MaxFeatures::Count(3), ..Parameters::default() };
    let error = fit(&sample, &parameters, 1, Some(1), &mut |_| true).unwrap_err();
    assert_eq!(error.to_string(), "`max-features` is 3; there are 2 columns");
}
