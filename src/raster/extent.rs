//! Extents: axis-parallel rectangles on the ground.

use std::path::Path;

use gdal::GeoTransformEx;
use gdal::vector::LayerAccess;

use super::crs::CoordinateSystem;
use super::open::open_raster;
use super::{RasterError, VectorLayer};

/// An axis-parallel rectangle, in the units of a coordinate reference system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Western edge.
    pub min_x: f64,
    /// Southern edge.
    pub min_y: f64,
    /// Eastern edge.
    pub max_x: f64,
    /// Northern edge.
    pub max_y: f64,
}

impl Extent {
    /// The smallest extent that holds all `points`; `None` without points or where one is not finite.
    pub fn around(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let empty = Self {
            min_x: f64::INFINITY,
            min_y: f64::INFINITY,
            max_x: f64::NEG_INFINITY,
            max_y: f64::NEG_INFINITY,
        };
        let mut finite = true;
        let extent = points.into_iter().fold(empty, |extent, (x, y)| {
            finite &= x.is_finite() && y.is_finite();
            Self {
                min_x: extent.min_x.min(x),
                min_y: extent.min_y.min(y),
                max_x: extent.max_x.max(x),
                max_y: extent.max_y.max(y),
            }
        });
        (finite && extent.min_x <= extent.max_x).then_some(extent)
    }

    /// The extent with `distance` added on every side.
    #[must_use]
    pub fn grown(self, distance: f64) -> Self {
        Self {
            min_x: self.min_x - distance,
            min_y: self.min_y - distance,
            max_x: self.max_x + distance,
            max_y: self.max_y + distance,
        }
    }

    /// The extent of the raster at `path`, and what its coordinates mean.
    ///
    /// # Errors
    /// If the file is no raster, or has no place on the ground.
    pub fn of_raster(path: &Path) -> Result<(Self, CoordinateSystem), RasterError> {
        let dataset = open_raster(path)?;
        let reference =
            dataset.spatial_ref().map_err(|_| RasterError::NoCrs { path: path.to_owned() })?;
        let crs = CoordinateSystem::from_gdal(&reference)
            .map_err(|_| RasterError::NoCrs { path: path.to_owned() })?;
        let no_extent = |reason: &str| RasterError::NoExtent {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let transform = dataset.geo_transform().map_err(|_| no_extent("it has no geotransform"))?;
        let (columns, rows) = dataset.raster_size();
        let corners = [(0, 0), (columns, 0), (0, rows), (columns, rows)];
        let extent = Self::around(
            corners.into_iter().map(|(column, row)| transform.apply(column as f64, row as f64)),
        );
        Ok((extent.ok_or_else(|| no_extent("its geotransform is not finite"))?, crs))
    }

    /// The extent of the polygons of a vector layer, and what its coordinates mean.
    ///
    /// # Errors
    /// If the file is no vector file, or has no place on the ground.
    pub fn of_vector(
        path: &Path,
        layer: Option<&str>,
    ) -> Result<(Self, CoordinateSystem), RasterError> {
        let layer = VectorLayer::open(path, layer)?;
        let crs = layer.crs()?;
        let envelope = layer.as_gdal().get_extent().map_err(|source| RasterError::NoExtent {
            path: path.to_owned(),
            reason: source.to_string(),
        })?;
        let corners = [(envelope.MinX, envelope.MinY), (envelope.MaxX, envelope.MaxY)];
        let extent = Self::around(corners).ok_or_else(|| RasterError::NoExtent {
            path: path.to_owned(),
            reason: "it is not finite".to_owned(),
        })?;
        Ok((extent, crs))
    }
}
