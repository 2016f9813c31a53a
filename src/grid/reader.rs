//! Reads a grid that exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use geo_types::{MultiPolygon, Polygon};
use tesela_datasets::cell::{Cell, CellId, Outline, Point};
use tesela_datasets::cells::{CellTableReader, UniqueIds};
use tesela_datasets::class::{ClassMap, Label};

use super::GridError;
use super::writer::extension;
use crate::progress::Progress;
use crate::raster::{
    CLASSES_KEY, CoordinateSystem, RasterError, Shape, Shapes, Validity, VectorLayer,
};

/// Cells that are read at a time.
const BATCH: usize = 8192;

/// Which columns of a vector file say what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridColumns {
    /// The column of ids.
    pub id: String,
    /// The column of labels; `None` takes `label` where the file has it.
    pub label: Option<String>,
    /// The column of years; `None` takes `year` where the file has it.
    pub year: Option<String>,
}

impl Default for GridColumns {
    fn default() -> Self {
        Self { id: "cell_id".to_owned(), label: None, year: None }
    }
}

/// How a grid is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GridRequest {
    /// The columns.
    pub columns: GridColumns,
    /// The layer; `None` takes the only one.
    pub layer: Option<String>,
    /// The classes that labels may name. `None` takes those that the file declares, or else every label
    /// that occurs, sorted.
    pub classes: Option<ClassMap>,
    /// Whether cells come without their labels, whatever these are.
    pub ignore_labels: bool,
    /// Whether no two cells are known to have the same id, because the grid was read before.
    pub known_ids: bool,
}

/// Streams the cells of a grid, some at a time; an id that comes twice is an error, unless [`GridRequest::known_ids`].
///
/// It reads tables of cells (GeoParquet, as [`super::GridWriter`] writes them) and any vector file that OGR
/// reads. Labels that are missing, empty or spelt `undefined` mean that nothing is known.
#[derive(Debug)]
pub struct GridReader {
    path: PathBuf,
    crs: CoordinateSystem,
    classes: ClassMap,
    count: Option<u64>,
    source: Source,
}

enum Source {
    Table { reader: Box<CellTableReader>, classes: ClassMap, ignore_labels: bool },
    Layer { shapes: Box<Shapes>, columns: ColumnPositions, unique: Option<UniqueIds>, ended: bool },
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Table { .. } => "Table",
            Self::Layer { .. } => "Layer",
        })
    }
}

/// Where the attributes of a shape stand; the id comes first.
#[derive(Debug, Clone)]
struct ColumnPositions {
    id: String,
    label: Option<usize>,
    year: Option<usize>,
}

impl GridReader {
    /// Opens the grid at `path`.
    ///
    /// # Errors
    /// If the file is no grid, lacks a column or a coordinate reference system, or has no classes.
    pub fn open(path: &Path, request: &GridRequest) -> Result<Self, GridError> {
        match extension(path).as_deref() {
            Some("parquet" | "geoparquet") => Self::open_table(path, request),
            _ => Self::open_layer(path, request),
        }
    }

    fn open_table(path: &Path, request: &GridRequest) -> Result<Self, GridError> {
        let columns = &request.columns;
        let standard = [
            (Some(&columns.id), "cell_id"),
            (columns.label.as_ref(), "label"),
            (columns.year.as_ref(), "year"),
        ];
        for (column, name) in standard {
            if let Some(column) = column.filter(|&column| column != name) {
                return Err(GridError::FixedColumns {
                    path: path.to_owned(),
                    column: column.clone(),
                });
            }
        }
        let mut reader = Box::new(CellTableReader::open(path)?);
        if request.known_ids {
            *reader = reader.with_known_ids();
        }
        let header = reader.header();
        let no_crs = || RasterError::NoCrs { path: path.to_owned() };
        let crs = CoordinateSystem::from_crs(header.crs.as_ref().ok_or_else(no_crs)?)?;
        let own = header.classes.clone();
        let classes = request.classes.clone().unwrap_or_else(|| own.clone());
        let count = Some(reader.len());
        let ignore_labels = request.ignore_labels;
        let source = Source::Table { reader, classes: own, ignore_labels };
        Ok(Self { path: path.to_owned(), crs, classes, count, source })
    }

