//! The residual network as a whole, on toys.

use std::sync::Arc;

use super::{RawResnet, ResnetConfig};
use crate::Fit;
use crate::classifier::Unobserved;
use crate::config::FitSettings;
use crate::conformance::check_fit;
use crate::network::toy::{accuracy, stripes};
use crate::network::{NetworkFit, load};

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
