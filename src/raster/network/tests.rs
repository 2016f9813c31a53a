//! Mosaics on a server that answers well, badly, and not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use gdal::config::set_config_option;
use tesela_datasets::descriptor::FileBands;
use tesela_datasets::patch::SampleType;
use tesela_datasets::pixel::Scaling;

use super::server::{Answer, Server};
use crate::raster::{
    BandLayout, CogWriter, GeoTiffLayout, Mosaic, MosaicReading, MosaicWindow, Overviews, Window,
};

const SIDE: usize = 1100;
const NODATA: i16 = -9999;

/// Numbers that do not compress, so that the file is larger than what GDAL fetches when it opens one.
fn number(index: usize) -> i16 {
    // The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
    let mut mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    i16::try_from((mixed ^ (mixed >> 31)) % 10_000).unwrap()
}

fn layout(width: usize) -> GeoTiffLayout {
    GeoTiffLayout {
        bands: vec![BandLayout::named("red")],
        transform: [500_000.0, 30.0, 0.0, 2_000_000.0, 0.0, -30.0],
        crs: Some("EPSG:32614".to_owned()),
        nodata: Some(f64::from(NODATA)),
        ..GeoTiffLayout::new(width, width, SampleType::Int16)
    }
}

fn write_cog(path: &Path) {
    let mut writer = CogWriter::create(path, layout(SIDE), Overviews::Mean).unwrap();
    let windows: Vec<Window> = layout(SIDE).windows(1).collect();
    for window in windows {
        let rows = window.row..window.row + window.height;
        let samples: Vec<i16> = rows
            .flat_map(|row| {
                (window.column..window.column + window.width).map(move |c| number(row * SIDE + c))
            })
            .collect();
        writer.write(0, window, &samples).unwrap();
    }
    writer.finish().unwrap().publish().unwrap();
}

/// A mosaic on disk, and its bytes.
struct Fixture {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Fixture {
    fn new() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| set_config_option("GDAL_HTTP_RETRY_DELAY", "0.01").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.tif");
        write_cog(&path);
        let bytes = std::fs::read(path).unwrap();
        assert!(bytes.len() > 1 << 20, "{} bytes", bytes.len());
        Self { folder, bytes }
    }

    fn local(&self) -> PathBuf {
        self.folder.path().join("m.tif")
    }
}

fn open(path: impl AsRef<Path>) -> Result<Mosaic, String> {
    let bands = FileBands::new(&["red".to_owned()]).unwrap();
    let scaling = Scaling::declared(1.0, 0.0, Some(f64::from(NODATA)));
    Mosaic::open(path.as_ref(), &MosaicReading { bands, scaling }).map_err(|error| chain(&error))
}

