//! LeNet as a whole, on toys.

use std::sync::Arc;

use tesela_datasets::memory::MemorySource;
use tesela_datasets::source::CellSource;

use super::{LenetConfig, RawLenet};
use crate::classifier::{Classifier, Fit, FitError, FitEvent, Unobserved};
use crate::config::FitSettings;
use crate::conformance::{check_fit, toy};
use crate::network::toy::{Ear, accuracy, gradients_agree, patches, stripes};
use crate::network::{InputShape, NetworkConfig, NetworkFit, Optimizer, load};

fn config(text: RawLenet) -> LenetConfig {
    text.check("model.lenet", &mut tesela_datasets::config::Problems::new()).unwrap()
}

fn recipe(config: LenetConfig, seed: u64, threads: usize) -> NetworkFit {
    let device = "flex".to_owned();
    NetworkFit::new(
        Arc::new(config),
        &FitSettings { threads: Some(threads), device, ..FitSettings::new(seed) },
    )
}

fn quick() -> LenetConfig {
    config(RawLenet { epochs: 4, batch_size: 8, validation_share: 0.0, ..RawLenet::default() })
}

fn fit(
    recipe: &NetworkFit,
    train: &MemorySource,
    validation: &MemorySource,
) -> Box<dyn Classifier> {
    recipe.fit(train, validation, &mut Unobserved).unwrap()
}

#[test]
fn it_keeps_the_promises_of_every_model() {
    let raw = RawLenet { epochs: 6, batch_size: 8, ..RawLenet::default() };
    check_fit(
        &|threads| Box::new(recipe(config(raw.clone()), 1, threads)),
        &|directory, classes, input| {
            load(directory, &LenetConfig::default(), classes, input, "flex").unwrap()
        },
    );
}

#[test]
fn a_device_that_does_not_exist_is_named() {
    let settings = FitSettings { threads: Some(1), device: "gpu".into(), ..FitSettings::new(1) };
    let fitted = NetworkFit::new(Arc::new(quick()), &settings).fit(
        &stripes(8, 16, 1),
        &stripes(0, 16, 1),
        &mut Unobserved,
    );
    let error = fitted.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("`gpu` is not a device"), "{error}");
}

#[test]
fn it_learns_what_a_linear_rule_cannot_see_and_generalises() {
    let (train, validation, test) = (stripes(200, 16, 1), stripes(40, 16, 2), stripes(100, 16, 3));
    let raw = RawLenet { epochs: 12, batch_size: 16, ..RawLenet::default() };
    let recipe = recipe(config(raw), 5, 2);
    let model = fit(&recipe, &train, &validation);
    let found = accuracy(model.as_ref(), &test);
    assert!(found > 0.95, "{found}");
}

#[test]
fn the_same_recipe_gives_the_same_bytes_at_any_number_of_threads() {
    let (train, none) = (stripes(40, 17, 1), stripes(0, 17, 2));
    let bytes = |seed, threads| {
        let directory = tempfile::tempdir().unwrap();
        let recipe = recipe(quick(), seed, threads);
        fit(&recipe, &train, &none).save_weights(directory.path()).unwrap();
        std::fs::read(directory.path().join("weights.safetensors")).unwrap()
    };
    let first = bytes(1, 1);
    assert!(first == bytes(1, 1), "twice");
    assert!(first == bytes(1, 2), "two threads");
    assert!(first == bytes(1, 3), "three threads");
    assert!(first != bytes(2, 1), "another seed");
}

#[test]
fn a_saved_network_predicts_the_same() {
    let (train, none) = (stripes(24, 16, 1), stripes(0, 16, 2));
    let model = fit(&recipe(quick(), 1, 1), &train, &none);
    let directory = tempfile::tempdir().unwrap();
    model.save_weights(directory.path()).unwrap();
    let loaded = load(
        directory.path(),
        &LenetConfig::default(),
        train.classes().clone(),
        train.input(),
        "flex",
    )
    .unwrap();
    let predict = |model: &dyn Classifier| model.predict_source(&train, &mut |_| true).unwrap();
    assert_eq!(predict(model.as_ref()), predict(loaded.as_ref()));
    assert_eq!(loaded.kind(), "lenet");
}

