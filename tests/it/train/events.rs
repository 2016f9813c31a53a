//! What a run leaves for TensorBoard, read with TensorBoard itself; and events that cannot be written.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::place::{Made, Place, TWO, experiment, repeatable_files};

/// What TensorBoard itself reads from `folder`.
fn events(folder: &Path) -> serde_json::Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = root.join("tests/python");
    let environment = Command::new("sh")
        .arg(scripts.join("environment.sh"))
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("tesela-python"))
        .arg(scripts.join("tensorboard.txt"))
        .output()
        .unwrap();
    assert!(environment.status.success(), "{}", String::from_utf8_lossy(&environment.stderr));
    let python = String::from_utf8(environment.stdout).unwrap();
    let script = scripts.join("read_events.py");
    let output = Command::new(python.trim()).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn tensorboard_reads_how_a_network_learned() {
    let place = Place::new();
    place.store("store", &Made { side: 16, ..TWO });
    let text = experiment("store", "").replace("folds = 3", "folds = 2");
    let text = text
        .replace("[model.extra-trees]\nn-trees = 20", "[model.lenet]\nbatch-size = 16\nepochs = 2");
    place.write("lenet.toml", &text);
    place.succeed(&["train", "lenet.toml", "--out", "run", "--fold", "1"]);
    let fold = events(&place.path("run/tensorboard/fold-01"));
    let points = |kind: &str, tag: &str| fold[kind][tag].as_array().map_or(0, Vec::len);
    // Ten times a second, and with the last step of each epoch.
    for tag in ["step/loss", "step/learning-rate", "step/gradient-norm"] {
        assert!(points("scalars", tag) >= 2, "{tag}");
    }
    for norm in fold["scalars"]["step/gradient-norm"].as_array().unwrap() {
        assert!(norm[1].as_f64().is_some_and(|norm| norm > 0.0 && norm < 1e6), "{norm}");
    }
    for tag in ["epoch/train-loss", "epoch/validation-loss", "epoch/patches-per-second"] {
        assert_eq!(points("scalars", tag), 2, "{tag}");
    }
    let weights = &fold["histograms"]["weights/conv1.weight"];
    assert_eq!(weights.as_array().map_or(0, Vec::len), 2);
    // 20 filters of 5 × 5 over 27 channels and the mask.
    assert_eq!(weights[1]["num"], 14_000.0);
    assert_eq!(weights[1]["bins"], 14_000.0);
    // The six validation patches, in the twelve rows and columns that the first convolution leaves, 20 times.
    let activations = &fold["histograms"]["activations/conv1"];
    assert_eq!(activations.as_array().map_or(0, Vec::len), 2);
    assert_eq!(activations[1]["bins"], (6 * 20 * 12 * 12) as f64);
    assert_eq!(points("histograms", "activations/dense2"), 2);
    assert_eq!(fold["images"]["confusion"][0]["png"], true);
}

#[test]
fn tensorboard_reads_the_events() {
    let place = Place::new();
    place.store("store", &TWO);
    place.write("trees.toml", &experiment("store", ""));
    place.succeed(&["train", "trees.toml", "--out", "run"]);
    let read = |folder: &str| events(&place.path("run/tensorboard").join(folder));
    let metrics = fs::read(place.path("run/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).unwrap();
    let all = read("all");
    let near = |a: &serde_json::Value, b: &serde_json::Value| {
        (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-6
    };
    let accuracy = &all["scalars"]["score/accuracy"][0][1];
    assert!(near(accuracy, &metrics["partitions"][0]["sample"]["pooled"]["accuracy"]));
    assert_eq!(all["images"]["confusion"][0]["png"], true);
    assert_eq!(all["images"]["worst-classified"][0]["png"], true);
    let fold = read("fold-01");
    let accuracy = &fold["scalars"]["score/accuracy"][0][1];
    assert!(near(accuracy, &metrics["partitions"][0]["sample"]["folds"][1]["accuracy"]));
    assert_eq!(fold["images"]["confusion"][0]["png"], true);
    let size = |side: usize| fold["images"]["confusion"][0]["size"][side].as_u64().unwrap();
    assert!(size(0) > 300 && size(0) == size(1), "{fold}");
}

/// A small network with many events: they take more room than all that the run needs.
fn talkative(place: &Place) {
    place.store("store", &Made { side: 8, ..TWO });
    let text = experiment("store", "").replace("folds = 3", "folds = 2").replace(
        "[model.extra-trees]\nn-trees = 20",
        "[model.resnet]\nwidth = 1\nblocks = [1]\nbatch-size = 16\nepochs = 30\npatience = 0",
    );
    place.write("resnet.toml", &text);
}

const FOLD: [&str; 6] = ["train", "resnet.toml", "--fold", "1", "--out", "broken"];

/// The fold is as it is where events can be written, and the user was warned of `folder`.
fn a_warning_is_all(place: &Place, output: &Output, folder: &str) {
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{messages}");
    assert!(!messages.contains("panicked"), "{messages}");
    let expected = format!("warning: TensorBoard events in `{folder}` are incomplete");
    assert_eq!(messages.matches(&expected).count(), 1, "{messages}");
    place.succeed(&["train", "resnet.toml", "--fold", "1", "--out", "whole"]);
    let files = |run: &str| repeatable_files(&place.path(run).join("fold-01"));
    assert!(files("broken") == files("whole"));
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_events_and_not_the_run() {
    let place = Place::new();
    talkative(&place);
    let made = place.command(&FOLD);
    // No file may become larger than 100 blocks of 512 bytes: a write beyond fails as on a full disk.
    let output = Command::new("sh")
        .current_dir(made.get_current_dir().unwrap())
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\""])
        .arg(made.get_program())
        .args(made.get_args())
        .output()
        .unwrap();
    a_warning_is_all(&place, &output, "broken/tensorboard/fold-01");
}

#[test]
fn a_file_in_place_of_the_folder_of_events_costs_a_warning() {
    let place = Place::new();
    talkative(&place);
    place.succeed(&["train", "resnet.toml", "--fold", "0", "--out", "broken"]);
    fs::remove_dir_all(place.path("broken/tensorboard")).unwrap();
    place.write("broken/tensorboard", "in the way");
    let output = place.run(&FOLD);
    a_warning_is_all(&place, &output, "broken/tensorboard/fold-01");
}

#[test]
fn events_that_are_removed_while_a_network_learns_cost_a_warning() {
    let place = Place::new();
    talkative(&place);
    let mut command = place.command(&FOLD);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = place.path("broken/tensorboard/fold-01");
    let limit = Instant::now() + Duration::from_mins(2);
    while !folder.is_dir() && Instant::now() < limit {
        std::thread::sleep(Duration::from_millis(1));
    }
    // At one stroke: a folder into which files are written meanwhile cannot be emptied.
    fs::rename(place.path("broken/tensorboard"), place.path("removed")).unwrap();
    fs::remove_dir_all(place.path("removed")).unwrap();
    let output = child.wait_with_output().unwrap();
    a_warning_is_all(&place, &output, "broken/tensorboard/fold-01");
}
