//! The suite of all models, on ensembles of forests, and what is particular to ensembles.

use std::path::Path;

use tesela_datasets::class::ClassMap;
use tesela_datasets::source::{CellSource, InputDefinition};

use super::{Ensemble, EnsembleError};
use crate::classifier::{Classifier, Fit, FitError, FitObserver};
use crate::config::{FitSettings, ModelConfig};
use crate::conformance::{check_fit, check_table_fit, toy};
use crate::extra_trees::{self, Cut, RawExtraTrees};

/// Fits the same recipe with other seeds.
struct Folds {
    recipes: Vec<Box<dyn Fit>>,
}

impl Fit for Folds {
    fn fit(
        &self,
        train: &dyn CellSource,
        validation: &dyn CellSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError> {
        let mut members = Vec::new();
        for (fold, recipe) in self.recipes.iter().enumerate() {
            members.push((format!("fold-{fold:02}"), recipe.fit(train, validation, observer)?));
        }
        Ok(Box::new(Ensemble::new(members).expect("all are alike")))
    }
}

fn recipe(threads: usize) -> Box<dyn Fit> {
    let raw = RawExtraTrees { n_trees: 15, ..RawExtraTrees::default() };
    let parameters = raw.check("", &mut tesela_datasets::config::Problems::new()).unwrap();
    let recipe = |seed| {
        let settings = FitSettings { threads: Some(threads), ..FitSettings::new(seed) };
        ModelConfig::ExtraTrees(parameters.clone()).recipe(&settings)
    };
    Box::new(Folds { recipes: (0..3).map(recipe).collect() })
}

#[expect(clippy::needless_pass_by_value, reason = "the suite hands classes over")]
fn load(directory: &Path, classes: ClassMap, input: &InputDefinition) -> Box<dyn Classifier> {
    let member = |fold: usize| {
        let name = format!("fold-{fold:02}");
        let folder = directory.join(&name);
        let forest = extra_trees::load(&folder, Cut::Random, classes.clone(), input).unwrap();
        (name, forest)
    };
    Box::new(Ensemble::new((0..3).map(member).collect()).unwrap())
}

#[test]
fn an_ensemble_keeps_what_every_model_promises() {
    check_fit(&recipe, &load);
}

#[test]
fn an_ensemble_is_a_classifier_of_tables() {
    check_table_fit(&recipe, &load);
}

#[test]
fn an_ensemble_says_the_mean_of_what_its_members_say() {
    let (train, test) = (toy::source(30, 1), toy::source(20, 2));
    let fitted = |seed| {
        let parameters = crate::extra_trees::Parameters::default();
        let settings = FitSettings { threads: Some(1), ..FitSettings::new(seed) };
        let recipe = ModelConfig::ExtraTrees(parameters).recipe(&settings);
        recipe.fit(&train, &toy::source(0, 3), &mut crate::classifier::Unobserved).unwrap()
    };
    let say = |one: &dyn Classifier| one.predict_source(&test, &mut |_| true).unwrap();
    let (one, two) = (say(&*fitted(1)), say(&*fitted(2)));
    let members = vec![("a".to_owned(), fitted(1)), ("b".to_owned(), fitted(2))];
    let both = say(&Ensemble::new(members).unwrap());
    for cell in 0..both.len() {
        let pairs = one.row(cell).iter().zip(two.row(cell)).zip(both.row(cell));
        for ((one, two), mean) in pairs {
            assert!(
                (f64::midpoint(f64::from(*one), f64::from(*two)) - f64::from(*mean)).abs() < 1e-7
            );
        }
    }
}

#[test]
fn members_that_are_not_alike_are_refused() {
    let fit = |train: &dyn CellSource| {
        let none = toy::table(0, 1);
        recipe(1).fit(train, &none, &mut crate::classifier::Unobserved).unwrap()
    };
    let members =
        vec![("a".to_owned(), fit(&toy::table(20, 1))), ("b".to_owned(), fit(&toy::source(20, 1)))];
    let error = Ensemble::new(members).err().unwrap();
    assert_eq!(error.to_string(), "member `b` has cells other than those of member `a`");
    assert_eq!(Ensemble::new(Vec::new()).err(), Some(EnsembleError::Empty));
}
