//! A store as others see it: Python's `zarr` and `geopandas`, unchanged.

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
use tesela_datasets::store::{StoreCell, StoreDefinition, StoreWriter};

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
        used_pixels: used[index],
        inside_pixels: used[index] + 1,
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
        json!({
            "id": cell.cell.id.as_str(),
            "label": cell.cell.label.class().map(|class| names[class.index()]),
            "year": cell.cell.year,
            "used": cell.used_pixels,
            "inside": cell.inside_pixels,
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
