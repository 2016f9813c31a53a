//! Writes tables of cells as GeoPackage.

use std::borrow::Cow;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gdal::config::{get_config_option, set_thread_local_config_option};
use gdal::errors::GdalError;
use gdal::vector::sql::Dialect;
use gdal::vector::{
    Feature, Geometry, LayerAccess, LayerOptions, OGRFieldType, OGRwkbGeometryType,
};
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags, Metadata};
use tesela_datasets::cell::{Cell, Outline};
use tesela_datasets::class::ClassMap;
use tesela_datasets::whole_file::partial_path;

use super::layer_styles::add_style;
use super::open::{keep_quiet, take_failure};
use super::{CoordinateSystem, RasterError};

/// Key of the layer's metadata under which the class names lie, in order, as a JSON list.
pub(crate) const CLASSES_KEY: &str = "TESELA_CLASSES";

/// The layer of cells.
const LAYER: &str = "cells";

/// Columns of the layer, in order.
const CELL_ID: usize = 0;
const LABEL: usize = 1;
const YEAR: usize = 2;

/// The option of GDAL's that says when a GeoPackage was changed.
const TIME_KEY: &str = "OGR_CURRENT_DATE";
/// What stands there unless the user has set something else: the same content gives the same bytes at any time.
const NO_TIME: &str = "1970-01-01T00:00:00.000Z";

/// What a further column of a GeoPackage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Numbers.
    Number,
    /// Numbers of single precision.
    Single,
    /// Yes or no.
    Flag,
}

impl ColumnKind {
    /// The type in GeoPackage 1.3, table 1.
    fn name(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Number => "DOUBLE",
            Self::Single => "FLOAT",
            Self::Flag => "BOOLEAN",
        }
    }
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
    /// Yes or no.
    Flag(bool),
}

