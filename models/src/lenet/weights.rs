//! LeNet's weights on the host: drawn, written, and read without trust.
//!
//! The file is safetensors in PyTorch's layout: a PyTorch twin whose layers are called `conv1`, `conv2`,
//! `dense1` and `dense2` loads it with `load_state_dict`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tesela_datasets::random;
use tesela_datasets::whole_file::write_whole;

use super::LoadError;
use super::architecture::Architecture;
use crate::classifier::SaveError;

/// The name of the file in a bundle.
pub(crate) const WEIGHTS_FILE: &str = "weights.safetensors";
/// More than the names and shapes of eight tensors take.
const MOST_HEADER_BYTES: usize = 64 * 1024;
/// The place of the initial weights below the seed.
const INITIAL: u64 = 1;

/// All learned numbers, tensor by tensor in the order of [`Architecture::tensors`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    architecture: Architecture,
    tensors: [Vec<f32>; 8],
}

impl Weights {
    /// Draws the weights to begin with: uniform below one over the root of the fan-in, for weights and
    /// biases alike. This is what PyTorch does for both kinds of layer (Kaiming with a slope of √5).
    pub(crate) fn draw(architecture: Architecture, seed: u64) -> Self {
        let mut index = 0;
        let tensors = architecture.tensors().map(|tensor| {
            let mut generator = random::generator(seed, &[INITIAL, index]);
            index += 1;
            let bound = 1.0 / (tensor.fan_in as f64).sqrt();
            (0..tensor.len())
                .map(|_| to_single((2.0 * random::unit(&mut generator) - 1.0) * bound))
                .collect()
        });
        Self { architecture, tensors }
    }

    /// Wraps `tensors`, which follow [`Architecture::tensors`].
    pub(crate) fn new(architecture: Architecture, tensors: [Vec<f32>; 8]) -> Self {
        debug_assert!(
            architecture
                .tensors()
                .iter()
                .zip(&tensors)
                .all(|(shape, values)| shape.len() == values.len())
        );
        Self { architecture, tensors }
    }

    /// The sizes of the layers.
    pub(crate) fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The numbers, tensor by tensor.
    pub(crate) fn tensors(&self) -> &[Vec<f32>; 8] {
        &self.tensors
    }

    /// Writes [`WEIGHTS_FILE`] into `directory`, whole or not at all.
    pub(crate) fn save(&self, directory: &Path) -> Result<(), SaveError> {
        let path = directory.join(WEIGHTS_FILE);
        let fail = |source: Box<dyn std::error::Error + Send + Sync>| SaveError {
            path: path.clone(),
            source,
        };
        let shapes = self.architecture.tensors();
        let bytes: Vec<Vec<u8>> = self
            .tensors
            .iter()
            .map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect())
            .collect();
        let mut views = Vec::with_capacity(shapes.len());
        for (shape, bytes) in shapes.iter().zip(&bytes) {
            let view = TensorView::new(Dtype::F32, shape.shape.clone(), bytes)
                .map_err(|error| fail(error.into()))?;
            views.push((shape.name, view));
        }
        let file = safetensors::serialize(views, None).map_err(|error| fail(error.into()))?;
        write_whole(&path, &file).map_err(|error| fail(error.into()))
    }

    /// Reads [`WEIGHTS_FILE`] of `directory`, which must hold exactly the tensors of `architecture`, all
    /// finite.
    pub(crate) fn load(directory: &Path, architecture: Architecture) -> Result<Self, LoadError> {
        let path = directory.join(WEIGHTS_FILE);
        let most = architecture.parameters() * size_of::<f32>() + MOST_HEADER_BYTES;
        let bytes = read_bounded(&path, most)?;
        let wrong = |reason: String| LoadError::Content { path: path.clone(), reason };
        let file = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
        let shapes = architecture.tensors();
        if file.len() != shapes.len() {
            return Err(wrong(format!("{} tensors; expected {}", file.len(), shapes.len())));
        }
        let mut tensors: [Vec<f32>; 8] = Default::default();
        for (values, expected) in tensors.iter_mut().zip(&shapes) {
            let name = expected.name;
            let found = file
                .tensor(name)
                .map_err(|_| wrong(format!("no tensor `{name}`; expected {:?}", expected.shape)))?;
            if found.dtype() != Dtype::F32 || found.shape() != expected.shape {
                return Err(wrong(format!(
                    "`{name}` is {:?} {:?}; expected F32 {:?}",
                    found.dtype(),
                    found.shape(),
                    expected.shape
                )));
            }
            *values = found
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                let value = values[index];
                return Err(wrong(format!(
                    "`{name}` has {value} at {index}; expected finite numbers"
                )));
            }
        }
        Ok(Self { architecture, tensors })
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

    fn small() -> Architecture {
        Architecture::new(3, [16, 17], 2).unwrap()
    }

    #[test]
    fn weights_survive_the_file_bit_by_bit() {
        let directory = tempfile::tempdir().unwrap();
        let weights = Weights::draw(small(), 7);
        weights.save(directory.path()).unwrap();
        assert_eq!(Weights::load(directory.path(), small()).unwrap(), weights);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file");
    }

    #[test]
    fn drawn_weights_fill_their_range_and_derive_from_the_seed() {
        let weights = Weights::draw(small(), 7);
        assert_eq!(weights, Weights::draw(small(), 7));
        assert_ne!(weights, Weights::draw(small(), 8));
        for (shape, values) in small().tensors().iter().zip(weights.tensors()) {
            let bound = to_single(1.0 / (shape.fan_in as f64).sqrt());
            let most = values.iter().fold(0_f32, |most, value| most.max(value.abs()));
            assert!(most <= bound, "{}: {most} > {bound}", shape.name);
            if values.len() > 1000 {
                assert!(most > 0.99 * bound, "{}: {most} of {bound}", shape.name);
            }
        }
    }

    #[test]
    fn a_file_of_another_network_is_refused_with_both_shapes() {
        let directory = tempfile::tempdir().unwrap();
        Weights::draw(small(), 7).save(directory.path()).unwrap();
        let other = Architecture::new(4, [16, 17], 2).unwrap();
        let error = Weights::load(directory.path(), other).unwrap_err().to_string();
        assert!(error.contains("[20, 3, 5, 5]") && error.contains("[20, 4, 5, 5]"), "{error}");
        assert!(error.contains(WEIGHTS_FILE), "{error}");
    }

    #[test]
    fn weights_that_are_not_numbers_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let mut weights = Weights::draw(small(), 7);
        weights.tensors[4][3] = f32::NAN;
        weights.save(directory.path()).unwrap();
        let error = Weights::load(directory.path(), small()).unwrap_err().to_string();
        assert!(error.contains("`dense1.weight` has NaN at 3"), "{error}");
    }

    #[test]
    fn damaged_files_are_refused_without_a_panic() {
        let directory = tempfile::tempdir().unwrap();
        Weights::draw(small(), 7).save(directory.path()).unwrap();
        let path = directory.path().join(WEIGHTS_FILE);
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 7, 8, 100, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Weights::load(directory.path(), small()).is_err(), "{length} bytes");
        }
        let mut huge = whole.clone();
        huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        std::fs::write(&path, &huge).unwrap();
        assert!(Weights::load(directory.path(), small()).is_err());
        let mut long = whole;
        long.resize(long.len() + MOST_HEADER_BYTES, 0);
        std::fs::write(&path, &long).unwrap();
        assert!(Weights::load(directory.path(), small()).is_err());
    }
}
