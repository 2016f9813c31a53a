//! A national map, assessed: seconds of each stage, and the highest memory of the process.
//!
//! `cargo bench --bench assess -- [CELLS] [FOLDER]` writes a map of about so many cells (two million, as Mexico at 1 km) with its
//! labels into the folder (one that goes away), and assesses it. The labels are a table of their own, as those of a census are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tesela::assessment::{AssessmentInput, LookupFile, assess, write_assessment};
use tesela::map::{MapContent, MapHeader, MapOrigin, MapRows, MapWriter, Quality, uncertainty};
use tesela::progress::Unwatched;
use tesela::raster::CoordinateSystem;
use tesela::report::publish_assessment;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::CellTableHeader;
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::random::mix;

/// Cells that are written at a time.
const BATCH: usize = 8192;
/// Cells between the middles of two towns.
const TOWNS: usize = 60;

/// A cell of a country in which a round town of a radius of up to 14 cells lies in each square of 60.
struct Place {
    column: usize,
    row: usize,
    urban: bool,
    /// How probable the map says that it is urban.
    probability: f32,
}

impl Place {
    fn of(index: usize, columns: usize) -> Self {
        let (column, row) = (index % columns, index / columns);
        let town = mix((column / TOWNS * 1000 + row / TOWNS) as u64);
        let middle = (TOWNS / 2) as f64;
        let away = ((column % TOWNS) as f64 - middle).hypot((row % TOWNS) as f64 - middle);
        let radius = (town % 14) as f64;
        let luck = (mix(index as u64) % 1000) as f64 / 1000.0 - 0.5;
        let inside = radius - away;
        let certain = 1.0 / (1.0 + (-(inside + 3.0 * luck)).exp());
        #[expect(clippy::cast_possible_truncation, reason = "probabilities are 32 bits wide")]
        let probability = certain as f32;
        Self { column, row, urban: inside > 0.0, probability }
    }

    fn id(&self) -> String {
        format!("E{:05}N{:05}", self.column, self.row)
    }
}

fn classes() -> ClassMap {
    ClassMap::new(["non-urban", "urban"]).expect("two names")
}

/// Writes the map and `labels.csv`; the paths of both.
fn write(folder: &Path, columns: usize, cells: usize) -> [PathBuf; 2] {
    let paths = ["map.parquet", "labels.csv"].map(|name| folder.join(name));
    let crs = CoordinateSystem::parse("EPSG:6372").expect("a national projection").to_crs();
    let content =
        MapContent { pixels: true, spread: false, sets: true, applicability: true, training: true };
    let header = MapHeader {
        cells: CellTableHeader { classes: classes(), crs: Some(crs) },
        origin: MapOrigin::new(classes(), content),
    };
    let mut writer = MapWriter::create(&paths[0], &header).expect("room for a map");
    let mut labels = String::from("cell_id,label\n");
    for first in (0..cells).step_by(BATCH) {
        let mut rows = MapRows::default();
        for index in first..cells.min(first + BATCH) {
            let place = Place::of(index, columns);
            let label = if place.urban { "urban" } else { "non-urban" };
            let label = if index % 9 == 0 { "undefined" } else { label };
            writeln!(labels, "{},{label}", place.id()).expect("a string takes everything");
            push(&mut rows, &place, index);
        }
        writer.append(&rows).expect("room for a map");
    }
    writer.finish().expect("room for a map");
    std::fs::write(&paths[1], labels).expect("room for labels");
    paths
}

fn push(rows: &mut MapRows, place: &Place, index: usize) {
    let (x, y) = (place.column as f64 * 1000.0, place.row as f64 * 1000.0);
    let urban = place.probability >= 0.5;
    let own = [1.0 - place.probability, place.probability];
    rows.cells.push(Cell {
        id: CellId::new(place.id()),
        label: Label::Undefined,
        outline: Some(Outline::square(x, y, 1000.0)),
        year: Some(2020),
    });
    rows.classes.push(Some(ClassId::new(usize::from(urban))));
    rows.probabilities.extend(own);
    rows.uncertainties.push(uncertainty(&own));
    rows.sets.extend([place.probability < 0.9, place.probability > 0.1]);
    rows.dissimilarities.push(0.5);
    rows.inside.push(!index.is_multiple_of(13));
    rows.used_shares.push(1.0);
    rows.qualities.push(if index.is_multiple_of(5) { Quality::Partial } else { Quality::Full });
    rows.trained.push(index % 50 == 1);
}

/// The highest memory of this process, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.map_or_else(|| "unknown".to_owned(), |line| line[6..].trim().to_owned())
}

#[expect(clippy::print_stdout, reason = "what it measures is what it is for")]
fn main() {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let cells = arguments.next().and_then(|word| word.parse().ok()).unwrap_or(2_000_000_usize);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let columns = cells.isqrt().max(1);
    let cells = columns * columns;
    let [map, labels] = write(&folder, columns, cells);
    println!("{cells} cells written, {} so far", memory());
    let input = AssessmentInput {
        map,
        labels: Some(LookupFile::new(labels)),
        run: None,
        trained_on: None,
        regions: None,
        block_metres: None,
        replicates: 1000,
    };
    let start = Instant::now();
    let assessed = assess(&input, &mut Unwatched).expect("an assessment");
    println!("measured: {:.2} s, {}", start.elapsed().as_secs_f64(), memory());
    let start = Instant::now();
    let out = folder.join("out");
    std::fs::create_dir_all(&out).expect("a folder");
    publish_assessment(&assessed, &out).expect("room for a report");
    write_assessment(&assessed.assessment, &out).expect("room for tables");
    println!("written: {:.2} s, {}", start.elapsed().as_secs_f64(), memory());
}
