//! What every model promises, as one suite that each model's tests run; models that learn from tables run
//! [`check_table_fit`] as well.
//!
//! [`check_fit`] takes a way to make a recipe for a number of threads, so that it can compare the bytes that
//! different numbers of threads lead to.

mod table;
pub(crate) mod toy;

pub(crate) use table::check_table_fit;

use std::collections::BTreeMap;
use std::fs;

use tempfile::tempdir;
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::patch::PatchBatch;
use tesela_datasets::source::{Batch, CellSource, InputDefinition, PatchSource};

use crate::classifier::{
    Classifier, Fit, FitError, FitEvent, FitObserver, PredictError, Probabilities, Unobserved,
};

/// How a model is loaded from the directory that its weights were written into.
pub(crate) type Load<'a> =
    &'a dyn Fn(&std::path::Path, ClassMap, &InputDefinition) -> Box<dyn Classifier>;

/// Runs the whole suite; `recipe` makes the same recipe for different numbers of threads.
pub(crate) fn check_fit(recipe: &dyn Fn(usize) -> Box<dyn Fit>, load: Load<'_>) {
    let (train, test) = (toy::source(60, 1), toy::source(40, 2));
    let fitted = fit(&*recipe(1), &train);
    check_description(&*fitted, &train);
    check_probabilities(&*fitted, &test);
    says_the_same_whatever_stands_beside_a_cell(&*fitted, &test);
    learns_what_is_separable(&*fitted, &test);
    refuses_other_patches(&*fitted);
    survives_the_disk(&*fitted, load, &test);
    does_not_depend_on_threads(recipe, &*fitted, &train);
    stops_when_asked(&*recipe(1), &train);
    refuses_what_cannot_be_learned(&*recipe(1));
}

fn fit(recipe: &dyn Fit, train: &dyn CellSource) -> Box<dyn Classifier> {
    recipe.fit(train, &toy::source(10, 3), &mut Unobserved).expect("the toy can be learned")
}

fn all_of(source: &dyn CellSource) -> PatchBatch {
    let source = PatchSource::of(source).expect("the toy has patches");
    let order: Vec<u32> = (0..).take(source.len()).collect();
    source.stream(&order, source.len()).unwrap().next().expect("there are patches").unwrap()
}

fn check_description(fitted: &dyn Classifier, train: &dyn CellSource) {
    assert_eq!(fitted.classes(), train.classes());
    assert_eq!(fitted.input(), train.input());
    assert!(!fitted.kind().is_empty());
}

/// Rows sum to one, rows of empty patches are `NaN`, and the way of asking does not matter.
fn check_probabilities(fitted: &dyn Classifier, test: &dyn CellSource) {
    let mut batch = all_of(test);
    let empty = [0, batch.len() - 1];
    let pixels = batch.shape.pixels();
    for patch in empty {
        batch.used[patch * pixels..(patch + 1) * pixels].fill(false);
    }
    let batch = Batch::Patches(batch);
    let probabilities = fitted.predict(&batch).unwrap();
    assert_eq!((probabilities.len(), probabilities.classes()), (batch.len(), 2));
    for (patch, row) in probabilities.rows().enumerate() {
        if empty.contains(&patch) {
            assert!(row.iter().all(|value| value.is_nan()), "patch {patch} is empty: {row:?}");
        } else {
            assert!(row.iter().all(|value| (0.0..=1.0).contains(value)), "{row:?}");
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
        }
    }
    let mut told = Vec::new();
    let streamed = fitted.predict_source(test, &mut |done| {
        told.push(done);
        true
    });
    let streamed = streamed.unwrap();
    for patch in 1..batch.len() - 1 {
        assert_eq!(streamed.row(patch), probabilities.row(patch), "patch {patch}");
    }
    assert_eq!(told.last(), Some(&test.len()));
    let stopped = fitted.predict_source(test, &mut |_| false);
    assert!(matches!(stopped, Err(PredictError::Interrupted)));
    let nothing = fitted.predict_source(&toy::source(0, 1), &mut |_| true).unwrap();
    assert!(nothing.is_empty());
}

