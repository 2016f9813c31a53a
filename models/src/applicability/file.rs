//! An area of applicability as bytes: a safetensors file, which Python reads as it is.
//!
//! | tensor | type | shape | what |
//! | --- | --- | --- | --- |
//! | `width` | u64 | 1 | number of all columns |
//! | `columns` | u64 | columns | positions of those that are kept, the most important first |
//! | `means`, `deviations`, `weights` | f64 | columns | `(value − mean) / deviation · weight` is the place of a value |
//! | `references` | f32 | cells, columns | places of the training cells that are kept |
//! | `figures` | f64 | 2 | mean distance between them, highest index inside |
//!
//! Every byte that is read is untrusted: sizes and numbers are checked before they are used.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::nearest::Blocks;
use super::scaling::{Column, Scaling};
use super::training::MOST;
use super::{Applicability, ApplicabilityError};

/// The most columns that a table may have.
const MOST_WIDTH: u64 = 1 << 24;

impl Applicability {
    /// Writes it as a safetensors file; the same area gives the same bytes.
    ///
    /// # Errors
    /// If the library refuses, which it has no reason to.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ApplicabilityError> {
        let columns = self.scaling.columns();
        let doubles = |number: &dyn Fn(&Column) -> f64| -> Vec<u8> {
            columns.iter().flat_map(|column| number(column).to_le_bytes()).collect()
        };
        let long = |value: usize| (value as u64).to_le_bytes();
        let positions: Vec<u8> = columns.iter().flat_map(|column| long(column.position)).collect();
        let width = long(self.width());
        let references: Vec<u8> =
            self.references.places().into_iter().flat_map(f32::to_le_bytes).collect();
        let figures = [self.mean_distance, self.threshold];
        let figures: Vec<u8> = figures.into_iter().flat_map(f64::to_le_bytes).collect();
        let [means, deviations, weights] = [
            doubles(&|column| column.mean),
            doubles(&|column| column.deviation),
            doubles(&|column| column.weight),
        ];
        let count = columns.len();
        let tensors = [
            ("columns", Dtype::U64, vec![count], &positions[..]),
            ("deviations", Dtype::F64, vec![count], &deviations),
            ("figures", Dtype::F64, vec![2], &figures),
            ("means", Dtype::F64, vec![count], &means),
            ("references", Dtype::F32, vec![self.references.len(), count], &references),
            ("weights", Dtype::F64, vec![count], &weights),
            ("width", Dtype::U64, vec![1], &width),
        ];
        let views = tensors
            .into_iter()
            .map(|(name, dtype, shape, data)| Ok((name, TensorView::new(dtype, shape, data)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
        views
            .and_then(|views| safetensors::serialize(views, None))
            .map_err(|error| ApplicabilityError::Format { reason: error.to_string() })
    }

    /// Reads what [`Self::to_bytes`] has written.
    ///
    /// # Errors
    /// If the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ApplicabilityError> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| ApplicabilityError::Format { reason: error.to_string() })?;
        let width = longs(&tensors, "width", 1)?[0];
        if !(1..=MOST_WIDTH).contains(&width) {
            return refuse(format!("has {width} columns; expected 1 to {MOST_WIDTH}"));
        }
        let references = tensor(&tensors, "references", Dtype::F32)?;
        let &[cells, count] = references.shape() else {
            return refuse(format!("has references of shape {:?}", references.shape()));
        };
        if !(2..=MOST[0]).contains(&cells) || !(1..=MOST[1]).contains(&count) {
            return refuse(format!(
                "has {cells} cells of {count} columns; expected 2 to {} of 1 to {}",
                MOST[0], MOST[1]
            ));
        }
        let scaling = read_scaling(&tensors, width, count)?;
        let places: Vec<f32> =
            references.data().as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
        if let Some(found) = places.iter().find(|place| !place.is_finite()) {
            return refuse(format!("has a reference at {found}; expected finite numbers"));
        }
        let figures = doubles(&tensors, "figures", 2)?;
        let [mean_distance, threshold] = [figures[0], figures[1]];
        if !(mean_distance > 0.0 && threshold >= 0.0) {
            return refuse(format!(
                "has mean distance {mean_distance} and threshold {threshold}; expected numbers above 0"
            ));
        }
        let references = Blocks::new(&places, count);
        Ok(Self { scaling, references, mean_distance, threshold })
    }
}

fn read_scaling(
    tensors: &SafeTensors<'_>,
    width: u64,
    count: usize,
) -> Result<Scaling, ApplicabilityError> {
    let positions = longs(tensors, "columns", count)?;
    let means = doubles(tensors, "means", count)?;
    let deviations = doubles(tensors, "deviations", count)?;
    let weights = doubles(tensors, "weights", count)?;
    if let Some(found) = positions.iter().find(|&&position| position >= width) {
        return refuse(format!("keeps column {found} of {width}"));
    }
    let positive = |value: &&f64| **value <= 0.0;
    if let Some(found) = deviations.iter().chain(&weights).find(positive) {
        return refuse(format!("has a deviation or weight of {found}; expected above 0"));
    }
    let whole = |value: u64| {
        usize::try_from(value).map_err(|_| ApplicabilityError::Content {
            reason: format!("has column {value}, more than this machine counts"),
        })
    };
    let columns = positions.iter().zip(means).zip(deviations.into_iter().zip(weights));
    let columns = columns
        .map(|((&position, mean), (deviation, weight))| {
            Ok(Column { position: whole(position)?, mean, deviation, weight })
        })
        .collect::<Result<_, _>>()?;
    Ok(Scaling::new(whole(width)?, columns))
}

fn tensor<'a>(
    tensors: &SafeTensors<'a>,
    name: &'static str,
    dtype: Dtype,
) -> Result<TensorView<'a>, ApplicabilityError> {
    let found = tensors
        .tensor(name)
        .map_err(|error| ApplicabilityError::Format { reason: error.to_string() })?;
    if found.dtype() == dtype {
        return Ok(found);
    }
    refuse(format!("has `{name}` of type {:?}; expected {dtype:?}", found.dtype()))
}

/// The numbers of a tensor of one dimension, eight bytes each.
fn eights(
    tensors: &SafeTensors<'_>,
    name: &'static str,
    dtype: Dtype,
    count: usize,
) -> Result<Vec<[u8; 8]>, ApplicabilityError> {
    let found = tensor(tensors, name, dtype)?;
    if found.shape() != [count] {
        return refuse(format!("has `{name}` of shape {:?}; expected [{count}]", found.shape()));
    }
    Ok(found.data().as_chunks().0.to_vec())
}

fn longs(
    tensors: &SafeTensors<'_>,
    name: &'static str,
    count: usize,
) -> Result<Vec<u64>, ApplicabilityError> {
    let eights = eights(tensors, name, Dtype::U64, count)?;
    Ok(eights.into_iter().map(u64::from_le_bytes).collect())
}

fn doubles(
    tensors: &SafeTensors<'_>,
    name: &'static str,
    count: usize,
) -> Result<Vec<f64>, ApplicabilityError> {
    let eights = eights(tensors, name, Dtype::F64, count)?;
    let values: Vec<f64> = eights.into_iter().map(f64::from_le_bytes).collect();
    match values.iter().find(|value| !value.is_finite()) {
        Some(found) => refuse(format!("has {found} among `{name}`; expected finite numbers")),
        None => Ok(values),
    }
}

fn refuse<T>(reason: String) -> Result<T, ApplicabilityError> {
    Err(ApplicabilityError::Content { reason })
}
