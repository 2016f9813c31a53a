//! Regions that are polygons of a file: which one holds each cell.
//!
//! A cell belongs to the region that holds its middle. Middles are moved to the coordinates of the file, where edges are straight,
//! and not the polygons to those of the cells. Polygons of one name are one region; where polygons of different names overlap, the
//! first of the file has the cell.

use std::collections::BTreeMap;
use std::sync::Arc;

use tesela_datasets::cell::Outline;
use tesela_datasets::store::StoreReader;

use super::TrainingError;
use crate::experiment::RegionPolygons;
use crate::label::{IndexBuilder, PolygonIndex};
use crate::raster::{CoordinateSystem, RasterError, Transform, Validity, VectorLayer};

/// The region of each cell.
#[derive(Debug)]
pub(super) struct CellRegions {
    /// One for each cell; `None` for those that lie in no region.
    pub(super) names: Vec<Option<Arc<str>>>,
    /// What a user should know.
    pub(super) remarks: Vec<String>,
}

impl CellRegions {
    /// The regions of the cells in `rows` of `store`.
    ///
    /// # Errors
    /// If the polygons cannot be read or have no names, the place of a cell is not known, or, where that is not allowed,
    /// a cell lies in no region.
    pub(super) fn of(
        polygons: &RegionPolygons,
        store: &StoreReader,
        rows: &[u32],
    ) -> Result<Self, TrainingError> {
        Self::find(polygons, store, rows)?.check_outside(polygons, store, rows)
    }

    /// The same, whether cells lie in a region or not.
    ///
    /// # Errors
    /// If the polygons cannot be read or have no names, or the place of a cell is not known.
    pub(super) fn find(
        polygons: &RegionPolygons,
        store: &StoreReader,
        rows: &[u32],
    ) -> Result<Self, TrainingError> {
        let found = Regions::read(polygons)?;
        let (x, y) = middles(store, rows, &found.crs).map_err(|failure| match failure {
            Failure::Ground(reason) => {
                TrainingError::NoGround { store: store.path().to_owned(), reason }
            }
            Failure::Raster(source) => failed(polygons, source),
        })?;
        let (mut names, mut shared) = (Vec::with_capacity(rows.len()), 0_usize);
        for (x, y) in x.into_iter().zip(y) {
            let groups = found.index.holding(x, y);
            shared += usize::from(groups.iter().any(|group| *group != groups[0]));
            let name = groups.first().copied().flatten().map(|region| found.names[region].clone());
            names.push(name);
        }
        let mut remarks = found.remarks;
        let file = polygons.file.display();
        if shared > 0 {
            remarks.push(format!(
                "{shared} cells lie in several regions of `{file}`, or on the edge between them; each belongs to the first of the file"
            ));
        }
        Ok(Self { names, remarks })
    }

    /// Refuses cells in no region, or says that they are never held out.
    fn check_outside(
        mut self,
        polygons: &RegionPolygons,
        store: &StoreReader,
        rows: &[u32],
    ) -> Result<Self, TrainingError> {
        let mut outside = self.names.iter().zip(rows).filter(|(name, _)| name.is_none());
        let Some((_, &first)) = outside.next() else { return Ok(self) };
        let (count, file) = (1 + outside.count(), polygons.file.display());
        if polygons.trains_outside {
            self.remarks.push(format!(
                "{count} cells lie in no region of `{file}`: they are trained on in every fold and never held out"
            ));
            return Ok(self);
        }
        let reason = format!(
            "{count} of the {} labelled cells lie in no region, `{}` for one; expected all of them in one (with \
             `validation.regions.outside = \"train\"` they are never held out)",
            rows.len(),
            store.cells()[first as usize].cell.id
        );
        Err(unusable(polygons, reason))
    }
}

/// The regions of a file.
struct Regions {
    index: PolygonIndex,
    /// In the order of the file.
    names: Vec<Arc<str>>,
    crs: CoordinateSystem,
    remarks: Vec<String>,
}

