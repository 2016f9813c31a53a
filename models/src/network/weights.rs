//! A network's tensors on the host: drawn, written, and read without trust.
//!
//! The file is safetensors in PyTorch's layout: a PyTorch twin whose layers have the same names loads it with
//! `load_state_dict`.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tesela_datasets::random::{self, Generator};
use tesela_datasets::whole_file::write_whole;

use super::LoadError;
use super::tensor_spec::{Initial, TensorSpec};
use crate::classifier::SaveError;
use crate::histogram::Histogram;

/// The name of the file in a bundle.
pub(crate) const WEIGHTS_FILE: &str = "weights.safetensors";
/// More than the name and shape of a tensor take.
const MOST_HEADER_BYTES: usize = 4 * 1024;
/// The place of the initial weights below the seed.
const INITIAL: u64 = 1;

/// All numbers of a network, tensor by tensor in the order of its specifications.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    specs: Arc<[TensorSpec]>,
    values: Vec<Vec<f32>>,
}

impl Weights {
    /// Draws the weights to begin with, each tensor from a generator of its own.
    pub(crate) fn draw(specs: Arc<[TensorSpec]>, seed: u64) -> Self {
        let values = (0..)
            .zip(&*specs)
            .map(|(index, spec)| draw(&mut random::generator(seed, &[INITIAL, index]), spec))
            .collect();
        Self { specs, values }
    }

    /// Wraps `values`, which follow `specs`.
    pub(crate) fn new(specs: Arc<[TensorSpec]>, values: Vec<Vec<f32>>) -> Self {
        debug_assert!(specs.iter().map(TensorSpec::len).eq(values.iter().map(Vec::len)));
        Self { specs, values }
    }

    /// What the tensors are.
    pub(crate) fn specs(&self) -> &Arc<[TensorSpec]> {
        &self.specs
    }

    /// The numbers, tensor by tensor.
    pub(crate) fn values(&self) -> &[Vec<f32>] {
        &self.values
    }

    /// How the numbers of each tensor are spread.
    pub(crate) fn histograms(&self) -> Vec<Histogram> {
        let tensors = self.specs.iter().zip(&self.values);
        tensors.filter_map(|(spec, values)| Histogram::of(&spec.name, values)).collect()
    }

    /// Writes [`WEIGHTS_FILE`] into `directory`, whole or not at all.
    pub(crate) fn save(&self, directory: &Path) -> Result<(), SaveError> {
        let path = directory.join(WEIGHTS_FILE);
        let fail = |source: Box<dyn std::error::Error + Send + Sync>| SaveError {
            path: path.clone(),
            source,
        };
        let bytes: Vec<Vec<u8>> = self
            .values
            .iter()
            .map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect())
            .collect();
        let mut views = Vec::with_capacity(self.specs.len());
        for (spec, bytes) in self.specs.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, spec.shape.clone(), bytes)
                .map_err(|error| fail(error.into()))?;
            views.push((spec.name.as_str(), view));
        }
        let file = safetensors::serialize(views, None).map_err(|error| fail(error.into()))?;
        write_whole(&path, &file).map_err(|error| fail(error.into()))
    }

    /// Reads [`WEIGHTS_FILE`] of `directory`, which must hold exactly the tensors of `specs`, all finite.
    pub(crate) fn load(directory: &Path, specs: Arc<[TensorSpec]>) -> Result<Self, LoadError> {
        let path = directory.join(WEIGHTS_FILE);
        let numbers: usize = specs.iter().map(TensorSpec::len).sum();
        let most = numbers * size_of::<f32>() + (specs.len() + 1) * MOST_HEADER_BYTES;
        let bytes = read_bounded(&path, most)?;
        let wrong = |reason: String| LoadError::Content { path: path.clone(), reason };
        let file = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
        if file.len() != specs.len() {
            return Err(wrong(format!("{} tensors; expected {}", file.len(), specs.len())));
        }
        let values = specs.iter().map(|spec| read(&file, spec)).collect::<Result<_, _>>();
        Ok(Self { values: values.map_err(wrong)?, specs })
    }
}

/// The numbers that a tensor begins with.
fn draw(generator: &mut Generator, spec: &TensorSpec) -> Vec<f32> {
    let mut number = || match spec.initial {
        Initial::Constant(value) => value,
        Initial::Uniform(bound) => to_single((2.0 * random::unit(generator) - 1.0) * bound),
        Initial::Normal(deviation) => to_single(normal(generator) * deviation),
    };
    (0..spec.len()).map(|_| number()).collect()
}

/// A draw of the standard normal distribution (Box and Muller 1958).
fn normal(generator: &mut Generator) -> f64 {
    // One minus a draw from [0, 1) is never zero.
    let radius = (-2.0 * (1.0 - random::unit(generator)).ln()).sqrt();
    radius * (std::f64::consts::TAU * random::unit(generator)).cos()
}