#[test]
fn an_empty_patch_has_no_probabilities_and_another_shape_is_refused() {
    let (train, none) = (stripes(24, 16, 1), stripes(0, 16, 2));
    let model = fit(&recipe(quick(), 1, 1), &train, &none);
    let mut holed = patches(&train);
    holed.used[..256].fill(false);
    let found = model.predict(&holed.into()).unwrap();
    assert!(found.row(0).iter().all(|value| value.is_nan()));
    assert!((found.row(1).iter().sum::<f32>() - 1.0).abs() < 1e-6);
    let error = model.predict(&patches(&stripes(1, 17, 1)).into()).unwrap_err().to_string();
    assert!(error.contains("17 × 17") && error.contains("16 × 16"), "{error}");
}

#[test]
fn patches_that_are_too_small_or_classes_without_patches_are_refused() {
    let recipe = recipe(quick(), 1, 1);
    let refuse = |toy: &MemorySource| match recipe.fit(toy, &stripes(0, 16, 1), &mut Unobserved) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(refuse(&stripes(8, 15, 1)).contains("at least 16 × 16"));
    assert!(refuse(&stripes(1, 16, 1)).contains("class `striped` has no patches"));
}

#[test]
fn a_table_is_refused_with_the_reason() {
    let fitted = recipe(quick(), 1, 1).fit(&toy::table(8, 1), &toy::table(0, 1), &mut Unobserved);
    let error = fitted.err().expect("a network needs pixels").to_string();
    assert_eq!(
        error,
        "cannot fit lenet: a network needs pixels; the store holds a table of 3 columns"
    );
    let (train, none) = (stripes(24, 16, 1), stripes(0, 16, 2));
    let model = fit(&recipe(quick(), 1, 1), &train, &none);
    let row = toy::table(1, 1).stream(&[0], 1).unwrap().next().unwrap().unwrap();
    let error = model.predict(&row).unwrap_err().to_string();
    assert!(error.contains("is a row of 3 numbers"), "{error}");
}

#[test]
fn epochs_are_reported_and_a_stop_is_heeded() {
    let (train, validation) = (stripes(24, 16, 1), stripes(8, 16, 2));
    let recipe = recipe(quick(), 1, 1);
    let mut ear = Ear::default();
    recipe.fit(&train, &validation, &mut ear).unwrap();
    assert_eq!(ear.events[0], FitEvent::Started { unit: "epochs", total: 4, patches: 24 });
    let epochs: Vec<u64> = ear
        .events
        .iter()
        .filter_map(|event| match event {
            FitEvent::Epoch { epoch, validation_loss: Some(loss), .. } => {
                assert!(loss.is_finite());
                Some(*epoch)
            }
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [1, 2, 3, 4]);
    let mut ear = Ear { stop_after: Some(1), ..Ear::default() };
    let stopped = recipe.fit(&train, &validation, &mut ear);
    assert!(matches!(stopped, Err(FitError::Interrupted)));
}

#[test]
fn a_training_that_diverges_says_so() {
    let raw = RawLenet { learning_rate: 10.0, optimizer: Optimizer::Sgd, ..RawLenet::default() };
    let recipe = recipe(config(raw), 1, 1);
    let result = recipe.fit(&stripes(200, 16, 1), &stripes(0, 16, 1), &mut Unobserved);
    assert!(matches!(result, Err(FitError::Diverged { .. })));
}

#[test]
fn both_ways_agree_on_logits_and_gradients() {
    for (planes, side) in [(28, [33, 33]), (4, [17, 40]), (1, [16, 16]), (7, [19, 18])] {
        let input = InputShape::new(planes, side, 3).unwrap();
        gradients_agree(&*LenetConfig::default().network(input).unwrap());
    }
}
