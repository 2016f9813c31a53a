//! Writes tables of cells as GeoPackage.

use std::borrow::Cow;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gdal::errors::GdalError;
use gdal::vector::{
    Feature, Geometry, LayerAccess, LayerOptions, OGRFieldType, OGRwkbGeometryType,
};
use gdal::{Dataset, DriverManager, Metadata};
use tesela_datasets::cell::{Cell, Outline};
use tesela_datasets::class::ClassMap;
use tesela_datasets::whole_file::partial_path;

use super::open::keep_quiet;
use super::{CoordinateSystem, RasterError};

/// Key of the layer's metadata under which the class names lie, in order, as a JSON list.
pub(crate) const CLASSES_KEY: &str = "TESELA_CLASSES";

/// Columns of the layer, in order.
const CELL_ID: usize = 0;
const LABEL: usize = 1;
const YEAR: usize = 2;

/// What a further column of a GeoPackage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Numbers.
    Number,
}

/// A value in a further column.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValue<'a> {
    /// Nothing is known.
    Null,
    /// A piece of text.
    Text(Cow<'a, str>),
    /// A number.
    Number(f64),
}

/// Writes cells into a GeoPackage with one layer, `cells`, of columns `cell_id`, `label` and `year`, and those
/// that the caller adds.
///
/// The file appears under its name when [`GeoPackageWriter::finish`] succeeds; a writer that is dropped
/// before leaves nothing behind.
pub struct GeoPackageWriter {
    path: PathBuf,
    partial: PathBuf,
    classes: ClassMap,
    /// `None` once the file is closed.
    dataset: Option<Dataset>,
}

impl std::fmt::Debug for GeoPackageWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "GeoPackageWriter({})", self.path.display())
    }
}

