//! The cutter on a mosaic on disk.

use std::path::Path;

use tesela_datasets::cell::{Cell, CellId, Outline};
use tesela_datasets::class::Label;
use tesela_datasets::descriptor::FileBands;
use tesela_datasets::patch::{SampleType, Samples};
use tesela_datasets::pixel::Product;

use super::{CellSorter, CutPatches, Cutter, CutterSettings, CuttingError};
use crate::raster::{
    BandLayout, CoordinateSystem, GeoTiffLayout, GeoTiffWriter, Mosaic, MosaicReading,
};

const SIDE: usize = 700;

/// A mosaic without measurements in a corner where four blocks meet.
fn number(row: usize, column: usize) -> i16 {
    if (505..520).contains(&row) && (250..262).contains(&column) {
        return -9999;
    }
    i16::try_from((row * 31 + column * 17) % 9973).unwrap()
}

fn write_mosaic(path: &Path) {
    write_large_mosaic(path, SIDE, SIDE);
}

fn write_large_mosaic(path: &Path, columns: usize, rows: usize) {
    let layout = GeoTiffLayout {
        bands: vec![BandLayout::named("red")],
        transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
        crs: Some("EPSG:32614".to_owned()),
        nodata: Some(-9999.0),
        ..GeoTiffLayout::new(columns, rows, SampleType::Int16)
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
    CutterSettings { patch_pixels: 33, scaling: Product::C1.scaling(), with_cells: true }
}

/// Squares of 1 km, `count` a side, whose upper left corner is at `(x, y)`.
fn grid(x: f64, y: f64, count: usize) -> Vec<Cell> {
    let places = (0..count).flat_map(|row| (0..count).map(move |column| (row, column)));
    let cell = |(row, column)| {
        let (x, y) = (x + column as f64 * 1000.0, y - (row + 1) as f64 * 1000.0);
        Cell {
            id: CellId::new(format!("{row}-{column}")),
            label: Label::Undefined,
            outline: Some(Outline::square(x, y, 1000.0)),
            year: None,
        }
    };
    places.map(cell).collect()
}

/// A cutter of `cells`, whose outlines are in `crs`.
fn cutter(mosaic: &Path, cells: &[Cell], crs: &CoordinateSystem) -> Result<Cutter, CuttingError> {
    let mut sorter = CellSorter::new(open(mosaic), crs, mosaic.parent().unwrap())?;
    sorter.extend(cells)?;
    sorter.into_cutter(settings())
}

fn cut_all(cutter: Cutter) -> Vec<CutPatches> {
    let mut batches = Vec::new();
    cutter
        .run(&mut |batch| {
            batches.push(batch);
            Ok::<(), CuttingError>(())
        })
        .unwrap();
    batches
}

/// The patch at `place` must have the numbers of the window whose first row and column are `first`, in a mosaic of `extent`
/// columns and rows.
fn check_pixels(batch: &CutPatches, place: usize, first: (i64, i64), extent: (usize, usize)) {
    let Samples::Int16(samples) = &batch.patches.samples else { unreachable!() };
    let on = |value: i64, length| usize::try_from(value).ok().filter(|&value| value < length);
    for index in 0..33 * 33 {
        let at = (first.0 + index / 33, first.1 + index % 33);
        let index = place * 33 * 33 + usize::try_from(index).unwrap();
        match (on(at.0, extent.1), on(at.1, extent.0)) {
            (Some(row), Some(column)) => {
                assert_eq!(samples[index], number(row, column));
                assert_eq!(batch.patches.used[index], number(row, column) != -9999);
            }
            _ => assert!(samples[index] == -9999 && !batch.patches.used[index]),
        }
    }
}

#[test]
fn cells_at_the_edges_of_tiles_are_whole_and_memory_that_comes_back_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    // More than one tile each way.
    let (columns, rows) = (1100, 3500);
    write_large_mosaic(&path, columns, rows);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let cells = grid(499_500.0, 2_000_500.0, 110);
    let cutter = cutter(&path, &cells, &crs).unwrap();
    let (count, pool) = (cutter.len(), cutter.pool());
    let mut seen = Vec::new();
    cutter
        .run(&mut |batch| {
            for (place, &cell) in batch.patches.positions.iter().enumerate() {
                let (row, column) = (i64::from(cell / 110), i64::from(cell % 110));
                // A centroid lies at whole kilometres from the corner of the mosaic.
                let first = ((row * 1000).div_euclid(30) - 16, (column * 1000).div_euclid(30) - 16);
                check_pixels(&batch, place, first, (columns, rows));
                seen.push(cell);
            }
            pool.give_back(batch.patches);
            Ok::<(), CuttingError>(())
        })
        .unwrap();
    assert_eq!(seen.len(), count);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
    assert!(count > 3500, "{count}");
}

