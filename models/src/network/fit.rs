//! The recipe: from labelled patches to a fitted network.

use std::sync::Arc;

use burn::tensor::Device;
use tesela_datasets::normalisation::{Normalisation, NormalisationError};
use tesela_datasets::random;
use tesela_datasets::source::{CellSource, PatchSource};

use super::architecture::{Network, NetworkConfig};
use super::computation::Computation;
use super::input_shape::InputShape;
use super::layout::Layout;
use super::model::FittedNetwork;
use super::planes::InputPlanes;
use super::training::Trainer;
use crate::classifier::{Classifier, Fit, FitError, FitObserver};
use crate::config::FitSettings;
use crate::device::DeviceChoice;

/// The place of the sample behind the normalisation below the seed.
const NORMALISATION: u64 = 4;

/// How a network is fitted.
#[derive(Debug, Clone)]
pub struct NetworkFit {
    config: Arc<dyn NetworkConfig>,
    settings: FitSettings,
}

impl NetworkFit {
    /// The recipe with these settings.
    pub(crate) fn new(config: Arc<dyn NetworkConfig>, settings: &FitSettings) -> Self {
        Self { config, settings: settings.clone() }
    }

    fn device(&self, network: &dyn Network) -> Result<(Device, Layout), FitError> {
        let choice = self.settings.device.parse::<DeviceChoice>();
        let opened = choice.and_then(|choice| Ok((choice.open()?, Layout::of(network, choice))));
        opened.map_err(|error| FitError::Device {
            device: self.settings.device.clone(),
            reason: error.to_string(),
        })
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
        let network = InputShape::new(InputPlanes::count(input), sides, train.classes().len())
            .and_then(|shape| self.config.network(shape))
            .map_err(|error| self.unusable(error.to_string()))?;
        let (device, layout) = self.device(&*network)?;
        let normalisation = self.normalisation(train)?;
        let planes =
            InputPlanes::new(input, normalisation).map_err(|reason| self.unusable(reason))?;
        let trainer = Trainer {
            settings: self.config.training(),
            seed: self.settings.seed,
            computation: Computation { network: &*network, layout, device: &device },
            planes: &planes,
            train,
            validation,
        };
        let weights = trainer.run(observer)?;
        let kind = self.config.kind();
        let classes = train.classes().clone();
        Ok(Box::new(FittedNetwork::new(kind, network, classes, planes, weights, layout, device)))
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
        match counts.iter().position(|&count| count == 0) {
            None => Ok(()),
            Some(class) => {
                let name = &train.classes().names()[class];
                let problem = format!("class `{name}` has no patches; expected at least one");
                Err(self.unusable(problem))
            }
        }
    }
}

impl Fit for NetworkFit {
    fn validation_share(&self) -> f64 {
        self.config.training().raw().validation_share
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
        pool.install(|| self.fit_in_pool(train, validation, observer))
    }
}
