//! Networks, optimisers, clipping and averages against PyTorch: `tests/data/networks/golden.json`, which the script
//! beside it makes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use serde::Deserialize;
use tesela_datasets::class::ClassId;
use tesela_datasets::config::Problems;

use super::architecture::{Network, NetworkConfig};
use super::average::Average;
use super::clipping::{clip, norm};
use super::computation::Computation;
use super::input_shape::InputShape;
use super::layout::Layout;
use super::loss::Loss;
use super::optimizer::Optimizer;
use super::parameters::{Parameters, host, vector};
use super::pass::Draws;
use super::pipeline::HostBatch;
use super::settings::{self, RawTraining};
use super::tensor_spec::{Initial, Role, TensorSpec};
use super::weights::{Weights, to_single};
use crate::lenet::RawLenet;
use crate::resnet::RawResnet;

#[derive(Deserialize)]
struct Golden {
    resnet: NetworkGolden,
    lenet: NetworkGolden,
    training: BTreeMap<String, Vec<Step>>,
}

#[derive(Deserialize)]
struct NetworkGolden {
    predicted: Vec<f64>,
    loss: f64,
    gradients: BTreeMap<String, [f64; 2]>,
    statistics: BTreeMap<String, [f64; 2]>,
}

#[derive(Deserialize)]
struct Step {
    norm: f64,
    weight: Vec<f64>,
    bias: Vec<f64>,
    average: Vec<f64>,
}

fn golden() -> Golden {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/networks/golden.json");
    serde_json::from_slice(&std::fs::read(root).unwrap()).unwrap()
}

/// The numbers of series `k`, as the script makes them.
fn series(k: usize, count: usize, scale: f64, offset: f64) -> Vec<f32> {
    let number = |i: usize| scale * (1.0 + 7.31 * i as f64 + 0.37 * k as f64).sin() + offset;
    (0..count).map(|i| to_single(number(i))).collect()
}

fn close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-3_f64, |most, value| most.max(value.abs()));
    for (found, expected) in found.iter().zip(expected) {
        let distance = (f64::from(*found) - expected).abs();
        assert!(distance < tolerance * scale, "{what}: {found} is not {expected}");
    }
}

/// Length, and product with a series.
fn two_numbers(values: &[f32]) -> [f64; 2] {
    let squares: f64 = values.iter().map(|&value| f64::from(value).powi(2)).sum();
    let other = series(7, values.len(), 1.0, 0.0);
    let product = values.iter().zip(other).map(|(&a, b)| f64::from(a) * f64::from(b)).sum();
    [squares.sqrt(), product]
}

/// The weights that the script gives a network.
fn weights(specs: &Arc<[TensorSpec]>) -> Weights {
    let values = specs.iter().enumerate().map(|(k, spec)| {
        let (scale, offset) = if spec.name.ends_with("running_var") {
            (0.3, 1.0)
        } else if spec.name.ends_with("weight") && spec.shape.len() == 1 {
            (0.5, 1.0)
        } else {
            let inputs: usize = spec.shape[1..].iter().product();
            (1.0 / (inputs as f64).sqrt(), 0.0)
        };
        series(k, spec.len(), scale, offset)
    });
    Weights::new(specs.clone(), values.collect())
}

fn check_network(network: &dyn Network, golden: &NetworkGolden) {
    let device = Device::flex();
    let specs: Arc<[TensorSpec]> = network.tensors().into();
    let parameters = Parameters::new(&weights(&specs), &device);
    let computation =
        Computation { network, layout: Layout::PlanesFirst, device: &device, device_planes: None };
    let labels: Vec<ClassId> = (0..3).map(ClassId::new).collect();
    let batch = || HostBatch {
        packed: None,
        planes: series(100, 3 * network.input().len(), 1.0, 0.0),
        labels: labels.clone(),
    };
    let predicted = computation.logits(&parameters, None, batch());
    close(&predicted, &golden.predicted, 2e-5, "prediction");
    let targets = Loss::plain(3).targets(&labels, 3.0);
    let draws = Draws { seed: 1, step: 0, part: 0 };
    let lesson = computation.lesson(&parameters, batch(), targets, draws);
    close(&host(lesson.loss), &[golden.loss], 2e-5, "loss");
    let mut seen = 0;
    for (spec, gradient) in specs.iter().zip(lesson.gradients) {
        let Some(gradient) = gradient else { continue };
        let found = two_numbers(&host(gradient));
        let expected = golden.gradients[&spec.name];
        // A bias before a norm has a gradient of zero, up to rounding.
        let scale = expected[0].max(1e-3);
        for (found, expected) in found.iter().zip(expected) {
            let distance = (found - expected).abs();
            assert!(distance < 1e-3 * scale, "{}: {found} is not {expected}", spec.name);
        }
        seen += 1;
    }
    assert_eq!(seen, golden.gradients.len());
    for (index, value) in &lesson.statistics {
        let name = &specs[*index].name;
        let found = two_numbers(&host(value.clone())).map(to_single);
        close(&found, &golden.statistics[name], 2e-5, name);
    }
    assert_eq!(lesson.statistics.len(), golden.statistics.len());
}