impl Regions {
    fn read(polygons: &RegionPolygons) -> Result<Self, TrainingError> {
        let failed = |source| failed(polygons, source);
        let layer = VectorLayer::open(&polygons.file, polygons.layer.as_deref()).map_err(failed)?;
        let crs = layer.crs().map_err(failed)?;
        let stay = Transform::new(&crs, &crs).map_err(failed)?;
        let mut builder = IndexBuilder::default();
        let (mut names, mut numbers) = (Vec::new(), BTreeMap::new());
        let (mut empty, mut repaired) = (0_usize, 0_usize);
        let shapes = layer.into_shapes(&[polygons.column.as_str()], Validity::Repair);
        for shape in shapes.map_err(failed)? {
            let shape = shape.map_err(failed)?;
            if shape.polygons.0.is_empty() {
                empty += 1;
                continue;
            }
            repaired += usize::from(shape.repaired);
            let name = shape.attributes.first().and_then(|name| name.as_deref()).map(str::trim);
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                let (feature, column) = (shape.feature, &polygons.column);
                let reason = format!(
                    "feature {feature} has nothing in column `{column}`; expected the name of a region"
                );
                return Err(unusable(polygons, reason));
            };
            let number = *numbers.entry(name.to_owned()).or_insert_with(|| {
                names.push(name.into());
                names.len() - 1
            });
            builder.add(&shape.polygons, Some(number), &stay).map_err(failed)?;
        }
        if names.is_empty() {
            let reason = "it has no polygon with an area; expected regions".to_owned();
            return Err(unusable(polygons, reason));
        }
        let file = polygons.file.display();
        let mut remarks = Vec::new();
        if empty > 0 {
            remarks.push(format!("{empty} features of `{file}` have no polygon and are left out"));
        }
        if repaired > 0 {
            remarks.push(format!(
                "{repaired} polygons of `{file}` crossed themselves and were repaired"
            ));
        }
        Ok(Self { index: builder.build(), names, crs, remarks })
    }
}

/// Why the middles of cells are not known.
enum Failure {
    Ground(String),
    Raster(RasterError),
}

/// The middles of the cells in `rows`, in the coordinates of `crs`.
fn middles(
    store: &StoreReader,
    rows: &[u32],
    crs: &CoordinateSystem,
) -> Result<(Vec<f64>, Vec<f64>), Failure> {
    let Some(own) = &store.definition().crs else {
        let reason = "the coordinate reference system of its cells is unknown".to_owned();
        return Err(Failure::Ground(reason));
    };
    let cells = || rows.iter().map(|&row| &store.cells()[row as usize].cell);
    let middle = |outline: &Outline| outline.centroid();
    let points: Vec<_> = cells().map(|cell| cell.outline.as_ref().and_then(middle)).collect();
    let mut without = cells().zip(&points).filter(|(_, point)| point.is_none());
    if let Some((first, _)) = without.next() {
        let (count, id) = (1 + without.count(), &first.id);
        let reason =
            format!("{count} of its labelled cells, `{id}` for one, have no place on the ground");
        return Err(Failure::Ground(reason));
    }
    let (mut x, mut y): (Vec<f64>, Vec<f64>) =
        points.iter().flatten().map(|point| (point.x, point.y)).unzip();
    let moved = CoordinateSystem::from_crs(own)
        .and_then(|own| Transform::new(&own, crs))
        .and_then(|transform| transform.points(&mut x, &mut y));
    moved.map_err(Failure::Raster)?;
    Ok((x, y))
}

fn failed(polygons: &RegionPolygons, source: RasterError) -> TrainingError {
    TrainingError::RegionFile { file: polygons.file.clone(), source }
}

fn unusable(polygons: &RegionPolygons, reason: String) -> TrainingError {
    TrainingError::Regions { file: polygons.file.clone(), reason }
}
