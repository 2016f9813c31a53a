//! A mosaic on a server that stops answering midway.

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
