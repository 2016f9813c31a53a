//! One channel: its name, the bands it needs, its bounds and the range of its histogram.

use std::fmt;

use crate::pixel::{Band, PixelDefinition};

/// One of the 27 planes of a patch, in the order of every tensor and table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Blue reflectance.
    Blue,
    /// Green reflectance.
    Green,
    /// Red reflectance.
    Red,
    /// Near infrared reflectance.
    Nir,
    /// Reflectance at about 1.65 µm.
    Swir1,
    /// Reflectance at about 2.2 µm.
    Swir2,
    /// Enhanced vegetation index (Huete et al. 1997, 2002).
    Evi,
    /// Built-up index: `ndbi − ndvi` (Zha et al. 2003, He et al. 2010).
    Bu,
    /// Simple ratio (Birth and McVey 1968, Jordan 1969).
    Sr,
    /// Atmospherically resistant vegetation index (Kaufman and Tanré 1992).
    Arvi,
    /// Urban index (Kawamura et al. 1996).
    Ui,
    /// Normalised difference built-up index (Zha, Gao and Ni 2003).
    Ndbi,
    /// Index-based built-up index, closed form (Xu 2008).
    Ibi,
    /// Normalised difference vegetation index (Rouse et al. 1973, Tucker 1979).
    Ndvi,
    /// Normalised difference water index (McFeeters 1996).
    Ndwi,
    /// Modified normalised difference water index (Xu 2006).
    Mndwi,
    /// New built-up index (Jieli et al. 2010).
    Nbi,
    /// Band ratio for built-up areas (Waqar et al. 2012).
    Brba,
    /// Normalised built-up area index (Waqar et al. 2012).
    Nbai,
    /// Built-up area extraction index (Bouzekri, Lasbet and Lachehab 2015).
    Baei,
    /// Bare soil index (Rikimaru, Roy and Miyatake 2002).
    Bi,
    /// Tasseled-cap brightness.
    Tcb,
    /// Tasseled-cap greenness.
    Tcg,
    /// Tasseled-cap wetness.
    Tcw,
    /// Fourth tasseled-cap component.
    Tc4,
    /// Fifth tasseled-cap component.
    Tc5,
    /// Sixth tasseled-cap component.
    Tc6,
}

/// What is constant about a channel.
struct Properties {
    name: &'static str,
    /// The bands it is computed from.
    bands: &'static [Band],
    /// Bounds that are part of the definition; without them the channel is bounded by construction.
    clip: Option<[f32; 2]>,
    /// Lower and upper edge of the histogram of calibrated reflectance.
    histogram: [f64; 2],
}

const fn row(
    name: &'static str,
    bands: &'static [Band],
    clip: Option<[f32; 2]>,
    histogram: [f64; 2],
) -> Properties {
    Properties { name, bands, clip, histogram }
}

/// Every channel, in order. Band ranges begin half a Collection-1 step below zero, so that no inner edge
/// coincides with a representable value; index ranges avoid values that occur exactly.
const PROPERTIES: [Properties; 27] = {
    use Band::{Blue as B, Green as G, Nir as N, Red as R, Swir1 as S1, Swir2 as S2};
    const ALL: &[Band] = &Band::ALL;
    [
        row("blue", &[B], None, [-0.00005, 0.24995]),
        row("green", &[G], None, [-0.00005, 0.29995]),
        row("red", &[R], None, [-0.00005, 0.34995]),
        row("nir", &[N], None, [-0.00005, 0.49995]),
        row("swir1", &[S1], None, [-0.00005, 0.49995]),
        row("swir2", &[S2], None, [-0.00005, 0.44995]),
        row("evi", &[B, R, N], Some([-1.0, 1.0]), [-0.07, 0.73]),
        row("bu", &[R, N, S1], None, [-1.43, 0.27]),
        row("sr", &[R, N], Some([0.0, 30.0]), [0.53, 5.53]),
        row("arvi", &[B, R, N], None, [-0.23, 0.97]),
        row("ui", &[N, S2], None, [-0.83, 0.27]),
        row("ndbi", &[N, S1], None, [-0.57, 0.33]),
        row("ibi", &[G, R, N, S1], None, [-0.47, 0.23]),
        row("ndvi", &[R, N], None, [-0.13, 0.97]),
        row("ndwi", &[G, N], None, [-0.83, 0.27]),
        row("mndwi", &[G, S1], None, [-0.63, 0.37]),
        row("nbi", &[R, N, S1], Some([0.0, 2.0]), [-0.003, 0.397]),
        row("brba", &[R, S1], Some([0.0, 5.0]), [0.07, 1.27]),
        row("nbai", &[G, S1, S2], None, [-0.993, -0.393]),
        row("baei", &[G, R, S1], Some([0.0, 10.0]), [0.63, 3.13]),
        row("bi", &[B, R, N, S1], None, [-0.43, 0.27]),
        row("tcb", ALL, None, [0.003, 0.903]),
        row("tcg", ALL, None, [-0.203, 0.297]),
        row("tcw", ALL, None, [-0.453, 0.047]),
        row("tc4", ALL, None, [-0.083, 0.117]),
        row("tc5", ALL, None, [-0.103, 0.097]),
        row("tc6", ALL, None, [-0.053, 0.047]),
    ]
};

