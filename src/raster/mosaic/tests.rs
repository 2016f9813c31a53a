//! Bad and good mosaics on disk.

use std::path::{Path, PathBuf};

use gdal::raster::RasterCreationOptions;
use gdal::{Dataset, DriverManager};
use tesela_datasets::descriptor::FileBands;
use tesela_datasets::patch::{SampleType, Samples};
use tesela_datasets::pixel::{Product, Scaling};

use super::{Access, Mosaic, MosaicReading};
use crate::raster::{BandLayout, GeoTiffLayout, GeoTiffSample, GeoTiffWriter, Window};

const WIDTH: usize = 300;
const HEIGHT: usize = 280;

fn layout(sample_type: SampleType, bands: usize) -> GeoTiffLayout {
    GeoTiffLayout {
        bands: (0..bands).map(|band| BandLayout::named(format!("b{band}"))).collect(),
        transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
        crs: Some("EPSG:32614".to_owned()),
        ..GeoTiffLayout::new(WIDTH, HEIGHT, sample_type)
    }
}

/// Writes a raster whose number is `number(band, row, column)`.
fn write<T: GeoTiffSample>(
    path: &Path,
    layout: GeoTiffLayout,
    number: impl Fn(usize, usize, usize) -> T,
) {
    let bands = layout.bands.len();
    let windows: Vec<Window> = layout.windows(1).collect();
    let mut writer = GeoTiffWriter::create(path, layout).unwrap();
    for window in windows {
        for band in 0..bands {
            let rows = window.row..window.row + window.height;
            let samples: Vec<T> = rows
                .flat_map(|row| {
                    let columns = window.column..window.column + window.width;
                    columns.map(move |column| (row, column))
                })
                .map(|(row, column)| number(band, row, column))
                .collect();
            writer.write(band, window, &samples).unwrap();
        }
    }
    writer.finish().unwrap();
}

fn number(band: usize, row: usize, column: usize) -> i16 {
    i16::try_from(band * 10_000 + (row * 7 + column) % 9000).unwrap()
}

fn reading(names: &[&str], scaling: Scaling) -> MosaicReading {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    MosaicReading { bands: FileBands::new(&names).unwrap(), scaling }
}

/// The message of every cause of the error that opening gives.
fn refusal(path: &Path, reading: &MosaicReading) -> String {
    let error = Mosaic::open(path, reading).unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    assert!(text.contains(&path.display().to_string()), "{text}");
    text
}

fn good(directory: &Path) -> PathBuf {
    let path = directory.join("good.tif");
    write(&path, layout(SampleType::Int16, 3), number);
    path
}

#[test]
fn windows_hold_the_named_bands_in_canonical_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = good(directory.path());
    let mosaic =
        Mosaic::open(&path, &reading(&["red", "-", "blue"], Product::C1.scaling())).unwrap();
    assert_eq!((mosaic.columns(), mosaic.rows(), mosaic.bands()), (WIDTH, HEIGHT, 2));
    assert_eq!(mosaic.block(), (256, 256));
    assert_eq!(mosaic.crs().authority(), Some("EPSG:32614"));
    let window = Window { column: 250, row: 251, width: 50, height: 3 };
    let read = mosaic.read(window).unwrap();
    let Samples::Int16(samples) = read.samples else { unreachable!() };
    assert_eq!(samples.len(), 2 * 150);
    assert_eq!(samples[0], number(2, 251, 250));
    assert_eq!(samples[150 + 52], number(0, 252, 252));
}

/// Writes a copy of the raster `from` by the driver of GDAL called `driver`.
fn copy(from: &Path, to: &Path, driver: &str, options: &[&str]) {
    let mut creation = RasterCreationOptions::default();
    for option in options {
        let (name, value) = option.split_once('=').unwrap();
        creation.set_name_value(name, value).unwrap();
    }
    let raster = Dataset::open(from).unwrap();
    let driver = DriverManager::get_driver_by_name(driver).unwrap();
    raster.create_copy(&driver, to, &creation).unwrap();
}

