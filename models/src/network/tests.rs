//! The trainer, on toys: what a step is made of, and that nothing is lost between two runs of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::tempdir;
use tesela_datasets::config::Problems;
use tesela_datasets::memory::MemorySource;

use super::toy::{Ear, patches, stripes, turned};
use super::{ClassWeight, InputShape, NetworkConfig, NetworkFit, Optimizer, RawTraining, Sampler};
use crate::classifier::{CheckpointPlace, Classifier, Fit, FitError, FitEvent, Unobserved};
use crate::config::FitSettings;
use crate::histogram::Histogram;
use crate::lenet::RawLenet;
use crate::resnet::RawResnet;

fn lenet(raw: RawLenet) -> Arc<dyn NetworkConfig> {
    Arc::new(raw.check("model.lenet", &mut Problems::new()).unwrap())
}

fn recipe(config: &Arc<dyn NetworkConfig>, threads: usize) -> NetworkFit {
    let device = "flex".to_owned();
    NetworkFit::new(
        config.clone(),
        &FitSettings { threads: Some(threads), device, ..FitSettings::new(5) },
    )
}

/// A recipe that keeps a checkpoint after every step.
fn keeping(config: &Arc<dyn NetworkConfig>, directory: &Path, threads: usize) -> NetworkFit {
    let mut recipe = recipe(config, threads);
    recipe.keep_checkpoints(CheckpointPlace {
        directory: directory.to_owned(),
        every: Some(Duration::ZERO),
        origin: BTreeMap::from([("store digest".to_owned(), "00ff".to_owned())]),
    });
    recipe
}

/// The bytes of the weights of a fitted network.
fn bytes(model: &dyn Classifier) -> Vec<u8> {
    let directory = tempdir().unwrap();
    model.save_weights(directory.path()).unwrap();
    std::fs::read(directory.path().join("weights.safetensors")).unwrap()
}

/// The numbers of the weights of a fitted network.
fn weights(config: &Arc<dyn NetworkConfig>, train: &MemorySource) -> Vec<f32> {
    let model = recipe(config, 1).fit(train, &stripes(0, 16, 2), &mut Unobserved).unwrap();
    let bytes = bytes(model.as_ref());
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<_> = file.iter().collect();
    tensors.sort_by_key(|(name, _)| *name);
    let numbers = tensors.iter().flat_map(|(_, view)| view.data().as_chunks::<4>().0);
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// The epochs that an observer heard of, without their speed.
fn epochs(ear: &Ear) -> Vec<String> {
    let rows = ear.events.iter().filter_map(|event| match event {
        FitEvent::Epoch {
            epoch,
            train_loss,
            validation_loss,
            validation_accuracy,
            learning_rate,
            ..
        } => Some(format!(
            "{epoch} {train_loss} {validation_loss:?} {validation_accuracy:?} {learning_rate}"
        )),
        _ => None,
    });
    rows.collect()
}

fn checkpoints(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |value: f64| value * value;
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(f64::from(a - b))).sum();
    let size: f64 = b.iter().map(|&b| square(f64::from(b))).sum();
    (difference / size).sqrt()
}

#[test]
fn gathered_gradients_are_those_of_the_big_batch() {
    let train = stripes(42, 16, 1);
    let plain = RawLenet {
        optimizer: Optimizer::Sgd,
        learning_rate: 0.05,
        class_weight: ClassWeight::Balanced,
        label_smoothing: 0.1,
        validation_share: 0.0,
        epochs: 2,
        ..RawLenet::default()
    };
    let of = |batch_size, accumulate, epochs| {
        weights(&lenet(RawLenet { batch_size, accumulate, epochs, ..plain.clone() }), &train)
    };
    // 42 patches make two steps of 16, and a last one of 10: 4, 4, 2.
    let big = of(16, 1, 2);
    let gathered = distance(&of(4, 4, 2), &big);
    assert!(gathered < 1e-5, "{gathered}");
    let moved = distance(&of(4, 4, 1), &big);
    assert!(moved > 1e-3, "an epoch moves the weights by {moved}");
}

