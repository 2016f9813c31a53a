//! The surfaces of which pixels are mixed: reflectance in blue, green, red, nir, swir1 and swir2.
//!
//! The spectra are typical values for these kinds of surface, rounded; none is a measurement of a place.

/// Reflectance in the six bands.
pub(crate) type Spectrum = [f32; 6];

macro_rules! surfaces {
    ($($(#[$doc:meta])* $name:ident = $spectrum:expr;)*) => {
        /// A kind of surface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Surface { $($(#[$doc])* $name),* }

        impl Surface {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// Its typical reflectance.
            pub(crate) const fn spectrum(self) -> Spectrum {
                match self { $(Self::$name => $spectrum),* }
            }
        }
    };
}

surfaces! {
    RedSoil = [0.075, 0.115, 0.190, 0.270, 0.350, 0.295];
    PaleSoil = [0.125, 0.170, 0.225, 0.290, 0.355, 0.305];
    DarkSoil = [0.060, 0.080, 0.100, 0.140, 0.185, 0.160];
    Caliche = [0.190, 0.245, 0.300, 0.355, 0.400, 0.345];
    Rock = [0.115, 0.140, 0.165, 0.205, 0.240, 0.215];
    Lava = [0.060, 0.070, 0.082, 0.105, 0.130, 0.118];
    DryGrass = [0.070, 0.100, 0.135, 0.230, 0.300, 0.210];
    Scrub = [0.050, 0.075, 0.085, 0.200, 0.215, 0.140];
    Oak = [0.030, 0.050, 0.045, 0.240, 0.140, 0.070];
    Pine = [0.022, 0.040, 0.030, 0.250, 0.115, 0.048];
    GreenCrop = [0.040, 0.078, 0.050, 0.430, 0.200, 0.100];
    YoungCrop = [0.065, 0.100, 0.105, 0.280, 0.280, 0.200];
    Stubble = [0.095, 0.135, 0.175, 0.265, 0.355, 0.275];
    ClearWater = [0.035, 0.032, 0.020, 0.010, 0.005, 0.004];
    TurbidWater = [0.070, 0.095, 0.085, 0.045, 0.012, 0.008];
    Asphalt = [0.082, 0.093, 0.103, 0.128, 0.150, 0.138];
    Concrete = [0.130, 0.155, 0.175, 0.218, 0.245, 0.217];
    WhiteRoof = [0.240, 0.270, 0.290, 0.330, 0.330, 0.300];
    MetalRoof = [0.190, 0.210, 0.220, 0.250, 0.260, 0.240];
    Brick = [0.085, 0.120, 0.180, 0.250, 0.290, 0.245];
    Adobe = [0.100, 0.137, 0.182, 0.245, 0.310, 0.268];
    Garden = [0.036, 0.060, 0.052, 0.280, 0.170, 0.088];
}

/// A pixel while it is mixed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mixture {
    sum: Spectrum,
    covered: f32,
}

impl Mixture {
    /// Covers `share` of the pixel with a surface that is `brightness` times as bright as usual.
    pub(crate) fn add(&mut self, surface: Surface, share: f32, brightness: f32) {
        let spectrum = surface.spectrum();
        let weight = share * brightness;
        for (sum, reflectance) in self.sum.iter_mut().zip(spectrum) {
            *sum += weight * reflectance;
        }
        self.covered += share;
    }

    /// Lays `share` of `cover` over what is there.
    pub(crate) fn over(&mut self, cover: &Self, share: f32) {
        let (own, other) = (self.mean(), cover.mean());
        for ((sum, own), other) in self.sum.iter_mut().zip(own).zip(other) {
            *sum = own + (other - own) * share;
        }
        self.covered = 1.0;
    }

    /// Reflectance of what is covered.
    pub(crate) fn mean(&self) -> Spectrum {
        let covered = self.covered.max(1e-6);
        self.sum.map(|sum| sum / covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_surface_is_plausible() {
        for surface in Surface::ALL {
            assert!(
                surface.spectrum().iter().all(|value| (0.002..0.6).contains(value)),
                "{surface:?}"
            );
        }
    }

    #[test]
    fn mixing_weighs_by_share() {
        let mut half = Mixture::default();
        half.add(Surface::Rock, 0.5, 1.0);
        half.add(Surface::Pine, 0.5, 1.0);
        let (rock, pine) = (Surface::Rock.spectrum(), Surface::Pine.spectrum());
        assert!((half.mean()[3] - f32::midpoint(rock[3], pine[3])).abs() < 1e-6);
        let mut cover = Mixture::default();
        cover.add(Surface::Brick, 0.2, 1.0);
        half.over(&cover, 1.0);
        assert!((half.mean()[0] - Surface::Brick.spectrum()[0]).abs() < 1e-6);
    }
}
