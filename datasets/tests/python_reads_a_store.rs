//! Stores as others see them, and tables as others write them: Python's `zarr`, `geopandas` and `pandas`,
//! unchanged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::cells::Crs;
use tesela_datasets::class::{ClassId, ClassMap};
use tesela_datasets::patch::{PatchBatch, PatchDefinition, PatchShape, Samples};
use tesela_datasets::pixel::{BandSet, PixelDefinition, Product};
use tesela_datasets::random::{below, generator};
use tesela_datasets::source::InputDefinition;
use tesela_datasets::store::{CellContent, StoreCell, StoreDefinition, StoreWriter};
use tesela_datasets::table::{RowBatch, TableDefinition, TableKeys};
use tesela_datasets::table_file::{ColumnChoice, FileBatch, TableFile};

const EPSG: u32 = 32614;

/// A Python that has the packages, made once for all tests.
fn python() -> PathBuf {
    let scripts = scripts();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tesela-python");
    let made = Command::new(scripts.join("environment.sh"))
        .arg(folder)
        .output()
        .expect("the test can be set up");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    PathBuf::from(String::from_utf8(made.stdout).expect("the test can be set up").trim())
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python")
}

fn definition(shape: PatchShape, samples: &Samples) -> StoreDefinition {
    let bands = BandSet::all().iter().take(shape.bands).collect::<Vec<_>>();
    let pixel = PixelDefinition {
        bands: BandSet::new(bands).expect("the test can be set up"),
        ..PixelDefinition::of_product(Product::C1)
    };
    StoreDefinition {
        dataset: "proof".into(),
        input: InputDefinition::Patches(PatchDefinition {
            shape,
            sample_type: samples.sample_type(),
            pixel,
        }),
        classes: ClassMap::new(["no urbana", "urbana"]).expect("the test can be set up"),
        crs: Some(Crs::from_projjson(include_str!("utm14.json")).expect("the test can be set up")),
        pixel_metres: None,
    }
}

fn cells(count: usize, used: &[u32]) -> Vec<StoreCell> {
    let cell = |index: usize| StoreCell {
        cell: Cell {
            id: CellId::new(format!("célula {index}")),
            label: (index % 3 < 2).then(|| ClassId::new(index % 3)).into(),
            outline: (!index.is_multiple_of(4))
                .then(|| Outline::square(5e5 + index as f64 * 1000.0, 2.1e6, 1000.0)),
            year: (!index.is_multiple_of(5)).then_some(2010),
        },
        content: CellContent::Pixels { used: used[index], inside: used[index] + 1 },
    };
    (0..count).map(cell).collect()
}

fn facts(cells: &[StoreCell], shape: PatchShape, dtype: &str) -> serde_json::Value {
    let names = ["no urbana", "urbana"];
    let cell = |cell: &StoreCell| {
        let bounds = cell.cell.outline.as_ref().map(|outline| {
            let (low, high) = (outline.corners[0], outline.corners[2]);
            json!([low.x, low.y, high.x, high.y])
        });
        let CellContent::Pixels { used, inside } = cell.content else { unreachable!("patches") };
        json!({
            "id": cell.cell.id.as_str(),
            "label": cell.cell.label.class().map(|class| names[class.index()]),
            "year": cell.cell.year,
            "used": used,
            "inside": inside,
            "bounds": bounds,
        })
    };
    json!({
        "shape": [cells.len(), shape.bands, shape.height, shape.width],
        "dtype": dtype,
        "epsg": EPSG,
        "cells": cells.iter().map(cell).collect::<Vec<_>>(),
    })
}

