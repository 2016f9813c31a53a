//! From stored patches to what the network sees: channels, normalised, and the plane of used pixels.
//!
//! This is the host's way; graphics processors compute the same as
//! [`DevicePlanes`](super::device_planes::DevicePlanes).

use tesela_datasets::channels::{Channel, ChannelKernel};
use tesela_datasets::normalisation::Normalisation;
use tesela_datasets::patch::{PatchBatch, PatchDefinition};

use super::augment::Symmetries;
use super::layout::Layout;

/// Makes input planes from patches of one collection.
#[derive(Debug, Clone)]
pub(crate) struct InputPlanes {
    input: PatchDefinition,
    kernel: ChannelKernel,
    normalisation: Normalisation,
}

/// Memory that is used again from patch to patch.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    samples: Vec<f32>,
    channels: Vec<f32>,
    upright: Vec<f32>,
}

impl InputPlanes {
    /// The planes of patches as `input` describes them, normalised with `normalisation`.
    ///
    /// # Errors
    /// If the statistics are of other channels.
    pub(crate) fn new(
        input: &PatchDefinition,
        normalisation: Normalisation,
    ) -> Result<Self, String> {
        let kernel = ChannelKernel::new(&input.pixel);
        if !normalisation.fits(kernel.channels()) {
            let names = |names: Vec<&str>| names.join(", ");
            let found = names(normalisation.scales().iter().map(|scale| &*scale.channel).collect());
            let expected = kernel.channels().channels().iter().map(|channel| channel.name());
            let expected = names(expected.collect());
            return Err(format!("statistics of the channels {found}; expected {expected}"));
        }
        Ok(Self { input: input.clone(), kernel, normalisation })
    }

    /// How many planes there are for patches as `input` describes them.
    pub(crate) fn count(input: &PatchDefinition) -> usize {
        ChannelKernel::new(&input.pixel).channels().len() + 1
    }

    /// What the patches are.
    pub(crate) fn input(&self) -> &PatchDefinition {
        &self.input
    }

    /// The channels, in the order of the planes.
    pub(crate) fn channels(&self) -> &[Channel] {
        self.kernel.channels().channels()
    }

    /// The statistics behind them.
    pub(crate) fn normalisation(&self) -> &Normalisation {
        &self.normalisation
    }

    /// Writes the planes of patch `index`.
    ///
    /// # Shapes
    /// - `out`: `[plane, row, column]`, the last plane 1 where a pixel is used and 0 elsewhere
    pub(crate) fn fill(
        &self,
        scratch: &mut Scratch,
        batch: &PatchBatch,
        index: usize,
        out: &mut [f32],
    ) {
        let shape = self.input.shape;
        scratch.samples.resize(shape.samples(), 0.0);
        batch.copy_patch(index, &mut scratch.samples);
        let used = batch.used_of(index);
        scratch.channels.resize(self.kernel.channels().len() * shape.pixels(), 0.0);
        self.kernel.compute(shape, &scratch.samples, used, &mut scratch.channels);
        self.normalisation.apply(&scratch.channels, used, out);
    }

    /// Writes the planes of patch `index` in symmetry `way` of `symmetries`.
    ///
    /// # Shapes
    /// - `out`: as for [`Self::fill`]
    pub(crate) fn fill_turned(
        &self,
        scratch: &mut Scratch,
        (batch, index): (&PatchBatch, usize),
        (symmetries, way): (&Symmetries, usize),
        out: &mut [f32],
    ) {
        if way == 0 {
            return self.fill(scratch, batch, index, out);
        }
        let mut upright = std::mem::take(&mut scratch.upright);
        upright.resize(out.len(), 0.0);
        self.fill(scratch, batch, index, &mut upright);
        Layout::PlanesFirst.arrange(&symmetries.all()[way], &upright, out);
        scratch.upright = upright;
    }
}
