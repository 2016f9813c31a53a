//! The residual network as a whole, on toys.

use std::sync::Arc;

use super::{RawResnet, ResnetConfig};
use crate::Fit;
use crate::classifier::Unobserved;
use crate::config::FitSettings;
use crate::conformance::check_fit;
use crate::network::toy::{accuracy, gradients_agree, stripes};
use crate::network::{InputShape, NetworkConfig, NetworkFit, load};

fn small() -> RawResnet {
    RawResnet {
        width: 4,
        blocks: vec![1, 1],
        epochs: 6,
        batch_size: 8,
        learning_rate: 1e-2,
        ..RawResnet::default()
    }
}

fn config(raw: RawResnet) -> ResnetConfig {
    raw.check("model.resnet", &mut tesela_datasets::config::Problems::new()).unwrap()
}

fn recipe(raw: RawResnet, threads: usize) -> NetworkFit {
    let device = "flex".to_owned();
    let settings = FitSettings { threads: Some(threads), device, ..FitSettings::new(1) };
    NetworkFit::new(Arc::new(config(raw)), &settings)
}

#[test]
fn it_keeps_the_promises_of_every_model() {
    check_fit(&|threads| Box::new(recipe(small(), threads)), &|directory, classes, input| {
        load(directory, &config(small()), classes, input, "flex").unwrap()
    });
}

#[test]
fn it_learns_what_a_linear_rule_cannot_see_and_generalises() {
    let (train, validation, test) = (stripes(200, 12, 1), stripes(40, 12, 2), stripes(100, 12, 3));
    let raw = RawResnet { epochs: 12, batch_size: 16, width: 8, ..small() };
    let model = recipe(raw, 2).fit(&train, &validation, &mut Unobserved).unwrap();
    let found = accuracy(model.as_ref(), &test);
    assert!(found > 0.95, "{found}");
}

#[test]
fn both_ways_agree_on_logits_and_gradients() {
    for (planes, side, width, blocks) in [
        (28, [33, 33], 16, vec![2, 2, 2]),
        (3, [8, 9], 4, vec![1]),
        (5, [16, 21], 20, vec![1, 2]),
        (1, [9, 8], 2, vec![1, 1, 1, 1]),
    ] {
        let input = InputShape::new(planes, side, 3).unwrap();
        let raw = RawResnet { width, blocks, ..RawResnet::default() };
        gradients_agree(&*config(raw).network(input).unwrap());
    }
}

#[test]
fn the_same_recipe_gives_the_same_bytes_at_any_number_of_threads() {
    let (train, none) = (stripes(40, 12, 1), stripes(0, 12, 2));
    let bytes = |threads| {
        let directory = tempfile::tempdir().unwrap();
        let raw = RawResnet { validation_share: 0.0, batch_size: 20, ..small() };
        let model = recipe(raw, threads).fit(&train, &none, &mut Unobserved).unwrap();
        model.save_weights(directory.path()).unwrap();
        std::fs::read(directory.path().join("weights.safetensors")).unwrap()
    };
    let first = bytes(1);
    assert!(first == bytes(2), "two threads");
    assert!(first == bytes(3), "three threads");
}