/// Writes `samples` as a store and lets Python compare.
fn compare(shape: PatchShape, samples: Samples, raw: &[u8], dtype: &str) {
    let directory = tempfile::tempdir().expect("the test can be set up");
    let path = directory.path().join("a.store");
    let count = samples.len() / shape.samples();
    let mut draws = generator(2, &[]);
    let used: Vec<bool> = (0..count * shape.pixels()).map(|_| below(&mut draws, 3) > 0).collect();
    let counts = used
        .chunks_exact(shape.pixels())
        .map(|used| used.iter().map(|&used| u32::from(used)).sum());
    let cells = cells(count, &counts.collect::<Vec<_>>());
    let definition = definition(shape, &samples);
    let batch = PatchBatch {
        shape,
        samples,
        used: used.clone(),
        labels: cells.iter().map(|cell| cell.cell.label).collect(),
        positions: (0..).take(count).collect(),
    };
    let mut writer = StoreWriter::create(&path, &definition).expect("the test can be set up");
    writer.append(&batch, &cells).expect("the test can be set up");
    writer.finish().expect("the test can be set up");
    fs::write(directory.path().join("bands.raw"), raw).expect("the test can be set up");
    let mask: Vec<u8> = used.iter().map(|&used| u8::from(used)).collect();
    fs::write(directory.path().join("mask.raw"), mask).expect("the test can be set up");
    let facts = facts(&cells, shape, dtype).to_string();
    fs::write(directory.path().join("cells.json"), facts).expect("the test can be set up");
    let read = Command::new(python())
        .arg(scripts().join("read_store.py"))
        .args([&path, directory.path()])
        .output()
        .expect("the test can be set up");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), format!("{count} cells agree"));
}

fn numbers(count: usize) -> impl Iterator<Item = u16> {
    let mut draws = generator(1, &[]);
    (0..count)
        .map(move |_| u16::try_from(below(&mut draws, 1 << 16)).expect("the test can be set up"))
}

#[test]
fn landsat_patches_over_more_than_one_shard() {
    let shape = PatchShape { bands: 6, height: 3, width: 3 };
    let values: Vec<i16> = numbers(5000 * shape.samples()).map(u16::cast_signed).collect();
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    compare(shape, Samples::Int16(values), &raw, "int16");
}

#[test]
fn unsigned_numbers_of_sixteen_bits() {
    let shape = PatchShape { bands: 4, height: 7, width: 5 };
    let values: Vec<u16> = numbers(30 * shape.samples()).collect();
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    compare(shape, Samples::UInt16(values), &raw, "uint16");
}

#[test]
fn pictures_of_eight_bits() {
    let shape = PatchShape { bands: 3, height: 64, width: 64 };
    let values: Vec<u8> =
        numbers(20 * shape.samples()).map(|value| value.to_le_bytes()[0]).collect();
    compare(shape, Samples::UInt8(values.clone()), &values, "uint8");
}

#[test]
fn floating_point_numbers() {
    let shape = PatchShape { bands: 1, height: 5, width: 6 };
    let values: Vec<f32> =
        numbers(20 * shape.samples()).map(|value| f32::from(value) / 3.0 - 1e4).collect();
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    compare(shape, Samples::Float32(values), &raw, "float32");
}

/// A table with numbers missing, of more than one chunk.
fn table(rows: usize) -> (StoreDefinition, RowBatch, Vec<StoreCell>) {
    let names = ["slope", "lluvia", "luces"].map(str::to_owned).to_vec();
    let table = TableDefinition::new(names, TableKeys::id("plot")).expect("the names differ");
    let mut draws = generator(3, &[]);
    let mut number = || match below(&mut draws, 6) {
        0 => f32::NAN,
        _ => f32::from(u16::try_from(below(&mut draws, 1 << 16)).expect("a draw is small")) / 3.0,
    };
    let values: Vec<f32> = (0..rows * 3).map(|_| number()).collect();
    let cell = |row: usize| {
        let known = values[row * 3..row * 3 + 3].iter().filter(|value| !value.is_nan()).count();
        let cell = Cell {
            id: CellId::new(format!("parcela {row}")),
            label: (row % 3 < 2).then(|| ClassId::new(row % 3)).into(),
            outline: (!row.is_multiple_of(4)).then(|| Outline::point(5e5 + row as f64, 2.1e6)),
            year: None,
        };
        let known = u32::try_from(known).expect("there are three columns");
        let group = (!row.is_multiple_of(5)).then(|| format!("estado {}", row % 5).into());
        StoreCell { cell, content: CellContent::Row { known, group } }
    };
    let cells: Vec<StoreCell> = (0..rows).map(cell).collect();
    let batch = RowBatch {
        columns: table.columns().clone(),
        values,
        labels: cells.iter().map(|cell| cell.cell.label).collect(),
        positions: (0..).take(rows).collect(),
    };
    let definition = StoreDefinition {
        dataset: "proof".into(),
        input: InputDefinition::Table(table),
        classes: ClassMap::new(["no urbana", "urbana"]).expect("the test can be set up"),
        crs: Some(Crs::from_projjson(include_str!("utm14.json")).expect("the test can be set up")),
        pixel_metres: None,
    };
    (definition, batch, cells)
}