#[test]
fn every_cell_over_the_mosaic_gets_the_pixels_around_its_centroid() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    // Begins west and north of the mosaic and ends beyond it.
    let cells = grid(498_300.0, 2_001_300.0, 30);
    let cutter = cutter(&path, &cells, &crs).unwrap();
    let (count, outside) = (cutter.len(), cutter.outside());
    assert_eq!(count as u64 + outside, 900);
    assert!(outside > 200, "{outside}");
    let mut seen = Vec::new();
    for batch in cut_all(cutter) {
        for (place, &cell) in batch.patches.positions.iter().enumerate() {
            seen.push(cell);
            assert_eq!(batch.cells[place], cells[cell as usize]);
            let (row, column) = (f64::from(cell / 30), f64::from(cell % 30));
            #[expect(clippy::cast_possible_truncation, reason = "a few hundred pixels")]
            let pixel = |metres: f64| (metres / 30.0).floor() as i64 - 16;
            let first =
                (pixel(row * 1000.0 + 500.0 - 1300.0), pixel(column * 1000.0 + 500.0 - 1700.0));
            check_pixels(&batch, place, first, (SIDE, SIDE));
            let used = batch.patches.used_of(place).iter().filter(|&&used| used).count();
            assert_eq!(used, batch.used_pixels[place] as usize);
            assert_eq!(batch.inside_pixels[place], 1089);
        }
    }
    assert_eq!(seen.len(), count);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
    let overlaps = |cell: &u32| {
        let reaches = |place: u32, offset: f64| {
            let first = ((f64::from(place) * 1000.0 + 500.0 - offset) / 30.0).floor() - 16.0;
            first + 32.0 >= 0.0 && first < SIDE as f64
        };
        reaches(cell / 30, 1300.0) && reaches(cell % 30, 1700.0)
    };
    assert_eq!(seen, (0..900).filter(overlaps).collect::<Vec<u32>>());
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
    let mut moved = cells.clone();
    let corners = moved.iter_mut().flat_map(|cell| &mut cell.outline.as_mut().unwrap().corners);
    for corner in corners {
        let (mut x, mut y) = ([corner.x], [corner.y]);
        transform.points(&mut x, &mut y).unwrap();
        (corner.x, corner.y) = (x[0], y[0]);
    }
    let here = cut_all(cutter(&path, &cells, &metres).unwrap());
    let there = cut_all(cutter(&path, &moved, &degrees).unwrap());
    assert_eq!(here.len(), there.len());
    for (here, there) in here.iter().zip(&there) {
        assert_eq!(here.patches, there.patches);
        assert_eq!(here.inside_pixels, there.inside_pixels);
    }
}

#[test]
fn a_grid_elsewhere_is_refused_with_both_places() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let cells = grid(600_000.0, 2_000_000.0, 2);
    let error = cutter(&path, &cells, &crs).unwrap_err();
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
    let result = cutter(&path, &cells, &crs).unwrap().run(&mut |_| Err(CuttingError::NoCells));
    assert!(matches!(result, Err(CuttingError::NoCells)));
}

#[test]
fn the_size_of_patches_follows_the_usual_cell() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let mut sorter = CellSorter::new(open(&path), &crs, directory.path()).unwrap();
    assert!(matches!(sorter.patch_pixels(), Err(CuttingError::NoCells)));
    sorter.extend(&grid(500_000.0, 2_000_000.0, 15)).unwrap();
    assert_eq!(sorter.patch_pixels().unwrap(), 33);
}

#[test]
fn nothing_is_left_beside_the_mosaic() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mosaic.tif");
    write_mosaic(&path);
    let crs = CoordinateSystem::parse("EPSG:32614").unwrap();
    let cutter = cutter(&path, &grid(500_000.0, 2_000_000.0, 15), &crs).unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    assert_eq!(cut_all(cutter).iter().map(|batch| batch.cells.len()).sum::<usize>(), 225);
}