#[test]
fn every_option_changes_what_is_learned() {
    let train = stripes(43, 16, 1);
    let plain = RawLenet { batch_size: 8, epochs: 1, validation_share: 0.0, ..RawLenet::default() };
    let base = weights(&lenet(plain.clone()), &train);
    let others = [
        RawLenet { ema_decay: 0.9, ..plain.clone() },
        RawLenet { max_grad_norm: 0.01, ..plain.clone() },
        RawLenet { dropout: 0.5, ..plain.clone() },
        RawLenet { sampler: Sampler::Balanced, ..plain.clone() },
        RawLenet { augment: false, ..plain.clone() },
        RawLenet { betas: [0.8, 0.9], ..plain.clone() },
        RawLenet { eps: 1e-3, ..plain.clone() },
        RawLenet { weight_decay: 1.0, ..plain.clone() },
        RawLenet { label_smoothing: 0.2, ..plain.clone() },
        RawLenet { class_weight: ClassWeight::Balanced, ..plain },
    ];
    for other in others {
        let moved = distance(&weights(&lenet(other.clone()), &train), &base);
        assert!(moved > 1e-6, "{other:?} changes nothing");
    }
}

#[test]
fn averaged_predictions_do_not_depend_on_how_a_patch_lies() {
    let train = stripes(40, 16, 1);
    let of = |test_time_augmentation| {
        let raw =
            RawLenet { batch_size: 8, epochs: 2, validation_share: 0.0, ..RawLenet::default() };
        let config = lenet(RawLenet { test_time_augmentation, augment: false, ..raw });
        let none = stripes(0, 16, 2);
        let model = recipe(&config, 2).fit(&train, &none, &mut Unobserved).unwrap();
        let predict = |toy: &MemorySource| model.predict(&patches(toy).into()).unwrap();
        let (upright, turned) = (predict(&train), predict(&turned(&train)));
        let pairs = upright.values().iter().zip(turned.values());
        pairs.fold(0_f32, |most, (a, b)| most.max((a - b).abs()))
    };
    assert!(of(true) < 1e-5, "{}", of(true));
    assert!(of(false) > 1e-3, "{}", of(false));
}

/// A network with everything that a checkpoint has to bring back.
fn rich() -> Vec<Arc<dyn NetworkConfig>> {
    let training = RawTraining {
        batch_size: 4,
        accumulate: 2,
        epochs: 3,
        ema_decay: 0.8,
        max_grad_norm: 1.0,
        sampler: Sampler::Balanced,
        ..RawTraining::default()
    };
    let sgd = RawTraining { optimizer: Optimizer::Sgd, nesterov: true, ..training.clone() };
    let lenet = |batch_norm| RawLenet { dropout: 0.3, batch_norm, ..RawLenet::default() };
    let resnet = RawResnet { width: 2, blocks: vec![1, 1], dropout: 0.2, ..RawResnet::default() };
    let resnet = resnet.with_training(&training).check("", &mut Problems::new()).unwrap();
    vec![
        self::lenet(lenet(false).with_training(&training)),
        self::lenet(lenet(true).with_training(&sgd)),
        Arc::new(resnet),
    ]
}

