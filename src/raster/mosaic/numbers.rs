//! Which types of numbers are read, and what each can hold.

use gdal::raster::GdalDataType;
use tesela_datasets::patch::SampleType;

/// The type that `found` is read as, where it is.
pub(super) fn sample_type(found: GdalDataType) -> Option<SampleType> {
    match found {
        GdalDataType::UInt8 => Some(SampleType::UInt8),
        GdalDataType::UInt16 => Some(SampleType::UInt16),
        GdalDataType::Int16 => Some(SampleType::Int16),
        GdalDataType::Float32 => Some(SampleType::Float32),
        _ => None,
    }
}

/// What a type is called in messages.
pub(crate) fn name(sample_type: SampleType) -> &'static str {
    match sample_type {
        SampleType::UInt8 => "uint8",
        SampleType::UInt16 => "uint16",
        SampleType::Int16 => "int16",
        SampleType::Float32 => "float32",
    }
}

/// Whether numbers of the type can be `value`.
pub(crate) fn holds(sample_type: SampleType, value: f64) -> bool {
    let (low, high) = match sample_type {
        SampleType::UInt8 => (0.0, f64::from(u8::MAX)),
        SampleType::UInt16 => (0.0, f64::from(u16::MAX)),
        SampleType::Int16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
        SampleType::Float32 => return true,
    };
    (low..=high).contains(&value) && value.fract() == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_holds_the_whole_numbers_of_its_range() {
        assert!(holds(SampleType::Int16, -9999.0));
        assert!(!holds(SampleType::UInt16, -9999.0));
        assert!(!holds(SampleType::UInt8, 255.5));
        assert!(holds(SampleType::Float32, -9999.0));
    }
}
