//! Preparing that cannot come to its end: a disk that is full, and Ctrl-C.

#![cfg(unix)]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tesela::raster::GeoTiffLayout;

use super::{Place, text_of};

/// Cells along an edge: enough for preparing to take a noticeable time.
const EDGE: usize = 60;

fn large_place() -> Place {
    let place = Place::new();
    let side = EDGE * 34;
    let enlarge = |layout| GeoTiffLayout { width: side, height: side, ..layout };
    place.write_mosaic("large.tif", 6, 2500, enlarge);
    let id = |index| format!("c{index}");
    place.write_cells("large.parquet", 500_000.0, ["non-urban", "urban"], EDGE, id);
    place
}

fn nothing_is_left(place: &Place) {
    assert!(!place.path("s.zarr").exists(), "a store lies under the final name");
    assert!(!place.path("s.zarr.partial").exists(), "a partial store is left");
}

/// Prepares the large mosaic where no file may become larger than `blocks` of 512 bytes: a write beyond fails
/// as on a full disk. Gives what is said.
fn on_a_full_disk(place: &Place, blocks: u32) -> String {
    let made = place.prepare("simulated", "large.tif", "large.parquet", "s.zarr");
    let output = Command::new("sh")
        .current_dir(place.folder.path())
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
        .arg(made.get_program())
        .args(made.get_args())
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("File too large"), "{message}");
    nothing_is_left(place);
    message
}

#[test]
fn a_full_disk_is_an_error_that_leaves_nothing() {
    let place = large_place();
    let while_sorting = on_a_full_disk(&place, 20);
    assert!(while_sorting.contains("temporary file"), "{while_sorting}");
    let while_writing = on_a_full_disk(&place, 2000);
    assert!(while_writing.contains("s.zarr"), "{while_writing}");
}

/// Prepares the large mosaic and interrupts as soon as a store is begun.
fn interrupted(place: &Place) -> Output {
    let made = place.prepare("simulated", "large.tif", "large.parquet", "s.zarr");
    let mut child = Command::new(made.get_program())
        .current_dir(place.folder.path())
        .args(made.get_args())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !place.path("s.zarr.partial").exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn an_interrupt_leaves_nothing_and_the_same_command_starts_again() {
    let place = large_place();
    let stopped = (0..10).any(|_| {
        let output = interrupted(&place);
        if output.status.success() {
            // The signal came too late.
            std::fs::remove_dir_all(place.path("s.zarr")).unwrap();
            return false;
        }
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("interrupted"), "{message}");
        nothing_is_left(&place);
        true
    });
    assert!(stopped, "ten interrupts came too late");
    text_of(&mut place.prepare("simulated", "large.tif", "large.parquet", "s.zarr"));
    assert!(place.path("s.zarr/store.json").exists());
}
