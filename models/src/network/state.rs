//! What changes during a training, and its way into a checkpoint and back.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use super::average::Average;
use super::optimizer::Optimizer;
use super::parameters::{Parameters, host, vector};
use super::progress::Progress;
use super::settings::RawTraining;
use super::tensor_spec::TensorSpec;
use super::weights::Weights;

/// The parts of a checkpoint: the beginnings of the names of its tensors.
const WEIGHTS: &str = "weights";
const FIRST: &str = "first";
const SECOND: &str = "second";
const AVERAGE: &str = "average";
const BEST: &str = "best";

/// Where the tensors lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) device: &'a Device,
    /// Whether the device is the processor.
    pub(crate) on_processor: bool,
}

/// What changes from step to step.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) parameters: Parameters,
    pub(crate) optimizer: Optimizer,
    /// The moving average of the weights, where one is kept.
    pub(crate) average: Option<Average>,
    pub(crate) progress: Progress,
    /// The weights of the lowest validation loss.
    pub(crate) best: Option<Weights>,
}

impl State {
    /// Before the first step.
    pub(crate) fn new(weights: &Weights, training: &RawTraining, place: Place<'_>) -> Self {
        let Place { device, on_processor } = place;
        let decay = training.ema_decay;
        Self {
            parameters: Parameters::new(weights, device),
            optimizer: Optimizer::new(training, on_processor, weights.specs().len()),
            average: (decay > 0.0).then(|| Average::new(decay)),
            progress: Progress::new(),
            best: None,
        }
    }

    /// The weights that are validated and kept: the average, where there is one.
    pub(crate) fn kept(&self) -> Parameters {
        match &self.average {
            Some(average) => average.of(&self.parameters),
            None => self.parameters.clone(),
        }
    }

    /// All tensors, for a checkpoint.
    pub(crate) fn tensors(&self) -> BTreeMap<String, Vec<f32>> {
        let specs = self.parameters.specs();
        let mut all = BTreeMap::new();
        let mut keep = |part: &str, index: usize, value: &Tensor<1>| {
            all.insert(format!("{part}/{}", specs[index].name), host(value.clone()));
        };
        for (index, value) in self.parameters.values().iter().enumerate() {
            keep(WEIGHTS, index, value);
        }
        let [first, second] = self.optimizer.moments();
        for (part, moments) in [(FIRST, first), (SECOND, second)] {
            for (index, value) in moments.iter().enumerate() {
                value.iter().for_each(|value| keep(part, index, value));
            }
        }
        let average = self.average.as_ref().and_then(Average::values);
        for (index, value) in average.into_iter().flatten().enumerate() {
            keep(AVERAGE, index, value);
        }
        for (spec, values) in specs.iter().zip(self.best.iter().flat_map(Weights::values)) {
            all.insert(format!("{BEST}/{}", spec.name), values.clone());
        }
        all
    }

    /// The state that [`Self::tensors`] and `progress` describe; what is missing otherwise.
    pub(crate) fn resumed(
        specs: &Arc<[TensorSpec]>,
        training: &RawTraining,
        place: Place<'_>,
        progress: Progress,
        mut tensors: BTreeMap<String, Vec<f32>>,
    ) -> Result<Self, String> {
        let Place { device, on_processor } = place;
        let mut take = |part: &str, spec: &TensorSpec| {
            let name = format!("{part}/{}", spec.name);
            let values = tensors.remove(&name);
            match values.as_ref().map(Vec::len).filter(|&len| len != spec.len()) {
                Some(found) => {
                    Err(format!("`{name}` has {found} numbers; expected {}", spec.len()))
                }
                None => Ok(values),
            }
        };
        let mut whole = |part: &str| -> Result<Option<Vec<Vec<f32>>>, String> {
            specs.iter().map(|spec| take(part, spec)).collect()
        };
        let on_device = |values: Vec<Vec<f32>>| -> Vec<Tensor<1>> {
            values.into_iter().map(|values| vector(values, device)).collect()
        };
        let weights = whole(WEIGHTS)?.ok_or_else(|| "it lacks some of the weights".to_owned())?;
        let best = whole(BEST)?;
        if best.is_none() && progress.best.is_some() {
            return Err("it lacks the best weights".to_owned());
        }
        let average = whole(AVERAGE)?.map(on_device);
        let decay = training.ema_decay;
        let mut moments = |part: &str| -> Result<Vec<Option<Tensor<1>>>, String> {
            let values = specs.iter().map(|spec| take(part, spec));
            values.map(|values| Ok(values?.map(|values| vector(values, device)))).collect()
        };
        let moments = [moments(FIRST)?, moments(SECOND)?];
        Ok(Self {
            parameters: Parameters::new(&Weights::new(specs.clone(), weights), device),
            optimizer: Optimizer::resumed(training, on_processor, progress.step, moments),
            average: (decay > 0.0).then(|| Average::resumed(decay, average)),
            best: best.map(|values| Weights::new(specs.clone(), values)),
            progress,
        })
    }
}
