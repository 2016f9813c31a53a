//! Patches: the windows of pixels that stand for cells, many at a time.
//!
//! Numbers stay as delivered ([`Samples`]): sixteen bits a pixel and band, an eighth of what 27 channels
//! would take. They are interpreted with the collection's [`PixelDefinition`] at the moment of use.

use serde::{Deserialize, Serialize};

use crate::class::Label;
use crate::pixel::{PixelDefinition, ScalingError};

/// The most rows or columns of a patch: those of the largest ready-made one. What is cut from a mosaic is smaller.
pub const MOST_SIDE: usize = 4096;

/// The extent of every patch of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchShape {
    /// Number of bands.
    pub bands: usize,
    /// Number of rows of pixels.
    pub height: usize,
    /// Number of columns of pixels.
    pub width: usize,
}

impl PatchShape {
    /// Pixels of one patch.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Numbers of one patch: pixels times bands.
    pub fn samples(&self) -> usize {
        self.bands * self.pixels()
    }
}

/// The type of the stored numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleType {
    /// Eight bits without sign.
    UInt8,
    /// Sixteen bits without sign.
    UInt16,
    /// Sixteen bits with sign.
    Int16,
    /// Single-precision floating point.
    Float32,
}

impl SampleType {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::UInt8 => 1,
            Self::UInt16 | Self::Int16 => 2,
            Self::Float32 => 4,
        }
    }
}

/// What all patches of a collection have in common: their extent and their meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchDefinition {
    /// Extent of each patch.
    pub shape: PatchShape,
    /// Type of the stored numbers.
    pub sample_type: SampleType,
    /// Meaning of the stored numbers.
    pub pixel: PixelDefinition,
}