/// A map is made in parts and taken up again anywhere: what is said of a cell must not depend on its batch.
fn says_the_same_whatever_stands_beside_a_cell(fitted: &dyn Classifier, test: &dyn CellSource) {
    let whole = fitted.predict(&all_of(test).into()).unwrap();
    let source = PatchSource::of(test).expect("the toy has patches");
    let order: Vec<u32> = (0..).take(test.len()).collect();
    for size in [1, 3, 16, 33] {
        let mut parts = Probabilities::new(2, Vec::new());
        for batch in source.stream(&order, size).unwrap() {
            parts.extend(&fitted.predict(&batch.unwrap().into()).unwrap());
        }
        assert_eq!(parts, whole, "in batches of {size}");
    }
}

fn learns_what_is_separable(fitted: &dyn Classifier, test: &dyn CellSource) {
    let probabilities = fitted.predict_source(test, &mut |_| true).unwrap();
    let right = probabilities
        .rows()
        .zip(test.labels())
        .filter(|(row, label)| Probabilities::most_probable(row) == label.class())
        .count();
    assert!(right * 10 >= test.len() * 9, "{right} of {} are right", test.len());
}

fn refuses_other_patches(fitted: &dyn Classifier) {
    let mut narrow = all_of(&toy::source(2, 1));
    narrow.shape.width -= 1;
    let error = fitted.predict(&narrow.into()).unwrap_err();
    assert!(matches!(error, PredictError::Input { what: "the shape", .. }), "{error}");
    let floats = toy::as_floats(&all_of(&toy::source(2, 1)));
    let error = fitted.predict(&floats.into()).unwrap_err();
    assert!(matches!(error, PredictError::Input { what: "the sample type", .. }), "{error}");
}

fn weights(fitted: &dyn Classifier) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let directory = tempdir().unwrap();
    fitted.save_weights(directory.path()).unwrap();
    let (mut files, mut folders) = (BTreeMap::new(), vec![directory.path().to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(directory.path()).unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn survives_the_disk(fitted: &dyn Classifier, load: Load<'_>, test: &dyn CellSource) {
    let directory = tempdir().unwrap();
    fitted.save_weights(directory.path()).unwrap();
    let loaded = load(directory.path(), fitted.classes().clone(), fitted.input());
    let predict = |classifier: &dyn Classifier| classifier.predict(&all_of(test).into()).unwrap();
    assert_eq!(predict(&*loaded), predict(fitted));
    assert_eq!(weights(&*loaded), weights(fitted));
}

fn does_not_depend_on_threads(
    recipe: &dyn Fn(usize) -> Box<dyn Fit>,
    fitted: &dyn Classifier,
    train: &dyn CellSource,
) {
    let expected = weights(fitted);
    for threads in [1, 2, 3, 16] {
        let again = fit(&*recipe(threads), train);
        assert!(weights(&*again) == expected, "other bytes with {threads} threads");
    }
}

/// Asks to stop after the first sign of progress.
#[derive(Default)]
struct Impatient {
    events: Vec<FitEvent>,
}

impl FitObserver for Impatient {
    fn notice(&mut self, event: &FitEvent) {
        self.events.push(event.clone());
    }

    fn wants_stop(&self) -> bool {
        !self.events.is_empty()
    }
}

fn stops_when_asked(recipe: &dyn Fit, train: &dyn CellSource) {
    let mut observer = Impatient::default();
    let stopped = recipe.fit(train, &toy::source(10, 3), &mut observer);
    assert!(matches!(stopped, Err(FitError::Interrupted)));
    assert!(matches!(observer.events[0], FitEvent::Started { total: 1.., patches: 1.., .. }));
}

fn refuses_what_cannot_be_learned(recipe: &dyn Fit) {
    let refuse = |source: &dyn CellSource, expected: &str| {
        let fitted = recipe.fit(source, &toy::source(0, 3), &mut Unobserved);
        let error = fitted.err().expect("it cannot be learned").to_string();
        assert!(error.contains(expected), "{error}");
    };
    let one = toy::labelled(&[Label::Class(ClassId::new(0)); 8], 5);
    refuse(&one, "`urban`");
    let undefined = toy::labelled(&[Label::Class(ClassId::new(0)), Label::Undefined], 5);
    refuse(&undefined, "1 is");
}
