//! The models that make a map together: one, or several whose mean is taken.

use std::path::{Path, PathBuf};

use tesela_datasets::class::ClassMap;
use tesela_datasets::source::{Batch, InputDefinition};
use tesela_models::applicability::CellApplicability;
use tesela_models::bundle::{
    self, BundleError, BundleManifest, TrainedCells, load_applicability, load_trained_cells,
};
use tesela_models::classifier::Classifier;
use tesela_models::describe::Describer;
use tesela_models::operating_point::OperatingPoint;

use super::{InferenceError, RawLayout};
use crate::cutting::Crew;
use crate::map::ModelOrigin;

/// What a bundle says of its model, without its weights.
#[derive(Debug)]
pub struct ModelFacts {
    /// Where the bundle lies; for messages.
    pub name: PathBuf,
    /// What a map says of it.
    pub origin: ModelOrigin,
    /// The classes, in the order of probabilities.
    pub classes: ClassMap,
    /// What cells must be.
    pub input: InputDefinition,
    /// What turns raw probabilities into figures and decisions that hold where the model is used.
    pub operating_point: Option<OperatingPoint>,
    /// How unlike the training cells a cell is.
    pub applicability: Option<CellApplicability>,
    /// The cells that it was fitted on.
    pub trained: Option<TrainedCells>,
    /// Side of the pixels that it was fitted on, in metres.
    pub pixel_metres: Option<f64>,
}

impl ModelFacts {
    /// Reads the bundle in `directory`.
    ///
    /// # Errors
    /// If a file is missing, altered or of another version.
    pub fn load(directory: &Path) -> Result<Self, InferenceError> {
        let read = || Self::of(directory, bundle::read_manifest(directory)?);
        read().map_err(|source| InferenceError::bundle(directory, source))
    }

    fn of(directory: &Path, manifest: BundleManifest) -> Result<Self, BundleError> {
        Ok(Self {
            name: directory.to_owned(),
            origin: ModelOrigin {
                digest: bundle::digest(directory)?,
                kind: manifest.kind.clone(),
                dataset: manifest.provenance.dataset.clone(),
                measured: manifest.provenance.measured.clone(),
                settled: None,
            },
            applicability: load_applicability(directory, &manifest)?,
            trained: load_trained_cells(directory, &manifest)?,
            classes: manifest.classes,
            input: manifest.input,
            operating_point: manifest.operating_point,
            pixel_metres: manifest.provenance.pixel_metres,
        })
    }
}

/// What raw numbers models that share a map give for each cell.
///
/// # Errors
/// If they do not speak of the same classes and look at the same kind of cells.
pub(super) fn layout_of(facts: &[ModelFacts]) -> Result<RawLayout, InferenceError> {
    let [first, others @ ..] = facts else { return Err(InferenceError::NoModel) };
    for other in others {
        let differ = |what, found, expected| InferenceError::Different {
            what,
            name: other.name.clone(),
            found,
            first: first.name.clone(),
            expected,
        };
        if other.classes != first.classes {
            let [found, expected] = [other, first].map(|facts| facts.classes.to_string());
            return Err(differ("classes", found, expected));
        }
        if other.input != first.input {
            let [found, expected] = [other, first].map(|facts| facts.input.words());
            return Err(differ("cells", found, expected));
        }
    }
    let compared = (0..facts.len()).filter(|&model| facts[model].applicability.is_some());
    Ok(RawLayout::new(first.classes.len(), facts.len(), compared.collect()))
}

/// Models that make a map together.
pub struct Models {
    facts: Vec<ModelFacts>,
    classifiers: Vec<Box<dyn Classifier>>,
    layout: RawLayout,
    /// Computes what tabular models and comparisons with training cells look at, once for all.
    describer: Option<Describer>,
    device: String,
}

impl Models {
    /// Reads the bundles in `directories`; networks will compute on `device`, such as `flex` or `wgpu:1`.
    ///
    /// # Errors
    /// If one cannot be read, the device cannot be used, or they do not fit together.
    pub fn load(directories: &[PathBuf], device: &str) -> Result<Self, InferenceError> {
        let mut models = Vec::new();
        for directory in directories {
            let failed = |source| InferenceError::bundle(directory, source);
            let (classifier, manifest) = bundle::load(directory, device).map_err(failed)?;
            models.push((classifier, ModelFacts::of(directory, manifest).map_err(failed)?));
        }
        Self::new(models, device)
    }

