//! The recipe: from labelled patches to a fitted network.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;
use sha2::{Digest, Sha256};
use tesela_datasets::hex;
use tesela_datasets::normalisation::{Normalisation, NormalisationError};
use tesela_datasets::patch::SampleType;
use tesela_datasets::random;
use tesela_datasets::source::{CellSource, PatchSource};

use super::architecture::{Network, NetworkConfig};
use super::augment::Symmetries;
use super::computation::Computation;
use super::device_planes::DevicePlanes;
use super::input_shape::InputShape;
use super::layout::Layout;
use super::model::FittedNetwork;
use super::parameters::Parameters;
use super::parts::part_size;
use super::planes::InputPlanes;
use super::preparation::Preparers;
use super::stage_clock::StageClock;
use super::training::Trainer;
use super::untrained::UntrainedNetwork;
use super::weights::Weights;
use crate::classifier::{CheckpointPlace, Classifier, Fit, FitError, FitEvent, FitObserver};
use crate::config::FitSettings;
use crate::device::{DeviceChoice, DeviceError, guarded, is_processor};

/// The place of the sample behind the normalisation below the seed.
const NORMALISATION: u64 = 4;

/// How a network is fitted.
#[derive(Debug, Clone)]
pub struct NetworkFit {
    config: Arc<dyn NetworkConfig>,
    settings: FitSettings,
    checkpoints: Option<CheckpointPlace>,
}

impl NetworkFit {
    /// The recipe with these settings.
    pub(crate) fn new(config: Arc<dyn NetworkConfig>, settings: &FitSettings) -> Self {
        Self { config, settings: settings.clone(), checkpoints: None }
    }

    /// The network for `input` with the weights that its training begins with.
    ///
    /// # Errors
    /// If there is no such network, or the device cannot be used.
    pub fn untrained(&self, input: InputShape) -> Result<UntrainedNetwork, FitError> {
        let network = self.network(input)?;
        let place = self.device(&*network)?;
        Ok(UntrainedNetwork::new(network, self.settings.seed, place))
    }

    fn network(&self, input: InputShape) -> Result<Box<dyn Network>, FitError> {
        self.config.network(input).map_err(|error| self.unusable(error.to_string()))
    }

    fn choice(&self) -> Result<DeviceChoice, FitError> {
        let device = self.settings.device.parse();
        device.map_err(|error: DeviceError| self.no_device(error.to_string()))
    }

    fn device(&self, network: &dyn Network) -> Result<(Device, Layout), FitError> {
        let choice = self.choice()?;
        let device = choice.open().map_err(|error| self.no_device(error.to_string()))?;
        Ok((device, Layout::of(network, choice)))
    }

    /// How many patches of a batch are on the device at a time.
    fn part_size(&self, computation: Computation<'_>) -> Result<usize, FitError> {
        let specs = computation.network.tensors().into();
        let parameters =
            Parameters::new(&Weights::draw(specs, self.settings.seed), computation.device);
        let batch = self.config.training().batch_size();
        part_size(self.settings.load, batch, self.choice()?, computation, &parameters)
            .map_err(|reason| self.no_device(reason))
    }

    fn no_device(&self, reason: String) -> FitError {
        FitError::Device { device: self.settings.device.clone(), reason }
    }

    fn normalisation(&self, train: PatchSource<'_>) -> Result<Normalisation, FitError> {
        let seed = random::derive(self.settings.seed, &[NORMALISATION]);
        Normalisation::fit(train, seed).map_err(|error| match error {
            NormalisationError::Source(error) => FitError::Source(error),
            other => self.unusable(other.to_string()),
        })
    }

    fn fit_in_pool(
        &self,
        train: PatchSource<'_>,
        validation: PatchSource<'_>,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError> {
        let input = train.definition();
        let sides = [input.shape.height, input.shape.width];
        let shape = InputShape::new(InputPlanes::count(input), sides, train.classes().len())
            .map_err(|error| self.unusable(error.to_string()))?;
        let network = self.network(shape)?;
        let (device, layout) = self.device(&*network)?;
        let normalisation = self.normalisation(train)?;
        let planes =
            InputPlanes::new(input, normalisation).map_err(|reason| self.unusable(reason))?;
        // The processor has a faster way of its own, and numbers that are no integers are prepared there, too.
        let packs = !is_processor(&device) && input.sample_type != SampleType::Float32;
        let device_planes = packs.then(|| {
            let symmetries = Symmetries::new(sides, self.config.training().raw().augment);
            DevicePlanes::new(&planes, &symmetries, &device)
        });
        let computation = Computation {
            network: &*network,
            layout,
            device: &device,
            device_planes: device_planes.as_ref(),
        };
        let part_size = self.part_size(computation)?;
        if part_size < self.config.training().batch_size() {
            let message = format!("each batch is taken in parts of {part_size} patches");
            observer.notice(&FitEvent::Warning { message });
        }
        let preparers = Preparers::new()
            .map_err(|error| self.unusable(format!("threads to prepare patches: {error}")))?;
        let trainer = Trainer {
            part_size,
            settings: self.config.training(),
            seed: self.settings.seed,
            on_processor: self.settings.device.parse().is_ok_and(DeviceChoice::is_processor),
            computation,
            planes: &planes,
            preparers: &preparers,
            train,
            validation,
            clock: &StageClock::default(),
            checkpoints: self
                .checkpoints
                .clone()
                .map(|place| (place, self.identity(&*network, part_size, train, validation))),
        };
        let weights = trainer.run(observer)?;
        let (config, classes) = (&*self.config, train.classes().clone());
        Ok(Box::new(FittedNetwork::new(config, network, classes, planes, weights, layout, device)))
    }

