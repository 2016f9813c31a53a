//! `tesela prepare` and `tesela inspect` on imagery that is made here, good and bad.

mod stops;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;
use tesela::raster::{BandLayout, GeoTiffLayout, GeoTiffWriter};
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::{CellTableHeader, CellTableWriter, Crs};
use tesela_datasets::class::{ClassId, ClassMap, Label};
use tesela_datasets::patch::SampleType;

const SIDE: usize = 300;
const SQUARE: &str = "{\"type\":\"Feature\",\"properties\":{\"cell_id\":\"a\"},\"geometry\":{\"type\":\"Polygon\",\
                      \"coordinates\":[[[-99,18.0],[-98.99,18.0],[-98.99,18.01],[-99,18.0]]]}}";

/// A folder with a mosaic, a grid of 8 by 8 cells of 1 km over it, and everything that is written.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        place.write_mosaic("mosaic.tif", 6, 2500, |layout| layout);
        place.write_grid("grid.parquet", 500_000.0, ["non-urban", "urban"]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_mosaic(
        &self,
        name: &str,
        bands: usize,
        level: i16,
        change: impl Fn(GeoTiffLayout) -> GeoTiffLayout,
    ) {
        let layout = change(GeoTiffLayout {
            bands: (0..bands).map(|band| BandLayout::named(format!("{band}"))).collect(),
            transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
            crs: Some("EPSG:32614".to_owned()),
            nodata: Some(-9999.0),
            ..GeoTiffLayout::new(SIDE, SIDE, SampleType::Int16)
        });
        let windows: Vec<_> = layout.windows(1).collect();
        let mut writer = GeoTiffWriter::create(&self.path(name), layout).unwrap();
        for window in windows {
            for band in 0..bands {
                let samples: Vec<i16> = (0..window.width * window.height)
                    .map(|place| level + i16::try_from(place % 97).unwrap())
                    .collect();
                writer.write(band, window, &samples).unwrap();
            }
        }
        writer.finish().unwrap();
    }

    fn write_grid(&self, name: &str, west: f64, classes: [&str; 2]) {
        self.write_cells(name, west, classes, 8, |index| format!("c{index}"));
    }

    fn write_cells(
        &self,
        name: &str,
        west: f64,
        classes: [&str; 2],
        edge: usize,
        id: impl Fn(usize) -> String,
    ) {
        let crs = tesela::raster::CoordinateSystem::parse("EPSG:32614").unwrap();
        let header = CellTableHeader {
            classes: ClassMap::new(classes).unwrap(),
            crs: Some(Crs::from_projjson(crs.projjson()).unwrap()),
        };
        let cells: Vec<Cell> = (0..edge * edge)
            .map(|index| {
                let (row, column) = ((index / edge) as f64, (index % edge) as f64);
                let (x, y) = (west + column * 1000.0, 2_000_000.0 - (row + 1.0) * 1000.0);
                let class = (index % 3 < 2).then(|| ClassId::new(index % 3));
                Cell {
                    id: CellId::new(id(index)),
                    label: Label::from(class),
                    outline: Some(Outline::square(x, y, 1000.0)),
                    year: Some(2010),
                }
            })
            .collect();
        let mut writer = CellTableWriter::create(&self.path(name), &header).unwrap();
        writer.append(&cells).unwrap();
        writer.finish().unwrap();
    }

    fn prepare(&self, descriptor: &str, mosaic: &str, grid: &str, out: &str) -> Command {
        let mut command = Command::cargo_bin("tesela").unwrap();
        command.current_dir(self.folder.path()).args(["prepare", descriptor]);
        command.args(["--mosaic", mosaic, "--grid", grid, "--out", out]);
        command
    }

    /// Checks that preparing is refused with exit code 2, that the message holds every part of `parts`, and that
    /// nothing is left.
    fn refused(&self, descriptor: &str, mosaic: &str, grid: &str, parts: &[&str]) {
        let output = self.prepare(descriptor, mosaic, grid, "bad.zarr").output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        for part in parts {
            assert!(text.contains(part), "no `{part}` in {text}");
        }
        assert!(!text.contains("panicked"), "{text}");
        assert!(!self.path("bad.zarr").exists() && !self.path("bad.zarr.partial").exists());
    }
}

fn text_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{error}");
    String::from_utf8(output.stdout).unwrap() + &error
}

fn inspect(path: &Path, more: &[&str]) -> Command {
    let mut command = Command::cargo_bin("tesela").unwrap();
    command.arg("inspect").arg(path).args(more);
    command
}

#[test]
fn a_mosaic_and_a_grid_become_a_store_that_can_be_inspected() {
    let place = Place::new();
    let text = text_of(&mut place.prepare("simulated", "mosaic.tif", "grid.parquet", "s.zarr"));
    assert!(text.contains("64") && text.contains("store: s.zarr"), "{text}");
    assert!(!text.contains("warning"), "{text}");
    let pictures = place.path("pictures");
    let more = ["--verify", "--pictures", pictures.to_str().unwrap()];
    let text = text_of(&mut inspect(&place.path("s.zarr"), &more));
    assert!(text.contains("33 × 33") && text.contains("verified"), "{text}");
    let picture = image::open(pictures.join("urban-natural.png")).unwrap();
    assert!(picture.width() > 300);
    // Again from the same inputs: nothing to do. From others: refused.
    let again = text_of(&mut place.prepare("simulated", "mosaic.tif", "grid.parquet", "s.zarr"));
    assert!(again.contains("there already"), "{again}");
    let other = place.prepare("landsat-c1", "mosaic.tif", "grid.parquet", "s.zarr").output();
    let text = String::from_utf8(other.unwrap().stderr).unwrap();
    assert!(text.contains("exists already") && text.contains("rm -r"), "{text}");
}