    /// Of classifiers that compute on `device`, with what is known of each.
    ///
    /// # Errors
    /// If there is none, or they do not fit together.
    pub fn new(
        models: Vec<(Box<dyn Classifier>, ModelFacts)>,
        device: &str,
    ) -> Result<Self, InferenceError> {
        let (classifiers, facts): (Vec<Box<dyn Classifier>>, Vec<ModelFacts>) =
            models.into_iter().unzip();
        let layout = layout_of(&facts)?;
        let describer = describer(&classifiers, &facts);
        Ok(Self { facts, classifiers, layout, describer, device: device.to_owned() })
    }

    /// What is known of each.
    pub fn facts(&self) -> &[ModelFacts] {
        &self.facts
    }

    /// The classes, in the order of probabilities.
    pub fn classes(&self) -> &ClassMap {
        &self.facts[0].classes
    }

    /// What cells must be.
    pub fn input(&self) -> &InputDefinition {
        &self.facts[0].input
    }

    /// What numbers there are of each cell.
    pub fn layout(&self) -> &RawLayout {
        &self.layout
    }

    /// The kind of device that the numbers depend on: another gives others in their last digits. Trees give the same
    /// everywhere.
    pub(super) fn device_kind(&self) -> &str {
        if self.classifiers.iter().all(|classifier| takes_features(&**classifier)) {
            return "any";
        }
        self.device.split(':').next().unwrap_or_default()
    }

    /// Who cuts and computes: models of features by threads that work alone, each on its own patches; networks, which divide
    /// their work themselves, on more patches, by two threads of which one goes on where the other waits for its last pieces. There
    /// is one thread more than that, because one may wait for a disk or a server.
    pub(super) fn crew(&self) -> Crew {
        if self.classifiers.iter().all(|classifier| takes_features(&**classifier)) {
            return Crew { threads: rayon::current_num_threads() + 1, patches: 256, alone: true };
        }
        Crew { threads: 3, ..Crew::READER }
    }

    /// What the models say of `cells`, as [`RawLayout`] says.
    ///
    /// # Errors
    /// If the cells are not what they were fitted on, or a device fails.
    pub(super) fn compute(&self, cells: &Batch) -> Result<Vec<f32>, InferenceError> {
        let rows =
            self.describer.as_ref().map(|describer| describer.describe(cells)).transpose()?;
        let mut columns = Vec::with_capacity(self.classifiers.len());
        for classifier in &self.classifiers {
            let known = rows.as_deref().and_then(|rows| classifier.predict_features(rows));
            let probabilities = match known {
                Some(probabilities) => probabilities,
                None => classifier.predict(cells)?,
            };
            columns.push(probabilities.values().to_vec());
        }
        for applicability in self.facts.iter().filter_map(|facts| facts.applicability.as_ref()) {
            let rows = rows.as_deref().expect("rows are described where cells are compared");
            columns.push(applicability.dissimilarity_of_rows(rows));
        }
        Ok(self.layout.join(cells.len(), &columns))
    }
}

/// What computes the rows that models and comparisons look at: all of a row for tabular models, and no more than they look at
/// for comparisons alone.
fn describer(classifiers: &[Box<dyn Classifier>], facts: &[ModelFacts]) -> Option<Describer> {
    let whole = Describer::new(&facts[0].input);
    if classifiers.iter().any(|classifier| takes_features(&**classifier)) {
        return Some(whole);
    }
    let areas: Vec<_> = facts.iter().filter_map(|facts| facts.applicability.as_ref()).collect();
    let columns = areas.iter().flat_map(|area| area.columns());
    (!areas.is_empty()).then(|| whole.only(columns))
}

/// Whether `classifier` predicts rows of features.
fn takes_features(classifier: &dyn Classifier) -> bool {
    classifier.predict_features(&[]).is_some()
}