impl Channel {
    /// All 27, in order.
    pub const ALL: [Self; 27] = [
        Self::Blue,
        Self::Green,
        Self::Red,
        Self::Nir,
        Self::Swir1,
        Self::Swir2,
        Self::Evi,
        Self::Bu,
        Self::Sr,
        Self::Arvi,
        Self::Ui,
        Self::Ndbi,
        Self::Ibi,
        Self::Ndvi,
        Self::Ndwi,
        Self::Mndwi,
        Self::Nbi,
        Self::Brba,
        Self::Nbai,
        Self::Baei,
        Self::Bi,
        Self::Tcb,
        Self::Tcg,
        Self::Tcw,
        Self::Tc4,
        Self::Tc5,
        Self::Tc6,
    ];

    /// The position among the 27.
    pub fn index(self) -> usize {
        self as usize
    }

    fn properties(self) -> &'static Properties {
        &PROPERTIES[self.index()]
    }

    /// The name used in tables and files.
    pub fn name(self) -> &'static str {
        self.properties().name
    }

    /// The channel called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// The bands it is computed from, in canonical order.
    pub fn bands(self) -> &'static [Band] {
        self.properties().bands
    }

    /// Whether it is a band itself, neither an index nor a component.
    pub fn is_band(self) -> bool {
        self.index() < Band::ALL.len()
    }

    /// The bounds that are part of the definition, if there are any.
    pub fn clip(self) -> Option<[f32; 2]> {
        self.properties().clip
    }

    /// Lower and upper edge of the fixed histogram in a collection of pixels like `pixel`.
    ///
    /// The published ranges of the bands presume reflectance; the bands of an uncalibrated collection have
    /// the range that it declares, 0 to 1 by default.
    pub fn histogram_range(self, pixel: &PixelDefinition) -> [f64; 2] {
        if self.is_band() && !pixel.scaling.is_calibrated() {
            return pixel.histogram_range.unwrap_or([0.0, 1.0]);
        }
        self.properties().histogram
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel::{Product, Scaling};

    #[test]
    fn every_channel_stands_at_its_index_under_its_name() {
        for (index, channel) in Channel::ALL.into_iter().enumerate() {
            assert_eq!(channel.index(), index);
            assert_eq!(Channel::from_name(channel.name()), Some(channel));
        }
        assert_eq!(Channel::from_name("bui"), None);
    }

    #[test]
    fn the_bands_are_the_first_channels() {
        for band in Band::ALL {
            let channel = Channel::ALL[band.index()];
            assert!(channel.is_band());
            assert_eq!((channel.name(), channel.bands()), (band.name(), &[band][..]));
        }
        assert!(!Channel::Evi.is_band());
    }

    #[test]
    fn uncalibrated_bands_have_the_declared_range_and_indexes_the_published_one() {
        let calibrated = PixelDefinition::of_product(Product::C1);
        assert_eq!(Channel::Blue.histogram_range(&calibrated), [-0.00005, 0.24995]);
        let mut declared = calibrated;
        declared.scaling = Scaling::declared(1.0 / 255.0, 0.0, None);
        assert_eq!(Channel::Blue.histogram_range(&declared), [0.0, 1.0]);
        declared.histogram_range = Some([0.1, 0.6]);
        assert_eq!(Channel::Swir2.histogram_range(&declared), [0.1, 0.6]);
        assert_eq!(Channel::Ndvi.histogram_range(&declared), [-0.13, 0.97]);
    }
}
