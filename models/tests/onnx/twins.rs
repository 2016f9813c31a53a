//! `twin.py` of an exported network, as PyTorch ran it once: the program says the same of the same bytes.
//!
//! PyTorch is too large for the tests. What it made of these bundles lies in `tests/data/twin/golden.json`, beside the
//! script that writes it, with the digests of the files that it read: where one of them is another, the figures are stale.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tesela_datasets::config::Problems;
use tesela_datasets::file_mark::FileMark;
use tesela_datasets::hex;
use tesela_datasets::memory::MemorySource;
use tesela_datasets::patch::{PatchBatch, PatchDefinition, SampleType, Samples};
use tesela_datasets::pixel::{Band, Product};
use tesela_datasets::random::{below, derive, generator};
use tesela_datasets::source::Batch;
use tesela_models::Classifier;
use tesela_models::bundle::{self, Extras, Gathering, Provenance};
use tesela_models::classifier::Unobserved;
use tesela_models::config::{FitSettings, ModelConfig, RawModelConfig};
use tesela_models::export::export;

use super::cells::{classes, definition, extreme, ordinary};

/// The networks: a name, the settings, and the side of a patch.
const CASES: [(&str, &str, usize); 3] = [
    ("lenet", "[lenet]", 16),
    ("lenet-norms-all-ways", "[lenet]\nbatch-norm = true\ntest-time-augmentation = true", 16),
    ("resnet", "[resnet]\nwidth = 4\nblocks = [1, 1]", 9),
];
const SHORT: &str = "epochs = 1\nbatch-size = 8\nvalidation-share = 0.0\n";
const CLASSES: usize = 3;
/// The files that a twin reads, and what it is asked about.
const FILES: [&str; 5] = [
    "bundle/twin.py",
    "bundle/weights.safetensors",
    "bundle/normalisation.json",
    "bands.i16",
    "used.u8",
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/twin")
}

fn input(side: usize) -> PatchDefinition {
    definition(&Band::ALL, SampleType::Int16, Product::C2.scaling(), [side, side])
}

fn model_of(text: &str) -> ModelConfig {
    let raw: RawModelConfig = toml::from_str(&format!("{text}\n{SHORT}")).unwrap();
    let mut problems = Problems::new();
    let checked = raw.check(&mut problems);
    problems.finish(checked).unwrap()
}

/// Patches of all kinds: ordinary ones, and such as nobody wants.
fn patches(input: &PatchDefinition) -> PatchBatch {
    let (mut all, more) = (ordinary(input, CLASSES, 9), extreme(input, 6));
    let (Samples::Int16(own), Samples::Int16(others)) = (&mut all.samples, &more.samples) else {
        unreachable!("the patches have whole numbers")
    };
    own.extend(others);
    all.used.extend(more.used);
    all.labels.extend(more.labels);
    all.positions.extend(9..15);
    all
}