impl GeoPackageWriter {
    /// Starts the file that will lie at `path`, replacing what is there.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(
        path: &Path,
        crs: &CoordinateSystem,
        classes: &ClassMap,
    ) -> Result<Self, RasterError> {
        Self::with_extra(path, crs, classes, &[])
    }

    /// Like [`GeoPackageWriter::create`], with the columns `extra` after the own ones.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn with_extra(
        path: &Path,
        crs: &CoordinateSystem,
        classes: &ClassMap,
        extra: &[(String, ColumnKind)],
    ) -> Result<Self, RasterError> {
        keep_quiet();
        let partial = partial_path(path);
        remove_leftovers(&partial);
        let mut writer =
            Self { path: path.to_owned(), partial, classes: classes.clone(), dataset: None };
        // GDAL says little about a folder that is missing or forbidden; the operating system says it well.
        File::create(&writer.partial).map_err(RasterError::io("create", path))?;
        remove_leftovers(&writer.partial);
        writer.dataset = Some(writer.make_layer(crs, extra)?);
        Ok(writer)
    }

    fn make_layer(
        &self,
        crs: &CoordinateSystem,
        extra: &[(String, ColumnKind)],
    ) -> Result<Dataset, RasterError> {
        let reference = crs.to_gdal()?;
        let names = serde_json::to_string(&self.classes).expect("names are text");
        let own = [
            ("cell_id", OGRFieldType::OFTString),
            ("label", OGRFieldType::OFTString),
            ("year", OGRFieldType::OFTInteger),
        ];
        let further = extra.iter().map(|(name, kind)| match kind {
            ColumnKind::Text => (name.as_str(), OGRFieldType::OFTString),
            ColumnKind::Number => (name.as_str(), OGRFieldType::OFTReal),
        });
        let fields: Vec<(&str, _)> = own.into_iter().chain(further).collect();
        let make = || -> Result<Dataset, GdalError> {
            // What is not finished is thrown away, so nothing has to survive a power cut before the end.
            gdal::config::set_thread_local_config_option("OGR_SQLITE_SYNCHRONOUS", "OFF")?;
            let driver = DriverManager::get_driver_by_name("GPKG")?;
            let mut dataset = driver.create_vector_only(&self.partial)?;
            let mut layer = dataset.create_layer(LayerOptions {
                name: "cells",
                srs: Some(&reference),
                ty: OGRwkbGeometryType::wkbPolygon,
                options: None,
            })?;
            layer.create_defn_fields(&fields)?;
            layer.set_metadata_item(CLASSES_KEY, &names, "")?;
            Ok(dataset)
        };
        make().map_err(RasterError::gdal("write", &self.path))
    }

    /// Writes `cells` after those written before.
    ///
    /// # Errors
    /// If the disk is full or the file is gone.
    pub fn append(&mut self, cells: &[Cell]) -> Result<(), RasterError> {
        self.append_extra(cells, |_| Vec::new())
    }

    /// Writes `cells` after those written before; `extra` gives the further columns of each, in order.
    ///
    /// # Errors
    /// If the disk is full or the file is gone.
    pub fn append_extra<'a>(
        &mut self,
        cells: &[Cell],
        extra: impl Fn(usize) -> Vec<ColumnValue<'a>>,
    ) -> Result<(), RasterError> {
        let classes = &self.classes;
        let dataset = self.dataset.as_mut().expect("the file is open until it is finished");
        let mut write = || -> Result<(), GdalError> {
            let transaction = dataset.start_transaction()?;
            {
                let layer = transaction.layer(0)?;
                for (index, cell) in cells.iter().enumerate() {
                    let mut feature = feature_of(cell, classes, &layer)?;
                    for (value, field) in extra(index).into_iter().zip(YEAR + 1..) {
                        match value {
                            ColumnValue::Null => feature.set_field_null(field)?,
                            ColumnValue::Text(text) => feature.set_field_string(field, &text)?,
                            ColumnValue::Number(value) => feature.set_field_double(field, value)?,
                        }
                    }
                    feature.create(&layer)?;
                }
            }
            transaction.commit()
        };
        write().map_err(RasterError::gdal("write", &self.path))
    }

    /// Closes the file and puts it under its name.
    ///
    /// # Errors
    /// If the disk is full or the name is taken by something that cannot be replaced.
    pub fn finish(mut self) -> Result<(), RasterError> {
        if let Some(dataset) = self.dataset.take() {
            dataset.close().map_err(RasterError::gdal("write", &self.path))?;
        }
        File::open(&self.partial)
            .and_then(|file| file.sync_all())
            .map_err(RasterError::io("flush", &self.partial))?;
        fs::rename(&self.partial, &self.path).map_err(RasterError::io("write", &self.path))
    }
}

impl Drop for GeoPackageWriter {
    fn drop(&mut self) {
        drop(self.dataset.take());
        remove_leftovers(&self.partial);
    }
}

fn feature_of<'a, L: LayerAccess>(
    cell: &Cell,
    classes: &ClassMap,
    layer: &'a L,
) -> Result<Feature<'a>, GdalError> {
    let mut feature = Feature::new(layer.defn())?;
    feature.set_field_string(CELL_ID, cell.id.as_str())?;
    match cell.label.class() {
        Some(class) => feature.set_field_string(LABEL, classes.name(class))?,
        None => feature.set_field_null(LABEL)?,
    }
    match cell.year {
        Some(year) => feature.set_field_integer(YEAR, year)?,
        None => feature.set_field_null(YEAR)?,
    }
    if let Some(outline) = &cell.outline {
        feature.set_geometry(Geometry::from_wkb(&well_known_binary(outline))?)?;
    }
    Ok(feature)
}

/// The outline as a polygon of one closed ring, little-endian.
fn well_known_binary(outline: &Outline) -> Vec<u8> {
    let closed = outline.corners.iter().chain(outline.corners.first());
    let points = u32::try_from(closed.clone().count()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(13 + 16 * points as usize);
    bytes.push(1);
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(points.to_le_bytes());
    for corner in closed {
        bytes.extend(corner.x.to_le_bytes());
        bytes.extend(corner.y.to_le_bytes());
    }
    bytes
}

/// Removes what an earlier attempt left; what is not there needs no removing.
fn remove_leftovers(partial: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut name = partial.as_os_str().to_owned();
        name.push(suffix);
        drop(fs::remove_file(name));
    }
}
