//! What is told while a map is made: one line of a stage in a log, a bar with pace and time left on a terminal.

use std::path::Path;
use std::process::Command;

use super::{DATA, Place};

#[test]
fn a_log_has_one_line_of_each_long_stage() {
    let place = Place::new();
    let (_, remarks) = place.succeed(&format!("predict run {DATA} --out map.parquet"));
    for did in ["predicted", "mapped"] {
        let lines: Vec<&str> = remarks.lines().filter(|line| line.starts_with(did)).collect();
        assert_eq!(lines.len(), 1, "{remarks}");
        assert!(lines[0].starts_with(&format!("{did} 1,600 cells in ")), "{remarks}");
        assert!(lines[0].ends_with(" cells/s"), "{remarks}");
    }
    // No bar, nor what draws one.
    assert!(!remarks.contains('\x1b') && !remarks.contains('\r'), "{remarks:?}");
    let (_, remarks) = place.succeed(&format!("predict run {DATA} --out map.parquet --quiet"));
    assert_eq!(remarks, "");
}

#[test]
fn a_terminal_shows_cells_a_second_and_the_time_that_is_left() {
    let place = Place::new();
    // Enough cells, and models enough, that the bar is drawn several times.
    place.succeed("simulate --size 80 --seed 3 --out large");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/watch_terminal.py");
    let line = format!(
        "predict {} --mosaic large/mosaic.tif --grid large/grid.parquet --threads 1 --out map.parquet",
        ["run"; 16].join(" ")
    );
    let watched = Command::new("python3")
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_tesela"))
        .args(line.split(' '))
        .current_dir(place.folder.path())
        .output();
    let Ok(watched) = watched else {
        eprintln!("skipped: no python3 that makes a terminal");
        return;
    };
    let shown = String::from_utf8_lossy(&watched.stdout);
    assert!(watched.status.success(), "{shown}");
    let bars: Vec<&str> =
        shown.split(['\r', '\n']).filter(|bar| bar.contains("predicting")).collect();
    let paced = bars.iter().find(|bar| bar.contains(" cells/s · ") && bar.contains(" left"));
    assert!(paced.is_some(), "{bars:#?}");
    assert!(shown.contains("predicted 6,400 cells in "), "{shown}");
}
