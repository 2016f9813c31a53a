//! From the bytes of an image to the numbers of a patch.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageReader, Limits};
use tesela_datasets::patch::{SampleType, Samples};

use crate::prepare::PrepareError;
use crate::raster::{MosaicReading, holds, read_patch_tiff, sample_type_name};

/// The longest side of a ready-made patch.
const MAX_SIDE: u32 = 4096;

/// The numbers of a patch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DecodedPatch {
    /// Number of rows.
    pub(super) height: usize,
    /// Number of columns.
    pub(super) width: usize,
    /// `[band, row, column]`, bands in canonical order.
    pub(super) samples: Samples,
}

/// Decodes the image `bytes` of the file `path`: TIFF through GDAL, JPEG and PNG otherwise.
pub(super) fn decode(
    bytes: Vec<u8>,
    path: &Path,
    reading: &MosaicReading,
) -> Result<DecodedPatch, PrepareError> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    if matches!(extension.as_deref(), Some("tif" | "tiff")) {
        let read = read_patch_tiff(bytes, path, reading)?;
        let (height, width) = (read.window.height, read.window.width);
        return Ok(DecodedPatch { height, width, samples: read.samples });
    }
    let failed = |source| PrepareError::Image { path: path.to_owned(), source };
    let unknown = |source| failed(image::ImageError::IoError(source));
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(unknown)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    let image = reader.decode().map_err(failed)?;
    let (width, height) = (side(image.width()), side(image.height()));
    Ok(DecodedPatch { height, width, samples: samples_of(&image, path, reading)? })
}

fn side(pixels: u32) -> usize {
    usize::try_from(pixels).expect("an image fits memory")
}

fn samples_of(
    image: &DynamicImage,
    path: &Path,
    reading: &MosaicReading,
) -> Result<Samples, PrepareError> {
    let unlike = |found: String, expected: String| PrepareError::Unlike {
        path: path.to_owned(),
        found,
        expected,
    };
    let channels = usize::from(image.color().channel_count());
    let expected = reading.bands.count();
    if channels != expected {
        let expected = format!("{expected}, as the descriptor lists");
        return Err(unlike(format!("has {channels} bands"), expected));
    }
    let samples = match image {
        DynamicImage::ImageLuma8(image) => Samples::UInt8(planes(image.as_raw(), reading)),
        DynamicImage::ImageLumaA8(image) => Samples::UInt8(planes(image.as_raw(), reading)),
        DynamicImage::ImageRgb8(image) => Samples::UInt8(planes(image.as_raw(), reading)),
        DynamicImage::ImageRgba8(image) => Samples::UInt8(planes(image.as_raw(), reading)),
        DynamicImage::ImageLuma16(image) => Samples::UInt16(planes(image.as_raw(), reading)),
        DynamicImage::ImageLumaA16(image) => Samples::UInt16(planes(image.as_raw(), reading)),
        DynamicImage::ImageRgb16(image) => Samples::UInt16(planes(image.as_raw(), reading)),
        DynamicImage::ImageRgba16(image) => Samples::UInt16(planes(image.as_raw(), reading)),
        other => {
            let found = format!("holds {:?}", other.color());
            return Err(unlike(found, "8 or 16 bits a band".to_owned()));
        }
    };
    check_nodata(samples.sample_type(), reading)
        .map_err(|(found, expected)| unlike(found, expected))?;
    Ok(samples)
}

fn check_nodata(sample_type: SampleType, reading: &MosaicReading) -> Result<(), (String, String)> {
    match reading.scaling.nodata {
        Some(nodata) if !holds(sample_type, nodata) => Err((
            format!("holds {}", sample_type_name(sample_type)),
            format!("a type that can hold the nodata value {nodata} of the descriptor"),
        )),
        _ => Ok(()),
    }
}

/// The wanted bands of interleaved pixels, one after the other.
fn planes<T: Copy>(interleaved: &[T], reading: &MosaicReading) -> Vec<T> {
    let bands = reading.bands.count();
    let numbers = reading.bands.numbers();
    let plane = |&number: &usize| interleaved[number - 1..].iter().step_by(bands).copied();
    numbers.iter().flat_map(plane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};
    use tesela_datasets::descriptor::FileBands;
    use tesela_datasets::pixel::{Product, Scaling};

    fn reading(names: &[&str]) -> MosaicReading {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let scaling = Scaling::declared(1.0, 0.0, None);
        MosaicReading { bands: FileBands::new(&names).unwrap(), scaling }
    }

    fn png() -> Vec<u8> {
        let image = RgbImage::from_fn(3, 2, |x, y| {
            let place = u8::try_from(y * 3 + x).unwrap();
            Rgb([place, 100 + place, 200 + place])
        });
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_become_planes_in_canonical_order() {
        let patch = decode(png(), Path::new("a.png"), &reading(&["red", "green", "blue"])).unwrap();
        assert_eq!((patch.height, patch.width), (2, 3));
        let expected: Vec<u8> =
            [200, 100, 0].into_iter().flat_map(|first| first..first + 6).collect();
        assert_eq!(patch.samples, Samples::UInt8(expected));
        let one = decode(png(), Path::new("a.png"), &reading(&["-", "nir", "-"])).unwrap();
        assert_eq!(one.samples, Samples::UInt8((100..106).collect()));
    }

    #[test]
    fn damaged_and_unlike_pictures_are_refused_by_name() {
        let rgb = reading(&["red", "green", "blue"]);
        let mut short = png();
        short.truncate(40);
        for bytes in [Vec::new(), b"no picture".to_vec(), short] {
            let error = decode(bytes, Path::new("dir/a.png"), &rgb).unwrap_err();
            assert_eq!(error.to_string(), "cannot decode `dir/a.png`");
        }
        let error = decode(png(), Path::new("a.png"), &reading(&["red"])).unwrap_err().to_string();
        assert_eq!(error, "`a.png` has 3 bands; expected 1, as the descriptor lists");
        let c1 = MosaicReading { scaling: Product::C1.scaling(), ..rgb };
        let error = decode(png(), Path::new("a.png"), &c1).unwrap_err().to_string();
        assert!(error.contains("holds uint8") && error.contains("-9999"), "{error}");
    }

    #[test]
    fn what_is_called_tiff_and_is_none_is_refused_by_name() {
        let error = decode(png(), Path::new("dir/a.tif"), &reading(&["red"])).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap();
        assert!(cause.to_string().contains("`dir/a.tif`"), "{cause}");
    }
}
