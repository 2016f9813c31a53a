//! Preparing and predicting that are interrupted.

#![cfg(unix)]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::place::Place;

/// Rows enough for reading to take a noticeable time.
const ROWS: usize = 400_000;

fn write_large(place: &Place) {
    let header = "plot,kind,state,east,north,slope,lights,rain\n";
    let rows =
        (0..ROWS).map(|row| format!("p{row},rural,s,1,1,{row},{}.5,{}\n", row % 97, row % 7));
    place.write("large.csv", &(header.to_owned() + &rows.collect::<String>()));
}

/// Runs the program, and interrupts it as soon as `begun` is there.
fn interrupted(place: &Place, arguments: &[&str], begun: &str) -> Output {
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !place.path(begun).exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    child.wait_with_output().unwrap()
}

/// Checks that one of some interrupts comes in time, and leaves nothing.
fn leaves_nothing(place: &Place, arguments: &[&str], out: &str) {
    let partial = format!("{out}.partial");
    let stopped = (0..10).any(|_| {
        let output = interrupted(place, arguments, &partial);
        if output.status.success() {
            // The signal came too late.
            let done = place.path(out);
            let removed = if done.is_dir() {
                std::fs::remove_dir_all(done)
            } else {
                std::fs::remove_file(done)
            };
            removed.unwrap();
            return false;
        }
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("interrupted"), "{message}");
        assert!(!place.path(out).exists() && !place.path(&partial).exists());
        true
    });
    assert!(stopped, "ten interrupts came too late");
}

#[test]
fn an_interrupt_leaves_neither_half_a_store_nor_half_a_map() {
    let place = Place::trained();
    write_large(&place);
    let prepare = ["prepare", "plots.toml", "--table", "large.csv", "--out", "large"];
    leaves_nothing(&place, &prepare, "large");
    let predict = ["predict", "run", "--table", "large.csv", "--out", "map.parquet"];
    leaves_nothing(&place, &predict, "map.parquet");
    assert!(!place.path("map.parquet.parts").exists());
}