/// All windows of a mosaic, or the first error.
fn read(mosaic: &Mosaic) -> Result<Vec<MosaicWindow>, String> {
    let windows = layout(SIDE).windows(1);
    windows.map(|window| mosaic.read(window).map_err(|error| chain(&error))).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[test]
fn a_mosaic_on_a_server_is_the_one_on_disk_under_each_of_its_names() {
    let fixture = Fixture::new();
    let local = read(&open(fixture.local()).unwrap()).unwrap();
    let server = Server::start([("/m.tif", fixture.bytes.clone())], |_| Answer::Part);
    let url = server.url("/m.tif");
    for name in [url.clone(), format!("/vsicurl/{url}?again")] {
        assert!(read(&open(&name).unwrap()).unwrap() == local, "{name}");
    }
    // In parts: not once as a whole, and not block by block.
    assert!((4..60).contains(&server.requests()), "{} requests", server.requests());
}

#[test]
fn a_window_needs_a_part_of_the_file_alone() {
    let fixture = Fixture::new();
    let whole = fixture.bytes.len();
    let server = Server::start([("/m.tif", fixture.bytes)], |_| Answer::Part);
    let mosaic = open(server.url("/m.tif")).unwrap();
    mosaic.read(Window { column: 0, row: 0, width: 10, height: 10 }).unwrap();
    let most = whole / (256 << 10);
    assert!(server.requests() < most, "{} requests; the file has {most} parts", server.requests());
    let sent = server.bytes_sent();
    assert!(sent < whole as u64 / 2, "{sent} of {whole} bytes");
}

#[test]
fn failures_midway_are_tried_again() {
    let fixture = Fixture::new();
    let local = read(&open(fixture.local()).unwrap()).unwrap();
    for failure in [Answer::Status(503), Answer::Status(500), Answer::Cut] {
        let rule = move |number: usize| {
            if number % 3 == 2 { failure } else { Answer::Part }
        };
        let server = Server::start([("/m.tif", fixture.bytes.clone())], rule);
        let mosaic = open(server.url("/m.tif")).unwrap();
        assert!(read(&mosaic).unwrap() == local, "{failure:?}");
    }
}

#[test]
fn a_mosaic_is_opened_by_a_server_that_fails_at_first() {
    let fixture = Fixture::new();
    let local = read(&open(fixture.local()).unwrap()).unwrap();
    for failure in [Answer::Status(500), Answer::Cut] {
        let rule = move |number| if number == 1 { failure } else { Answer::Part };
        let server = Server::start([("/m.tif", fixture.bytes.clone())], rule);
        // A request for the size alone is not counted, so that some attempts get nothing.
        let opened = open(server.url("/m.tif"));
        match failure {
            Answer::Cut => assert!(read(&opened.unwrap()).unwrap() == local),
            _ => {
                let error = opened.unwrap_err();
                assert!(error.contains("in 4 attempts") && error.contains("500"), "{error}");
            }
        }
    }
}

#[test]
fn a_server_that_stays_away_ends_with_the_window_and_the_address() {
    let fixture = Fixture::new();
    for failure in [Answer::Status(503), Answer::Cut] {
        let away = Arc::new(AtomicBool::new(false));
        let rule = {
            let away = Arc::clone(&away);
            move |_| if away.load(Ordering::SeqCst) { failure } else { Answer::Part }
        };
        let server = Server::start([("/m.tif", fixture.bytes.clone())], rule);
        let mosaic = open(server.url("/m.tif")).unwrap();
        away.store(true, Ordering::SeqCst);
        let error = read(&mosaic).unwrap_err();
        assert!(error.contains(&server.url("/m.tif")), "{error}");
        assert!(error.contains("columns ") && error.contains("in 4 attempts"), "{error}");
        assert!(error.contains("GDAL_HTTP_MAX_RETRY"), "{error}");
        if failure == Answer::Status(503) {
            assert!(error.contains("503"), "{error}");
        }
        // When it is back, the same window can be read.
        away.store(false, Ordering::SeqCst);
        read(&mosaic).unwrap();
    }
}

#[test]
fn a_server_that_gives_nothing_says_why_and_what_to_do() {
    let fixture = Fixture::new();
    let server = Server::start([("/m.tif", fixture.bytes.clone())], |_| Answer::Part);
    let error = open(server.url("/other.tif")).unwrap_err();
    assert!(error.contains("404") && error.contains("other.tif"), "{error}");
    assert!(error.contains("is the address right?"), "{error}");
    let server = Server::start([("/m.tif", fixture.bytes.clone())], |_| Answer::Status(403));
    let error = open(server.url("/m.tif")).unwrap_err();
    assert!(error.contains("403") && error.contains("credentials"), "{error}");
    // Nobody listens there.
    let gone = Server::start([], |_| Answer::Part).url("/m.tif");
    let error = open(&gone).unwrap_err();
    assert!(error.contains(&gone) && error.contains("network"), "{error}");
}

#[test]
fn a_server_without_ranges_is_refused_with_advice() {
    let fixture = Fixture::new();
    let local = read(&open(fixture.local()).unwrap()).unwrap();
    let server = Server::start([("/m.tif", fixture.bytes.clone())], |_| Answer::Whole);
    match open(server.url("/m.tif")).and_then(|mosaic| read(&mosaic)) {
        Ok(windows) => assert!(windows == local),
        Err(error) => assert!(error.contains("download the file"), "{error}"),
    }
}

#[test]
fn a_bucket_is_read_with_the_settings_of_gdal() {
    let fixture = Fixture::new();
    let local = read(&open(fixture.local()).unwrap()).unwrap();
    let server = Server::start([("/bucket/m.tif", fixture.bytes.clone())], |_| Answer::Part);
    for (key, value) in [
        ("AWS_S3_ENDPOINT", server.address()),
        ("AWS_VIRTUAL_HOSTING", "FALSE"),
        ("AWS_NO_SIGN_REQUEST", "YES"),
        ("AWS_HTTPS", "NO"),
    ] {
        set_config_option(key, value).unwrap();
    }
    for name in ["s3://bucket/m.tif", "/vsis3/bucket/m.tif"] {
        assert!(read(&open(name).unwrap()).unwrap() == local, "{name}");
    }
    assert!(server.requests() > 0);
    let error = open("s3://bucket/other.tif").unwrap_err();
    assert!(error.contains("s3://bucket/other.tif"), "{error}");
}

/// An archive with one file, stored as it is.
fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap().into_inner()
}

