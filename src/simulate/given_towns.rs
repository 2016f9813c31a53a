//! Towns inside given polygons: the real localities of a country, or any others.
//!
//! Only what lies in the country or close to it is kept, so memory grows with the country and not with the
//! file.

use std::path::{Path, PathBuf};

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use tesela_datasets::random::generator;

use super::boundary::Boundary;
use super::config::{CountryConfig, RawCountry};
use super::frame::CELL_METRES;
use super::towns::Town;
use crate::data_path::{self, DataPathError};
use crate::raster::{
    CoordinateSystem, Extent, RasterError, Shapes, Transform, Validity, VectorLayer,
};

/// Towns up to this far outside the country are kept: their roads come in.
const BEYOND_METRES: f64 = 10_000.0;
/// Ground around the polygons where they decide how large the country is.
const AROUND_METRES: f64 = 3000.0;
/// More points than all localities of the world have at the scale of pixels.
const MOST_POINTS: usize = 100_000_000;

/// Why given polygons cannot be towns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GivenTownsError {
    /// The file is not there.
    #[error(transparent)]
    Path(#[from] DataPathError),
    /// The polygons could not be read or moved.
    #[error(transparent)]
    Raster(#[from] RasterError),
    /// The column of residents holds something else.
    #[error(
        "column `{column}` of `{}` has no number of residents in the country, but values such as `{found}`",
        .path.display()
    )]
    Residents {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// One of its values.
        found: String,
    },
    /// There is nothing to settle.
    #[error("`{}` has no polygons {place}; expected at least one", .path.display())]
    Nowhere {
        /// The file.
        path: PathBuf,
        /// Where one was expected.
        place: String,
    },
    /// The polygons would fill the memory.
    #[error("the polygons of `{}` have more than {MOST_POINTS} points in the country", .path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
    },
}

/// A polygon file that streams what is inside, in the coordinates of the country.
struct Localities {
    shapes: Shapes,
    transform: Transform,
}

/// One feature of the file.
struct Locality {
    feature: u64,
    polygons: MultiPolygon<f64>,
    /// What the column of residents says, where there is one.
    residents: Option<String>,
}

impl RawCountry {
    /// Makes the country as large as the polygons of its towns, where neither `origin` nor `size` is given.
    ///
    /// # Errors
    /// If there are such polygons and they cannot be read.
    pub fn fit_to_towns(&mut self) -> Result<(), GivenTownsError> {
        let Some(towns) = &self.towns else { return Ok(()) };
        if self.size.is_some() || self.origin.is_some() {
            return Ok(());
        }
        let path = data_path::resolve(towns)?;
        let localities = Localities::open(&path, self, None)?;
        let mut corners = Vec::new();
        for locality in localities {
            let polygons = locality?.polygons;
            if let Some(extent) = extent_of(&polygons) {
                corners.extend([(extent.min_x, extent.min_y), (extent.max_x, extent.max_y)]);
            }
        }
        let nowhere = || GivenTownsError::Nowhere { path: path.clone(), place: "with area".into() };
        let around = Extent::around(corners).ok_or_else(nowhere)?.grown(AROUND_METRES);
        let [left, lower] = [around.min_x, around.min_y].map(|edge| (edge / CELL_METRES).floor());
        let [right, upper] = [around.max_x, around.max_y].map(|edge| (edge / CELL_METRES).ceil());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and the check that follows refuses what is too large"
        )]
        let size = [right - left, upper - lower].map(|cells| cells as u32);
        self.origin = Some([left * CELL_METRES, upper * CELL_METRES]);
        self.size = Some(size);
        Ok(())
    }
}

/// The towns that `config` names, by falling area; `None` where it names no polygons.
pub(crate) fn read_towns(config: &CountryConfig) -> Result<Option<Vec<Town>>, GivenTownsError> {
    let Some(towns) = &config.raw().towns else { return Ok(None) };
    let path = data_path::resolve(towns)?;
    let localities = read_near(&path, config)?;
    check_residents(&path, config, &localities)?;
    let mut found: Vec<(u64, Town)> =
        localities.iter().filter_map(|locality| town(locality, config)).collect();
    if found.is_empty() {
        return Err(nowhere(&path, config));
    }
    found.sort_by(|(one, first), (other, second)| {
        second.radius.total_cmp(&first.radius).then(one.cmp(other))
    });
    Ok(Some(found.into_iter().map(|(_, town)| town).collect()))
}

/// What lies in the country, at least in part, and what lies close to it.
fn read_near(path: &Path, config: &CountryConfig) -> Result<Vec<Locality>, GivenTownsError> {
    let country = config.extent();
    let near = country.grown(BEYOND_METRES);
    let mut found = Vec::new();
    let (mut points, mut any_inside) = (0, false);
    for locality in Localities::open(path, config.raw(), Some(near))? {
        let locality = locality?;
        let Some(extent) = extent_of(&locality.polygons) else { continue };
        if !overlap(&extent, &near) {
            continue;
        }
        any_inside |= overlap(&extent, &country);
        points += count_points(&locality.polygons);
        if points > MOST_POINTS {
            return Err(GivenTownsError::TooMany { path: path.to_owned() });
        }
        found.push(locality);
    }
    if any_inside { Ok(found) } else { Err(nowhere(path, config)) }
}