    /// What must be equal for a checkpoint to be of the same training.
    fn identity(
        &self,
        network: &dyn Network,
        part_size: usize,
        train: PatchSource<'_>,
        validation: PatchSource<'_>,
    ) -> BTreeMap<String, String> {
        let input = network.input();
        let [height, width] = input.side();
        let mut labels = Sha256::new();
        for label in train.labels().iter().chain(validation.labels()) {
            let class = label.class().map_or(u64::MAX, |class| class.index() as u64);
            labels.update(class.to_le_bytes());
        }
        let pairs = [
            ("program version", env!("CARGO_PKG_VERSION").to_owned()),
            ("model", self.config.kind().to_owned()),
            ("settings", self.config.written()),
            ("seed", self.settings.seed.to_string()),
            ("device", self.settings.device.clone()),
            ("patches at a time", part_size.to_string()),
            ("input", format!("{} planes of {height} × {width} pixels", input.planes())),
            ("classes", train.classes().to_string()),
            ("patches", format!("{} and {}", train.len(), validation.len())),
            ("labels", hex::encode(&labels.finalize())),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn unusable(&self, reason: String) -> FitError {
        FitError::Unusable { model: self.config.kind(), reason }
    }

    /// The patches of `source`: a network looks at neighbouring pixels, which a table does not have.
    fn patches_of<'a>(&self, source: &'a dyn CellSource) -> Result<PatchSource<'a>, FitError> {
        PatchSource::of(source).ok_or_else(|| {
            let found = source.input().words();
            self.unusable(format!("a network needs pixels; the store holds {found}"))
        })
    }

    /// Checks that every class has patches, and every patch a class.
    fn check(&self, train: PatchSource<'_>) -> Result<(), FitError> {
        let mut counts = vec![0_usize; train.classes().len()];
        for (position, label) in train.labels().iter().enumerate() {
            let Some(class) = label.class() else {
                let problem = format!("patch {position} is undefined; expected a class");
                return Err(self.unusable(problem));
            };
            counts[class.index()] += 1;
        }
        if let Some(class) = counts.iter().position(|&count| count == 0) {
            let name = &train.classes().names()[class];
            let problem = format!("class `{name}` has no patches; expected at least one");
            return Err(self.unusable(problem));
        }
        let (step, raw) = (self.config.training().step_size(), self.config.training().raw());
        if step > train.len() {
            let (batch, times, patches) = (raw.batch_size, raw.accumulate, train.len());
            return Err(self.unusable(format!(
                "`batch-size` {batch} × `accumulate` {times} is {step}, more than the {patches} patches to fit on; \
                 expected at most {patches}"
            )));
        }
        Ok(())
    }
}

impl Fit for NetworkFit {
    fn validation_share(&self) -> f64 {
        self.config.training().raw().validation_share
    }

    fn keep_checkpoints(&mut self, place: CheckpointPlace) {
        self.checkpoints = Some(place);
    }

    fn fit(
        &self,
        train: &dyn CellSource,
        validation: &dyn CellSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError> {
        let (train, validation) = (self.patches_of(train)?, self.patches_of(validation)?);
        self.check(train)?;
        if !validation.is_empty() && validation.definition() != train.definition() {
            return Err(
                self.unusable("training and validation patches differ in their definition".into())
            );
        }
        // Zero is as many as the machine has.
        let threads = self.settings.threads.unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| self.unusable(format!("{threads} threads: {error}")))?;
        let choice = self.choice()?;
        let fit = || self.fit_in_pool(train, validation, observer);
        let fitted = pool.install(|| guarded(choice.is_processor(), fit));
        fitted.unwrap_or_else(|failure| {
            let batch = self.config.training().batch_size();
            let reason = failure.for_batch(batch);
            let advice = "; `--batch auto` takes it in parts that fit";
            Err(self.no_device(reason + if failure.is_memory { advice } else { "" }))
        })
    }
}
