//! Forests: of tables with missing numbers, and of the features of patches.

use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::SampleType;
use tesela_datasets::pixel::{Band, Product};
use tesela_datasets::source::{Batch, CellSource};
use tesela_models::classifier::Unobserved;
use tesela_models::ensemble::Ensemble;

use super::cells::{definition, extreme, fitted, operating_points, recipe, table};
use super::runtime::{TOLERANCE, check, compare, export, features, run};

fn rows(source: &dyn CellSource) -> Batch {
    let order: Vec<u32> = (0..).take(source.len()).collect();
    source.stream(&order, source.len()).unwrap().next().unwrap().unwrap()
}

/// The forest of `text` on a table of so many classes, against itself in ONNX Runtime.
fn check_table(text: &str, classes: usize, point: usize) {
    let train = table(classes, 240);
    let forest = recipe(text).fit(&train, &table(classes, 0), &mut Unobserved).unwrap();
    let mut cells = rows(&table(classes, 500));
    let Batch::Rows(values) = &mut cells else { unreachable!() };
    values.values[..5].fill(f32::NAN);
    values.values[5..9].fill(f32::NAN);
    values.values[10..15].fill(f32::MAX);
    values.values[15..20].fill(f32::MIN);
    values.values[20..25].fill(-0.0);
    check(&*forest, Some(&operating_points(classes)[point]), &cells);
}

#[test]
fn extra_trees_agree_on_tables_with_missing_numbers() {
    check_table("[extra-trees]\nn-trees = 100\n", 2, 2);
    check_table("[extra-trees]\nn-trees = 30\nmin-samples-leaf = 4\n", 3, 3);
}

#[test]
fn random_forests_agree_and_so_do_weighted_leaves() {
    check_table("[random-forest]\nn-trees = 50\nmax-depth = 4\n", 2, 1);
    check_table(
        "[random-forest]\nn-trees = 20\nclass-weight = { urbana = 3.0 }\nmax-depth = 3\n",
        4,
        2,
    );
}

#[test]
fn columns_that_a_selection_left_out_are_given_all_the_same() {
    check_table(
        "[extra-trees]\nn-trees = 20\nselect = { fwe-alpha = 0.001, variance-threshold = 0.0 }\n",
        2,
        0,
    );
}

#[test]
fn an_ensemble_of_forests_is_one_graph() {
    let member = |fold: u32| {
        let text = format!("[extra-trees]\nn-trees = {}\n", 5 + fold);
        let forest = recipe(&text).fit(&table(2, 100), &table(2, 0), &mut Unobserved).unwrap();
        (format!("fold-{fold:02}"), forest)
    };
    let ensemble = Ensemble::new((0..3).map(member).collect()).unwrap();
    check(&ensemble, Some(&operating_points(2)[3]), &rows(&table(2, 300)));
}

#[test]
fn a_single_tree_of_one_leaf_agrees() {
    check_table("[extra-trees]\nn-trees = 1\nmin-samples-split = 1000\n", 2, 0);
}

#[test]
fn the_features_of_patches_are_given_to_the_graph() {
    let input = definition(&Band::ALL, SampleType::Int16, Product::C1.scaling(), [6, 6]);
    let forest = fitted("[extra-trees]\nn-trees = 25\n", &input, 3);
    let patches = extreme(&input, 66);
    let source = MemorySource::new(input, forest.classes().clone(), patches.clone()).unwrap();
    let matrix = source.features().unwrap();
    assert_eq!(forest.features().unwrap(), matrix.columns);
    let input = features(&matrix.values, matrix.columns.len());
    let outputs = run(&export(&*forest, None), &[input]);
    let expected = forest.predict(&Batch::Patches(patches)).unwrap();
    assert!(expected.row(0)[0].is_nan(), "the first patch has no used pixel");
    assert!(compare(&outputs, &expected, &*forest, None) <= TOLERANCE);
}
