//! The mosaic that is predicted, held against what the models were fitted on.

use std::path::Path;

use tesela_datasets::descriptor::{Descriptor, FileBands};
use tesela_datasets::patch::{PatchDefinition, PatchShape};
use tesela_datasets::pixel::{Band, BandSet, PixelDefinition, Scaling};

use super::band_names::{ByName, by_name};
use super::{InferenceError, Models};
use crate::cutting::MOST_PATCH_PIXELS;
use crate::progress::Progress;
use crate::raster::{Mosaic, MosaicError, MosaicReading, sample_type_name};

/// How far the sides of pixels may be apart, as a share.
const SLACK: f64 = 0.1;

/// Where a mosaic lies, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct MosaicInput<'a> {
    /// The file.
    pub path: &'a Path,
    /// What it is; `None`: the bands that the models were fitted on, in canonical order.
    pub descriptor: Option<&'a Descriptor>,
    /// Whether to go on, with a warning, where scale, resolution or the names of bands are not what is expected.
    pub force: bool,
}

impl MosaicInput<'_> {
    /// What is taken for granted of the mosaic where no descriptor says what it is.
    pub fn assumption(&self, models: &Models) -> Option<String> {
        let expected = models.input().patches().filter(|_| self.descriptor.is_none())?;
        Some(format!(
            "no descriptor: the bands of `{}` are taken for {} in this order, with {}, as the model was fitted on",
            self.path.display(),
            names_of(&expected.pixel.bands),
            scaling_words(&expected.pixel.scaling),
        ))
    }

    /// Opens it for `models`, which were fitted on patches like `expected`, and says how it is read.
    ///
    /// # Errors
    /// If it cannot be read, or is not what they were fitted on.
    pub(super) fn open(
        &self,
        models: &Models,
        expected: &PatchDefinition,
        progress: &mut dyn Progress,
    ) -> Result<(Mosaic, MosaicReading), InferenceError> {
        check_shape(expected.shape)?;
        let reading = self.reading(expected, progress)?;
        let mosaic =
            Mosaic::open(self.path, &reading).map_err(|error| self.explained(error, expected))?;
        let (found, wanted) = (mosaic.sample_type(), expected.sample_type);
        if found != wanted {
            let [found, expected] = [found, wanted].map(|kind| sample_type_name(kind).to_owned());
            return Err(InferenceError::Unfit { what: "the type of numbers", found, expected });
        }
        self.check_names(&mosaic, &reading.bands, progress)?;
        self.check_resolution(&mosaic, models, progress)?;
        // Where nothing is stored, a file without such a number gives zeros.
        let gap = reading.scaling.nodata.filter(|&nodata| nodata != 0.0);
        if let Some(nodata) = gap.filter(|_| !mosaic.declares_nodata()) {
            progress.warn(&format!(
                "`{}` declares no nodata value: pixels of {nodata} are taken for missing, as {} has it, and where nothing was \
                 stored (sparse blocks, gaps of a virtual raster) the file gives 0, which counts as measured",
                self.path.display(),
                scaling_words(&reading.scaling)
            ));
        }
        Ok((mosaic, reading))
    }

    fn check_resolution(
        &self,
        mosaic: &Mosaic,
        models: &Models,
        progress: &mut dyn Progress,
    ) -> Result<(), InferenceError> {
        let found = mosaic.pixel_metres();
        let strange = |&wanted: &f64| !(1.0 - SLACK..=1.0 + SLACK).contains(&(found / wanted));
        let sides = models.facts().iter().filter_map(|facts| facts.pixel_metres);
        let Some(wanted) = sides.into_iter().find(strange) else { return Ok(()) };
        let risk = "textures and the ground that a patch shows change with it, and nothing that was measured holds";
        let words = |side: f64| format!("{side:.3} m a pixel");
        self.refuse("the resolution", words(found), words(wanted), risk, progress)
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
            let [found, expected] = [found, expected].map(|pixel| names_of(&pixel.bands));
            return Err(InferenceError::Unfit { what: "the set of bands", found, expected });
        }
        let risk = "the model takes its numbers for those that it was fitted on, so reflectances and indexes are wrong wherever the \
                    scales differ";
        if found.scaling != expected.scaling {
            let gaps = match (found.scaling.nodata, expected.scaling.nodata) {
                (own, other) if own == other => String::new(),
                (Some(own), _) => format!("; pixels of {own} alone count as missing"),
                (None, _) => "; no pixel of it counts as missing".to_owned(),
            };
            let risk = format!("{risk}{gaps}");
            let [found, expected] = [found, expected].map(|pixel| scaling_words(&pixel.scaling));
            self.refuse("the scale", found, expected, &risk, progress)?;
        }
        if found.tasseled_cap != expected.tasseled_cap {
            let risk = "the model computes its own, which is meant for another sensor";
            let [found, expected] =
                [found, expected].map(|pixel| format!("`{}`", pixel.tasseled_cap.name()));
            self.refuse("the tasseled cap", found, expected, risk, progress)?;
        }
        Ok(())
    }

    /// The file's own names of its bands, where they are names of bands, do not contradict `bands`.
    fn check_names(
        &self,
        mosaic: &Mosaic,
        bands: &FileBands,
        progress: &mut dyn Progress,
    ) -> Result<(), InferenceError> {
        let ByName::Other { found, expected } = by_name(&mosaic.band_names(), bands) else {
            return Ok(());
        };
        let said = match self.descriptor {
            Some(descriptor) => format!("descriptor `{}` says", descriptor.name()),
            None => "without a descriptor the canonical order says".to_owned(),
        };
        let path = self.path.to_owned();
        if self.force {
            progress.warn(&format!(
                "`{}` calls its bands {found}, and they are read as {expected}: indexes of bands that are mixed up mean nothing",
                path.display()
            ));
            return Ok(());
        }
        Err(InferenceError::BandNames { path, found, expected, said })
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

    /// The error of a mosaic that could not be opened. Where there is no descriptor it is the model that expects something.
    fn explained(&self, error: MosaicError, expected: &PatchDefinition) -> InferenceError {
        match error {
            MosaicError::BandCount { path, found, .. } if self.descriptor.is_none() => {
                let bands = &expected.pixel.bands;
                InferenceError::BandCount {
                    path,
                    found,
                    expected: bands.len(),
                    bands: names_of(bands),
                }
            }
            MosaicError::Nodata { path, band, found, expected: wanted, .. }
                if self.descriptor.is_none() =>
            {
                let rule = format!("{} of the model", scaling_words(&expected.pixel.scaling));
                MosaicError::Nodata { path, band, found, rule, expected: wanted }.into()
            }
            MosaicError::UnholdableNodata { path, found, nodata, .. }
                if self.descriptor.is_none() =>
            {
                let rule = format!("{} of the model", scaling_words(&expected.pixel.scaling));
                MosaicError::UnholdableNodata { path, found, nodata, rule }.into()
            }
            error => error.into(),
        }
    }
}

/// Patches of a mosaic have a centre, and fit memory many times.
fn check_shape(shape: PatchShape) -> Result<(), InferenceError> {
    let PatchShape { height, width, .. } = shape;
    if height == width && width % 2 == 1 && width <= MOST_PATCH_PIXELS {
        return Ok(());
    }
    Err(InferenceError::PatchShape { height, width, most: MOST_PATCH_PIXELS })
}

fn names_of(bands: &BandSet) -> String {
    bands.iter().map(Band::name).collect::<Vec<_>>().join(", ")
}

fn scaling_words(scaling: &Scaling) -> String {
    match scaling.product {
        Some(product) => format!("product `{}`", product.name()),
        None => scaling.to_string(),
    }
}
