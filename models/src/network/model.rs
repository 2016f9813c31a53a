//! A fitted network: predicts, is saved, and is loaded without trust.

use std::path::Path;

use burn::tensor::Device;
use tesela_datasets::class::ClassMap;
use tesela_datasets::normalisation::Normalisation;
use tesela_datasets::patch::PatchBatch;
use tesela_datasets::source::{Batch, InputDefinition};
use tesela_datasets::whole_file::write_whole;

use super::LoadError;
use super::architecture::{Network, NetworkConfig};
use super::augment::Symmetries;
use super::computation::Computation;
use super::input_shape::InputShape;
use super::layout::Layout;
use super::onnx;
use super::parameters::Parameters;
use super::planes::{InputPlanes, Scratch};
use super::trunk::BoundTrunk;
use super::weights::{WEIGHTS_FILE, Weights, read_bounded, to_single};
use crate::classifier::{Classifier, PredictError, Probabilities, SaveError, checked_patches};
use crate::device::{DeviceChoice, guarded, is_processor};
use crate::onnx::{OnnxError, OnnxModel, Scores};

/// The name of the file of statistics in a bundle.
const NORMALISATION_FILE: &str = "normalisation.json";
/// The files of a fitted network.
pub(crate) const FILES: [&str; 2] = [WEIGHTS_FILE, NORMALISATION_FILE];
/// More than the statistics of 27 channels take.
const MOST_NORMALISATION_BYTES: usize = 1024 * 1024;
/// How many patches are on the processor at a time.
const BLOCK: usize = 64;
/// The same where a trunk computes all but the last layers, whose weights are brought into order once for each block, on one
/// thread.
const TRUNK_BLOCK: usize = 256;
/// How many patches are on another device at a time: one that computes many at once.
const DEVICE_BLOCK: usize = 256;

/// A fitted network.
#[derive(Debug)]
pub(crate) struct FittedNetwork {
    kind: &'static str,
    /// The ways to look at a patch over which a prediction is averaged.
    symmetries: Symmetries,
    network: Box<dyn Network>,
    classes: ClassMap,
    input: InputDefinition,
    planes: InputPlanes,
    weights: Weights,
    parameters: Parameters,
    bound: Option<Box<dyn BoundTrunk>>,
    layout: Layout,
    device: Device,
}

impl FittedNetwork {
    /// Wraps what was learned.
    pub(crate) fn new(
        config: &dyn NetworkConfig,
        network: Box<dyn Network>,
        classes: ClassMap,
        planes: InputPlanes,
        weights: Weights,
        layout: Layout,
        device: Device,
    ) -> Self {
        let parameters = Parameters::new(&weights, &device);
        let computation =
            Computation { network: &*network, layout, device: &device, device_planes: None };
        let bound = computation.bind(&parameters);
        let input = InputDefinition::Patches(planes.input().clone());
        let averages = config.training().raw().test_time_augmentation;
        Self {
            kind: config.kind(),
            symmetries: Symmetries::new(network.input().side(), averages),
            network,
            classes,
            input,
            planes,
            weights,
            parameters,
            bound,
            layout,
            device,
        }
    }

    /// The probabilities of the patches at `indices`, `[patch, class]`: the mean over all ways to look at them.
    fn probabilities(&self, patches: &PatchBatch, indices: &[usize]) -> Vec<f32> {
        let classes = self.classes.len();
        let ways = self.symmetries.all().len();
        let mut sums = vec![0.0; indices.len() * classes];
        for way in 0..ways {
            let logits = self.logits(patches, indices, way);
            for (sums, logits) in sums.chunks_exact_mut(classes).zip(logits.chunks_exact(classes)) {
                add_softmax(logits, sums);
            }
        }
        sums.into_iter().map(|sum| to_single(sum / ways as f64)).collect()
    }

    /// How many patches are computed at a time.
    fn block(&self) -> usize {
        match (is_processor(&self.device), &self.bound) {
            (true, Some(_)) => TRUNK_BLOCK,
            (true, None) => BLOCK,
            (false, _) => DEVICE_BLOCK,
        }
    }

    /// The logits of the patches at `indices`, seen in symmetry `way`: `[patch, class]`.
    fn logits(&self, patches: &PatchBatch, indices: &[usize], way: usize) -> Vec<f32> {
        let computation = Computation {
            network: &*self.network,
            layout: self.layout,
            device: &self.device,
            device_planes: None,
        };
        let fill = |scratch: &mut Scratch, at: usize, out: &mut [f32]| {
            let way = (&self.symmetries, way);
            self.planes.fill_turned(scratch, (patches, indices[at]), way, out);
        };
        let count = indices.len();
        let on_processor = is_processor(&self.device);
        let rows = if on_processor { count.next_multiple_of(self.block()) } else { count };
        computation.predict(&self.parameters, self.bound.as_deref(), (count, rows), fill)
    }
}

