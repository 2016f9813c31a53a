//! The mosaic that is predicted, held against what the models were fitted on.

use std::path::Path;

use tesela_datasets::descriptor::{Descriptor, FileBands};
use tesela_datasets::patch::PatchDefinition;
use tesela_datasets::pixel::{Band, PixelDefinition};

use super::{InferenceError, Models};
use crate::progress::Progress;
use crate::raster::{Mosaic, MosaicReading, sample_type_name};

/// How far the sides of pixels may be apart, as a share.
const SLACK: f64 = 0.1;

/// Where a mosaic lies, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct MosaicInput<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it is; `None`: the bands that the models were fitted on, in canonical order.
    pub descriptor: Option<&'a Descriptor>,
    /// Whether to go on, with a warning, where scale or resolution are not those that the models were fitted on.
    pub force: bool,
}

impl MosaicInput<'_> {
    /// Opens it for `models`, which were fitted on patches like `expected`.
    ///
    /// # Errors
    /// If it cannot be read, or is not what they were fitted on.
    pub(super) fn open(
        &self,
        models: &Models,
        expected: &PatchDefinition,
        progress: &mut dyn Progress,
    ) -> Result<Mosaic, InferenceError> {
        let mosaic = Mosaic::open(self.path, &self.reading(expected, progress)?)?;
        let (found, wanted) = (mosaic.sample_type(), expected.sample_type);
        if found != wanted {
            let [found, expected] = [found, wanted].map(|kind| sample_type_name(kind).to_owned());
            return Err(InferenceError::Unfit { what: "the type of numbers", found, expected });
        }
        let found = mosaic.pixel_metres();
        let strange = |&wanted: &f64| !(1.0 - SLACK..=1.0 + SLACK).contains(&(found / wanted));
        let sides = models.facts().iter().filter_map(|facts| facts.pixel_metres);
        if let Some(wanted) = sides.into_iter().find(strange) {
            let risk = "textures and the ground that a patch shows change with it, and nothing that was measured holds";
            let words = |side: f64| format!("{side:.3} m a pixel");
            self.refuse("the resolution", words(found), words(wanted), risk, progress)?;
        }
        Ok(mosaic)
    }

    /// What the mosaic must hold.
    fn reading(
        &self,
        expected: &PatchDefinition,
        progress: &mut dyn Progress,
    ) -> Result<MosaicReading, InferenceError> {
        let Some(descriptor) = self.descriptor else {
            let names: Vec<String> =
                expected.pixel.bands.iter().map(|band| band.name().into()).collect();
            let bands =
                FileBands::new(&names).expect("the names of a band set are known and distinct");
            return Ok(MosaicReading { bands, scaling: expected.pixel.scaling });
        };
        let imagery = descriptor.imagery().ok_or_else(|| InferenceError::NoImagery {
            descriptor: descriptor.name().to_owned(),
        })?;
        self.check_pixel(&imagery.pixel, &expected.pixel, progress)?;
        Ok(MosaicReading::of(imagery))
    }

    fn check_pixel(
        &self,
        found: &PixelDefinition,
        expected: &PixelDefinition,
        progress: &mut dyn Progress,
    ) -> Result<(), InferenceError> {
        if found.bands != expected.bands {
            let [found, expected] = [found, expected].map(band_names);
            return Err(InferenceError::Unfit { what: "the set of bands", found, expected });
        }
        let risk = "the model takes its numbers for those that it was fitted on, so reflectances and indexes are wrong wherever the scales differ";
        if found.scaling != expected.scaling {
            let [found, expected] = [found, expected].map(scaling_words);
            self.refuse("the scale", found, expected, risk, progress)?;
        }
        if found.tasseled_cap != expected.tasseled_cap {
            let [found, expected] =
                [found, expected].map(|pixel| format!("{:?}", pixel.tasseled_cap));
            self.refuse("the tasseled cap", found, expected, risk, progress)?;
        }
        Ok(())
    }

    /// An error, or a warning where the user wants to go on.
    fn refuse(
        &self,
        what: &'static str,
        found: String,
        expected: String,
        risk: &str,
        progress: &mut dyn Progress,
    ) -> Result<(), InferenceError> {
        if self.force {
            progress.warn(&format!(
                "{what} of the mosaic is {found}, and the model was fitted on {expected}: {risk}"
            ));
            return Ok(());
        }
        Err(InferenceError::Risky { what, found, expected, risk: risk.to_owned() })
    }
}

fn band_names(pixel: &PixelDefinition) -> String {
    pixel.bands.iter().map(Band::name).collect::<Vec<_>>().join(", ")
}

fn scaling_words(pixel: &PixelDefinition) -> String {
    match pixel.scaling.product {
        Some(product) => format!("product `{}`", product.name()),
        None => format!("{:?}", pixel.scaling),
    }
}