/// What a GeoPackage of cells is to hold.
#[derive(Debug, Clone)]
pub struct GeoPackageLayout<'a> {
    /// What coordinates mean; `None` where nobody knows.
    pub crs: Option<&'a CoordinateSystem>,
    /// The classes that labels speak of.
    pub classes: &'a ClassMap,
    /// Further columns, after the own ones.
    pub columns: Vec<(String, ColumnKind)>,
    /// Whether cells are points; otherwise they are polygons.
    pub points: bool,
    /// How QGIS draws the cells (QML), if it is not to choose itself.
    pub style: Option<String>,
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
        let columns = Vec::new();
        let layout =
            GeoPackageLayout { crs: Some(crs), classes, columns, points: false, style: None };
        Self::begin(path, &layout)
    }

    /// Starts the file that will lie at `path`, replacing what is there.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn begin(path: &Path, layout: &GeoPackageLayout<'_>) -> Result<Self, RasterError> {
        keep_quiet();
        // What failed before is none of this file's business.
        take_failure();
        let partial = partial_path(path);
        remove_leftovers(&partial);
        let mut writer =
            Self { path: path.to_owned(), partial, classes: layout.classes.clone(), dataset: None };
        // GDAL says little about a folder that is missing or forbidden; the operating system says it well.
        File::create(&writer.partial).map_err(RasterError::io("create", path))?;
        remove_leftovers(&writer.partial);
        writer.make_layer(layout)?;
        let open = DatasetOptions {
            open_flags: GdalOpenFlags::GDAL_OF_VECTOR | GdalOpenFlags::GDAL_OF_UPDATE,
            ..DatasetOptions::default()
        };
        let dataset = Dataset::open_ex(&writer.partial, open);
        writer.dataset = Some(dataset.map_err(refused(path))?);
        Ok(writer)
    }

    /// Makes the file and its layer. Columns are declared in SQL, because the interface of GDAL's that is used here knows
    /// no truth values; it sees them when the file is opened anew.
    fn make_layer(&self, layout: &GeoPackageLayout<'_>) -> Result<(), RasterError> {
        let reference = layout.crs.map(CoordinateSystem::to_gdal).transpose()?;
        let names = serde_json::to_string(&self.classes).expect("names are text");
        let own = [
            ("cell_id", OGRFieldType::OFTString),
            ("label", OGRFieldType::OFTString),
            ("year", OGRFieldType::OFTInteger),
        ];
        let make = || -> Result<(), GdalError> {
            // What is not finished is thrown away, so nothing has to survive a power cut before the end.
            set_thread_local_config_option("OGR_SQLITE_SYNCHRONOUS", "OFF")?;
            let time = set_time()?;
            let driver = DriverManager::get_driver_by_name("GPKG")?;
            let mut dataset = driver.create_vector_only(&self.partial)?;
            let polygons = OGRwkbGeometryType::wkbPolygon;
            let mut layer = dataset.create_layer(LayerOptions {
                name: LAYER,
                srs: reference.as_ref(),
                ty: if layout.points { OGRwkbGeometryType::wkbPoint } else { polygons },
                // The index is made at once at the end, which is quicker than row by row.
                options: Some(&["SPATIAL_INDEX=NO", "GEOMETRY_NAME=geom"]),
            })?;
            layer.create_defn_fields(&own)?;
            layer.set_metadata_item(CLASSES_KEY, &names, "")?;
            for (name, kind) in &layout.columns {
                let (name, kind) = (name.replace('"', "\"\""), kind.name());
                let add = format!("ALTER TABLE {LAYER} ADD COLUMN \"{name}\" {kind}");
                dataset.execute_sql(add, None, Dialect::DEFAULT)?;
            }
            if let Some(style) = &layout.style {
                add_style(&dataset, LAYER, style, &time)?;
            }
            dataset.close()
        };
        make().map_err(refused(&self.path))
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
                let layer = transaction.layer_by_name(LAYER)?;
                for (index, cell) in cells.iter().enumerate() {
                    let mut feature = feature_of(cell, classes, &layer)?;
                    for (value, field) in extra(index).into_iter().zip(YEAR + 1..) {
                        match value {
                            ColumnValue::Null => feature.set_field_null(field)?,
                            ColumnValue::Text(text) => feature.set_field_string(field, &text)?,
                            ColumnValue::Number(value) => feature.set_field_double(field, value)?,
                            ColumnValue::Flag(value) => {
                                feature.set_field_integer(field, value.into())?;
                            }
                        }
                    }
                    feature.create(&layer)?;
                }
            }
            transaction.commit()
        };
        write().map_err(refused(&self.path))
    }

    /// Closes the file and puts it under its name.
    ///
    /// # Errors
    /// If the disk is full or the name is taken by something that cannot be replaced.
    pub fn finish(mut self) -> Result<(), RasterError> {
        if let Some(dataset) = self.dataset.take() {
            let close = || -> Result<(), GdalError> {
                set_time()?;
                let index = format!("SELECT CreateSpatialIndex('{LAYER}', 'geom')");
                drop(dataset.execute_sql(index, None, Dialect::DEFAULT)?);
                dataset.close()
            };
            close().map_err(refused(&self.path))?;
        }
        File::open(&self.partial)
            .and_then(|file| file.sync_all())
            .map_err(RasterError::io("flush", &self.partial))?;
        fs::rename(&self.partial, &self.path).map_err(RasterError::io("write", &self.path))
    }
}

/// For `map_err`: GDAL refused to write the file at `path`. That the disk is full is in its messages alone.
fn refused(path: &Path) -> impl FnOnce(GdalError) -> RasterError {
    let path = path.to_owned();
    move |source| match take_failure() {
        Some(message) => RasterError::Refused { action: "write", path, message },
        None => RasterError::Gdal { action: "write", path, source },
    }
}

/// Makes GDAL write a time on this thread that does not pass, or the one that the user has set; gives it.
fn set_time() -> Result<String, GdalError> {
    let given = get_config_option(TIME_KEY, "")?;
    let time = if given.is_empty() { NO_TIME.to_owned() } else { given.replace('\'', "") };
    set_thread_local_config_option(TIME_KEY, &time)?;
    Ok(time)
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

/// The outline as a polygon of one closed ring, or as a point where it has a single corner; little-endian.
fn well_known_binary(outline: &Outline) -> Vec<u8> {
    let mut bytes = vec![1];
    if let [corner] = outline.corners[..] {
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(corner.x.to_le_bytes());
        bytes.extend(corner.y.to_le_bytes());
        return bytes;
    }
    let closed = outline.corners.iter().chain(outline.corners.first());
    let points = u32::try_from(closed.clone().count()).unwrap_or(u32::MAX);
    bytes.reserve(12 + 16 * points as usize);
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
