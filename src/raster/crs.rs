//! Coordinate reference systems: what coordinates mean, and how points move from one to another.
//!
//! A [`CoordinateSystem`] is kept as PROJJSON, the form in which tables carry it, so it can be shared by
//! threads and written as it is. Its axes are always x before y.

use std::fmt;

use gdal::errors::GdalError;
use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, SpatialRef};

use tesela_datasets::cell::Point;
use tesela_datasets::cells::Crs;

use super::open::keep_quiet;
use super::{Extent, RasterError};

/// Mean radius of the earth in metres (IUGG, R1).
const EARTH_RADIUS: f64 = 6_371_008.8;

/// What the coordinates of a file mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinateSystem {
    projjson: String,
    /// Its code, such as `EPSG:6372`, or else its name.
    label: String,
    authority: Option<String>,
}

impl CoordinateSystem {
    /// Reads a definition: a code such as `EPSG:6372`, WKT or PROJJSON.
    ///
    /// # Errors
    /// If the text names no coordinate reference system that PROJ knows.
    pub fn parse(definition: &str) -> Result<Self, RasterError> {
        keep_quiet();
        let unknown =
            |source| RasterError::UnknownCrs { definition: shortened(definition), source };
        let reference = SpatialRef::from_definition(definition).map_err(unknown)?;
        Self::from_gdal(&reference).map_err(unknown)
    }

    /// Takes over what GDAL found in a file.
    pub(crate) fn from_gdal(reference: &SpatialRef) -> Result<Self, GdalError> {
        let authority = authority_of(reference);
        let name = reference.name().unwrap_or_else(|| "unnamed".to_owned());
        Ok(Self {
            projjson: reference.to_projjson()?,
            label: authority.clone().unwrap_or(name),
            authority,
        })
    }

    /// Reads what a table of cells says.
    ///
    /// # Errors
    /// If PROJ does not understand the description.
    pub fn from_crs(crs: &Crs) -> Result<Self, RasterError> {
        Self::parse(&crs.to_projjson())
    }

    /// The form in which tables of cells carry it.
    pub fn to_crs(&self) -> Crs {
        Crs::from_projjson(&self.projjson).expect("PROJ writes PROJJSON")
    }

    /// The form that GDAL works with, axes in the order x, y.
    pub(crate) fn to_gdal(&self) -> Result<SpatialRef, RasterError> {
        keep_quiet();
        let mut reference = SpatialRef::from_definition(&self.projjson)
            .map_err(|source| RasterError::UnknownCrs { definition: self.label.clone(), source })?;
        reference.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        Ok(reference)
    }

    /// The definition as PROJJSON.
    pub fn projjson(&self) -> &str {
        &self.projjson
    }

    /// The code, such as `EPSG:6372`, where the definition has one.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Checks that coordinates are projected and count metres, so that lengths and areas mean something.
    ///
    /// # Errors
    /// If they count degrees, feet or anything else.
    pub fn require_metres(&self) -> Result<(), RasterError> {
        let reference = self.to_gdal()?;
        let found = if reference.is_geographic() {
            "degrees".to_owned()
        } else if !reference.is_projected() {
            "units of its own".to_owned()
        } else if (reference.linear_units() - 1.0).abs() > 1e-12 {
            format!("`{}`", reference.linear_units_name().unwrap_or_default())
        } else {
            return Ok(());
        };
        Err(RasterError::NotMetric { crs: self.label.clone(), found })
    }

    /// How many square metres a square of one unit at `point` has, as far as units and degrees tell: distortions of a
    /// projection are left aside.
    pub fn square_metres_at(&self, point: Point) -> f64 {
        let Ok(reference) = self.to_gdal() else { return f64::NAN };
        if reference.is_geographic() {
            let degree = std::f64::consts::PI / 180.0 * EARTH_RADIUS;
            return degree * degree * point.y.to_radians().cos();
        }
        reference.linear_units().powi(2)
    }

    /// Whether both give the same coordinates to the same place.
    ///
    /// # Errors
    /// If PROJ cannot read one of them any more.
    pub fn is_same(&self, other: &Self) -> Result<bool, RasterError> {
        Ok(self == other || self.to_gdal()? == other.to_gdal()?)
    }
}

impl fmt::Display for CoordinateSystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.label)
    }
}

/// The code of the whole definition; projected definitions without one may still have parts with codes.
fn authority_of(reference: &SpatialRef) -> Option<String> {
    if let Ok(authority) = reference.authority() {
        return Some(authority);
    }
    let mut identified = reference.clone();
    identified.auto_identify_epsg().ok()?;
    identified.authority().ok()
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Moves points from one coordinate reference system to another.
///
/// It belongs to the thread that made it.
pub struct Transform {
    from: String,
    to: String,
    /// `None` where both are the same.
    inner: Option<CoordTransform>,
}

impl fmt::Debug for Transform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Transform({} -> {})", self.from, self.to)
    }
}