fn nowhere(path: &Path, config: &CountryConfig) -> GivenTownsError {
    let Extent { min_x, min_y, max_x, max_y } = config.extent();
    let place = format!(
        "between ({min_x}, {min_y}) and ({max_x}, {max_y}) in `{}`, where the country lies",
        config.raw().crs
    );
    GivenTownsError::Nowhere { path: path.to_owned(), place }
}

/// Finds out whether a column that never counts residents was named by mistake.
fn check_residents(
    path: &Path,
    config: &CountryConfig,
    localities: &[Locality],
) -> Result<(), GivenTownsError> {
    let Some(column) = &config.raw().towns_residents else { return Ok(()) };
    let mut values = localities.iter().filter_map(|locality| locality.residents.as_deref());
    if values.clone().any(|value| residents(value).is_some()) {
        return Ok(());
    }
    Err(GivenTownsError::Residents {
        path: path.to_owned(),
        column: column.clone(),
        found: values.next().unwrap_or("nothing").to_owned(),
    })
}

fn town(locality: &Locality, config: &CountryConfig) -> Option<(u64, Town)> {
    let ([x, y], boundary) = Boundary::around_middle(&locality.polygons)?;
    let [left, upper] = config.origin();
    let mut draw = generator(config.seed(), &[4, locality.feature]);
    let residents = locality.residents.as_deref().and_then(residents);
    let town = Town::inside([x - left, upper - y], boundary, residents, &mut draw);
    Some((locality.feature, town))
}

impl Localities {
    /// Opens what `raw` names; `near`, in the coordinates of the country, leaves out what lies elsewhere.
    fn open(path: &Path, raw: &RawCountry, near: Option<Extent>) -> Result<Self, GivenTownsError> {
        let crs = CoordinateSystem::parse(&raw.crs)?;
        let mut layer = VectorLayer::open(path, raw.towns_layer.as_deref())?;
        let own = layer.crs()?;
        if let Some(condition) = &raw.towns_where {
            layer.keep_where(condition)?;
        }
        if let Some(near) = near {
            layer.keep_within(Transform::new(&crs, &own)?.extent(near)?);
        }
        let columns: Vec<&str> = raw.towns_residents.iter().map(String::as_str).collect();
        Ok(Self {
            shapes: layer.into_shapes(&columns, Validity::Repair)?,
            transform: Transform::new(&own, &crs)?,
        })
    }
}

impl Iterator for Localities {
    type Item = Result<Locality, GivenTownsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let shape = match self.shapes.next()? {
            Ok(shape) => shape,
            Err(error) => return Some(Err(error.into())),
        };
        let residents = shape.attributes.into_iter().next().flatten();
        let polygons = moved(&shape.polygons, &self.transform).map_err(GivenTownsError::from);
        Some(polygons.map(|polygons| Locality { feature: shape.feature, polygons, residents }))
    }
}

/// The number of residents; files mark what is not known with `-`, `N/D` and the like.
fn residents(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|residents| residents.is_finite() && *residents >= 0.0)
}

fn moved(
    polygons: &MultiPolygon<f64>,
    transform: &Transform,
) -> Result<MultiPolygon<f64>, RasterError> {
    let ring = |ring: &LineString<f64>| -> Result<LineString<f64>, RasterError> {
        let (mut x, mut y): (Vec<f64>, Vec<f64>) =
            ring.coords().map(|place| (place.x, place.y)).unzip();
        transform.points(&mut x, &mut y)?;
        Ok(x.into_iter().zip(y).map(|(x, y)| Coord { x, y }).collect())
    };
    polygons
        .iter()
        .map(|polygon| {
            let holes = polygon.interiors().iter().map(ring).collect::<Result<_, _>>()?;
            Ok(Polygon::new(ring(polygon.exterior())?, holes))
        })
        .collect()
}

fn extent_of(polygons: &MultiPolygon<f64>) -> Option<Extent> {
    let points = polygons.iter().flat_map(|polygon| polygon.exterior().coords());
    Extent::around(points.map(|place| (place.x, place.y)))
}

fn count_points(polygons: &MultiPolygon<f64>) -> usize {
    let rings = |polygon: &Polygon<f64>| {
        polygon.exterior().0.len()
            + polygon.interiors().iter().map(|ring| ring.0.len()).sum::<usize>()
    };
    polygons.iter().map(rings).sum()
}