#[test]
fn rows_of_a_table() {
    let directory = tempfile::tempdir().expect("the test can be set up");
    let path = directory.path().join("a.store");
    let (definition, batch, cells) = table(2500);
    let mut writer = StoreWriter::create(&path, &definition).expect("the test can be set up");
    writer.append_rows(&batch, &cells).expect("the test can be set up");
    writer.finish().expect("the test can be set up");
    let raw: Vec<u8> = batch.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(directory.path().join("features.raw"), raw).expect("the test can be set up");
    let names = ["no urbana", "urbana"];
    let cell = |cell: &StoreCell| {
        let CellContent::Row { known, group } = &cell.content else { unreachable!("rows") };
        let point = cell.cell.outline.as_ref().map(|outline| outline.corners[0]);
        json!({
            "id": cell.cell.id.as_str(),
            "label": cell.cell.label.class().map(|class| names[class.index()]),
            "known": known,
            "group": group.as_deref(),
            "point": point.map(|point| [point.x, point.y]),
        })
    };
    let facts = json!({
        "columns": batch.columns.to_vec(),
        "epsg": EPSG,
        "cells": cells.iter().map(cell).collect::<Vec<_>>(),
    });
    fs::write(directory.path().join("cells.json"), facts.to_string())
        .expect("the test can be set up");
    let read = Command::new(python())
        .arg(scripts().join("read_table_store.py"))
        .args([&path, directory.path()])
        .output()
        .expect("the test can be set up");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(String::from_utf8_lossy(&read.stdout).trim(), "2500 rows agree");
}

/// The rows of the table at `path`.
fn read_table(path: &Path) -> FileBatch {
    let keys = TableKeys { label: Some("kind".into()), ..TableKeys::id("plot") };
    let file = TableFile::open(path).expect("pandas writes tables");
    let chosen = file.define(&keys, &ColumnChoice::default()).expect("it has numbers");
    let classes = ClassMap::new(["0", "1"]).expect("two names");
    let mut rows = file.rows(&chosen.table, Some(&classes)).expect("the columns are there");
    let batch = rows.next().expect("there are rows").expect("they can be read");
    assert!(rows.next().is_none());
    batch
}

#[test]
fn tables_that_pandas_writes() {
    let directory = tempfile::tempdir().expect("the test can be set up");
    let written = Command::new(python())
        .arg(scripts().join("write_tables.py"))
        .arg(directory.path())
        .output()
        .expect("the test can be set up");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let path = |name: &str| directory.path().join(name);
    let (csv, parquet) = (read_table(&path("plots.csv")), read_table(&path("plots.parquet")));
    assert_eq!(csv.cells, parquet.cells);
    let bits = |batch: &FileBatch| -> Vec<u32> {
        batch.rows.values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(bits(&csv), bits(&parquet));
    assert_eq!(*csv.rows.columns, ["slope", "rain", "wet", "count"]);
    assert_eq!(csv.rows.row(0)[1..], [0.1, 1.0, 5.0]);
    assert!(csv.rows.row(1)[0].is_nan() && csv.rows.row(2)[3].is_nan());
    assert_eq!(csv.rows.labels[1].class(), Some(ClassId::new(1)));
    assert_eq!(bits(&read_table(&path("snappy.parquet"))), bits(&parquet));
    let error = TableFile::open(&path("gzip.parquet")).expect_err("gzip is not read");
    assert!(error.to_string().contains("is compressed with gzip"), "{error}");
}