impl Classifier for FittedNetwork {
    fn classes(&self) -> &ClassMap {
        &self.classes
    }

    fn input(&self) -> &InputDefinition {
        &self.input
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn predict(&self, cells: &Batch) -> Result<Probabilities, PredictError> {
        let patches = checked_patches(self.planes.input(), cells)?;
        let classes = self.classes.len();
        let seen: Vec<usize> =
            (0..patches.len()).filter(|&index| patches.used_of(index).contains(&true)).collect();
        let mut values = vec![f32::NAN; patches.len() * classes];
        let on_processor = is_processor(&self.device);
        for block in seen.chunks(self.block()) {
            let predict = || self.probabilities(patches, block);
            let found = guarded(on_processor, predict).map_err(|failure| PredictError::Device {
                reason: failure.for_batch(block.len()),
            })?;
            for (&index, row) in block.iter().zip(found.chunks_exact(classes)) {
                values[index * classes..(index + 1) * classes].copy_from_slice(row);
            }
        }
        Ok(Probabilities::new(classes, values))
    }

    fn write_onnx(&self, model: &mut OnnxModel) -> Result<Scores, OnnxError> {
        Ok(onnx::write(model, &*self.network, &self.weights, &self.planes, &self.symmetries))
    }

    fn torch_twin(&self) -> Option<String> {
        let rotation = self.planes.input().pixel.tasseled_cap.rotation();
        let rows: String = rotation.iter().map(|row| format!("    {row:?},\n")).collect();
        let (planes, network) = (include_str!("twin.py"), self.network.torch_twin());
        Some(format!(
            "{}\n\n\n# Weights of the six bands in the six components of the tasseled cap.\nROTATION = [\n{rows}]\n\n\n{network}",
            planes.trim_end()
        ))
    }

    fn save_weights(&self, directory: &Path) -> Result<(), SaveError> {
        self.weights.save(directory)?;
        let path = directory.join(NORMALISATION_FILE);
        serde_json::to_vec_pretty(self.planes.normalisation())
            .map_err(std::io::Error::from)
            .and_then(|text| write_whole(&path, &text))
            .map_err(|error| SaveError { path, source: error.into() })
    }
}

/// Reads the network of `config` that [`Classifier::save_weights`] wrote into `directory`; every byte is checked. It
/// will compute on `device`, such as `flex` or `wgpu:1`.
///
/// # Errors
/// If a file is missing, or does not hold such a network for `input` and `classes`.
pub(crate) fn load(
    directory: &Path,
    config: &dyn NetworkConfig,
    classes: ClassMap,
    input: &InputDefinition,
    device: &str,
) -> Result<Box<dyn Classifier>, LoadError> {
    let content = |path: &Path, reason: String| LoadError::Content { path: path.into(), reason };
    let input = input.patches().ok_or_else(|| {
        content(directory, format!("a network needs pixels; its input is {}", input.words()))
    })?;
    let sides = [input.shape.height, input.shape.width];
    let network = InputShape::new(InputPlanes::count(input), sides, classes.len())
        .and_then(|shape| config.network(shape))
        .map_err(|error| content(directory, error.to_string()))?;
    let weights = Weights::load(directory, network.tensors().into())?;
    let path = directory.join(NORMALISATION_FILE);
    let text = read_bounded(&path, MOST_NORMALISATION_BYTES)?;
    let normalisation: Normalisation =
        serde_json::from_slice(&text).map_err(|error| content(&path, error.to_string()))?;
    let planes = InputPlanes::new(input, normalisation).map_err(|reason| content(&path, reason))?;
    let choice: DeviceChoice = device.parse()?;
    let (layout, device) = (Layout::of(&*network, choice), choice.open()?);
    Ok(Box::new(FittedNetwork::new(config, network, classes, planes, weights, layout, device)))
}

/// Adds probabilities from logits, which sum to one.
fn add_softmax(logits: &[f32], sums: &mut [f64]) {
    let most = logits.iter().fold(f32::NEG_INFINITY, |most, &logit| most.max(logit));
    let exponential = |logit: f32| f64::from(logit - most).exp();
    let sum: f64 = logits.iter().map(|&logit| exponential(logit)).sum();
    for (own, &logit) in sums.iter_mut().zip(logits) {
        *own += exponential(logit) / sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_however_large_the_logits() {
        let mut sums = [0.0; 3];
        add_softmax(&[1e30, -1e30, 1e30], &mut sums);
        assert_eq!(sums, [0.5, 0.0, 0.5]);
        add_softmax(&[0.0, 3_f32.ln(), 0.0], &mut sums);
        assert!((sums[1] - 0.6).abs() < 1e-6 && (sums.iter().sum::<f64>() - 2.0).abs() < 1e-6);
    }
}
