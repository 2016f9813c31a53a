//! Processes that are killed (SIGKILL) at any moment: the next one ends with the same bytes, and nothing is left behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tesela_datasets::random::{Generator, generator, unit};

use super::{DATA, Place};

/// The bytes of all files in `folder`, by name; a folder in it is a failure.
fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(entry.path().is_file(), "`{name}` was left behind");
        (name, fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

/// Fails where the files in `folder` are not those in `expected`.
fn assert_same(folder: &Path, expected: &Path) {
    let [found, expected] = [folder, expected].map(files_in);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (name, bytes) in &found {
        assert!(*bytes == expected[name], "`{name}` differs");
    }
}

/// Whether a ledger at `path` holds records: it is longer than its header.
fn has_records(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    let Some(length) = bytes.get(12..16) else { return false };
    let header = u32::from_le_bytes(length.try_into().unwrap()) as usize;
    bytes.len() > 20 + header + 8
}

fn start(place: &Place, line: &str) -> Child {
    place.command(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Runs the program and kills it after a while that is drawn, up to one and a half times `usual`, again and again until it
/// is done; gives how often it was killed.
fn kill_until_done(place: &Place, line: &str, usual: Duration, draws: &mut Generator) -> u32 {
    for kills in 0..100 {
        let mut child = start(place, line);
        std::thread::sleep(usual.mul_f64(1.5 * unit(draws)).max(Duration::from_millis(1)));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{line}");
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    panic!("it never comes to an end: {line}");
}

/// Runs the program and kills it as soon as `moment` has come.
fn kill_at(place: &Place, line: &str, moment: impl Fn() -> bool) {
    let mut child = start(place, line);
    let limit = Instant::now() + Duration::from_mins(1);
    while !moment() {
        assert!(child.try_wait().unwrap().is_none(), "it was done before it was killed: {line}");
        assert!(Instant::now() < limit, "the moment does not come: {line}");
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_prediction_that_is_killed_again_and_again_ends_with_the_same_bytes() {
    let place = Place::new();
    fs::create_dir(place.path("whole")).unwrap();
    fs::create_dir(place.path("killed")).unwrap();
    let begin = Instant::now();
    place.succeed(&format!("predict run {DATA} --out whole/map.parquet"));
    let usual = begin.elapsed();
    let line = format!("predict run {DATA} --out killed/map.parquet");
    let kills = kill_until_done(&place, &line, usual, &mut generator(1, &[]));
    // The draws say so, whatever the speed of the machine.
    assert!(kills > 0);
    assert_same(&place.path("killed"), &place.path("whole"));
}

#[test]
fn a_map_in_all_its_forms_is_the_same_however_often_making_it_was_killed() {
    let place = Place::new();
    for folder in ["whole", "killed", "merged", "parts"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    let forms = |folder: &str| {
        ["tif", "gpkg", "png"].map(|end| format!("--out {folder}/map.{end}")).join(" ")
    };
    let predict = |folder: &str| format!("predict run {DATA} {}", forms(folder));
    let begin = Instant::now();
    place.succeed(&predict("whole"));
    let usual = begin.elapsed();
    // Once when something is known, and once while each of the forms is made; then at any moment.
    let parts = place.path("killed/map.tif.parts");
    let is_there = |name: &str| fs::metadata(place.path(name)).is_ok();
    let ledger = || {
        let names = ["part-1-of-1.cells.partial", "part-1-of-1.cells"];
        names.iter().any(|name| has_records(&parts.join(name)))
    };
    kill_at(&place, &predict("killed"), ledger);
    assert!(ledger(), "nothing was kept");
    for begun in
        ["killed/map.tif.partial", "killed/map-probability.tif.partial", "killed/map.gpkg.partial"]
    {
        kill_at(&place, &predict("killed"), || is_there(begun));
    }
    kill_until_done(&place, &predict("killed"), usual, &mut generator(2, &[]));
    assert_same(&place.path("killed"), &place.path("whole"));

    place.succeed(&format!("predict run {DATA} --part 1/2 --out parts/map.parquet"));
    place.succeed(&format!("predict run {DATA} --part 2/2 --out parts/map.parquet"));
    let merge = format!("merge parts/map.parquet.parts {}", forms("merged"));
    for begun in ["merged/map.tif.parts/map.parquet.partial", "merged/map.gpkg.partial"] {
        kill_at(&place, &merge, || is_there(begun));
    }
    kill_until_done(&place, &merge, usual, &mut generator(3, &[]));
    assert_same(&place.path("merged"), &place.path("whole"));
    assert_eq!(files_in(&place.path("parts/map.parquet.parts")).len(), 2);
}
