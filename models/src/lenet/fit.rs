//! The recipe: from labelled patches to a fitted network.

use burn::tensor::Device;
use tesela_datasets::normalisation::{Normalisation, NormalisationError};
use tesela_datasets::random;
use tesela_datasets::source::{CellSource, PatchSource};

use super::architecture::Architecture;
use super::config::LenetConfig;
use super::layout::Layout;
use super::model::Lenet;
use super::planes::InputPlanes;
use super::training::Training;
use crate::classifier::{Classifier, Fit, FitError, FitObserver};
use crate::config::FitSettings;
use crate::device::DeviceChoice;

/// The place of the sample behind the normalisation below the seed.
const NORMALISATION: u64 = 4;

/// How a LeNet is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct LenetFit {
    config: LenetConfig,
    settings: FitSettings,
}

impl LenetFit {
    /// The recipe with these settings.
    pub fn new(config: LenetConfig, settings: &FitSettings) -> Self {
        Self { config, settings: settings.clone() }
    }

    fn device(&self) -> Result<(Device, Layout), FitError> {
        let choice = self.settings.device.parse::<DeviceChoice>();
        let opened = choice.and_then(|choice| Ok((choice.open()?, Layout::of(choice))));
        opened.map_err(|error| FitError::Device {
            device: self.settings.device.clone(),
            reason: error.to_string(),
        })
    }

    fn normalisation(&self, train: PatchSource<'_>) -> Result<Normalisation, FitError> {
        let seed = random::derive(self.settings.seed, &[NORMALISATION]);
        Normalisation::fit(train, seed).map_err(|error| match error {
            NormalisationError::Source(error) => FitError::Source(error),
            other => unusable(other.to_string()),
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
        let architecture =
            Architecture::new(InputPlanes::count(input), sides, train.classes().len())
                .map_err(|error| unusable(error.to_string()))?;
        let (device, layout) = self.device()?;
        let normalisation = self.normalisation(train)?;
        let planes = InputPlanes::new(input, normalisation).map_err(unusable)?;
        let training = Training {
            config: &self.config,
            seed: self.settings.seed,
            device: &device,
            layout,
            architecture,
            planes: &planes,
            train,
            validation,
        };
        let weights = training.run(observer)?;
        Ok(Box::new(Lenet::new(train.classes().clone(), planes, weights, layout, device)))
    }
}

impl Fit for LenetFit {
    fn validation_share(&self) -> f64 {
        self.config.validation_share
    }

    fn fit(
        &self,
        train: &dyn CellSource,
        validation: &dyn CellSource,
        observer: &mut dyn FitObserver,
    ) -> Result<Box<dyn Classifier>, FitError> {
        let (train, validation) = (patches_of(train)?, patches_of(validation)?);
        check(train)?;
        if !validation.is_empty() && validation.definition() != train.definition() {
            return Err(unusable(
                "training and validation patches differ in their definition".into(),
            ));
        }
        // Zero is as many as the machine has.
        let threads = self.settings.threads.unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| unusable(format!("{threads} threads: {error}")))?;
        pool.install(|| self.fit_in_pool(train, validation, observer))
    }
}

fn unusable(reason: String) -> FitError {
    FitError::Unusable { model: "lenet", reason }
}

/// The patches of `source`: a network looks at neighbouring pixels, which a table does not have.
fn patches_of(source: &dyn CellSource) -> Result<PatchSource<'_>, FitError> {
    PatchSource::of(source).ok_or_else(|| {
        unusable(format!("a network needs pixels; the store holds {}", source.input().words()))
    })
}

/// Checks that every class has patches, and every patch a class.
fn check(train: PatchSource<'_>) -> Result<(), FitError> {
    let mut counts = vec![0_usize; train.classes().len()];
    for (position, label) in train.labels().iter().enumerate() {
        let Some(class) = label.class() else {
            return Err(unusable(format!("patch {position} is undefined; expected a class")));
        };
        counts[class.index()] += 1;
    }
    match counts.iter().position(|&count| count == 0) {
        None => Ok(()),
        Some(class) => {
            let name = &train.classes().names()[class];
            Err(unusable(format!("class `{name}` has no patches; expected at least one")))
        }
    }
}