#[test]
fn a_store_that_was_altered_is_not_verified() {
    let place = Place::new();
    text_of(&mut place.prepare("simulated", "mosaic.tif", "grid.parquet", "s.zarr"));
    let shard = place.path("s.zarr/bands/c/0/0/0/0");
    let mut bytes = std::fs::read(&shard).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&shard, bytes).unwrap();
    let output = inspect(&place.path("s.zarr"), &["--verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("digest"));
}

#[test]
fn bad_mosaics_are_refused_and_leave_nothing() {
    let place = Place::new();
    place.refused("simulated", "none.tif", "grid.parquet", &["`none.tif`", "does not exist"]);
    std::fs::write(place.path("empty.tif"), "").unwrap();
    place.refused("simulated", "empty.tif", "grid.parquet", &["`empty.tif`", "empty"]);
    std::fs::write(place.path("text.tif"), "text").unwrap();
    place.refused("simulated", "text.tif", "grid.parquet", &["`text.tif`"]);
    let bytes = std::fs::read(place.path("mosaic.tif")).unwrap();
    std::fs::write(place.path("short.tif"), &bytes[..bytes.len() * 2 / 3]).unwrap();
    place.refused("simulated", "short.tif", "grid.parquet", &["`short.tif`"]);
    place.write_mosaic("five.tif", 5, 2500, |layout| layout);
    place.refused("simulated", "five.tif", "grid.parquet", &["has 5 bands", "lists 6"]);
    place.write_mosaic("fill.tif", 6, 2500, |layout| GeoTiffLayout { nodata: Some(0.0), ..layout });
    place.refused("simulated", "fill.tif", "grid.parquet", &["nodata 0", "-9999"]);
    place.write_mosaic("nowhere.tif", 6, 2500, |layout| GeoTiffLayout { crs: None, ..layout });
    place.refused("simulated", "nowhere.tif", "grid.parquet", &["no coordinate reference system"]);
}

#[test]
fn bad_grids_and_descriptors_are_refused_and_leave_nothing() {
    let place = Place::new();
    place.write_grid("far.parquet", 900_000.0, ["non-urban", "urban"]);
    place.refused("simulated", "mosaic.tif", "far.parquet", &["misses the mosaic", "900500"]);
    place.write_grid("other.parquet", 500_000.0, ["non-urban", "water"]);
    place.refused("simulated", "mosaic.tif", "other.parquet", &["`water`", "non-urban, urban"]);
    place.refused("simulated", "mosaic.tif", "none.parquet", &["none.parquet"]);
    let text =
        "cell_id,WKT\na,\"POLYGON((500000 1999000,501000 1999000,501000 2000000,500000 1999000))\"";
    std::fs::write(place.path("nowhere.csv"), text).unwrap();
    let parts = ["nowhere.csv", "no coordinate reference system"];
    place.refused("simulated", "mosaic.tif", "nowhere.csv", &parts);
    let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[{SQUARE},{SQUARE}]}}");
    std::fs::write(place.path("twice.geojson"), text).unwrap();
    let parts = ["duplicate cell_id `a`", "twice.geojson"];
    place.refused("simulated", "mosaic.tif", "twice.geojson", &parts);
    let text = "name = \"x\"\nsource = \"\"\nlicence = \"\"\nproduct = \"c1\"\nband = []";
    std::fs::write(place.path("x.toml"), text).unwrap();
    place.refused("x.toml", "mosaic.tif", "grid.parquet", &["`band`", "did you mean `bands`?"]);
}

#[test]
fn digital_numbers_under_a_product_are_warned_of() {
    let place = Place::new();
    place.write_mosaic("numbers.tif", 6, 16_000, |layout| layout);
    let text = text_of(&mut place.prepare("simulated", "numbers.tif", "grid.parquet", "s.zarr"));
    assert!(text.contains("warning") && text.contains("`c2`"), "{text}");
}

/// Where real data lie, unless this machine has none.
fn real(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TESELA_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let found = folder.unwrap_or(beside).join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: there is no `{}`", found.display());
    None
}

#[test]
fn eurosat_patches_become_stores() {
    let Some(patches) = real("eurosat-ms/train") else { return };
    let folder = TempDir::new().unwrap();
    let mut command = Command::cargo_bin("tesela").unwrap();
    command.args(["prepare", "eurosat-ms", "--out"]).arg(folder.path().join("ms.zarr"));
    let text = text_of(command.arg("--patches").arg(&patches));
    assert!(text.contains("216") && !text.contains("warning"), "{text}");
    let Some(archive) = real("eurosat-rgb/EuroSAT-part.zip") else { return };
    let mut command = Command::cargo_bin("tesela").unwrap();
    command.args(["prepare", "eurosat-rgb", "--out"]).arg(folder.path().join("rgb.zarr"));
    let text = text_of(command.arg("--patches").arg(&archive));
    assert!(text.contains("21,555") && text.contains("3 of 27 channels"), "{text}");
    assert!(text.contains("uncalibrated"), "{text}");
}

#[test]
fn a_data_set_that_is_not_there_is_answered_with_where_it_was_looked_for() {
    let place = Place::new();
    std::fs::create_dir(place.path("data")).unwrap();
    let mut command = Command::cargo_bin("tesela").unwrap();
    command.current_dir(place.folder.path()).env("TESELA_DATA", place.path("data"));
    let output = command.args(["prepare", "eurosat-rgb", "--out", "store"]).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("`data:eurosat-rgb/EuroSAT-part.zip` is missing"), "{message}");
    assert!(message.contains("what `TESELA_DATA` says"), "{message}");
    assert!(!place.path("store").exists());
}
