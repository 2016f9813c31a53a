//! Extra Trees keeps what every model promises.

mod laws;

use super::{Cut, ExtraTrees, Parameters, RawExtraTrees, RawRandomForest, load};
use crate::classifier::{Classifier, Fit, FitEvent, FitObserver};
use crate::conformance::{check_fit, check_table_fit, toy};
use crate::selection::RawSelection;
use std::path::Path;
use tesela_datasets::class::ClassMap;
use tesela_datasets::config::Problems;
use tesela_datasets::memory::MemorySource;
use tesela_datasets::source::{CellSource, InputDefinition, PatchSource};

fn parameters() -> Parameters {
    RawExtraTrees { n_trees: 20, ..RawExtraTrees::default() }
        .check("", &mut Problems::new())
        .expect("twenty trees are a forest")
}

#[test]
fn extra_trees_keeps_what_every_model_promises() {
    check_fit(
        &|threads| Box::new(ExtraTrees::new(parameters(), 7, Some(threads))),
        &|directory, classes, input| load(directory, Cut::Random, classes, input).unwrap(),
    );
}

#[test]
fn extra_trees_learns_from_tables() {
    check_table_fit(
        &|threads| Box::new(ExtraTrees::new(parameters(), 7, Some(threads))),
        &|directory, classes, input| load(directory, Cut::Random, classes, input).unwrap(),
    );
}

#[test]
fn a_random_forest_keeps_what_every_model_promises() {
    let raw = RawRandomForest(RawExtraTrees { n_trees: 20, ..RawExtraTrees::default() });
    let parameters = raw.check("", &mut Problems::new()).unwrap();
    let recipe = |threads| -> Box<dyn Fit> {
        Box::new(ExtraTrees::new(parameters.clone(), 7, Some(threads)))
    };
    check_fit(&recipe, &load_random_forest);
    check_table_fit(&recipe, &load_random_forest);
}

fn load_random_forest(
    directory: &Path,
    classes: ClassMap,
    input: &InputDefinition,
) -> Box<dyn Classifier> {
    let loaded = load(directory, Cut::Best, classes, input).unwrap();
    assert_eq!(loaded.kind(), "random-forest");
    loaded
}

#[test]
fn weights_of_unknown_classes_are_refused_by_the_model_of_that_name() {
    let weights = [("town".to_owned(), 2.0)].into();
    let raw = RawRandomForest(RawExtraTrees {
        class_weight: super::ClassWeight::Named(weights),
        ..RawExtraTrees::default()
    });
    let parameters = raw.check("", &mut Problems::new()).unwrap();
    let recipe = ExtraTrees::new(parameters, 7, Some(1));
    let error = recipe.fit(&toy::source(30, 1), &toy::source(0, 1), &mut Warned::default());
    let error = error.err().unwrap().to_string();
    let expected = "cannot fit random-forest: `class-weight` names `town`; the classes are";
    assert!(error.starts_with(expected), "{error}");
}

/// Remembers the warnings.
#[derive(Default)]
struct Warned(Vec<String>);

impl FitObserver for Warned {
    fn notice(&mut self, event: &FitEvent) {
        if let FitEvent::Warning { message } = event {
            self.0.push(message.clone());
        }
    }
}

#[test]
fn patches_without_used_pixels_are_left_out_with_a_warning() {
    let whole = toy::source(30, 1);
    let order: Vec<u32> = (0..30).collect();
    let patches = PatchSource::of(&whole).unwrap();
    let mut batch = patches.stream(&order, 30).unwrap().next().unwrap().unwrap();
    batch.used[..2 * batch.shape.pixels()].fill(false);
    let partly =
        MemorySource::new(patches.definition().clone(), whole.classes().clone(), batch).unwrap();
    let mut observer = Warned::default();
    let recipe = ExtraTrees::new(parameters(), 7, None);
    recipe.fit(&partly, &toy::source(0, 1), &mut observer).unwrap();
    assert_eq!(observer.0, ["2 of 30 patches have no used pixels and are left out"]);
}

/// Hears what was found out about each number.
#[derive(Default)]
struct Ear(Vec<crate::classifier::FeatureRecord>);

impl FitObserver for Ear {
    fn notice(&mut self, event: &FitEvent) {
        if let FitEvent::Features(records) = event {
            self.0.clone_from(records);
        }
    }
}

#[test]
fn columns_that_are_not_selected_are_not_looked_at() {
    let select = RawSelection { fwe_alpha: Some(1e-3), variance_threshold: Some(0.0) };
    let raw = RawExtraTrees { n_trees: 20, select: Some(select), ..RawExtraTrees::default() };
    let recipe = ExtraTrees::new(raw.check("", &mut Problems::new()).unwrap(), 7, Some(1));
    let source = toy::source(60, 1);
    let mut ear = Ear::default();
    let classifier = recipe.fit(&source, &source, &mut ear).unwrap();
    let kept = |record: &&crate::classifier::FeatureRecord| record.test.unwrap().kept;
    let (kept, dropped): (Vec<_>, Vec<_>) = ear.0.iter().partition(kept);
    assert!(kept.len() > 1 && dropped.len() > 1, "{} {}", kept.len(), dropped.len());
    assert!(dropped.iter().all(|record| record.importance.is_none()));
    let sum: f64 = kept.iter().filter_map(|record| record.importance).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    assert_eq!(classifier.predict_source(&source, &mut |_| true).unwrap().len(), source.len());
}