#[test]
fn every_layout_on_disk_holds_the_same_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let path = good(directory.path());
    let reading = reading(&["red", "-", "blue"], Product::C1.scaling());
    let expected = Mosaic::open(&path, &reading).unwrap();
    assert_eq!(expected.access(), Access::Blocks);
    for (name, driver, options, block) in [
        (
            "cloud-optimised.tif",
            "COG",
            &["BLOCKSIZE=128", "COMPRESS=DEFLATE"][..],
            Some((128, 128)),
        ),
        ("striped.tif", "GTiff", &["TILED=NO", "BLOCKYSIZE=16"], Some((WIDTH, 16))),
        ("by-pixel.tif", "GTiff", &["INTERLEAVE=PIXEL", "BLOCKYSIZE=1"], Some((WIDTH, 1))),
        ("virtual.vrt", "VRT", &[], None),
    ] {
        let other = directory.path().join(name);
        copy(&path, &other, driver, options);
        let mosaic = Mosaic::open(&other, &reading).unwrap();
        assert!(block.is_none_or(|block| block == mosaic.block()), "{name}: {:?}", mosaic.block());
        assert!(matches!(mosaic.access(), Access::Windows { .. }), "{name}");
        assert_eq!(mosaic.placement(), expected.placement(), "{name}");
        assert_eq!(mosaic.crs().authority(), expected.crs().authority(), "{name}");
        for (column, row, width, height) in
            [(0, 0, WIDTH, HEIGHT), (0, 0, 256, 256), (256, 256, 44, 24), (250, 251, 50, 3)]
        {
            let window = Window { column, row, width, height };
            let (found, expected) = (mosaic.read(window), expected.read(window));
            assert_eq!(found.unwrap().samples, expected.unwrap().samples, "{name}: {window:?}");
        }
    }
}

#[test]
fn missing_empty_and_foreign_files_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let reading = reading(&["red"], Product::C1.scaling());
    let missing = directory.path().join("missing.tif");
    assert!(refusal(&missing, &reading).contains("does not exist"));
    let empty = directory.path().join("empty.tif");
    std::fs::write(&empty, "").unwrap();
    assert!(refusal(&empty, &reading).contains("empty"));
    let text = directory.path().join("text.tif");
    std::fs::write(&text, "not a raster").unwrap();
    assert!(refusal(&text, &reading).contains("raster"));
}

#[test]
fn a_truncated_file_is_refused_when_it_is_opened_or_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = good(directory.path());
    let bytes = std::fs::read(&path).unwrap();
    let reading = reading(&["red", "green", "blue"], Product::C1.scaling());
    let window = Window { column: 0, row: 0, width: WIDTH, height: HEIGHT };
    for length in [8, bytes.len() / 2, bytes.len() - 100] {
        let path = directory.path().join(format!("{length}.tif"));
        std::fs::write(&path, &bytes[..length]).unwrap();
        if let Ok(mosaic) = Mosaic::open(&path, &reading) {
            let error = mosaic.read(window).unwrap_err().to_string();
            assert!(error.contains("is the file complete?"), "{length}: {error}");
        }
    }
}

#[test]
fn wrong_band_counts_types_and_nodata_values_are_refused_with_what_was_expected() {
    let directory = tempfile::tempdir().unwrap();
    let path = good(directory.path());
    let two = reading(&["red", "blue"], Product::C1.scaling());
    assert!(refusal(&path, &two).contains("has 3 bands; the descriptor lists 2"));

    let unsigned = directory.path().join("unsigned.tif");
    write(&unsigned, layout(SampleType::UInt16, 1), |_, _, _| 7_u16);
    let c1 = reading(&["red"], Product::C1.scaling());
    let message = refusal(&unsigned, &c1);
    assert!(message.contains("uint16") && message.contains("-9999"), "{message}");

    let other = directory.path().join("nodata.tif");
    let nodata = GeoTiffLayout { nodata: Some(-32768.0), ..layout(SampleType::Int16, 1) };
    write(&other, nodata, |_, _, _| 7_i16);
    let message = refusal(&other, &c1);
    assert!(message.contains("-32768") && message.contains("`c1` has -9999"), "{message}");
    let none = reading(&["red"], Scaling::declared(1.0, 0.0, None));
    assert!(refusal(&other, &none).contains("has none"));
}

#[test]
fn a_raster_without_a_place_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("nowhere.tif");
    write(&path, GeoTiffLayout { crs: None, ..layout(SampleType::Int16, 1) }, |_, _, _| 7_i16);
    let reading = reading(&["red"], Product::C1.scaling());
    assert!(refusal(&path, &reading).contains("no coordinate reference system"));
}

#[test]
fn a_mosaic_tells_what_its_bands_are_called_and_whether_it_declares_gaps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("m.tif");
    for (nodata, declares) in [(None, false), (Some(-9999.0), true)] {
        let layout = GeoTiffLayout { nodata, ..layout(SampleType::Int16, 3) };
        write(&path, layout, number);
        let mosaic = Mosaic::open(&path, &reading(&["red", "-", "nir"], Product::C1.scaling()));
        let mosaic = mosaic.unwrap();
        assert_eq!(mosaic.band_names(), ["b0", "b1", "b2"]);
        assert_eq!(mosaic.declares_nodata(), declares);
        assert_eq!(mosaic.files(), std::slice::from_ref(&path));
    }
}
