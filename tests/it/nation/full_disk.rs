//! A disk that is full: what was computed is kept, and the same command goes on when there is room.

use std::process::{Command, Output};

use super::{DATA, Place};

/// Many models say much of each cell, so that the ledger is larger than the cells that wait for their turn.
fn predict(out: &str) -> String {
    format!("predict {} {DATA} --out {out}", ["run"; 32].join(" "))
}

impl Place {
    /// Runs the program where no file may become larger than so many blocks of 512 bytes, beyond which a write fails as on a
    /// full disk; gives its message.
    fn on_a_full_disk(&self, blocks: u32, line: &str) -> String {
        let output = Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_tesela"))
            .args(line.split(' '))
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        message
    }
}

#[test]
fn a_full_disk_loses_nothing_that_was_computed() {
    let place = Place::new();
    place.succeed(&predict("whole.parquet"));
    let message = place.on_a_full_disk(20, &predict("map.parquet"));
    assert!(!message.contains("what was computed is kept"), "{message}");
    assert!(!place.path("map.parquet.parts").exists());
    // Cells that wait for their turn fit into this one, and the ledger does not.
    let message = place.on_a_full_disk(900, &predict("map.parquet"));
    assert!(message.contains("cannot write `map.parquet.parts/part-1-of-1.cells"), "{message}");
    assert!(message.contains("what was computed is kept in `map.parquet.parts`"), "{message}");
    assert!(!place.path("map.parquet").exists());
    let (_, remarks) = place.succeed(&predict("map.parquet"));
    assert!(remarks.contains("of 1600 cells were known from before"), "{remarks}");
    assert!(place.bytes("map.parquet") == place.bytes("whole.parquet"));
}

#[test]
fn a_form_that_finds_no_room_is_made_later_from_what_is_kept() {
    let place = Place::new();
    let predict = |out: &str| format!("predict run {DATA} --out {out}");
    place.succeed(&predict("whole.gpkg"));
    // The cells fit while they wait, and all that one model says of them; the GeoPackage does not.
    let message = place.on_a_full_disk(700, &predict("map.gpkg"));
    assert!(message.contains("map.gpkg"), "{message}");
    assert!(message.contains("what was computed is kept in `map.gpkg.parts`"), "{message}");
    assert!(!place.path("map.gpkg").exists() && !place.path("map.gpkg.partial").exists());
    let kept = std::fs::read_dir(place.path("map.gpkg.parts")).unwrap().map(Result::unwrap);
    let kept: Vec<_> = kept.map(|entry| entry.file_name()).collect();
    assert_eq!(kept, ["part-1-of-1.cells"]);
    let (_, remarks) = place.succeed(&predict("map.gpkg"));
    assert!(remarks.contains("all 1600 of 1600 cells were known from before"), "{remarks}");
    assert!(place.bytes("map.gpkg") == place.bytes("whole.gpkg"));
    assert!(!place.path("map.gpkg.parts").exists());
}

/// What a shell says that may mount file systems of its own, in a user namespace.
fn in_own_namespace(script: &str, place: &Place) -> std::io::Result<Output> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-euc", script]);
    command.arg(env!("CARGO_BIN_EXE_tesela")).current_dir(place.folder.path());
    command.output()
}

#[test]
fn on_a_disk_that_is_really_full_the_same_command_goes_on_when_there_is_room() {
    let place = Place::new();
    std::fs::create_dir(place.path("small")).unwrap();
    let can_mount = in_own_namespace("mount -t tmpfs -o size=64k tmpfs small", &place);
    if !can_mount.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: a file system cannot be mounted here: {can_mount:?}");
        return;
    }
    place.succeed(&format!("predict run {DATA} --out whole.gpkg"));
    let script = format!(
        "mount -t tmpfs -o size=450k tmpfs small\n\
         code=0; \"$0\" predict run {DATA} --out small/map.gpkg || code=$?\n\
         echo \"code $code\" >&2; ls small small/* >&2\n\
         mount -o remount,size=30m small\n\
         \"$0\" predict run {DATA} --out small/map.gpkg\n\
         ls small >&2; cp small/map.gpkg map.gpkg"
    );
    let output = in_own_namespace(&script, &place).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let (full, later) = said.split_once("code 2\n").expect(&said);
    // SQLite's words for it.
    assert!(full.contains("map.gpkg") && full.contains("disk is full"), "{said}");
    assert!(full.contains("what was computed is kept in `small/map.gpkg.parts`"), "{said}");
    assert!(later.contains("all 1600 of 1600 cells were known from before"), "{said}");
    assert!(later.trim_end().ends_with("\nmap.gpkg"), "{said}");
    assert!(place.bytes("map.gpkg") == place.bytes("whole.gpkg"));
}
