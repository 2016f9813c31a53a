//! Pixels: which bands a patch has, and how its integers become reflectance.
//!
//! A [`PixelDefinition`] is declared once, in a data set's descriptor, and travels unchanged through the
//! store into every bundle: whoever sees integers also sees what they mean. Mixing up two products is the
//! most damaging error available (the offset of Landsat Collection 2 changes every index), so nothing
//! here is guessed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the six spectral bands, in the order in which stores and channels hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// About 0.48 µm.
    Blue,
    /// About 0.56 µm.
    Green,
    /// About 0.66 µm.
    Red,
    /// Near infrared, about 0.84 µm.
    Nir,
    /// Shortwave infrared, about 1.65 µm.
    Swir1,
    /// Shortwave infrared, about 2.2 µm.
    Swir2,
}

impl Band {
    /// All six, in order.
    pub const ALL: [Self; 6] =
        [Self::Blue, Self::Green, Self::Red, Self::Nir, Self::Swir1, Self::Swir2];

    /// The position among the six.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name used in files and tables.
    pub fn name(self) -> &'static str {
        ["blue", "green", "red", "nir", "swir1", "swir2"][self.index()]
    }
}

impl fmt::Display for Band {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Which of the six bands a collection has; iterates in canonical order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Band>", into = "Vec<Band>")]
pub struct BandSet {
    bands: Vec<Band>,
}

/// Why a list of bands is not a band set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BandSetError {
    /// There is no band.
    #[error("there are no bands; at least one of blue, green, red, nir, swir1, swir2 is needed")]
    Empty,
    /// A band stands twice.
    #[error("band `{band}` is listed twice")]
    Duplicate {
        /// The band.
        band: Band,
    },
}

impl BandSet {
    /// The set of `bands`, whatever their order.
    ///
    /// # Errors
    /// If there is no band, or one stands twice.
    pub fn new(bands: impl IntoIterator<Item = Band>) -> Result<Self, BandSetError> {
        let mut bands: Vec<Band> = bands.into_iter().collect();
        bands.sort_unstable();
        if bands.is_empty() {
            return Err(BandSetError::Empty);
        }
        match bands.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(BandSetError::Duplicate { band: pair[0] }),
            None => Ok(Self { bands }),
        }
    }

    /// All six bands.
    pub fn all() -> Self {
        Self { bands: Band::ALL.to_vec() }
    }

    /// How many bands there are, 1 to 6.
    #[expect(clippy::len_without_is_empty, reason = "a band set is never empty")]
    pub fn len(&self) -> usize {
        self.bands.len()
    }

    /// The bands in canonical order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Band> + '_ {
        self.bands.iter().copied()
    }

    /// Where `band` lies in the arrays of this collection.
    pub fn position(&self, band: Band) -> Option<usize> {
        self.bands.iter().position(|&own| own == band)
    }

    /// Whether `band` is there.
    pub fn contains(&self, band: Band) -> bool {
        self.position(band).is_some()
    }
}

impl TryFrom<Vec<Band>> for BandSet {
    type Error = BandSetError;

    fn try_from(bands: Vec<Band>) -> Result<Self, Self::Error> {
        Self::new(bands)
    }
}

impl From<BandSet> for Vec<Band> {
    fn from(set: BandSet) -> Self {
        set.bands
    }
}

/// A published rule that turns integers into surface reflectance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Product {
    /// Landsat Collection 1 surface reflectance: DN / 10000, fill −9999.
    C1,
    /// Landsat Collection 2 surface reflectance: (11 DN − 80000) / 400000, fill 0.
    C2,
    /// Sentinel-2 before processing baseline 04.00: DN / 10000, fill 0.
    S2,
    /// Sentinel-2 since processing baseline 04.00: (DN − 1000) / 10000, fill 0.
    #[serde(rename = "s2-0400")]
    S2Baseline0400,
}

impl Product {
    /// The name used in descriptors.
    pub fn name(self) -> &'static str {
        match self {
            Self::C1 => "c1",
            Self::C2 => "c2",
            Self::S2 => "s2",
            Self::S2Baseline0400 => "s2-0400",
        }
    }

    /// The rule of this product.
    pub fn scaling(self) -> Scaling {
        let (multiply, add, divide, nodata) = match self {
            Self::C1 => (1.0, 0.0, 10_000.0, -9999.0),
            Self::C2 => (11.0, -80_000.0, 400_000.0, 0.0),
            Self::S2 => (1.0, 0.0, 10_000.0, 0.0),
            Self::S2Baseline0400 => (1.0, -1000.0, 10_000.0, 0.0),
        };
        Scaling { multiply, add, divide, nodata: Some(nodata), product: Some(self) }
    }
}