    fn open_layer(path: &Path, request: &GridRequest) -> Result<Self, GridError> {
        let layer = VectorLayer::open(path, request.layer.as_deref())?;
        let crs = layer.crs()?;
        let count = layer.count();
        let found = layer.columns();
        let take = |column: &Option<String>, usual: &str| {
            column.clone().or_else(|| found.iter().find(|own| *own == usual).cloned())
        };
        let label = take(&request.columns.label, "label").filter(|_| !request.ignore_labels);
        let year = take(&request.columns.year, "year");
        let classes = match &request.classes {
            Some(classes) => classes.clone(),
            None if request.ignore_labels => {
                ClassMap::new(["any"]).expect("one name is a class map")
            }
            None => classes_of(path, request, &layer, label.as_deref())?,
        };
        let mut names = vec![request.columns.id.as_str()];
        let label_position = label.as_ref().map(|_| names.len());
        names.extend(label.as_deref());
        let year_position = year.as_ref().map(|_| names.len());
        names.extend(year.as_deref());
        let columns = ColumnPositions {
            id: request.columns.id.clone(),
            label: label_position,
            year: year_position,
        };
        let shapes = Box::new(layer.into_shapes(&names, Validity::AsIs)?);
        let unique = (!request.known_ids).then(UniqueIds::default);
        let source = Source::Layer { shapes, columns, unique, ended: false };
        Ok(Self { path: path.to_owned(), crs, classes, count, source })
    }

    /// What the coordinates mean.
    pub fn crs(&self) -> &CoordinateSystem {
        &self.crs
    }

    /// The classes that labels speak of.
    pub fn classes(&self) -> &ClassMap {
        &self.classes
    }

    /// Hands all cells to `take`, some at a time.
    ///
    /// # Errors
    /// If the grid cannot be read, `take` fails, or the user stops.
    pub fn read<E: From<GridError>>(
        self,
        progress: &mut dyn Progress,
        take: &mut dyn FnMut(&[Cell]) -> Result<(), E>,
    ) -> Result<(), E> {
        progress.start("reading the grid", self.cell_count(), "cells");
        for batch in self {
            let batch = batch?;
            take(&batch)?;
            progress.advance(batch.len() as u64);
            if progress.wants_stop() {
                return Err(GridError::Interrupted.into());
            }
        }
        Ok(())
    }

    /// Number of cells, where the file knows it without being read.
    pub fn cell_count(&self) -> Option<u64> {
        self.count
    }
}

impl Iterator for GridReader {
    type Item = Result<Vec<Cell>, GridError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Table { reader, classes, ignore_labels } => {
                let mut batch = reader.next()?.map_err(GridError::from);
                if let (true, Ok(cells)) = (&*ignore_labels, &mut batch) {
                    for cell in cells {
                        cell.label = Label::Undefined;
                    }
                }
                let batch = batch.and_then(|cells| without_points(&self.path, cells));
                Some(batch.and_then(|cells| relabel(&self.path, cells, classes, &self.classes)))
            }
            Source::Layer { shapes, columns, unique, ended } => {
                if *ended {
                    return None;
                }
                let decode = Decode { path: &self.path, classes: &self.classes, columns };
                let batch: Result<Vec<Cell>, GridError> =
                    shapes.take(BATCH).map(|shape| decode.cell(shape?, unique.as_mut())).collect();
                *ended = batch.as_ref().map_or(true, Vec::is_empty);
                match batch {
                    Ok(cells) if cells.is_empty() => {
                        let path = || self.path.clone();
                        let failed = |source| Err(GridError::Ids { path: path(), source });
                        unique.as_mut().and_then(|unique| unique.finish().err()).map(failed)
                    }
                    batch => Some(batch),
                }
            }
        }
    }
}

/// The classes that the layer declares, or else all labels that occur.
fn classes_of(
    path: &Path,
    request: &GridRequest,
    layer: &VectorLayer,
    label: Option<&str>,
) -> Result<ClassMap, GridError> {
    if let Some(declared) = layer.remark(CLASSES_KEY) {
        // A remark that is not ours says nothing; the labels themselves still do.
        if let Ok(classes) = serde_json::from_str::<ClassMap>(&declared) {
            return Ok(classes);
        }
    }
    let mut names = BTreeSet::new();
    if let Some(label) = label {
        let layer = VectorLayer::open(path, request.layer.as_deref())?;
        for shape in layer.into_shapes(&[label], Validity::AsIs)? {
            let text = shape?.attributes.into_iter().next().flatten();
            names.extend(text.as_deref().and_then(meaningful).map(str::to_owned));
            if names.len() > usize::from(u16::MAX) {
                break;
            }
        }
    }
    ClassMap::new(names).map_err(|source| GridError::Classes { path: path.to_owned(), source })
}

