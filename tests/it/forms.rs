//! The forms of a map: each is made from the GeoParquet one, and says the same.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tesela::map::{
    MapContent, MapHeader, MapOrigin, MapRows, MapWriter, ModelOrigin, Quality, uncertainty,
};
use tesela::raster::CoordinateSystem;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::{ClassId, ClassMap, Label};

mod again;
mod full_disk;
pub(crate) mod python;
mod quick_look;
mod raster;
mod tables;

/// Side of a cell.
const SIZE: f64 = 1000.0;
/// Lower left corner of the country.
const CORNER: (f64, f64) = (2_400_000.0, 700_000.0);

/// A map of `columns` × `rows` cells with everything a map can have, in a folder of its own.
struct Country {
    folder: TempDir,
    columns: usize,
    rows: usize,
}

impl Country {
    fn new(columns: usize, rows: usize) -> Self {
        let country = Self { folder: TempDir::new().unwrap(), columns, rows };
        country.write(&country.cells());
        country
    }

    fn map(&self) -> PathBuf {
        self.path("map.parquet")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Numbers of the cells that there are: every seventh is missing.
    fn cells(&self) -> Vec<usize> {
        (0..self.columns * self.rows).filter(|number| !number.is_multiple_of(7)).collect()
    }

    /// Writes the map of these cells.
    fn write(&self, numbers: &[usize]) {
        let mut writer = MapWriter::create(&self.map(), &header()).unwrap();
        for part in numbers.chunks(5000) {
            let mut rows = MapRows::default();
            part.iter().for_each(|&number| self.add(&mut rows, number, number));
            writer.append(&rows).unwrap();
        }
        writer.finish().unwrap();
    }

    /// Adds cell `number` in the place of cell `place`.
    fn add(&self, rows: &mut MapRows, number: usize, place: usize) {
        let (column, row) = (place % self.columns, place / self.columns);
        let north = (self.rows - 1 - row) as f64;
        let (x, y) = (CORNER.0 + column as f64 * SIZE, CORNER.1 + north * SIZE);
        rows.cells.push(Cell {
            id: CellId::new(format!("c{number}")),
            label: if number.is_multiple_of(3) {
                Label::Class(ClassId::new(0))
            } else {
                Label::Undefined
            },
            outline: Some(Outline::square(x, y, SIZE)),
            year: Some(2021),
        });
        let class = class_of(number);
        let urban = class.map_or(f32::NAN, |class| if class == 1 { 0.75 } else { 0.25 });
        let own = [1.0 - urban, urban];
        rows.classes.push(class.map(ClassId::new));
        rows.probabilities.extend(own);
        rows.uncertainties.push(uncertainty(&own));
        rows.spreads.push(urban / 5.0);
        rows.sets.extend([class.is_none_or(|class| class == 0), class != Some(0)]);
        rows.dissimilarities.push(urban * 2.0);
        rows.inside.push(class.is_some());
        rows.used_shares.push(if class.is_some() { 0.5 } else { 0.0 });
        rows.qualities.push(if class.is_some() { Quality::Partial } else { Quality::NoData });
        rows.trained.push(number.is_multiple_of(3));
    }
}

/// The class of cell `number`, if it has one: a town in a hundred cells, and every eleventh cell unseen.
fn class_of(number: usize) -> Option<usize> {
    (!number.is_multiple_of(11)).then(|| usize::from(number % 100 == 1))
}

fn header() -> MapHeader {
    let classes = ClassMap::new(["non-urban", "urban & <new>"]).unwrap();
    let content =
        MapContent { pixels: true, spread: true, sets: true, applicability: true, training: true };
    let mut origin = MapOrigin::new(classes, content);
    origin.models.push(ModelOrigin {
        digest: "0".repeat(64),
        kind: "extra-trees".to_owned(),
        dataset: "simulated".to_owned(),
        measured: serde_json::Map::new(),
        settled: None,
    });
    let crs = CoordinateSystem::parse("EPSG:6372").unwrap().to_crs();
    let cells = CellTableHeader { classes: origin.classes.clone(), crs: Some(crs) };
    MapHeader { cells, origin }
}

/// The names of everything in `folder`, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}