/// The numbers of one tensor of a file; what is wrong otherwise.
fn read(file: &SafeTensors<'_>, spec: &TensorSpec) -> Result<Vec<f32>, String> {
    let name = &spec.name;
    let found =
        file.tensor(name).map_err(|_| format!("no tensor `{name}`; expected {:?}", spec.shape))?;
    if found.dtype() != Dtype::F32 || found.shape() != spec.shape {
        let (dtype, shape) = (found.dtype(), found.shape());
        return Err(format!("`{name}` is {dtype:?} {shape:?}; expected F32 {:?}", spec.shape));
    }
    let numbers = found.data().as_chunks::<4>().0.iter();
    let values: Vec<f32> = numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect();
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(index) => {
            Err(format!("`{name}` has {} at {index}; expected finite numbers", values[index]))
        }
    }
}

/// The nearest single-precision number.
#[expect(clippy::cast_possible_truncation, reason = "weights are kept in single precision")]
pub(crate) fn to_single(value: f64) -> f32 {
    value as f32
}

/// Reads a file of at most `most` bytes.
pub(crate) fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>, LoadError> {
    let read = |source| LoadError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() > most {
        return Err(LoadError::Content {
            path: path.to_owned(),
            reason: format!("more than {most} bytes; expected at most that many"),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::tensor_spec::Role;

    fn specs(planes: usize) -> Arc<[TensorSpec]> {
        let spec = |name: &str, shape: &[usize], initial| TensorSpec {
            name: name.to_owned(),
            shape: shape.to_vec(),
            role: Role::Weight,
            initial,
        };
        Arc::new([
            spec("conv1.weight", &[20, planes, 5, 5], Initial::Uniform(0.1)),
            spec("conv2.weight", &[40, 50], Initial::Normal(0.2)),
            spec("norm.running_var", &[7], Initial::Constant(1.0)),
        ])
    }

    #[test]
    fn weights_survive_the_file_bit_by_bit() {
        let directory = tempfile::tempdir().unwrap();
        let weights = Weights::draw(specs(3), 7);
        weights.save(directory.path()).unwrap();
        assert_eq!(Weights::load(directory.path(), specs(3)).unwrap(), weights);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file");
    }

    #[test]
    fn drawn_weights_have_their_distribution_and_derive_from_the_seed() {
        let weights = Weights::draw(specs(3), 7);
        assert_eq!(weights, Weights::draw(specs(3), 7));
        assert_ne!(weights, Weights::draw(specs(3), 8));
        let [uniform, normal, constant] = weights.values() else { panic!("three tensors") };
        let most = uniform.iter().fold(0_f32, |most, value| most.max(value.abs()));
        assert!(most <= 0.1 && most > 0.099, "{most}");
        let count = normal.len() as f64;
        let mean = normal.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        let square = normal.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / count;
        // Four standard errors of 2,000 draws.
        assert!(mean.abs() < 0.018 && (square.sqrt() - 0.2).abs() < 0.013, "{mean} {square}");
        let beyond = normal.iter().filter(|value| value.abs() > 0.4).count() as f64 / count;
        assert!((beyond - 0.0455).abs() < 0.019, "{beyond}");
        assert!(constant.iter().all(|&value| value == 1.0));
    }

    #[test]
    fn a_file_of_another_network_is_refused_with_both_shapes() {
        let directory = tempfile::tempdir().unwrap();
        Weights::draw(specs(3), 7).save(directory.path()).unwrap();
        let error = Weights::load(directory.path(), specs(4)).unwrap_err().to_string();
        assert!(error.contains("[20, 3, 5, 5]") && error.contains("[20, 4, 5, 5]"), "{error}");
        assert!(error.contains(WEIGHTS_FILE), "{error}");
    }

    #[test]
    fn weights_that_are_not_numbers_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let mut weights = Weights::draw(specs(3), 7);
        weights.values[1][3] = f32::NAN;
        weights.save(directory.path()).unwrap();
        let error = Weights::load(directory.path(), specs(3)).unwrap_err().to_string();
        assert!(error.contains("`conv2.weight` has NaN at 3"), "{error}");
    }

    #[test]
    fn damaged_files_are_refused_without_a_panic() {
        let directory = tempfile::tempdir().unwrap();
        Weights::draw(specs(3), 7).save(directory.path()).unwrap();
        let path = directory.path().join(WEIGHTS_FILE);
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 7, 8, 100, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Weights::load(directory.path(), specs(3)).is_err(), "{length} bytes");
        }
        let mut huge = whole.clone();
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        std::fs::write(&path, &huge).unwrap();
        assert!(Weights::load(directory.path(), specs(3)).is_err());
        let mut long = whole;
        long.resize(long.len() + 4 * MOST_HEADER_BYTES, 0);
        std::fs::write(&path, &long).unwrap();
        assert!(Weights::load(directory.path(), specs(3)).is_err());
    }
}