impl Transform {
    /// The way from `from` to `to`.
    ///
    /// # Errors
    /// If PROJ knows none.
    pub fn new(from: &CoordinateSystem, to: &CoordinateSystem) -> Result<Self, RasterError> {
        let inner = if from.is_same(to)? {
            None
        } else {
            let made = CoordTransform::new(&from.to_gdal()?, &to.to_gdal()?);
            Some(made.map_err(|source| RasterError::Transform {
                from: from.to_string(),
                to: to.to_string(),
                source,
            })?)
        };
        Ok(Self { from: from.to_string(), to: to.to_string(), inner })
    }

    /// Whether points stay where they are.
    pub fn is_identity(&self) -> bool {
        self.inner.is_none()
    }

    /// Moves the points `(x[i], y[i])` in place.
    ///
    /// # Errors
    /// If one of them has no place in the other system.
    pub fn points(&self, x: &mut [f64], y: &mut [f64]) -> Result<(), RasterError> {
        match &self.inner {
            Some(inner) => inner.transform_coords(x, y, &mut []).map_err(|e| self.error(e)),
            None => Ok(()),
        }
    }

    /// The extent, in the other system, of everything inside `extent`.
    ///
    /// # Errors
    /// If a part of its edge has no place in the other system.
    pub fn extent(&self, extent: Extent) -> Result<Extent, RasterError> {
        let Some(inner) = &self.inner else { return Ok(extent) };
        // Edges become curves: 21 points on each are what PROJ itself takes by default.
        let bounds = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
        let [min_x, min_y, max_x, max_y] =
            inner.transform_bounds(&bounds, 21).map_err(|source| self.error(source))?;
        Ok(Extent { min_x, min_y, max_x, max_y })
    }

    fn error(&self, source: GdalError) -> RasterError {
        RasterError::Transform { from: self.from.clone(), to: self.to.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crs(definition: &str) -> CoordinateSystem {
        CoordinateSystem::parse(definition).unwrap()
    }

    #[test]
    fn square_metres_follow_from_the_unit() {
        let at = |definition: &str, y: f64| crs(definition).square_metres_at(Point { x: 0.0, y });
        assert_eq!(at("EPSG:6372", 5.0), 1.0);
        // Feet of the survey: 1200/3937 m.
        assert!((at("EPSG:2263", 5.0) - (1200.0_f64 / 3937.0).powi(2)).abs() < 1e-9);
        let (equator, north) = (at("EPSG:4326", 0.0), at("EPSG:4326", 60.0));
        assert!((equator.sqrt() - 111_195.0).abs() < 1.0, "{equator}");
        assert!((equator / north - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_definition_survives_projjson() {
        let national = crs("EPSG:6372");
        assert_eq!(national.authority(), Some("EPSG:6372"));
        let again = crs(national.projjson());
        assert_eq!(again, national);
        assert_eq!(CoordinateSystem::from_crs(&national.to_crs()).unwrap(), national);
    }

    #[test]
    fn nonsense_is_answered_with_what_was_expected() {
        let error = CoordinateSystem::parse("EPSG:nowhere").unwrap_err().to_string();
        assert!(error.contains("`EPSG:nowhere`") && error.contains("`EPSG:6372`"), "{error}");
    }

    #[test]
    fn only_projected_metres_count_as_metres() {
        crs("EPSG:6372").require_metres().unwrap();
        let degrees = crs("EPSG:4326").require_metres().unwrap_err().to_string();
        assert!(degrees.contains("degrees"), "{degrees}");
        let feet = crs("EPSG:2263").require_metres().unwrap_err().to_string();
        assert!(feet.contains("foot"), "{feet}");
    }

    #[test]
    fn longitude_comes_before_latitude() {
        let to = Transform::new(&crs("EPSG:4326"), &crs("EPSG:6372")).unwrap();
        // The false origin of the national projection: 102° W, 12° N is (2500000, 0).
        let (mut x, mut y) = ([-102.0], [12.0]);
        to.points(&mut x, &mut y).unwrap();
        assert!((x[0] - 2_500_000.0).abs() < 1e-3 && y[0].abs() < 1e-3, "{x:?} {y:?}");
    }

    #[test]
    fn the_same_place_is_not_moved() {
        let same = Transform::new(&crs("EPSG:6372"), &crs("EPSG:6372")).unwrap();
        assert!(same.is_identity());
    }

    #[test]
    fn a_place_off_the_map_is_an_error() {
        let to = Transform::new(&crs("EPSG:4326"), &crs("EPSG:31985")).unwrap();
        assert!(to.points(&mut [0.0], &mut [f64::INFINITY]).is_err());
    }
}
