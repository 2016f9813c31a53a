//! Vector layers: polygons and their attributes, from any format that OGR reads.

use std::path::{Path, PathBuf};

use gdal::cpl::CslStringList;
use gdal::vector::{Feature, Geometry, LayerAccess, OwnedFeatureIterator, OwnedLayer};
use geo_types::{Geometry as Plain, MultiPolygon, Polygon};

use super::layer_styles::STYLES;
use super::open::{open_vector, take_failure};
use super::{CoordinateSystem, Extent, RasterError};

/// A layer of polygons that is open for reading.
pub struct VectorLayer {
    path: PathBuf,
    layer: OwnedLayer,
}

/// One feature of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Its number in the file.
    pub feature: u64,
    /// Its polygons, in the layer's coordinates; none where it has no geometry.
    pub polygons: MultiPolygon<f64>,
    /// The attributes that were asked for, as text, in that order; `None` where not set.
    pub attributes: Vec<Option<String>>,
    /// Whether its polygons crossed themselves and were repaired.
    pub repaired: bool,
}

/// What is done about polygons that cross themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// They are repaired, and the area that they enclose stays.
    Repair,
    /// They are taken as they are; for squares, where checking would cost more than reading.
    AsIs,
}

impl std::fmt::Debug for VectorLayer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "VectorLayer({}, {})", self.path.display(), self.layer.name())
    }
}

impl VectorLayer {
    /// Opens the layer called `layer`, or the only one of the file.
    ///
    /// # Errors
    /// If the file cannot be opened, or does not settle which layer is meant.
    pub fn open(path: &Path, layer: Option<&str>) -> Result<Self, RasterError> {
        let dataset = open_vector(path)?;
        let all: Vec<String> = dataset.layers().map(|layer| layer.name()).collect();
        let is_of_cells = |name: &&String| name.as_str() != STYLES;
        let found: Vec<String> = all.iter().filter(is_of_cells).cloned().collect();
        let index_of = |name: &str| all.iter().position(|own| own == name);
        let index = match layer {
            Some(name) => index_of(name).ok_or_else(|| RasterError::NoLayer {
                path: path.to_owned(),
                layer: name.to_owned(),
                found: found.clone(),
            })?,
            None if found.len() == 1 => index_of(&found[0]).unwrap_or_default(),
            None => return Err(RasterError::WhichLayer { path: path.to_owned(), found }),
        };
        let layer = dataset.into_layer(index).map_err(|source| RasterError::Open {
            path: path.to_owned(),
            expected: "a vector file",
            source,
        })?;
        Ok(Self { path: path.to_owned(), layer })
    }

    /// The file that the layer lies in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn as_gdal(&self) -> &OwnedLayer {
        &self.layer
    }

    /// What the coordinates mean.
    ///
    /// # Errors
    /// If the layer does not say.
    pub fn crs(&self) -> Result<CoordinateSystem, RasterError> {
        let missing = || RasterError::NoCrs { path: self.path.clone() };
        let reference = self.layer.spatial_ref().ok_or_else(missing)?;
        CoordinateSystem::from_gdal(&reference).map_err(|_| missing())
    }

    /// Names of the columns, without the geometry.
    pub fn columns(&self) -> Vec<String> {
        self.layer.defn().fields().map(|field| field.name()).collect()
    }

    /// A remark that the file carries about the layer.
    pub fn remark(&self, key: &str) -> Option<String> {
        use gdal::Metadata;
        self.layer.metadata_item(key, "")
    }

    /// Number of features, where the format knows it without reading everything.
    pub fn count(&self) -> Option<u64> {
        self.layer.try_feature_count()
    }

    /// Leaves out what does not meet `condition`, written like the `WHERE` of SQL.
    ///
    /// # Errors
    /// If the condition is not understood.
    pub fn keep_where(&mut self, condition: &str) -> Result<(), RasterError> {
        self.layer.set_attribute_filter(condition).map_err(|source| RasterError::Filter {
            path: self.path.clone(),
            filter: condition.to_owned(),
            source,
        })
    }

    /// Leaves out what lies outside `extent`, in the layer's coordinates; what only comes near it may stay.
    pub fn keep_within(&mut self, extent: Extent) {
        let Extent { min_x, min_y, max_x, max_y } = extent;
        self.layer.set_spatial_filter_rect(min_x, min_y, max_x, max_y);
    }

    /// Streams the features with the attributes called `columns`.
    ///
    /// # Errors
    /// If there is no such column; later failures come as items, after which the stream ends.
    pub fn into_shapes(self, columns: &[&str], validity: Validity) -> Result<Shapes, RasterError> {
        let found = self.columns();
        let columns = columns
            .iter()
            .map(|&column| {
                found.iter().position(|own| own == column).ok_or_else(|| RasterError::NoColumn {
                    path: self.path.clone(),
                    column: column.to_owned(),
                    found: found.clone(),
                })
            })
            .collect::<Result<Vec<usize>, RasterError>>()?;
        take_failure();
        let features = self.layer.owned_features();
        let conversion = Conversion { path: self.path, columns, validity };
        Ok(Shapes { features, conversion, ended: false })
    }
}

