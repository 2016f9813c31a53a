//! Stores, written, damaged and read back. Made-up patches and tables are here, for all.

mod damage;
mod reading;
mod writing;

use std::path::{Path, PathBuf};

use super::*;
use crate::cell::{CellId, Outline};
use crate::class::{ClassId, Label};
use crate::patch::{PatchBatch, PatchDefinition, PatchShape, SampleType, Samples};
use crate::pixel::{Band, BandSet, PixelDefinition, Product};
use crate::random::{below, generator};
use crate::source::InputDefinition;
use crate::table::{RowBatch, TableDefinition, TableKeys};

const TYPES: [SampleType; 4] =
    [SampleType::UInt8, SampleType::UInt16, SampleType::Int16, SampleType::Float32];

/// The first shards of bands and mask.
const SHARDS: [&str; 2] = ["bands/c/0/0/0/0", "mask/c/0/0/0"];

fn definition(shape: PatchShape, sample_type: SampleType) -> StoreDefinition {
    let bands = BandSet::new(Band::ALL.into_iter().take(shape.bands)).unwrap();
    let pixel = PixelDefinition { bands, ..PixelDefinition::of_product(Product::C2) };
    StoreDefinition {
        dataset: "proof".into(),
        input: InputDefinition::Patches(PatchDefinition { shape, sample_type, pixel }),
        classes: ClassMap::new(["non-urban", "urban"]).unwrap(),
        crs: Crs::from_projjson(r#"{"type": "ProjectedCRS", "name": "LCC"}"#).ok(),
        pixel_metres: None,
    }
}

/// `count` patches of noise with their cells; the same for the same seed.
fn patches(definition: &StoreDefinition, count: usize, seed: u64) -> (PatchBatch, Vec<StoreCell>) {
    let input = definition.input.patches().unwrap();
    let shape = input.shape;
    let mut draws = generator(seed, &[]);
    let mut draw = |bound: u64| below(&mut draws, bound);
    let numbers: Vec<u64> = (0..count * shape.samples()).map(|_| draw(1 << 16)).collect();
    let narrow = |number: u64| u16::try_from(number).unwrap();
    let samples = match input.sample_type {
        SampleType::UInt8 => {
            Samples::UInt8(numbers.iter().map(|&n| narrow(n).to_le_bytes()[0]).collect())
        }
        SampleType::UInt16 => Samples::UInt16(numbers.iter().map(|&n| narrow(n)).collect()),
        SampleType::Int16 => {
            Samples::Int16(numbers.iter().map(|&n| narrow(n).cast_signed()).collect())
        }
        SampleType::Float32 => {
            Samples::Float32(numbers.iter().map(|&n| f32::from(narrow(n)) / 7.0 - 99.5).collect())
        }
    };
    let used: Vec<bool> = (0..count * shape.pixels()).map(|_| draw(4) > 0).collect();
    let mut cells = Vec::new();
    for index in 0..count {
        let mask = &used[index * shape.pixels()..(index + 1) * shape.pixels()];
        let class = usize::try_from(draw(3)).unwrap();
        let cell = Cell {
            id: CellId::new(format!("E{index}N{seed}")),
            label: (class < 2).then(|| ClassId::new(class)).into(),
            outline: (draw(5) > 0).then(|| Outline::square(index as f64, 4e6, 1000.0)),
            year: (draw(2) > 0).then_some(2010),
        };
        let used_pixels = u32::try_from(mask.iter().filter(|&&used| used).count()).unwrap();
        let content = CellContent::Pixels { used: used_pixels, inside: used_pixels + 1 };
        cells.push(StoreCell { cell, content });
    }
    let labels = cells.iter().map(|cell| cell.cell.label).collect();
    let positions = (0..).take(count).collect();
    (PatchBatch { shape, samples, used, labels, positions }, cells)
}

fn piece(batch: &PatchBatch, range: std::ops::Range<usize>) -> PatchBatch {
    let sample_type = batch.samples.sample_type();
    let mut piece = PatchBatch::with_capacity(batch.shape, sample_type, range.len());
    range.for_each(|index| piece.push_from(batch, index));
    piece
}

fn write(
    path: &Path,
    definition: &StoreDefinition,
    batch: &PatchBatch,
    cells: &[StoreCell],
    at_a_time: usize,
) -> StoreSummary {
    let mut writer = StoreWriter::create(path, definition).unwrap();
    for start in (0..cells.len()).step_by(at_a_time) {
        let end = (start + at_a_time).min(cells.len());
        writer.append(&piece(batch, start..end), &cells[start..end]).unwrap();
    }
    writer.finish().unwrap()
}

/// A small store, to be damaged.
fn small(directory: &Path) -> (PathBuf, PatchBatch) {
    let path = directory.join("small.store");
    let definition = definition(PatchShape { bands: 2, height: 5, width: 4 }, SampleType::Int16);
    let (batch, cells) = patches(&definition, 30, 1);
    write(&path, &definition, &batch, &cells, 30);
    (path, batch)
}

fn message(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(message);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn refused(path: &Path) -> String {
    match StoreReader::open(path) {
        Ok(_) => panic!("the store was opened"),
        Err(error) => message(&error),
    }
}

/// `count` rows of a table with some numbers missing, and their cells; the same for the same seed.
fn rows(count: usize, columns: usize, seed: u64) -> (StoreDefinition, RowBatch, Vec<StoreCell>) {
    let names = (0..columns).map(|column| format!("column {column}")).collect();
    let keys = TableKeys { group: Some("state".into()), ..TableKeys::id("plot") };
    let table = TableDefinition::new(names, keys).unwrap();
    let mut draws = generator(seed, &[]);
    let mut number = || match below(&mut draws, 5) {
        0 => f32::NAN,
        _ => f32::from(u16::try_from(below(&mut draws, 1 << 16)).unwrap()) / 7.0 - 99.5,
    };
    let values: Vec<f32> = (0..count * columns).map(|_| number()).collect();
    let cell = |row: usize| {
        let known = values[row * columns..(row + 1) * columns].iter();
        let known = u32::try_from(known.filter(|value| !value.is_nan()).count()).unwrap();
        let group = (!row.is_multiple_of(4)).then(|| format!("state {}", row % 3).into());
        let cell = Cell {
            id: CellId::new(format!("plot {row}")),
            label: (row % 3 < 2).then(|| ClassId::new(row % 3)).into(),
            outline: (!row.is_multiple_of(5)).then(|| Outline::point(row as f64, 2e6)),
            year: (!row.is_multiple_of(2)).then_some(2020),
        };
        StoreCell { cell, content: CellContent::Row { known, group } }
    };
    let cells: Vec<StoreCell> = (0..count).map(cell).collect();
    let columns = table.columns().clone();
    let labels = cells.iter().map(|cell| cell.cell.label).collect();
    let positions = (0..).take(count).collect();
    let definition = StoreDefinition {
        dataset: "proof".into(),
        input: InputDefinition::Table(table),
        classes: ClassMap::new(["non-urban", "urban"]).unwrap(),
        crs: None,
        pixel_metres: None,
    };
    (definition, RowBatch { columns, values, labels, positions }, cells)
}

fn write_rows(
    path: &Path,
    (definition, batch, cells): &(StoreDefinition, RowBatch, Vec<StoreCell>),
    at_a_time: usize,
) -> StoreSummary {
    let mut writer = StoreWriter::create(path, definition).unwrap();
    let width = batch.columns.len();
    for start in (0..cells.len()).step_by(at_a_time) {
        let end = (start + at_a_time).min(cells.len());
        let values = batch.values[start * width..end * width].to_vec();
        let piece = RowBatch { values, ..batch.clone() };
        writer.append_rows(&piece, &cells[start..end]).unwrap();
    }
    writer.finish().unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
