//! Regions: the polygons of a layer, by which figures are told apart, such as the states of a country.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;
use tesela_datasets::cell::Point;
use tesela_datasets::cells::Crs;

use super::AssessmentError;
use crate::label::{IndexBuilder, PolygonIndex};
use crate::raster::{CoordinateSystem, Transform, Validity, VectorLayer};

/// What polygons without a name are called.
const UNNAMED: &str = "(without a name)";

/// A layer of polygons with names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionFile {
    /// The vector file.
    pub path: PathBuf,
    /// Its layer; the only one where `None`.
    pub layer: Option<String>,
    /// The column of names; polygons of one name are one region.
    pub column: String,
}

/// Regions that are ready to be asked.
pub(super) struct Regions {
    pub(super) names: Vec<String>,
    index: PolygonIndex,
}

impl Regions {
    /// Reads `file`, whose polygons are moved into the coordinates that `crs` describes.
    pub(super) fn read(file: &RegionFile, crs: &Crs) -> Result<Self, AssessmentError> {
        let layer = VectorLayer::open(&file.path, file.layer.as_deref())?;
        let transform = Transform::new(&layer.crs()?, &CoordinateSystem::from_crs(crs)?)?;
        let mut places = BTreeMap::new();
        let mut builder = IndexBuilder::default();
        for shape in layer.into_shapes(&[&file.column], Validity::Repair)? {
            let shape = shape?;
            let name = shape.attributes.into_iter().next().flatten();
            let name = name.filter(|name| !name.trim().is_empty());
            let next = places.len();
            let place = *places.entry(name.unwrap_or_else(|| UNNAMED.to_owned())).or_insert(next);
            builder.add(&shape.polygons, Some(place), &transform)?;
        }
        if places.is_empty() {
            let reason = "it has no polygons; expected some to tell cells apart by".to_owned();
            return Err(AssessmentError::Rows { path: file.path.clone(), reason });
        }
        let mut names = vec![String::new(); places.len()];
        places.into_iter().for_each(|(name, place)| names[place] = name);
        Ok(Self { names, index: builder.build() })
    }

    /// The region that holds each of `points`.
    pub(super) fn of(&self, points: &[Option<Point>]) -> Vec<Option<usize>> {
        let region = |point: &Option<Point>| {
            let point = (*point)?;
            self.index.holding(point.x, point.y).into_iter().next().flatten()
        };
        points.par_iter().map(region).collect()
    }

    /// The positions of the regions in the order of their names.
    pub(super) fn sorted(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by(|&a, &b| self.names[a].cmp(&self.names[b]));
        order
    }
}