/// The lowest value after scaling: keeps every denominator of the indexes positive.
pub const REFLECTANCE_MIN: f32 = 1e-4;
/// The highest value after scaling.
pub const REFLECTANCE_MAX: f32 = 1.0;

/// How a stored number becomes a value on the 0..1 scale: `(multiply · DN + add) / divide`, then clamped to
/// [`REFLECTANCE_MIN`]..=[`REFLECTANCE_MAX`].
///
/// For products the three constants are integers whose numerator is exact in `f32`, so a single-precision
/// kernel rounds once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// Factor of the stored number.
    pub multiply: f64,
    /// Addend after the factor.
    pub add: f64,
    /// Divisor after the addend; positive.
    pub divide: f64,
    /// The stored number that means "no data".
    pub nodata: Option<f64>,
    /// The product whose rule this is; `None` where the descriptor declares a rule of its own.
    pub product: Option<Product>,
}

impl Scaling {
    /// A rule of one's own: `scale · DN + offset`. Collections with such a rule count as uncalibrated.
    pub fn declared(scale: f64, offset: f64, nodata: Option<f64>) -> Self {
        Self { multiply: scale, add: offset, divide: 1.0, nodata, product: None }
    }

    /// Whether values are reflectance, so that the constants inside the indexes mean what they say.
    pub fn is_calibrated(&self) -> bool {
        self.product.is_some()
    }

    /// Whether the stored number carries a measurement.
    pub fn is_valid(&self, stored: f32) -> bool {
        stored.is_finite() && self.nodata.is_none_or(|nodata| f64::from(stored) != nodata)
    }

    /// What makes it no rule: for those that come from outside.
    ///
    /// # Errors
    /// If a number is not finite, the factor or the divisor gives nothing, or the numbers are not those of the product.
    pub fn check(&self) -> Result<(), ScalingError> {
        let numbers = [("factor", self.multiply), ("addend", self.add), ("divisor", self.divide)];
        let nodata = self.nodata.map(|nodata| ("nodata value", nodata));
        for (what, found) in numbers.into_iter().chain(nodata) {
            if !found.is_finite() {
                return Err(ScalingError::NotFinite { what, found });
            }
        }
        if self.multiply == 0.0 || self.divide <= 0.0 {
            let (factor, divisor) = (self.multiply, self.divide);
            return Err(ScalingError::Nothing { factor, divisor });
        }
        match self.product {
            Some(product) if product.scaling() != *self => Err(ScalingError::Product { product }),
            _ => Ok(()),
        }
    }

    /// The value of a valid stored number, clamped.
    pub fn value(&self, stored: f64) -> f64 {
        ((self.multiply * stored + self.add) / self.divide)
            .clamp(f64::from(REFLECTANCE_MIN), f64::from(REFLECTANCE_MAX))
    }
}

/// The name of the product, or all numbers of the rule.
impl fmt::Display for Scaling {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(product) = self.product {
            return formatter.write_str(product.name());
        }
        write!(formatter, "scale {}, offset {}, ", self.multiply, self.add)?;
        if self.divide != 1.0 {
            write!(formatter, "divisor {}, ", self.divide)?;
        }
        match self.nodata {
            Some(nodata) => write!(formatter, "nodata {nodata}"),
            None => formatter.write_str("no nodata value"),
        }
    }
}

/// Why numbers do not make a [`Scaling`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScalingError {
    /// A number is none that can be computed with.
    #[error("the {what} of the scaling is {found}; expected a finite number")]
    NotFinite {
        /// Which number.
        what: &'static str,
        /// Its value.
        found: f64,
    },
    /// All numbers would become the same, or none.
    #[error(
        "the scaling has factor {factor} and divisor {divisor}; expected a factor other than 0 and a divisor above 0"
    )]
    Nothing {
        /// The factor.
        factor: f64,
        /// The divisor.
        divisor: f64,
    },
    /// The rule is not that of the product that it names.
    #[error("the scaling is not that of product `{}`, which it names", .product.name())]
    Product {
        /// The product.
        product: Product,
    },
}

/// A published rotation of the six bands into brightness, greenness, wetness and three more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TasseledCap {
    /// Crist 1985, TM reflectance factor; the default for Landsat 5 and 7 alike.
    #[default]
    Tm,
    /// Huang et al. 2002, ETM+ at-satellite reflectance.
    Etm,
    /// Baig et al. 2014, OLI at-satellite reflectance.
    Oli,
    /// Zhai et al. 2022, OLI surface reflectance.
    OliSr,
    /// Shi and Xu 2019, Sentinel-2 at-sensor reflectance.
    Msi,
}