fn overlap(one: &Extent, other: &Extent) -> bool {
    one.max_x >= other.min_x
        && other.max_x >= one.min_x
        && one.max_y >= other.min_y
        && other.max_y >= one.min_y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Window;
    use crate::simulate::{Country, Drawn};

    /// In EPSG:6372: a square of 3 km around (2,510,000, 990,000) with 90,000 residents, a village of 400 m
    /// with an unknown number, and a square 900 km away.
    const TOWNS: &str = r#"{"type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6372"}}, "features": [
        {"type": "Feature", "properties": {"name": "Big", "pob": "90000", "few": 900}, "geometry": {"type": "Polygon",
         "coordinates": [[[2508500, 988500], [2511500, 988500], [2511500, 991500], [2508500, 991500], [2508500, 988500]]]}},
        {"type": "Feature", "properties": {"name": "Small", "pob": "-", "few": null}, "geometry": {"type": "Polygon",
         "coordinates": [[[2515000, 995000], [2515400, 995000], [2515400, 995400], [2515000, 995400], [2515000, 995000]]]}},
        {"type": "Feature", "properties": {"name": "Far", "pob": "7", "few": 1}, "geometry": {"type": "Polygon",
         "coordinates": [[[3400000, 995000], [3401000, 995000], [3401000, 996000], [3400000, 996000], [3400000, 995000]]]}}]}"#;

    fn with_towns(change: impl FnOnce(&mut RawCountry)) -> Result<Country, GivenTownsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("towns.geojson");
        std::fs::write(&path, TOWNS).unwrap();
        let mut raw = RawCountry {
            seed: Some(5),
            origin: Some([2_500_000.0, 1_000_000.0]),
            size: Some([20, 20]),
            towns: Some(path.to_str().unwrap().to_owned()),
            towns_residents: Some("pob".to_owned()),
            ..RawCountry::default()
        };
        change(&mut raw);
        raw.fit_to_towns()?;
        Country::new(raw.check().unwrap())
    }

    fn whole(country: &Country) -> (Window, Drawn) {
        let [width, height] = country.pixels();
        let window = Window { column: 0, row: 0, width, height };
        (window, country.draw(window))
    }

    /// Mean share that is built within half a square of `edge` metres around a place.
    fn built(window: Window, drawn: &Drawn, [x, y]: [f64; 2], edge: f64) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for row in 0..window.height {
            for column in 0..window.width {
                let place = [column, row].map(|pixel| (pixel as f64 + 0.5) * 30.0);
                if (place[0] - x).abs() < edge / 2.0 && (place[1] - y).abs() < edge / 2.0 {
                    sum += f64::from(drawn.built[row * window.width + column]) / 10_000.0;
                    count += 1.0;
                }
            }
        }
        sum / count
    }

    #[test]
    fn towns_fill_their_polygons_and_fade_beside_them() {
        let country = with_towns(|_| {}).unwrap();
        let (window, drawn) = whole(&country);
        let inside = built(window, &drawn, [10_000.0, 10_000.0], 1500.0);
        assert!(inside > 0.6, "{inside} in the middle");
        let village = built(window, &drawn, [15_200.0, 4_800.0], 200.0);
        assert!(village > 0.3, "{village} in the village");
        let edge = built(window, &drawn, [8_500.0, 10_000.0], 60.0);
        assert!((0.02..inside - 0.1).contains(&edge), "{edge} at the edge");
        assert_eq!(built(window, &drawn, [3_000.0, 3_000.0], 2000.0), 0.0, "in the open");
    }

    #[test]
    fn more_residents_leave_less_open() {
        let means = ["pob", "few"].map(|column| {
            let country = with_towns(|raw| raw.towns_residents = Some(column.to_owned())).unwrap();
            let (window, drawn) = whole(&country);
            built(window, &drawn, [10_000.0, 10_000.0], 1500.0)
        });
        assert!(means[0] > means[1] + 0.2, "{means:?} are built");
    }

    #[test]
    fn a_condition_leaves_towns_out() {
        let country = with_towns(|raw| raw.towns_where = Some("name = 'Big'".to_owned())).unwrap();
        let (window, drawn) = whole(&country);
        assert_eq!(built(window, &drawn, [15_200.0, 4_800.0], 200.0), 0.0);
    }

    #[test]
    fn a_country_without_size_is_as_large_as_its_towns() {
        let country = with_towns(|raw| {
            raw.towns_where = Some("name <> 'Far'".to_owned());
            (raw.origin, raw.size) = (None, None);
        })
        .unwrap();
        let config = country.config();
        assert_eq!((config.origin(), config.size()), ([2_505_000.0, 999_000.0], [14, 14]));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |change: fn(&mut RawCountry)| with_towns(change).unwrap_err().to_string();
        let nowhere = error(|raw| raw.origin = Some([1_500_000.0, 1_000_000.0]));
        assert!(nowhere.contains("no polygons between (1500000, 980000)"), "{nowhere}");
        let column = error(|raw| raw.towns_residents = Some("pop".to_owned()));
        assert!(column.contains("no column `pop`; it has"), "{column}");
        let names = error(|raw| raw.towns_residents = Some("name".to_owned()));
        assert!(names.contains("column `name`") && names.contains("such as `Big`"), "{names}");
        let condition = error(|raw| raw.towns_where = Some("name = = 3".to_owned()));
        assert!(condition.contains("cannot be filtered by `name = = 3`"), "{condition}");
        let missing = error(|raw| raw.towns = Some("data:no/such.gpkg".to_owned()));
        assert!(missing.contains("`data:no/such.gpkg` is missing"), "{missing}");
    }
}