/// Why patches cannot be as they are described.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchDefinitionError {
    /// They are too small or too large.
    #[error("patches have {height} × {width} pixels; expected 1 to {MOST_SIDE} each way")]
    Side {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// They have other bands than their pixels.
    #[error("patches have {found} bands; their pixels have {expected}")]
    Bands {
        /// Bands of the shape.
        found: usize,
        /// Bands of the pixels.
        expected: usize,
    },
    /// Their numbers mean nothing.
    #[error(transparent)]
    Scaling(#[from] ScalingError),
    /// The range of histograms is none.
    #[error("the histogram range is [{low}, {high}]; expected the lower end first")]
    HistogramRange {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
}

impl PatchDefinition {
    /// What makes such patches impossible: for definitions that come from outside.
    ///
    /// # Errors
    /// If sides are out of range, bands contradict each other, or numbers cannot be interpreted.
    pub fn check(&self) -> Result<(), PatchDefinitionError> {
        let PatchShape { bands, height, width } = self.shape;
        if ![height, width].iter().all(|side| (1..=MOST_SIDE).contains(side)) {
            return Err(PatchDefinitionError::Side { height, width });
        }
        let expected = self.pixel.bands.len();
        if bands != expected {
            return Err(PatchDefinitionError::Bands { found: bands, expected });
        }
        self.pixel.scaling.check()?;
        match self.pixel.histogram_range {
            Some([low, high]) if !(low.is_finite() && high.is_finite() && low < high) => {
                Err(PatchDefinitionError::HistogramRange { low, high })
            }
            _ => Ok(()),
        }
    }
}

/// Stored numbers of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Eight bits without sign.
    UInt8(Vec<u8>),
    /// Sixteen bits without sign.
    UInt16(Vec<u16>),
    /// Sixteen bits with sign.
    Int16(Vec<i16>),
    /// Single-precision floating point.
    Float32(Vec<f32>),
}

/// Does the same with the numbers inside, whatever their type.
macro_rules! each_type {
    ($samples:expr, $values:ident => $body:expr) => {
        match $samples {
            Samples::UInt8($values) => $body,
            Samples::UInt16($values) => $body,
            Samples::Int16($values) => $body,
            Samples::Float32($values) => $body,
        }
    };
}

impl Samples {
    /// No numbers of type `sample_type`, with room for `capacity`.
    pub fn with_capacity(sample_type: SampleType, capacity: usize) -> Self {
        match sample_type {
            SampleType::UInt8 => Self::UInt8(Vec::with_capacity(capacity)),
            SampleType::UInt16 => Self::UInt16(Vec::with_capacity(capacity)),
            SampleType::Int16 => Self::Int16(Vec::with_capacity(capacity)),
            SampleType::Float32 => Self::Float32(Vec::with_capacity(capacity)),
        }
    }

    /// Their type.
    pub fn sample_type(&self) -> SampleType {
        match self {
            Self::UInt8(_) => SampleType::UInt8,
            Self::UInt16(_) => SampleType::UInt16,
            Self::Int16(_) => SampleType::Int16,
            Self::Float32(_) => SampleType::Float32,
        }
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        each_type!(self, values => values.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the numbers `start..start + into.len()`; exact for every type.
    ///
    /// # Panics
    /// If the range ends beyond the numbers.
    pub fn copy_to_f32(&self, start: usize, into: &mut [f32]) {
        let range = start..start + into.len();
        match self {
            Self::UInt8(values) => convert(&values[range], into),
            Self::UInt16(values) => convert(&values[range], into),
            Self::Int16(values) => convert(&values[range], into),
            Self::Float32(values) => into.copy_from_slice(&values[range]),
        }
    }

    /// Appends the numbers `range` of `other`.
    ///
    /// # Panics
    /// If the types differ or the range ends beyond the numbers of `other`.
    pub fn extend_from(&mut self, other: &Self, range: std::ops::Range<usize>) {
        match (self, other) {
            (Self::UInt8(own), Self::UInt8(other)) => own.extend_from_slice(&other[range]),
            (Self::UInt16(own), Self::UInt16(other)) => own.extend_from_slice(&other[range]),
            (Self::Int16(own), Self::Int16(other)) => own.extend_from_slice(&other[range]),
            (Self::Float32(own), Self::Float32(other)) => own.extend_from_slice(&other[range]),
            (own, other) => unreachable!(
                "a collection has one sample type, not {:?} and {:?}",
                own.sample_type(),
                other.sample_type()
            ),
        }
    }
}

fn convert<T: Copy + Into<f32>>(values: &[T], into: &mut [f32]) {
    for (to, &from) in into.iter_mut().zip(values) {
        *to = from.into();
    }
}

/// Some patches of one collection, contiguous in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchBatch {
    /// Extent of each patch.
    pub shape: PatchShape,
    /// The stored numbers: `[patch, band, row, column]`, bands in canonical order.
    pub samples: Samples,
    /// Which pixels are used (measured in all bands, and inside the cell): `[patch, row, column]`.
    pub used: Vec<bool>,
    /// What is known about each patch.
    pub labels: Vec<Label>,
    /// Position of each patch in the source that it was read from.
    pub positions: Vec<u32>,
}

impl PatchBatch {
    /// A batch without patches, with room for `capacity`.
    pub fn with_capacity(shape: PatchShape, sample_type: SampleType, capacity: usize) -> Self {
        Self {
            shape,
            samples: Samples::with_capacity(sample_type, capacity * shape.samples()),
            used: Vec::with_capacity(capacity * shape.pixels()),
            labels: Vec::with_capacity(capacity),
            positions: Vec::with_capacity(capacity),
        }
    }

    /// How many patches there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The used pixels of patch `index`: `[row, column]`.
    pub fn used_of(&self, index: usize) -> &[bool] {
        let pixels = self.shape.pixels();
        &self.used[index * pixels..(index + 1) * pixels]
    }

    /// Copies the stored numbers of patch `index` as `f32`: `[band, row, column]`.
    ///
    /// # Panics
    /// If `into` is not as long as one patch, or there is no such patch.
    pub fn copy_patch(&self, index: usize, into: &mut [f32]) {
        assert_eq!(into.len(), self.shape.samples(), "the buffer holds one patch");
        self.samples.copy_to_f32(index * self.shape.samples(), into);
    }

    /// Appends patch `index` of `other`.
    ///
    /// # Panics
    /// If shape or type differ, or there is no such patch.
    pub fn push_from(&mut self, other: &Self, index: usize) {
        assert_eq!(self.shape, other.shape, "a collection has one patch shape");
        let samples = self.shape.samples();
        self.samples.extend_from(&other.samples, index * samples..(index + 1) * samples);
        self.used.extend_from_slice(other.used_of(index));
        self.labels.push(other.labels[index]);
        self.positions.push(other.positions[index]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::ClassId;

    #[test]
    fn a_patch_survives_being_copied_between_batches() {
        let shape = PatchShape { bands: 2, height: 1, width: 2 };
        let from = PatchBatch {
            shape,
            samples: Samples::Int16(vec![1, 2, 3, 4, -5, 6, 7, 8]),
            used: vec![true, true, false, true],
            labels: vec![Label::Undefined, Label::Class(ClassId::new(1))],
            positions: vec![10, 11],
        };
        let mut to = PatchBatch::with_capacity(shape, SampleType::Int16, 1);
        to.push_from(&from, 1);
        let mut numbers = [0.0; 4];
        to.copy_patch(0, &mut numbers);
        assert_eq!(numbers, [-5.0, 6.0, 7.0, 8.0]);
        assert_eq!(to.used_of(0), [false, true]);
        assert_eq!((to.labels[0], to.positions[0]), (from.labels[1], 11));
    }
}
