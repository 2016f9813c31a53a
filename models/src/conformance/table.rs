//! What every model promises that learns from tables.

use std::sync::Arc;

use tempfile::tempdir;
use tesela_datasets::source::{Batch, CellSource};
use tesela_datasets::table::RowBatch;

use super::{Load, learns_what_is_separable, toy};
use crate::classifier::{Classifier, Fit, PredictError, Unobserved};

/// Runs the suite; `recipe` makes the same recipe for different numbers of threads.
pub(crate) fn check_table_fit(recipe: &dyn Fn(usize) -> Box<dyn Fit>, load: Load<'_>) {
    let (train, test) = (toy::table(80, 1), toy::table(40, 2));
    let fitted = recipe(1).fit(&train, &toy::table(0, 3), &mut Unobserved).unwrap();
    assert_eq!((fitted.input(), fitted.classes()), (train.input(), train.classes()));
    learns_what_is_separable(&*fitted, &test);
    rows_are_predicted_one_by_one(&*fitted, &test);
    finds_columns_by_name(&*fitted, &test);
    refuses_other_columns(&*fitted, &test);
    refuses_patches(&*fitted);
    let directory = tempdir().unwrap();
    fitted.save_weights(directory.path()).unwrap();
    let loaded = load(directory.path(), fitted.classes().clone(), fitted.input());
    let batch = Batch::Rows(rows_of(&test));
    assert_eq!(loaded.predict(&batch).unwrap(), fitted.predict(&batch).unwrap());
}

fn rows_of(source: &dyn CellSource) -> RowBatch {
    let order: Vec<u32> = (0..).take(source.len()).collect();
    match source.stream(&order, source.len()).unwrap().next().expect("there are rows").unwrap() {
        Batch::Rows(rows) => rows,
        Batch::Patches(_) => panic!("the toy is a table"),
    }
}

/// The way of asking does not matter, and a row without a number has no probabilities.
fn rows_are_predicted_one_by_one(fitted: &dyn Classifier, test: &dyn CellSource) {
    let all = fitted.predict_source(test, &mut |_| true).unwrap();
    let mut rows = rows_of(test);
    rows.values[..rows.columns.len()].fill(f32::NAN);
    let batch = fitted.predict(&Batch::Rows(rows)).unwrap();
    assert!(batch.row(0).iter().all(|value| value.is_nan()));
    for row in 1..all.len() {
        assert_eq!(all.row(row), batch.row(row), "row {row}");
        assert!((all.row(row).iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
}

fn finds_columns_by_name(fitted: &dyn Classifier, test: &dyn CellSource) {
    let rows = rows_of(test);
    let columns = [2, 0, 1].map(|place: usize| rows.columns[place].clone());
    let values = rows.values.chunks_exact(3).flat_map(|row| [row[2], row[0], row[1]]).collect();
    let other = RowBatch { columns: Arc::new(columns), values, ..rows.clone() };
    let expected = fitted.predict(&Batch::Rows(rows)).unwrap();
    assert_eq!(fitted.predict(&Batch::Rows(other)).unwrap(), expected);
}

fn refuses_other_columns(fitted: &dyn Classifier, test: &dyn CellSource) {
    let mut rows = rows_of(test);
    let columns = ["slope", "light", "rain"].map(str::to_owned);
    rows.columns = Arc::new(columns);
    match fitted.predict(&Batch::Rows(rows)) {
        Err(PredictError::Columns(difference)) => assert_eq!(
            difference.to_string(),
            "1 column is missing: `lights`; 1 column is unknown: `light`"
        ),
        other => panic!("other columns gave {other:?}"),
    }
}

fn refuses_patches(fitted: &dyn Classifier) {
    let patches = fitted.predict_source(&toy::source(2, 1), &mut |_| true);
    let error = patches.unwrap_err().to_string();
    assert!(error.contains("each cell is a patch"), "{error}");
}