#[test]
fn a_training_that_is_stopped_anywhere_goes_on_and_ends_with_the_same_bytes() {
    let (train, validation) = (stripes(30, 16, 1), stripes(9, 16, 2));
    for config in rich() {
        let mut whole = Ear::default();
        let model = recipe(&config, 1).fit(&train, &validation, &mut whole).unwrap();
        let expected = bytes(model.as_ref());
        let directory = tempdir().unwrap();
        let mut stops = 0;
        // Stops come after one, two, three … questions, within epochs and within validations.
        let (model, told) = loop {
            let mut ear = Ear { stop_after: Some(stops % 4), ..Ear::default() };
            match keeping(&config, directory.path(), 1 + stops % 3).fit(
                &train,
                &validation,
                &mut ear,
            ) {
                Ok(model) => break (model, epochs(&ear)),
                Err(FitError::Interrupted) => stops += 1,
                Err(error) => panic!("{error}"),
            }
            assert!(stops < 200, "it never comes to an end");
            assert!(checkpoints(directory.path()).len() <= 2, "two are kept");
        };
        assert!(stops > 5, "it was stopped {stops} times");
        assert!(bytes(model.as_ref()) == expected, "{config:?} after {stops} stops");
        assert_eq!(told, epochs(&whole), "the history is told again");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let (train, validation) = (stripes(30, 16, 1), stripes(9, 16, 2));
    for config in rich() {
        let of = |threads| {
            let model = recipe(&config, threads).fit(&train, &validation, &mut Unobserved);
            bytes(model.unwrap().as_ref())
        };
        let first = of(1);
        assert!(of(2) == first && of(3) == first, "{config:?}");
    }
}

/// Fits to the end in `directory`, whose checkpoints stay; gives the bytes.
fn fit_in(directory: &Path, ear: &mut Ear) -> Result<Vec<u8>, FitError> {
    let raw = RawLenet { batch_size: 8, epochs: 3, validation_share: 0.0, ..RawLenet::default() };
    let recipe = keeping(&lenet(raw), directory, 1);
    let model = recipe.fit(&stripes(24, 16, 1), &stripes(0, 16, 2), ear)?;
    Ok(bytes(model.as_ref()))
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_is_taken() {
    let directory = tempdir().unwrap();
    let expected = fit_in(directory.path(), &mut Ear::default()).unwrap();
    let last = checkpoints(directory.path()).pop().unwrap();
    let whole = std::fs::read(&last).unwrap();
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() / 3], &whole[..0], &altered] {
        std::fs::write(&last, damaged).unwrap();
        let mut ear = Ear::default();
        assert!(fit_in(directory.path(), &mut ear).unwrap() == expected);
        let words = format!("{:?}", ear.events);
        assert!(words.contains("is damaged") && words.contains("going on from"), "{words}");
        assert!(!words.contains("starting over"), "{words}");
        assert!(checkpoints(directory.path()).len() == 2);
    }
    for path in checkpoints(directory.path()) {
        std::fs::write(path, "nothing").unwrap();
    }
    let mut ear = Ear::default();
    assert!(fit_in(directory.path(), &mut ear).unwrap() == expected);
    assert!(format!("{:?}", ear.events).contains("starting over"));
}

#[test]
fn what_lies_behind_a_damaged_checkpoint_is_kept_twice_again() {
    let directory = tempdir().unwrap();
    fit_in(directory.path(), &mut Ear::default()).unwrap();
    // The first two steps, and a damaged checkpoint of a later one.
    for path in checkpoints(directory.path()) {
        std::fs::remove_file(path).unwrap();
    }
    let late = directory.path().join("step-000000000008.checkpoint");
    std::fs::write(&late, "half").unwrap();
    let mut ear = Ear { stop_after: Some(1), ..Ear::default() };
    assert!(matches!(fit_in(directory.path(), &mut ear), Err(FitError::Interrupted)));
    let names: Vec<_> = checkpoints(directory.path());
    assert!(names.len() == 2 && !names.contains(&late), "{names:?}");
}

#[test]
fn a_checkpoint_of_another_training_is_refused_with_the_difference() {
    let directory = tempdir().unwrap();
    fit_in(directory.path(), &mut Ear::default()).unwrap();
    let (train, none) = (stripes(24, 16, 1), stripes(0, 16, 2));
    let raw = RawLenet { batch_size: 8, epochs: 3, validation_share: 0.0, ..RawLenet::default() };
    let refuse = |config: &Arc<dyn NetworkConfig>, train: &MemorySource, store: &str| {
        let mut recipe = recipe(config, 1);
        recipe.keep_checkpoints(CheckpointPlace {
            directory: directory.path().to_owned(),
            every: None,
            origin: BTreeMap::from([("store digest".to_owned(), store.to_owned())]),
        });
        match recipe.fit(train, &none, &mut Unobserved) {
            Err(error @ FitError::Checkpoint { .. }) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it went on"),
        }
    };
    let same = lenet(raw.clone());
    let message = refuse(&same, &train, "11ee");
    assert!(message.contains("its store digest is `00ff`; expected `11ee`"), "{message}");
    let message = refuse(&lenet(RawLenet { momentum: 0.5, ..raw }), &train, "00ff");
    assert!(message.contains("its settings is") && message.contains(".checkpoint`"), "{message}");
    let message = refuse(&same, &stripes(24, 17, 1), "00ff");
    assert!(message.contains("16 × 16 pixels`; expected `4 planes of 17 × 17"), "{message}");
    let message = refuse(&same, &stripes(26, 16, 1), "00ff");
    assert!(message.contains("its labels is `"), "{message}");
}