/// A bundle in `folder`, exported, whose numbers follow from a formula: fitted ones depend on the processor in their last
/// digits.
fn write_bundle(folder: &Path, text: &str, side: usize) {
    let (model, input) = (model_of(text), input(side));
    let source = |count: usize| {
        let patches = ordinary(&input, CLASSES, count);
        MemorySource::new(input.clone(), classes(CLASSES), patches).unwrap()
    };
    let recipe = model.recipe(&FitSettings { threads: Some(1), ..FitSettings::new(3) });
    let fitted = recipe.fit(&source(12), &source(0), &mut Unobserved).unwrap();
    let provenance = Provenance {
        model,
        dataset: "noise".to_owned(),
        source: None,
        licence: None,
        store_digest: String::new(),
        pixel_metres: None,
        fold_plan_digest: None,
        fold: None,
        seed: 3,
        program_version: String::new(),
        measured: serde_json::Map::new(),
    };
    let bundle = folder.join("bundle");
    bundle::save(&bundle, &*fitted, &provenance, Extras::default()).unwrap();
    export(Gathering::copy(&bundle).unwrap(), &bundle, None).unwrap();
    let weights = fs::read(bundle.join("weights.safetensors")).unwrap();
    fs::write(bundle.join("weights.safetensors"), formula(&weights)).unwrap();
    write_scales(&bundle.join("normalisation.json"));
    let path = bundle.join("bundle.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for name in ["weights.safetensors", "normalisation.json"] {
        manifest["weights"][name] = json!(FileMark::of(&bundle.join(name)).unwrap());
    }
    fs::write(path, serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// A safetensors file with other numbers in its tensors, about as large as those that a fit begins with.
fn formula(weights: &[u8]) -> Vec<u8> {
    let start = 8 + usize::try_from(u64::from_le_bytes(weights[..8].try_into().unwrap())).unwrap();
    let header: serde_json::Map<String, Value> =
        serde_json::from_slice(&weights[8..start]).unwrap();
    let mut bytes = weights.to_vec();
    for (name, tensor) in header.iter().filter(|(name, _)| *name != "__metadata__") {
        let shape: Vec<u64> = serde_json::from_value(tensor["shape"].clone()).unwrap();
        let [from, to]: [usize; 2] =
            serde_json::from_value(tensor["data_offsets"].clone()).unwrap();
        // A norm multiplies with numbers around one; a weight has as many inputs as it has columns.
        let is_norm = shape.len() == 1 && !name.ends_with("bias") && !name.ends_with("mean");
        let inputs = shape[1..].iter().product::<u64>() as f64;
        let (middle, reach) = if is_norm { (1.0, 0.25) } else { (0.0, (3.0 / inputs).sqrt()) };
        let seed = name.bytes().fold(7, |seed, byte| derive(seed, &[u64::from(byte)]));
        let mut draws = generator(seed, &[]);
        for number in bytes[start + from..start + to].chunks_exact_mut(4) {
            let share = below(&mut draws, 1 << 16) as f64 / 32768.0 - 1.0;
            #[expect(clippy::cast_possible_truncation, reason = "weights have that precision")]
            let value = (middle + reach * share) as f32;
            number.copy_from_slice(&value.to_le_bytes());
        }
    }
    bytes
}

/// Gives each channel scales that some of the numbers are clipped by.
fn write_scales(path: &Path) {
    let mut scales: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    for (at, scale) in scales.iter_mut().enumerate() {
        let at = at as f64;
        scale["low"] = json!(-0.75 - at / 64.0);
        scale["high"] = json!(0.75 + at / 32.0);
        scale["mean"] = json!(0.125 + at / 128.0);
        scale["deviation"] = json!(0.25 + at / 256.0);
    }
    fs::write(path, serde_json::to_vec(&scales).unwrap()).unwrap();
}

/// Writes a bundle and patches into `folder`, and what the program says of them.
fn write_case(folder: &Path, text: &str, side: usize) -> Vec<f32> {
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder).unwrap();
    write_bundle(folder, text, side);
    let patches = patches(&input(side));
    let Samples::Int16(samples) = &patches.samples else { unreachable!("as above") };
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    fs::write(folder.join("bands.i16"), bytes).unwrap();
    let used: Vec<u8> = patches.used.iter().map(|&used| u8::from(used)).collect();
    fs::write(folder.join("used.u8"), used).unwrap();
    let (classifier, _): (Box<dyn Classifier>, _) =
        bundle::load(&folder.join("bundle"), "flex").unwrap();
    classifier.predict(&Batch::Patches(patches)).unwrap().values().to_vec()
}

fn digests(folder: &Path) -> Value {
    let digest = |name: &str| hex::encode(&Sha256::digest(fs::read(folder.join(name)).unwrap()));
    FILES.iter().map(|name| ((*name).to_owned(), json!(digest(name)))).collect()
}

#[test]
fn the_twin_of_each_network_says_the_same_in_pytorch() {
    let golden: Value =
        serde_json::from_slice(&fs::read(data().join("golden.json")).unwrap()).unwrap();
    // They stay there for the script that makes the figures.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("twins");
    let found = CASES.map(|(name, text, side)| write_case(&place.join(name), text, side));
    for ((name, ..), found) in CASES.into_iter().zip(found) {
        let (folder, golden) = (place.join(name), &golden[name]);
        assert_eq!(
            golden["files"],
            digests(&folder),
            "{name}: make the figures anew: tests/data/twin/make_golden.py {}",
            place.display()
        );
        let numbers = |key: &str| -> Option<Vec<Vec<f64>>> {
            serde_json::from_value(golden[key].clone()).unwrap()
        };
        let expected = numbers("probabilities").unwrap().concat();
        assert_eq!(found.len(), expected.len());
        // A patch of which no pixel is used has no class here; a twin does not ask.
        let known = |row: &[f32]| !row.iter().any(|value| value.is_nan());
        let rows = found.chunks_exact(CLASSES);
        assert!(rows.clone().filter(|row| known(row)).count() >= 12, "{found:?}");
        for (at, row) in rows.enumerate().filter(|(_, row)| known(row)) {
            for (class, &own) in row.iter().enumerate() {
                let apart = f64::from(own) - expected[at * CLASSES + class];
                assert!(apart.abs() < 1e-5, "{name}, patch {at}: {apart}");
            }
            // Logits are known but for their sum.
            let Some(logits) = numbers("logits") else { continue };
            for class in 1..CLASSES {
                let own = f64::from(row[class]).ln() - f64::from(row[0]).ln();
                let apart = own - (logits[at][class] - logits[at][0]);
                assert!(apart.abs() < 1e-5, "{name}, patch {at}: {apart}");
            }
        }
    }
}