/// The features of a layer, one after the other.
pub struct Shapes {
    features: OwnedFeatureIterator,
    conversion: Conversion,
    ended: bool,
}

/// What is taken from each feature, and how.
struct Conversion {
    path: PathBuf,
    columns: Vec<usize>,
    validity: Validity,
}

impl std::fmt::Debug for Shapes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Shapes({})", self.conversion.path.display())
    }
}

impl Iterator for Shapes {
    type Item = Result<Shape, RasterError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let feature = (&mut self.features).next();
        // A file that breaks off ends like one that is complete, but GDAL complains.
        if let Some(message) = take_failure() {
            self.ended = true;
            return Some(Err(RasterError::Broken { path: self.conversion.path.clone(), message }));
        }
        let Some(feature) = feature else {
            self.ended = true;
            return None;
        };
        let shape = self.conversion.shape(&feature);
        self.ended = shape.is_err();
        Some(shape)
    }
}

impl Conversion {
    fn shape(&self, feature: &Feature<'_>) -> Result<Shape, RasterError> {
        let number = feature.fid().unwrap_or(0);
        let attributes = self
            .columns
            .iter()
            .map(|&column| feature.field_as_string(column))
            .collect::<Result<_, _>>()
            .map_err(|source| RasterError::Broken {
                path: self.path.clone(),
                message: source.to_string(),
            })?;
        // Without a geometry GDAL answers with an error, which is none for the caller.
        let (polygons, repaired) = match feature.geometry_by_index(0) {
            Ok(geometry) if !geometry.is_empty() => self.polygons(geometry, number)?,
            _ => (MultiPolygon::new(Vec::new()), false),
        };
        take_failure();
        Ok(Shape { feature: number, polygons, attributes, repaired })
    }

    fn polygons(
        &self,
        geometry: &Geometry,
        feature: u64,
    ) -> Result<(MultiPolygon<f64>, bool), RasterError> {
        let mut flat = geometry.clone();
        flat.flatten_to_2d();
        // A broken polygon may come back from its repair with lines and points, which have no area.
        let first = plain(&flat).ok_or_else(|| self.not_polygon(geometry, feature))?;
        let polygons = only_polygons(first).ok_or_else(|| self.not_polygon(geometry, feature))?;
        if polygons.iter().any(|polygon| !is_finite(polygon)) {
            return Err(RasterError::NotFinite { path: self.path.clone(), feature });
        }
        if self.validity == Validity::AsIs || flat.is_valid() {
            return Ok((polygons, false));
        }
        let repaired = flat
            .make_valid(&CslStringList::new())
            .map_err(|source| RasterError::Invalid { path: self.path.clone(), feature, source })?;
        let polygons = plain(&repaired).map(with_area).unwrap_or_default();
        Ok((MultiPolygon::new(polygons), true))
    }

    fn not_polygon(&self, geometry: &Geometry, feature: u64) -> RasterError {
        let found = geometry.geometry_name().to_lowercase();
        RasterError::NotPolygon { path: self.path.clone(), feature, found }
    }
}

/// The geometry outside GDAL; `None` for curves and other kinds that have no counterpart.
fn plain(geometry: &Geometry) -> Option<Plain<f64>> {
    geometry.to_geo().ok()
}

/// The polygons of a geometry that is nothing else.
fn only_polygons(geometry: Plain<f64>) -> Option<MultiPolygon<f64>> {
    match geometry {
        Plain::Polygon(polygon) => Some(MultiPolygon::new(vec![polygon])),
        Plain::MultiPolygon(polygons) => Some(polygons),
        Plain::GeometryCollection(parts) => {
            let parts: Option<Vec<_>> = parts.into_iter().map(only_polygons).collect();
            Some(MultiPolygon::new(parts?.into_iter().flatten().collect()))
        }
        _ => None,
    }
}

/// The polygons of a geometry that may hold lines and points as well.
fn with_area(geometry: Plain<f64>) -> Vec<Polygon<f64>> {
    match geometry {
        Plain::Polygon(polygon) => vec![polygon],
        Plain::MultiPolygon(polygons) => polygons.0,
        Plain::GeometryCollection(parts) => parts.into_iter().flat_map(with_area).collect(),
        _ => Vec::new(),
    }
}

fn is_finite(polygon: &Polygon<f64>) -> bool {
    std::iter::once(polygon.exterior())
        .chain(polygon.interiors())
        .flat_map(geo_types::LineString::coords)
        .all(|point| point.x.is_finite() && point.y.is_finite())
}