#[test]
fn the_residual_network_is_that_of_pytorch_forward_and_backward() {
    let raw = RawResnet { width: 2, blocks: vec![1, 1], ..RawResnet::default() };
    let config = raw.check("", &mut Problems::new()).unwrap();
    let network = config.network(InputShape::new(3, [9, 9], 3).unwrap()).unwrap();
    check_network(&*network, &golden().resnet);
}

#[test]
fn lenet_with_batch_norm_is_that_of_pytorch_forward_and_backward() {
    let raw = RawLenet { batch_norm: true, ..RawLenet::default() };
    let config = raw.check("", &mut Problems::new()).unwrap();
    let network = config.network(InputShape::new(2, [17, 17], 3).unwrap()).unwrap();
    check_network(&*network, &golden().lenet);
}

/// The steps of the script with the optimiser of `training`.
fn check_steps(training: &RawTraining, on_processor: bool, golden: &[Step]) {
    let device = Device::flex();
    let spec = |name: &str, shape: &[usize], role| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        role,
        initial: Initial::Constant(0.0),
    };
    let specs: Arc<[TensorSpec]> =
        Arc::new([spec("weight", &[2, 5], Role::Weight), spec("bias", &[2], Role::Offset)]);
    let begin = vec![series(0, 10, 1.0, 0.0), series(1, 2, 1.0, 0.0)];
    let mut parameters = Parameters::new(&Weights::new(specs, begin), &device);
    let mut optimizer = Optimizer::new(training, on_processor, 2);
    let mut average = Average::new(0.6);
    for (step, expected) in golden.iter().enumerate() {
        let gradient = |k, count| Some(vector(series(k + step, count, 1.0, 0.0), &device));
        let mut gradients = vec![gradient(10, 10), gradient(20, 2)];
        let most = if step % 2 == 1 { 2.0 } else { 100.0 };
        let norm = norm(&gradients).unwrap();
        clip(&mut gradients, norm, most);
        let square = |gradient: &Tensor<1>| two_numbers(&host(gradient.clone()))[0].powi(2);
        let norm = gradients.iter().flatten().map(square).sum::<f64>().sqrt();
        assert!((norm - expected.norm.min(most)).abs() < 1e-4, "{norm} {}", expected.norm);
        optimizer.step(0.1 / (1.0 + step as f64), &mut parameters, gradients);
        average.update(&parameters);
        let value = |index: usize| host(parameters.values()[index].clone());
        close(&value(0), &expected.weight, 2e-6, "weight");
        close(&value(1), &expected.bias, 2e-6, "bias");
        let averaged = host(average.of(&parameters).values()[0].clone());
        close(&averaged, &expected.average, 2e-6, "average");
    }
    assert!(golden.iter().any(|step| step.norm > 2.0), "clipping has something to clip");
}

#[test]
fn optimisers_clipping_and_average_are_those_of_pytorch() {
    let golden = golden();
    let training = RawTraining { weight_decay: 0.1, ..RawTraining::default() };
    let adamw = RawTraining { betas: [0.8, 0.99], eps: 1e-6, ..training.clone() };
    let sgd = RawTraining { optimizer: settings::Optimizer::Sgd, momentum: 0.7, ..training };
    let nesterov = RawTraining { nesterov: true, ..sgd.clone() };
    for (name, training) in [("adamw", adamw), ("sgd", sgd), ("nesterov", nesterov)] {
        for on_processor in [false, true] {
            check_steps(&training, on_processor, &golden.training[name]);
        }
    }
}