#[test]
fn a_training_that_diverges_names_the_step_and_keeps_the_last_good_checkpoint() {
    let directory = tempdir().unwrap();
    let raw = RawLenet {
        optimizer: Optimizer::Sgd,
        learning_rate: 10.0,
        batch_size: 8,
        validation_share: 0.0,
        ..RawLenet::default()
    };
    let recipe = keeping(&lenet(raw), directory.path(), 1);
    let fitted = recipe.fit(&stripes(80, 16, 1), &stripes(0, 16, 2), &mut Unobserved);
    match fitted.err().expect("it diverges") {
        FitError::Diverged { step, checkpoint: Some(path), .. } => {
            assert!(step > 1);
            assert_eq!(Some(path), checkpoints(directory.path()).pop());
        }
        error => panic!("{error}"),
    }
}

#[test]
fn a_step_of_more_patches_than_there_are_is_refused() {
    let config = lenet(RawLenet { batch_size: 8, accumulate: 4, ..RawLenet::default() });
    let fitted = recipe(&config, 1).fit(&stripes(24, 16, 1), &stripes(0, 16, 2), &mut Unobserved);
    let message = fitted.err().expect("it is refused").to_string();
    let expected = "`batch-size` 8 × `accumulate` 4 is 32, more than the 24 patches to fit on; expected at most 24";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_training_tells_what_its_time_went_into() {
    let config = lenet(RawLenet { batch_size: 8, epochs: 2, ..RawLenet::default() });
    let (train, validation) = (stripes(40, 16, 1), stripes(8, 16, 2));
    let mut ear = Ear::default();
    let start = std::time::Instant::now();
    recipe(&config, 1).fit(&train, &validation, &mut ear).unwrap();
    let whole = start.elapsed().as_secs_f64();
    let times = ear.events.iter().find_map(|event| match event {
        FitEvent::Profile(times) => Some(*times),
        _ => None,
    });
    let times = times.expect("it is told at the end");
    assert!(times.preparing > 0.0 && times.validating > 0.0, "{times:?}");
    let foreground = times.waiting + times.computing + times.validating;
    assert!(times.computing > 0.0 && foreground <= whole, "{times:?} of {whole}");
}

/// How what each layer makes is spread after the first epoch.
fn activations(
    config: &Arc<dyn NetworkConfig>,
    validation: usize,
    threads: usize,
) -> Vec<Histogram> {
    let (train, validation) = (stripes(30, 16, 1), stripes(validation, 16, 2));
    let mut ear = Ear::default();
    recipe(config, threads).fit(&train, &validation, &mut ear).unwrap();
    let shown = ear.events.into_iter().find_map(|event| match event {
        FitEvent::Activations { epoch: 1, histograms } => Some(histograms),
        _ => None,
    });
    shown.unwrap_or_default()
}

#[test]
fn every_layer_shows_what_it_makes_of_a_few_validation_patches() {
    for config in rich() {
        let network = config.network(InputShape::new(4, [16, 16], 2).unwrap()).unwrap();
        // Seventeen are one more than are looked at.
        for (validation, seen) in [(9, 9), (17, 16)] {
            let shown = activations(&config, validation, 1);
            let expected = network.layers().into_iter().map(|layer| {
                let numbers: usize = layer.output.iter().product();
                (layer.name, (seen * numbers) as f64)
            });
            let found = shown.iter().map(|own| (own.name.clone(), own.count));
            assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
        let pools = activations(&config, 9, 1);
        let mut pools = pools.iter().filter(|own| own.name.starts_with("pool"));
        assert!(pools.all(|own| own.least >= 0.0), "pools are behind rectifiers");
        assert_eq!(activations(&config, 9, 1), activations(&config, 9, 3));
        assert_eq!(activations(&config, 0, 1), []);
    }
}