/// The label, unless it says that nothing is known.
fn meaningful(label: &str) -> Option<&str> {
    let label = label.trim();
    (!label.is_empty() && !label.eq_ignore_ascii_case("undefined")).then_some(label)
}

/// What is needed to make cells of shapes.
struct Decode<'a> {
    path: &'a Path,
    classes: &'a ClassMap,
    columns: &'a ColumnPositions,
}

impl Decode<'_> {
    fn cell(&self, shape: Shape, unique: Option<&mut UniqueIds>) -> Result<Cell, GridError> {
        let attribute = |position: usize| shape.attributes.get(position).cloned().flatten();
        let id = attribute(0).filter(|id| !id.is_empty()).ok_or_else(|| GridError::NoId {
            path: self.path.to_owned(),
            feature: shape.feature,
            column: self.columns.id.clone(),
        })?;
        let id = CellId::new(id);
        let noted = unique.map_or(Ok(()), |unique| unique.note(&id));
        noted.map_err(|source| GridError::Ids { path: self.path.to_owned(), source })?;
        let label = self.columns.label.and_then(attribute);
        let year = self.columns.year.and_then(attribute);
        Ok(Cell {
            label: self.label(&id, label.as_deref())?,
            year: self.year(&id, year.as_deref())?,
            outline: Some(self.outline(&id, shape.polygons)?),
            id,
        })
    }

    fn label(&self, id: &CellId, label: Option<&str>) -> Result<Label, GridError> {
        let Some(label) = label.and_then(meaningful) else { return Ok(Label::Undefined) };
        let class =
            self.classes.id(label).ok_or_else(|| unknown(self.path, id, label, self.classes));
        Ok(Label::Class(class?))
    }

    /// Years are often kept as floating-point numbers: `2010.0` is one, `2010.5` is none.
    fn year(&self, id: &CellId, year: Option<&str>) -> Result<Option<i32>, GridError> {
        let Some(text) = year.map(str::trim).filter(|year| !year.is_empty()) else {
            return Ok(None);
        };
        let whole = text.trim_end_matches('0').strip_suffix('.').unwrap_or(text);
        whole.parse().map(Some).map_err(|_| GridError::Year {
            path: self.path.to_owned(),
            id: id.to_string(),
            year: text.to_owned(),
        })
    }

    fn outline(&self, id: &CellId, polygons: MultiPolygon<f64>) -> Result<Outline, GridError> {
        let found = match <[Polygon<f64>; 1]>::try_from(polygons.0) {
            Ok([polygon]) if !polygon.interiors().is_empty() => "a polygon with holes".to_owned(),
            Ok([polygon]) => {
                let (ring, _) = polygon.into_inner();
                let mut corners: Vec<Point> =
                    ring.coords().map(|corner| Point { x: corner.x, y: corner.y }).collect();
                corners.pop();
                if corners.len() >= 3 {
                    return Ok(Outline { corners });
                }
                format!("a polygon of {} corners", corners.len())
            }
            Err(polygons) if polygons.is_empty() => "missing".to_owned(),
            Err(polygons) => format!("of {} polygons", polygons.len()),
        };
        Err(GridError::Outline { path: self.path.to_owned(), id: id.to_string(), found })
    }
}

fn unknown(path: &Path, id: &CellId, label: &str, classes: &ClassMap) -> GridError {
    GridError::UnknownClass {
        path: path.to_owned(),
        id: id.to_string(),
        label: label.to_owned(),
        classes: classes.to_string(),
    }
}

/// Refuses a table of cells that are mere points, such as the register of a store of a table.
fn without_points(path: &Path, cells: Vec<Cell>) -> Result<Vec<Cell>, GridError> {
    let is_point =
        |cell: &&Cell| cell.outline.as_ref().is_some_and(|outline| outline.corners.len() == 1);
    match cells.iter().find(is_point) {
        None => Ok(cells),
        Some(cell) => Err(GridError::Outline {
            path: path.to_owned(),
            id: cell.id.to_string(),
            found: "a point".to_owned(),
        }),
    }
}

/// Moves labels from the classes of a file to those that were asked for.
fn relabel(
    path: &Path,
    mut cells: Vec<Cell>,
    from: &ClassMap,
    to: &ClassMap,
) -> Result<Vec<Cell>, GridError> {
    if from == to {
        return Ok(cells);
    }
    for cell in &mut cells {
        if let Some(class) = cell.label.class() {
            let name = from.name(class);
            let class = to.id(name).ok_or_else(|| unknown(path, &cell.id, name, to))?;
            cell.label = Label::Class(class);
        }
    }
    Ok(cells)
}
