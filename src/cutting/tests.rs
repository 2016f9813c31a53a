//! The cutter on a mosaic on disk.

use std::path::Path;

use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::class::Label;
use tesela_datasets::descriptor::FileBands;
use tesela_datasets::patch::{SampleType, Samples};
use tesela_datasets::pixel::Product;

use super::{CellList, CutPatches, Cutter, CutterSettings, CuttingError};
use crate::raster::{
    BandLayout, CoordinateSystem, GeoTiffLayout, GeoTiffWriter, Mosaic, MosaicReading,
};

const SIDE: usize = 700;

fn number(row: usize, column: usize) -> i16 {
    i16::try_from((row * 31 + column * 17) % 9973).unwrap()
}

fn write_mosaic(path: &Path) {
    let layout = GeoTiffLayout {
        bands: vec![BandLayout::named("red")],
        transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
        crs: Some("EPSG:32614".to_owned()),
        nodata: Some(-9999.0),
        ..GeoTiffLayout::new(SIDE, SIDE, SampleType::Int16)
    };
    let windows: Vec<_> = layout.windows(1).collect();
    let mut writer = GeoTiffWriter::create(path, layout).unwrap();
    for window in windows {
        let rows = window.row..window.row + window.height;
        let columns = window.column..window.column + window.width;
        let samples: Vec<i16> =
            rows.flat_map(|row| columns.clone().map(move |column| number(row, column))).collect();
        writer.write(0, window, &samples).unwrap();
    }
    writer.finish().unwrap();
}

fn open(path: &Path) -> Mosaic {
    let bands = FileBands::new(&["red".to_owned()]).unwrap();
    Mosaic::open(path, &MosaicReading { bands, scaling: Product::C1.scaling() }).unwrap()
}

fn settings() -> CutterSettings {
    CutterSettings { patch_pixels: 33, scaling: Product::C1.scaling() }
}

/// Squares of 1 km, `count` a side, whose upper left corner is at `(x, y)`.
fn grid(x: f64, y: f64, count: usize) -> CellList {
    let mut cells = CellList::default();
    for (row, column) in (0..count).flat_map(|row| (0..count).map(move |column| (row, column))) {
        let (x, y) = (x + column as f64 * 1000.0, y - (row + 1) as f64 * 1000.0);
        cells.push(&Cell {
            id: CellId::new(format!("{row}-{column}")),
            label: Label::Undefined,
            outline: Some(Outline::square(x, y, 1000.0)),
            year: None,
        });
    }
    cells
}

fn cut_all(cutter: Cutter<'_>) -> Vec<CutPatches> {
    let mut batches = Vec::new();
    cutter
        .run(&mut |batch| {
            batches.push(batch);
            Ok::<(), CuttingError>(())
        })
        .unwrap();
    batches
}

#[test]
fn every_cell_over_the_mosaic_gets_the_pixels_around_its_centroid() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    // Begins west and north of the mosaic and ends beyond it.
    let cells = grid(498_300.0, 2_001_300.0, 30);
    let cutter = Cutter::new(open(&path), &cells, &crs, settings()).unwrap();
    let (count, outside) = (cutter.len(), cutter.outside().to_vec());
    assert_eq!(count + outside.len(), 900);
    assert!(outside.contains(&0) && outside.len() > 200, "{}", outside.len());
    let mut seen = outside;
    for batch in cut_all(cutter) {
        let Samples::Int16(samples) = &batch.patches.samples else { unreachable!() };
        for (place, &cell) in batch.patches.positions.iter().enumerate() {
            seen.push(cell);
            let (row, column) = (f64::from(cell / 30), f64::from(cell % 30));
            #[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
            let pixel = |metres: f64| (metres / 30.0).floor() as i64 - 16;
            let first =
                (pixel(row * 1000.0 + 500.0 - 1300.0), pixel(column * 1000.0 + 500.0 - 1700.0));
            for index in 0..33 * 33 {
                let at = (first.0 + index / 33, first.1 + index % 33);
                let index = place * 33 * 33 + usize::try_from(index).unwrap();
                let on = |value: i64| usize::try_from(value).ok().filter(|&value| value < SIDE);
                match (on(at.0), on(at.1)) {
                    (Some(row), Some(column)) => assert_eq!(samples[index], number(row, column)),
                    _ => assert!(samples[index] == -9999 && !batch.patches.used[index]),
                }
            }
            let used = batch.patches.used_of(place).iter().filter(|&&used| used).count();
            assert_eq!(used, batch.used_pixels[place] as usize);
            assert_eq!(batch.inside_pixels[place], 1089);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..900).collect::<Vec<u32>>());
}

#[test]
fn a_grid_in_another_system_gives_the_same_pixels_where_it_is_the_same_grid() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let metres = CoordinateSystem::parse("EPSG:32614").unwrap();
    let degrees = CoordinateSystem::parse("EPSG:4326").unwrap();
    let cells = grid(501_010.0, 1_999_010.0, 5);
    let transform = crate::raster::Transform::new(&metres, &degrees).unwrap();
    let mut moved = CellList::default();
    for index in 0..cells.len() {
        let mut cell = cells.get(index);
        let mut corners = cell.outline.unwrap().corners;
        for corner in &mut corners {
            let (mut x, mut y) = ([corner.x], [corner.y]);
            transform.points(&mut x, &mut y).unwrap();
            (corner.x, corner.y) = (x[0], y[0]);
        }
        cell.outline = Some(Outline { corners });
        moved.push(&cell);
    }
    let here = cut_all(Cutter::new(open(&path), &cells, &metres, settings()).unwrap());
    let there = cut_all(Cutter::new(open(&path), &moved, &degrees, settings()).unwrap());
    assert_eq!(here, there);
}

#[test]
fn a_grid_elsewhere_is_refused_with_both_places() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let cells = grid(600_000.0, 2_000_000.0, 2);
    let error = Cutter::new(open(&path), &cells, &crs, settings()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("misses the mosaic") && text.contains("mosaic.tif"), "{text}");
    assert!(text.contains("600500") && text.contains("500000"), "{text}");
}

#[test]
fn a_sink_that_fails_ends_the_work_with_its_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let cells = grid(500_000.0, 2_000_000.0, 15);
    let cutter = Cutter::new(open(&path), &cells, &crs, settings()).unwrap();
    let result = cutter.run(&mut |_| Err(CuttingError::NoCells));
    assert!(matches!(result, Err(CuttingError::NoCells)));
}