#[test]
fn an_archive_is_read_in_place_and_offers_the_name_of_its_raster() {
    let fixture = Fixture::new();
    let local = read(&open(fixture.local()).unwrap()).unwrap();
    let archive = zip_of("inside/m.tif", &fixture.bytes);
    let path = fixture.folder.path().join("m.zip");
    std::fs::write(&path, &archive).unwrap();
    let error = open(&path).unwrap_err();
    let offered = error.split('`').find(|part| part.starts_with("/vsizip/")).expect(&error);
    assert!(offered.ends_with("m.zip/inside/m.tif"), "{offered}");
    assert!(read(&open(offered).unwrap()).unwrap() == local);
    let server = Server::start([("/m.zip", archive)], |_| Answer::Part);
    let remote = format!("/vsizip//vsicurl/{}/inside/m.tif", server.url("/m.zip"));
    assert!(read(&open(remote).unwrap()).unwrap() == local);
}

/// A mosaic of two tiles side by side, the second one called `right`.
fn write_vrt(path: &Path, right: &str) {
    let source = |name: &str, at: usize| {
        format!(
            "<SimpleSource><SourceFilename relativeToVRT=\"1\">{name}</SourceFilename>\
             <SourceBand>1</SourceBand>\
             <SourceProperties RasterXSize=\"{SIDE}\" RasterYSize=\"{SIDE}\" DataType=\"Int16\"/>\
             <SrcRect xOff=\"0\" yOff=\"0\" xSize=\"{SIDE}\" ySize=\"{SIDE}\"/>\
             <DstRect xOff=\"{at}\" yOff=\"0\" xSize=\"{SIDE}\" ySize=\"{SIDE}\"/></SimpleSource>"
        )
    };
    let text = format!(
        "<VRTDataset rasterXSize=\"{}\" rasterYSize=\"{SIDE}\"><SRS>EPSG:32614</SRS>\
         <GeoTransform>500000, 30, 0, 2000000, 0, -30</GeoTransform>\
         <VRTRasterBand dataType=\"Int16\" band=\"1\"><NoDataValue>{NODATA}</NoDataValue>{}{}\
         </VRTRasterBand></VRTDataset>",
        2 * SIDE,
        source("m.tif", 0),
        source(right, SIDE),
    );
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_missing_tile_is_an_error_that_names_it_and_never_a_guess() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("m.vrt");
    write_vrt(&path, "m.tif");
    let last = Window { column: 2 * SIDE - 10, row: 0, width: 10, height: 10 };
    let whole = open(&path).unwrap();
    whole.read(last).unwrap();
    write_vrt(&path, "gone.tif");
    let mosaic = open(&path).unwrap();
    mosaic.read(Window { column: 0, row: 0, width: 10, height: 10 }).unwrap();
    let error = chain(&mosaic.read(last).unwrap_err());
    assert!(error.contains("m.vrt") && error.contains("gone.tif"), "{error}");
    // It stays an error.
    assert!(mosaic.read(last).is_err());
}

#[test]
fn tiles_on_a_server_make_a_mosaic() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("m.vrt");
    write_vrt(&path, "m.tif");
    let vrt = std::fs::read(&path).unwrap();
    let local = read(&open(&path).unwrap()).unwrap();
    let files = [("/m.vrt", vrt), ("/m.tif", fixture.bytes.clone())];
    let server = Server::start(files, |_| Answer::Part);
    assert!(read(&open(server.url("/m.vrt")).unwrap()).unwrap() == local);
}