impl TasseledCap {
    /// The name used in descriptors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tm => "tm",
            Self::Etm => "etm",
            Self::Oli => "oli",
            Self::OliSr => "oli-sr",
            Self::Msi => "msi",
        }
    }
}

/// Everything that is needed to read a pixel of a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelDefinition {
    /// The bands, which patches hold in canonical order.
    pub bands: BandSet,
    /// How stored numbers become values.
    pub scaling: Scaling,
    /// The rotation behind the six tasseled-cap channels.
    pub tasseled_cap: TasseledCap,
    /// Histogram range of the bands of an uncalibrated collection; calibrated ones use the published
    /// ranges of each channel.
    pub histogram_range: Option<[f64; 2]>,
}

impl PixelDefinition {
    /// The six bands of a published product, with the default rotation.
    pub fn of_product(product: Product) -> Self {
        Self {
            bands: BandSet::all(),
            scaling: product.scaling(),
            tasseled_cap: TasseledCap::default(),
            histogram_range: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_come_in_canonical_order_whatever_the_order_of_the_file() {
        let set = BandSet::new([Band::Red, Band::Blue, Band::Green]).unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Band::Blue, Band::Green, Band::Red]);
        assert_eq!(set.position(Band::Red), Some(2));
        assert_eq!(set.position(Band::Nir), None);
    }

    #[test]
    fn a_band_set_is_neither_empty_nor_ambiguous() {
        assert_eq!(BandSet::new([]), Err(BandSetError::Empty));
        let twice = BandSet::new([Band::Red, Band::Red]);
        assert_eq!(twice, Err(BandSetError::Duplicate { band: Band::Red }));
    }

    #[test]
    fn products_reach_zero_and_one_where_they_are_published_to() {
        assert_eq!(Product::C1.scaling().value(10_000.0), 1.0);
        assert!((Product::C2.scaling().value(18_181.0) - 0.299_977_5).abs() < 1e-12);
        assert_eq!(Product::C2.scaling().value(0.0), f64::from(REFLECTANCE_MIN));
        assert!((Product::S2Baseline0400.scaling().value(3000.0) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn fill_and_non_numbers_are_not_measurements() {
        let scaling = Product::C1.scaling();
        assert!(!scaling.is_valid(-9999.0));
        assert!(!scaling.is_valid(f32::NAN));
        assert!(scaling.is_valid(-9998.0));
        assert!(Scaling::declared(1.0, 0.0, None).is_valid(-9999.0));
    }

    #[test]
    fn a_rule_is_told_by_its_product_or_its_numbers() {
        assert_eq!(Product::S2Baseline0400.scaling().to_string(), "s2-0400");
        let own = Scaling::declared(0.5, -1.0, Some(255.0));
        assert_eq!(own.to_string(), "scale 0.5, offset -1, nodata 255");
        assert_eq!(
            Scaling { divide: 4.0, nodata: None, ..own }.to_string(),
            "scale 0.5, offset -1, divisor 4, no nodata value"
        );
    }

    #[test]
    fn names_are_those_of_descriptors() {
        use TasseledCap::{Etm, Msi, Oli, OliSr, Tm};
        for cap in [Tm, Etm, Oli, OliSr, Msi] {
            assert_eq!(serde_json::to_value(cap).unwrap(), cap.name());
        }
        for product in [Product::C1, Product::C2, Product::S2, Product::S2Baseline0400] {
            assert_eq!(serde_json::to_value(product).unwrap(), product.name());
            assert_eq!(product.scaling().check(), Ok(()));
        }
    }

    #[test]
    fn numbers_that_are_no_rule_are_named() {
        let own = Scaling::declared(1.0, 0.0, None);
        assert_eq!(own.check(), Ok(()));
        let told = |scaling: Scaling| scaling.check().unwrap_err().to_string();
        assert!(told(Scaling { multiply: 0.0, ..own }).contains("factor 0"));
        assert!(told(Scaling { divide: -1.0, ..own }).contains("divisor -1"));
        assert!(told(Scaling { add: f64::NAN, ..own }).contains("addend of the scaling is NaN"));
        let infinite = Scaling { nodata: Some(f64::INFINITY), ..own };
        assert!(told(infinite).contains("nodata value of the scaling is inf"));
        let other = Scaling { product: Some(Product::C2), ..Product::C1.scaling() };
        assert!(told(other).contains("not that of product `c2`"));
    }
}
