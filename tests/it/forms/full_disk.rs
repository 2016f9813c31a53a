//! Forms on a disk that is full.

#![cfg(unix)]

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

use tesela::map::{write_cog, write_csv, write_geopackage, write_quick_look};

use super::{Country, names_in};

/// Names the map to be written anew, in the process that writes on a full disk.
const MAP: &str = "TESELA_TEST_FORMS_MAP";
const FORMS: [&str; 4] = ["map.tif", "map.gpkg", "map.csv", "map.png"];

/// Writes all forms, each of which must fail. It runs in a process of its own, started by the test below.
#[test]
#[ignore = "needs a limit on the size of files"]
fn writes_every_form() {
    let map = PathBuf::from(std::env::var_os(MAP).expect("the other test says where the map is"));
    for form in FORMS {
        let out = map.with_file_name(form);
        let written = match form {
            "map.tif" => write_cog(&map, &out).map(drop),
            "map.gpkg" => write_geopackage(&map, &out),
            "map.csv" => write_csv(&map, &out),
            _ => write_quick_look(&map, &out),
        };
        let error = written.expect_err(form);
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error} {cause}").contains("map"), "{form}: {error}: {cause}");
    }
}

#[test]
fn a_full_disk_is_an_error_that_leaves_nothing_of_any_form() {
    let country = Country::new(300, 250);
    let program = std::env::current_exe().unwrap();
    // No file may become larger than so many blocks of 512 bytes: a write beyond fails as on a full disk. At the larger
    // sizes the beginning of each form fits.
    for blocks in [0, 8, 40] {
        let output = Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")])
            .arg(&program)
            .args(["--exact", "forms::full_disk::writes_every_form", "--ignored", "--nocapture"])
            .env(MAP, country.map())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{blocks} blocks: {said}");
        assert!(said.contains("1 passed"), "{said}");
        assert_eq!(names_in(country.folder.path()), ["map.parquet"], "{blocks} blocks");
    }
}
