//! Mosaics that are no plain files: behind a VRT, in an archive, on a server, and on one that stops answering midway.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::program::{command, succeed};
use server::{Answer, Server};

#[expect(dead_code, reason = "the tests of the library ask for more")]
#[path = "../../src/raster/network/server.rs"]
mod server;

/// A folder with a simulated state, whose mosaic is read in two pieces, and a run of trees on it.
fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        succeed(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
    };
    run("simulate --size 60 --seed 3 --out state");
    run("prepare simulated --mosaic state/mosaic.tif --grid state/grid.parquet --out store");
    let experiment = "seed = 5\n[data]\nstore = \"store\"\n[data.sample]\nper-class = 20\n\
                      [validation]\nfolds = 2\n[model.extra-trees]\nn-trees = 10\n";
    fs::write(folder.path().join("trees.toml"), experiment).unwrap();
    run("train trees.toml --out run");
    folder
}

/// Predicts the mosaic at `url`; what is read of it comes in small parts, and failures are tried again at once.
fn predict(folder: &Path, url: &str, out: &str) -> Output {
    let line = ["predict", "run", "--mosaic", url, "--grid", "state/grid.parquet", "--out", out];
    let mut command = command(folder, &line);
    command.env("GDAL_HTTP_MAX_RETRY", "2").env("GDAL_HTTP_RETRY_DELAY", "0.01");
    // A chunk is as small as GDAL allows, and no more is kept than a few of them.
    command.env("CPL_VSIL_CURL_CHUNK_SIZE", "16384").env("CPL_VSIL_CURL_CACHE_SIZE", "262144");
    command.env("GDAL_CACHEMAX", "1").output().unwrap()
}

/// Lets the bands of the GeoTIFF `m.tif` stand in a VRT beside it.
fn write_vrt(folder: &Path) {
    let path = folder.join("state/m.vrt");
    let made = std::process::Command::new("gdal_translate")
        .args(["-q", "-of", "VRT", "mosaic.tif", "m.vrt"])
        .current_dir(folder.join("state"))
        .status();
    assert!(made.is_ok_and(|status| status.success()), "`gdal_translate` of gdal-bin is needed");
    assert!(fs::read_to_string(path).unwrap().contains("mosaic.tif"));
}

fn write_zip(folder: &Path, bytes: &[u8]) {
    use std::io::Write;
    let file = fs::File::create(folder.join("state/images.zip")).unwrap();
    let mut archive = zip::ZipWriter::new(file);
    archive.start_file("inside/m.tif", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap();
}

/// Predicts the mosaic called `mosaic`, in a bucket of `server` where it is one, with the settings as they are; gives the
/// lines of the map.
fn lines(folder: &Path, mosaic: &str, server: Option<&Server>) -> String {
    let line =
        ["predict", "run", "--mosaic", mosaic, "--grid", "state/grid.parquet", "--out", "map.csv"];
    let mut command = command(folder, &line);
    command.envs([
        ("AWS_NO_SIGN_REQUEST", "YES"),
        ("AWS_HTTPS", "NO"),
        ("AWS_VIRTUAL_HOSTING", "FALSE"),
    ]);
    command.envs(server.map(|server| ("AWS_S3_ENDPOINT", server.address())));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{mosaic}: {}", said(&output));
    fs::read_to_string(folder.join("map.csv")).unwrap()
}

#[test]
fn wherever_a_mosaic_lies_the_map_is_the_same_and_it_is_sent_once() {
    let place = place();
    let folder = place.path();
    let bytes = fs::read(folder.join("state/mosaic.tif")).unwrap();
    let expected = lines(folder, "state/mosaic.tif", None);
    assert_eq!(expected.lines().count(), 1 + 60 * 60);
    write_vrt(folder);
    write_zip(folder, &bytes);
    for local in ["state/m.vrt", "/vsizip/state/images.zip/inside/m.tif"] {
        assert!(lines(folder, local, None) == expected, "{local}");
    }
    let archive = fs::read(folder.join("state/images.zip")).unwrap();
    let files = [("/m.tif", &bytes), ("/bucket/m.tif", &bytes), ("/images.zip", &archive)];
    let server =
        || Server::start(files.map(|(path, bytes)| (path, bytes.clone())), |_| Answer::Part);
    let names: [fn(&Server) -> String; 5] = [
        |server| server.url("/m.tif"),
        |server| format!("/vsicurl/{}", server.url("/m.tif")),
        |_| "s3://bucket/m.tif".to_owned(),
        |_| "/vsis3/bucket/m.tif".to_owned(),
        |server| format!("/vsizip//vsicurl/{}/inside/m.tif", server.url("/images.zip")),
    ];
    for name in names {
        let server = server();
        let name = name(&server);
        assert!(lines(folder, &name, Some(&server)) == expected, "{name}");
        // Each block once; at the edges of what is fetched at a time, a little of it a second time.
        let (sent, whole) = (server.bytes_sent(), bytes.len() as u64);
        assert!(sent > whole / 2 && sent * 10 <= whole * 11, "{name}: {sent} of {whole} bytes");
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_prediction_whose_server_goes_away_ends_with_its_address_and_goes_on_when_it_is_back() {
    let folder = place();
    let bytes = fs::read(folder.path().join("state/mosaic.tif")).unwrap();
    // How many requests are answered before the server fails.
    let answered = Arc::new(AtomicUsize::new(usize::MAX));
    let rule = {
        let answered = Arc::clone(&answered);
        move |number| {
            if number <= answered.load(Ordering::SeqCst) { Answer::Part } else { Answer::Cut }
        }
    };
    let server = Server::start([("/m.tif", bytes)], rule);
    let url = server.url("/m.tif");
    let undisturbed = predict(folder.path(), &url, "whole.parquet");
    assert!(undisturbed.status.success(), "{}", said(&undisturbed));
    assert!(!said(&undisturbed).contains("warning"), "{}", said(&undisturbed));
    let requests = server.requests();
    assert!(requests > 20, "{requests} requests are too few to fail in the midst of them");
    answered.store(requests + requests * 3 / 4, Ordering::SeqCst);
    let broken = predict(folder.path(), &url, "map.parquet");
    let message = said(&broken);
    assert_eq!(broken.status.code(), Some(2), "{message}");
    assert!(message.contains(&format!("warning: `{url}`")), "{message}");
    assert!(message.contains("attempt 2 of 3 in 0.01 s"), "{message}");
    assert!(
        message.contains("in 3 attempts") && message.contains("GDAL_HTTP_MAX_RETRY"),
        "{message}"
    );
    assert!(message.contains("the same command goes on from there"), "{message}");
    assert!(!folder.path().join("map.parquet").exists());
    answered.store(usize::MAX, Ordering::SeqCst);
    let resumed = predict(folder.path(), &url, "map.parquet");
    assert!(resumed.status.success(), "{}", said(&resumed));
    assert!(said(&resumed).contains("cells were known from before"), "{}", said(&resumed));
    let [whole, map] = ["whole", "map"]
        .map(|name| fs::read(folder.path().join(format!("{name}.parquet"))).unwrap());
    assert!(whole == map);
}
